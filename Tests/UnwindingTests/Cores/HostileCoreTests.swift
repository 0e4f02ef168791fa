import Bytes
import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// Cores made to mislead: each gives a refusal, or an answer that says what is missing.
@Suite("Hostile cores")
struct HostileCoreTests {
    private func refusal(_ writer: CoreWriter) -> DumpError? {
        do {
            _ = try core(writer.bytes())
            return nil
        } catch {
            return error as? DumpError
        }
    }

    @Test func otherFilesAreNamed() {
        let i386 = refusal(CoreWriter(machine: 3, fileClass: 1))
        #expect(i386?.kind == .unsupported)
        #expect(i386?.message.contains("test.core: a 32-bit little-endian core of x86 (i386)") == true)
        #expect(
            refusal(CoreWriter(machine: 21, order: 2))?.message.contains("64-bit big-endian core of 64-bit PowerPC")
                == true)
        #expect(refusal(CoreWriter(machine: 243))?.message.contains("a core of RISC-V") == true)
        #expect(refusal(CoreWriter(type: 3))?.message.contains("no core: an executable or shared library") == true)
        #expect(refusal(CoreWriter())?.kind == .malformed)
    }

    @Test func countsThatLie() throws {
        var writer = CoreWriter()
        writer.thread(7, rip: 0x1000, rsp: 0x2000, rbp: 0)
        writer.segmentCount = 5000
        let missing = try core(writer.bytes())
        #expect(missing.threads.count == 1)
        #expect(missing.inspection.notes.contains { $0.contains("lie behind the end of the file") })

        writer.segmentCount = 0xffff
        writer.extendedCount = 1
        #expect(try core(writer.bytes()).threads.count == 1)
        writer.extendedCount = .max
        #expect(refusal(writer)?.kind == .limit("segments of a core"))
        writer.extendedCount = nil
        #expect(refusal(writer)?.kind == .malformed)

        var files = CoreWriter()
        files.thread(7, rip: 0, rsp: 0, rbp: 0)
        files.files([(0x1000, 0x2000, 0, "/a")], count: .max)
        files.files([(0x1000, 0x2000, 0, "/a"), (0x5000, 0x4000, 0, "/b")])
        let mapped = try core(files.bytes())
        #expect(mapped.inspection.modules.map(\.path) == ["/a"])
        #expect(mapped.inspection.notes.contains { $0.contains("NT_FILE: 1 of 2 mapped files are missing") })

        var cut = CoreWriter()
        cut.thread(7, rip: 0, rsp: 0, rbp: 0)
        cut.note(1, [1, 2, 3], size: .max)
        #expect(try core(cut.bytes()).inspection.notes.contains { $0.contains("1 notes are damaged") })
    }

    @Test func overlappingAndTruncatedSegments() throws {
        var writer = CoreWriter()
        writer.thread(7, rip: 0, rsp: 0, rbp: 0)
        writer.segments = [
            .init(address: 0x1000, bytes: [UInt8](repeating: 1, count: 0x100)),
            .init(address: 0x1080, bytes: [UInt8](repeating: 2, count: 0x100)),
            .init(address: 0x1180, bytes: [UInt8](repeating: 3, count: 16), memorySize: .max),
            .init(address: 0x8000, bytes: [], memorySize: 64, fileSize: 64, offset: .max - 8),
            .init(address: 0x9000, bytes: [4, 4, 4, 4], memorySize: 0x1000),
        ]
        let snapshot = try core(writer.bytes())
        #expect(snapshot.integer(at: 0x10fe, UInt32.self) == 0x0202_0101)
        #expect(snapshot.integer(at: 0x1180, UInt64.self) == nil)
        #expect(snapshot.integer(at: 0x117c, UInt32.self) == 0x0202_0202)
        #expect(snapshot.integer(at: 0x9000, UInt32.self) == 0x0404_0404)
        #expect(snapshot.integer(at: 0x9001, UInt32.self) == nil)
        #expect(snapshot.integer(at: .max - 3, UInt64.self) == nil)
        let notes = snapshot.inspection.notes
        #expect(notes.contains { $0.contains("64 bytes of 1 segments lie behind the end of the file") })
        #expect(notes.contains("1 segments overlap others; the first of each was used"))
        #expect(notes.contains("1 segments reach beyond the address space and were left out"))
    }

    /// A stack at 0x10000 and code at 0x400000; `stack` gives words by offset.
    private func stackCore(_ stack: [Int: UInt64], rbp: UInt64) -> CoreWriter {
        var writer = CoreWriter()
        writer.thread(7, rip: 0x40_0100, rsp: 0x1_0000, rbp: rbp)
        var words = [UInt64](repeating: 0, count: 8192)
        for (offset, value) in stack { words[offset / 8] = value }
        writer.segments = [
            .init(address: 0x1_0000, bytes: CoreWriter.words(words)),
            .init(flags: 5, address: 0x40_0000, memorySize: 0x1000),
        ]
        return writer
    }

    @Test func framePointersThatMislead() throws {
        // Two frames, then back to the first.
        let cyclic = try unwound(
            stackCore([0x20: 0x1_0040, 0x28: 0x40_0200, 0x40: 0x1_0020, 0x48: 0x40_0300], rbp: 0x1_0020).bytes())
        #expect(cyclic.threads[0].frames.map(\.address) == [0x40_0100, 0x40_0200, 0x40_0300])
        #expect(cyclic.threads[0].frames.map(\.trust) == ["context", "fp", "fp"])
        #expect(cyclic.threads[0].end.contains("frame pointers end too"))
        // A frame that is its own caller.
        let own = try unwound(stackCore([0x20: 0x1_0020, 0x28: 0x40_0200], rbp: 0x1_0020).bytes())
        #expect(own.threads[0].frames.count == 2)
        // Misaligned, outside the dump, at the end of the address space, a return address that is data.
        for pointer in [0x1_0021, 0x9_0000, .max, .max - 7, 0] as [UInt64] {
            #expect(try unwound(stackCore([:], rbp: pointer).bytes()).threads[0].frames.count == 1)
        }
        #expect(
            try unwound(stackCore([0x20: 0x1_0040, 0x28: 0x1_0000], rbp: 0x1_0020).bytes()).threads[0].frames.count == 1
        )
    }

    @Test func limitsAreTold() throws {
        var stack: [Int: UInt64] = [:]
        for index in 0..<2000 {
            stack[0x20 + index * 16] = 0x1_0020 + UInt64(index + 1) * 16
            stack[0x28 + index * 16] = 0x40_0200
        }
        var writer = stackCore(stack, rbp: 0x1_0020)
        for id in 8..<12 as Range<UInt32> { writer.thread(id, rip: 0x40_0100, rsp: 0x1_0000, rbp: 0x1_0020) }
        let few = try unwound(writer.bytes(), limits: UnwindLimits(framesPerThread: 100, frames: 250, threads: 4))
        #expect(few.threads.map(\.frames.count) == [100, 100, 50, 0])
        #expect(few.threads[0].end == "limit of 100 frames")
        #expect(few.threads[2].end == "limit of 250 frames in all threads")
        #expect(few.notes.contains("1 of 5 threads were left out: limit of 4"))
        #expect(few.notes.contains { $0.hasPrefix("2 threads are cut short") })
        #expect(try unwound(writer.bytes()).threads[0].frames.count == 2001)
    }

    @Test func badCallWithoutAnyFile() throws {
        var writer = stackCore([0: 0x40_0222], rbp: 0)
        writer.notes = []
        writer.thread(7, rip: 0xdead_0000, rsp: 0x1_0000, rbp: 0)
        let frames = try unwound(writer.bytes()).threads[0].frames
        #expect(frames.map(\.address) == [0xdead_0000, 0x40_0222])
        #expect(frames.map(\.kind) == [.programCounter, .returnAddress])
    }

    @Test func manyThreadsFitTheReply() throws {
        var writer = CoreWriter()
        for id in 1...10_500 as ClosedRange<UInt32> { writer.thread(id, rip: 0x40_0100, rsp: 0x1_0000, rbp: 0x1_0020) }
        writer.files(
            (0..<30_000).map { index in
                let start = 0x7f00_0000_0000 + UInt64(index) * 0x2000
                return (start, start + 0x1000, 0, "/usr/lib/" + String(repeating: "\u{1}long", count: 40) + "\(index)")
            })
        let request = try Array(JSONEncoder().encode(DumpRequest(name: "many")))
        let handler = try #require(DumpTaskHandlers.all[DumpRequest.unwindTask])
        let reply = try withTemporaryFile(writer.bytes()) { try handler(request, [$0]) }
        #expect(reply.count < 16 << 20)
        guard case .value(let dump) = try JSONDecoder().decode(ParserReply<UnwoundDump>.self, from: Data(reply)) else {
            Issue.record("refused: \(String(decoding: reply.prefix(300), as: UTF8.self))")
            return
        }
        #expect(dump.threads.count == 10_000)
        #expect(dump.inspection.notes.contains { $0.contains("modules were left out") })
        #expect(dump.notes.contains { $0.hasPrefix("registers are kept of the first") })
    }

    @Test func requestsThatAreWrong() throws {
        let handler = try #require(DumpTaskHandlers.all[DumpInspection.task])
        func refusal(_ reply: [UInt8]) throws -> ParserRefusal? {
            guard
                case .refused(let refusal) = try JSONDecoder().decode(
                    ParserReply<DumpInspection>.self, from: Data(reply))
            else { return nil }
            return refusal
        }
        #expect(try refusal(handler([], []))?.kind == .unavailable)
        try withTemporaryFile(Array("hello".utf8)) { descriptor in
            #expect(try refusal(handler(Array("{".utf8), [descriptor]))?.kind == .unavailable)
            let request = try Array(JSONEncoder().encode(DumpRequest(name: "x\u{1b}[2J")))
            let refused = try refusal(handler(request, [descriptor]))
            #expect(refused?.kind == .malformed)
            #expect(refused?.message.contains("neither an ELF core") == true)
            #expect(refused?.message.contains("\u{1b}") == false)
        }
    }
}
