import ParserTasks
import Testing

@testable import Unwinding

/// Minidumps that are odd but readable, and those that are refused.
@Suite("Minidumps, odd and refused")
struct MinidumpOdditiesTests {
    @Test("Duplicate and unknown streams are noted")
    func strangeStreams() throws {
        var image = MinidumpImage.ordinary()
        image.stream(.miscInfo, MinidumpImage.fields(24 as UInt32, 1 as UInt32, 1 as UInt32, 0 as UInt64))
        for type: UInt32 in [0x7777, 0x8888, 0x4350_0001, 12] { image.stream(type, [1, 2, 3, 4]) }
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.crash.processID == 4711)
        #expect(
            file.inspection.notes == [
                "there are several streams miscInfo: the first is used",
                "2 streams of unknown kinds were skipped (0x7777, 0x8888)",
            ])
    }

    @Test("Names: surrogates, NULs, lengths")
    func names() throws {
        var image = MinidumpImage()
        image.systemInfo()
        let broken = image.blob(MinidumpImage.fields(6 as UInt32, 0x61 as UInt16, 0xd800 as UInt16, 0x62 as UInt16))
        let zero = image.blob(MinidumpImage.fields(6 as UInt32, 0x61 as UInt16, 0 as UInt16, 0x62 as UInt16))
        let long = image.string(String(repeating: "é", count: 5000))
        image.list(
            .threadList,
            (1...4).map { MinidumpImage.thread($0, context: (0, 0)) })
        image.list(
            .threadNames,
            [
                MinidumpImage.fields(1 as UInt32, UInt64(broken)), MinidumpImage.fields(2 as UInt32, UInt64(zero)),
                MinidumpImage.fields(3 as UInt32, UInt64(long)), MinidumpImage.fields(4 as UInt32, UInt64.max),
            ])
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.threads.map(\.name) == ["a\u{fffd}b", "a", String(repeating: "é", count: 4096), nil])
        #expect(file.threads.allSatisfy { $0.registers.isEmpty })
    }

    @Test("What is refused, and how it is said")
    func refusals() throws {
        func refusal(_ bytes: [UInt8]) throws -> DumpError {
            try #require(throws: DumpError.self) { try MinidumpFile(bytes: bytes) }
        }
        #expect(try refusal([]).kind == .malformed)
        #expect(try refusal(Array("MDMP".utf8)).message.contains("a minidump's header alone has 32"))
        #expect(try refusal([UInt8](repeating: 1, count: 64)).message.contains("does not begin with MDMP"))
        let big = try refusal(Array("PMDM".utf8) + [UInt8](repeating: 0, count: 60))
        #expect(big.kind == .unsupported)
        #expect(big.message.contains("big-endian"))
        var image = MinidumpImage()
        image.systemInfo(platform: 2)
        #expect(try refusal(image.finished()).message.contains("Windows"))
        image = MinidumpImage()
        image.systemInfo(processor: 0)
        let x86 = try refusal(image.finished())
        #expect(x86.kind == .unsupported)
        #expect(x86.message.contains("32-bit x86"))
        image = MinidumpImage()
        image.stream(.miscInfo, [])
        #expect(try refusal(image.finished()).message.contains("tell the processor"))
        image = MinidumpImage()
        image.stream(0x7777, [1])
        #expect(try refusal(image.finished()).message.contains("none of its 1 streams"))
    }
}
