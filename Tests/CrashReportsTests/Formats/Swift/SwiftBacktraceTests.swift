import CrashEvent
import CrashReports
import Foundation
import Testing

/// `Runtime.Backtrace` in its Codable form.
@Suite struct SwiftBacktraceTests {
    private func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("=", with: "").replacing("/", with: "\\/")
    }

    private func decoded(
        _ frames: [UInt8], images: [UInt8]? = nil, limits: CrashReportLimits = .default
    ) throws(CrashReportError) -> DecodedReport {
        let map = images.map { ",\"imageMap\":\"\(base64($0))\"" } ?? ""
        return try decode(#"{"architecture":"x86_64","backtrace":"\#(base64(frames))"\#(map)}"#, limits: limits)
    }

    private func frames(_ report: DecodedReport) throws -> [String] {
        let event = try CrashEvent(report.event)
        return try #require(event.stackTraces.first).frames.reversed().map {
            SwiftReportDump.line(of: $0, in: event.document)
        }
    }

    @Test func itIsAStackAndNoCrash() throws {
        let report = try SwiftRecordings.decode("stack-object.json")
        let event = try CrashEvent(report.event)
        #expect(report.format == .swiftBacktrace && report.notes.isEmpty)
        #expect(event.exceptions.isEmpty && event.level == nil)
        #expect(event.threads.map(\.isCurrent) == [true] && event.threads[0].isCrashed != true)
        #expect(event.images.allSatisfy { $0.codeID?.count == 40 && $0.codeFile?.hasPrefix("/") == true })
        let logged = try CrashEvent(SwiftRecordings.decode("stack-in-log.txt").event)
        #expect(
            logged.stackTraces[0].frames.map(\.instructionAddress)
                == event.stackTraces[0].frames.map(\.instructionAddress))
    }

    @Test func everyInstruction() throws {
        let report = try decoded([
            0x02, 0x19, 0x12, 0x34, 0x20, 0x10, 0x80, 0x31, 0xff, 0x00, 0x42, 0x61, 0x01, 0x00, 0x28, 0x7f, 0x89, 0x00,
            0x01,
            0x00, 0x55,
        ])
        #expect(
            try frames(report) == [
                "pc 1234", "return 1244", "return 1244", "async 1144", "omitted 3", "omitted 256", "return 7f",
                "return 7f",
            ])
        #expect(report.notes == ["the backtrace has no images: its addresses cannot be resolved"])
    }

    @Test(
        arguments: [
            ([0x02, 0x10, 0x05], ["pc 5", "truncated"]),
            ([0x02, 0x10, 0x05, 0x01, 0x10, 0x05], ["pc 5", "truncated"]),
            ([0x02, 0x10, 0x05, 0x17, 0x05], ["pc 5", "truncated"]),
            ([0x02, 0x10, 0x05, 0x90], ["pc 5", "truncated"]),
            ([0x02, 0x18, 0x80, 0x00], ["pc ffffffffffffff80"]), ([0x01, 0x18, 0x80, 0x00], ["pc ffffff80"]),
            ([0x00, 0x18, 0x80, 0x00], ["pc ff80"]), ([0x01, 0x18, 0x01, 0x10, 0xff, 0x00], ["pc 1", "pc 0"]),
        ] as [([UInt8], [String])])
    func endsAndWidths(_ bytes: [UInt8], _ expected: [String]) throws {
        #expect(try frames(decoded(bytes)) == expected)
    }

    @Test func hugeRepeatsAreCounted() throws {
        let limits = CrashReportLimits(maximumFramesPerThread: 8)
        let all: [UInt8] = [0x8f] + Array(repeating: 0xff, count: 8)
        let report = try decoded([0x02, 0x10, 0x05] + all + [0x20, 0x01] + all + [0x00], limits: limits)
        #expect(
            try frames(report) == ["pc 5", "pc 5", "pc 5", "pc 5", "pc 5", "pc 5", "omitted \(1 << 40)", "return 6"])
        #expect(report.notes.contains("\(1 << 40) frames were left out, see the omitted marker"))
        let many = try decoded([0x02, 0x10, 0x05] + Array(repeating: 0x20, count: 400_000) + [0])
        #expect(try CrashEvent(many.event).stackTraces[0].frames.count == 4096)
    }

    @Test func damagedOnesAreNamed() {
        func message(_ object: String) -> String {
            do throws(CrashReportError) {
                return "decoded as \(try decode(object).format)"
            } catch {
                return error.description
            }
        }
        let what = "looks like an encoded Swift Runtime.Backtrace, which "
        #expect(message(#"{"architecture":"x","backtrace":"A*"}"#) == what + "is no base64")
        #expect(message(#"{"architecture":"x","backtrace":""}"#) == what + "is no base64")
        #expect(message(#"{"architecture":"x","backtrace":"AgA"}"#) == what + "holds no frames")
        #expect(
            message(#"{"architecture":"x","backtrace":"CA"}"#) == what
                + "is of another version: its first byte is not 0, 1 or 2")
        #expect(
            message("line\n" + #"{"architecture":"x","backtrace":"AgA"}"# + "\n").contains(
                "stops at line 2: expected a backtrace that can be read; it holds no frames"))
        let long = String(repeating: "AAAA", count: 2_000_000)
        #expect(message(#"{"architecture":"x","backtrace":"\#(long)"}"#) == what + "has more than 4194304 bytes")
    }

    // MARK: - Images

    private static let stack: [UInt8] = [0x02, 0x10, 0x05, 0x00]

    @Test func bothRevisionsOfTheImageMap() throws {
        let image: [UInt8] = [0x11, 0x40, 0x00, 0x00, 0x10, 0x00, 4, 0xde, 0xad, 0xbe, 0xef]
        let other: [UInt8] = [0x89, 0x01, 0x00, 0x20, 0x00, 0]
        let paths: [[UInt8]] = [
            [8] + Array("/app/til".utf8) + [1] + Array("l".utf8) + [0], [0x80 | 32, 4] + Array("/x/y".utf8) + [0],
        ]
        let newer: [UInt8] = [0x02, 5] + Array("Linux".utf8) + [2] + image + paths[0] + other + paths[1]
        let older: [UInt8] = [0x02, 2] + image + paths[0] + other + paths[1]
        for bytes in [newer, older] {
            let report = try decoded(Self.stack, images: bytes)
            let event = try CrashEvent(report.event)
            #expect(report.notes.isEmpty)
            #expect(event.images.map(\.imageAddress) == [0x400000, 0x400100])
            #expect(event.images.map(\.imageSize) == [0x1000, 0x2000])
            #expect(event.images.map(\.codeID) == ["deadbeef", nil])
            #expect(event.images.map(\.codeFile) == ["/app/till", "/app/x/y"])
        }
        let system = try CrashEvent(decoded(Self.stack, images: newer).event).document
        #expect(system.node(at: "contexts", "os", "name").flatMap { system.string($0) } == "Linux")
    }

    @Test func hostileImageMaps() throws {
        // Each path of two bytes is a long prefix.
        var map: [UInt8] = [0x02, 0, 0x81, 0xff, 0x7f]
        let head: [UInt8] = [0x00, 0x10, 0x10, 0]
        map += head
        for _ in 0..<60 { map += [63] + Array(String(repeating: "/a", count: 31).utf8) + [0x2f] }
        map += [0]
        for _ in 0..<30_000 { map += head + [0xc2, 0x07, 0x00, 0] }
        let report = try decoded(Self.stack, images: map)
        #expect(report.event.count < 24 << 20)
        #expect(report.notes.count == 1 && report.notes[0].hasPrefix("the image map was read up to image "))
        for bytes in [[], [0xff], [0x02], [0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x02, 0x00, 0xff]]
            as [[UInt8]]
        {
            let notes = try decoded(Self.stack, images: bytes).notes
            #expect(notes.count == 1 && notes[0].hasPrefix("the image map "))
        }
    }

    @Test func mutatedBacktracesNeverCrash() throws {
        let text = try SwiftRecordings.text("stack-object.json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        func bytes(_ key: String) throws -> [UInt8] {
            let text = try #require(object[key])
            return Array(
                try #require(Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4))))
        }
        let (stack, map) = (try bytes("backtrace"), try bytes("imageMap"))
        var random = SplitMix(seed: 99)
        var read = 0
        for _ in 0..<6000 {
            var (one, other) = (stack, map)
            for _ in 0...random.below(4) {
                if random.below(2) == 0 { one[random.below(one.count)] = UInt8(random.below(256)) }
                other[random.below(other.count)] = UInt8(random.below(256))
                if random.below(4) == 0 { other.removeLast(random.below(other.count / 2)) }
                if random.below(8) == 0 { one.insert(UInt8(random.below(256)), at: random.below(one.count)) }
            }
            if let report = try? decoded(one, images: other) {
                read += 1
                #expect((try? CrashEvent(report.event)) != nil)
            }
        }
        #expect(read > 4000)
    }
}
