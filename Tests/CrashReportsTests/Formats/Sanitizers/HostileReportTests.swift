import CrashEvent
import Foundation
import Testing

@testable import CrashReports

/// What damage does: an answer that says less, never a crash.
@Suite struct HostileReportTests {
    @Test("is read as far as it goes when it ends early", arguments: Recording.all)
    func truncatedAtEveryLine(_ recording: Recording) throws {
        let bytes = try recording.bytes
        let ends = bytes.indices.filter { bytes[$0] == 0x0a }
        var mostFrames = 0
        for end in ends.prefix(400) {
            let found = reports(in: Array(bytes[...end]))
            let frames = found.reduce(0) { $0 + $1.crash.threads.reduce(0) { $0 + $1.frames.count } }
            mostFrames = max(mostFrames, frames)
            for report in found { _ = try writtenEvent(report.crash) }
        }
        let whole = reports(in: bytes).reduce(0) { $0 + $1.crash.threads.reduce(0) { $0 + $1.frames.count } }
        #expect(ends.count > 400 || mostFrames >= whole)
    }

    @Test("survives mutations", arguments: Recording.all)
    func mutated(_ recording: Recording) throws {
        let original = try recording.bytes
        var generator = SeededGenerator(seed: UInt64(recording.name.utf8.reduce(0) { $0 &* 31 &+ Int($1) }.magnitude))
        let pieces = [
            "0x", "#0  ", "(", ")", "\"", "\n", "ffffffffffffffff", " at ", "+0x", "\u{0}", "==", "SUMMARY: ", ":",
        ]
        for _ in 0..<60 {
            var bytes = original
            for _ in 0...Int.random(in: 0..<12, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1:
                    bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1..<40, using: &generator)))
                case 2: bytes.insert(contentsOf: Array(pieces.randomElement(using: &generator)!.utf8), at: place)
                case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 200)], at: place)
                default: bytes[place] = 0xff
                }
            }
            for report in reports(in: bytes) {
                let event = try writtenEvent(report.crash).event
                #expect(event.stackTraces.allSatisfy { trace in trace.frames.count <= 4097 })
            }
        }
    }

    private static func long(_ head: [String], _ frame: (Int) -> String, _ count: Int) -> [UInt8] {
        var bytes = Array((head.joined(separator: "\n") + "\n").utf8)
        for index in 0..<count { bytes += Array((frame(index) + "\n").utf8) }
        return bytes
    }

    private static let longOnes: [(head: [String], frame: @Sendable (Int) -> String)] = [
        (
            ["==1==ERROR: AddressSanitizer: stack-overflow on address 0x7ff0 (pc 0x1 bp 0x2 sp 0x3 T0)"],
            { "    #\($0) 0x5555555553ba in descend(int) /src/a/long/path/to/make/it/large/till.c:35" }
        ),
        (
            ["==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x1 bp 0x2 sp 0x3 T0)"],
            { "    #\($0) 0x5555555553ba in inlined\($0) /src/a/long/path/to/make/it/large/till.c:\($0)" }
        ),
        (
            ["till: signal 11"],
            { "/app/a/long/path/to/make/it/large/till(+0x\(String($0 &* 16 + 1, radix: 16)))[0x5555\(1_000_000 + $0)]" }
        ),
        (
            ["thread 'main' panicked at src/main.rs:4:5:", "text", "stack backtrace:"],
            { "  \($0):     0x5555555553ba - till::descend::h0123456789abcdef" }
        ),
        (
            ["Program terminated with signal SIGSEGV, Segmentation fault."],
            {
                "#\(String($0).padding(toLength: 2, withPad: " ", startingAt: 0)) 0x00005555555553ba in descend (depth=\($0)) at /src/till.c:35"
            }
        ),
        (["PID 1 - core", "TID 1:"], { "#\($0)  0x00005555555553ba descend" }),
    ]

    @Test("is shortened when it is huge, and says so", arguments: 0..<6)
    func huge(_ index: Int) throws {
        let (head, frame) = Self.longOnes[index]
        let found = reports(in: Self.long(head, frame, 200_000))
        let crash = try #require(found.first?.crash)
        #expect(found.count == 1)
        let written = try writtenEvent(crash)
        if crash.threads[0].frames.count > 4096 {
            #expect(written.notes.contains { $0.contains("frames over the limit were left out") })
        } else {
            // One address, 200,000 names: one frame that keeps some of the lines.
            #expect(crash.threads[0].frames[0].reported.last?.hasSuffix("more lines") == true)
        }
        #expect(written.event.stackTraces.allSatisfy { $0.frames.count <= 4097 })
    }

    @Test("does not believe huge numbers")
    func hugeNumbers() {
        let text = """
            ==1==ERROR: AddressSanitizer: SEGV on unknown address 0xffffffffffffffffff (pc 0x1 bp 0x2 sp 0x3 T0)
                #0 0x10 in f /a.c:99999999999999999999
                #99999999999999999999999 0x11 in g /a.c:1
                #18446744073709551615 0x12 in h /a.c:1
                #2 0xffffffffffffffff  (/a+0xfffffffffffffffff)
                #3 0x5  (/a+0x10)
            """
        let crash = reports(in: text).first
        #expect(crash?.signal?.faultAddress == nil)
        #expect(crash?.threads.first?.frames.first?.line == nil)
        #expect(crash?.threads.flatMap(\.frames).contains { $0.address == .relative(image: 0, 0x10) } == true)
        #expect(crash?.notes.contains { $0.contains("disagree") } == true)
    }

    @Test("is not taken for a report when it is ordinary text")
    func ordinaryText() throws {
        var files = [
            "README.md", "Makefile", "Package.swift", "CHANGELOG.md", "CONTRIBUTING.md", "Documentation/EventSchema.md",
        ]
        let folder = "\(Recording.repository)/Sources"
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init()
        where path.hasSuffix(".swift") {
            files.append("Sources/\(path)")
        }
        #expect(files.count > 100)
        var text = ""
        for file in files {
            let path = "\(Recording.repository)/\(file)"
            guard let content = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            text += content
            let found = reports(in: Array(content.utf8))
            #expect(
                found.isEmpty, "\(file): line \(found.first?.line ?? 0) was taken for \(found.first?.format.name ?? "")"
            )
        }
        #expect(text.utf8.count > 100_000)
    }

    @Test(
        "is not taken for a report when it looks a little like one",
        arguments: [
            "# Heading\n\n#0 first (see below)\n#1 second (see at a.c:4)\n",
            "a.c:5:14: error: expected ';'\na.c:6:1: warning: unused\n    6 | int x;\n      | ^~~\n",
            "2026/01/02 03:04:05 main.go:12: runtime error: index out of range [5]\npanic: runtime error: index out of range\n",
            "Thread 3 is done\nThread 4 (worker): 12 jobs\nProgram received signal from the queue\n",
            "#0 /var/www/index.php(12): foo()\n#1 {main}\n",
            "[0x10]\n[0x20]\n", "PID 12 - nginx\nTID 4\n", "array[0x10]\narray[0x18]\n",
            "==================\nTotals\n==================\n",
            "thread 'main' started\nstack backtrace: none\n", "stack backtrace:\nnone today\n",
            "WARNING: thread pool (pid=3) is full\n==12== Memcheck, a memory error detector\n==12== Invalid read of size 4\n",
            "#0  0x00007f00 n/a (libc.so.6 + 0x8aeec)\n#1  0x00007f01 raise (libc.so.6 + 0x3bfb2)\n",
        ])
    func almost(_ text: String) {
        #expect(reports(in: text).isEmpty)
    }

    @Test("keeps what is no UTF-8 readable")
    func notUTF8() throws {
        var bytes = Array("==1==ERROR: AddressSanitizer: SEGV on unknown address 0x10 (pc 0x1 bp 0x2 sp 0x3 T0)\n".utf8)
        bytes += Array("    #0 0x10 in f".utf8) + [0xff, 0xfe] + Array(" /src/".utf8) + [0xc3] + Array(".c:3\n".utf8)
        let found = reports(in: bytes)
        let frame = try #require(found.first?.crash.threads.first?.frames.first)
        #expect(frame.address == .absolute(0x10) && frame.line == 3)
        _ = try writtenEvent(found[0].crash)
    }
}
