import CrashEvent
import Foundation
import Testing

@testable import CrashReports

/// What is cut, damaged, huge or no text gives an error or a shorter report.
@Suite struct HostileLogTests {
    static let inputs = [
        "KernelLogs/real.log", "KernelLogs/oops-x86.log", "KernelLogs/oops-arm64.log", "KernelLogs/old.log",
        "KernelLogs/stall.log", "Journal/info.txt", "Journal/journal.txt", "Journal/journal.json", "Journal/older.txt",
        "Markup/log.txt", "Envelopes/python.envelope", "Envelopes/native-minidump.envelope",
    ]

    /// An event that reads again, or an error that says something.
    private func check(_ bytes: [UInt8]) throws {
        do throws(CrashReportError) {
            for report in try CrashReports.decodeAll(bytes) { _ = try? CrashEvent(report.event) }
        } catch {
            #expect(!error.description.isEmpty)
        }
        _ = CrashReports.embeddedMinidump(in: bytes)
    }

    @Test(arguments: inputs) func cutAtEveryLine(_ path: String) throws {
        let bytes = try LogReportOutline.bytes(path)
        for end in bytes.indices where bytes[end] == 0x0a {
            try check(Array(bytes[..<end]))
            try check(Array(bytes[...end]))
            try check(Array(bytes[end...]))
        }
    }

    @Test(arguments: inputs) func mutated(_ path: String) throws {
        let bytes = try LogReportOutline.bytes(path)
        var random = FixedRandom(seed: 4)
        for _ in 0..<150 {
            var copy = bytes
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let place = Int.random(in: copy.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: copy[place] = UInt8.random(in: 0...255, using: &random)
                case 1: copy[place] = Array("0f:+[](){}\n\" ".utf8).randomElement(using: &random) ?? 0
                case 2: copy.removeSubrange(place..<min(copy.count, place + Int.random(in: 1...40, using: &random)))
                default: copy.insert(contentsOf: copy[place..<min(copy.count, place + 30)], at: place)
                }
                if copy.isEmpty { copy = [0x20] }
            }
            try check(copy)
        }
    }

    private func frames(_ text: String) throws -> (report: DecodedReport, count: Int) {
        let report = try #require(try CrashReports.decodeAll(Array(text.utf8)).first)
        return (report, try CrashEvent(report.event).stackTraces.reduce(0) { $0 + $1.frames.count })
    }

    @Test func manyFrames() throws {
        var message = "Process 7 (till) of user 0 dumped core.\n\nStack trace of thread 7:\n"
        var markup = "{{{module:0:a:elf:ab}}}\n"
        var addresses = ""
        var oops = "BUG: kernel NULL pointer dereference, address: 0\nCall Trace:\n"
        for number in 0..<200_000 {
            let address = String(0x5555_0000 + number, radix: 16)
            message += "#\(number)  0x\(address) f\(number) (till + 0x\(String(number, radix: 16)))\n"
            markup += "{{{bt:\(number):0x\(address)}}}\n"
            addresses += "0x\(address)\n"
            oops += " f+0x10/0x20\n"
        }
        for text in [message, markup, addresses] {
            let (report, count) = try frames(text)
            #expect(count <= 4097)
            #expect(report.notes.contains { $0.contains("frames over the limit were left out") })
        }
        let (_, count) = try frames(oops)
        #expect(count <= 4097)
    }

    @Test func manyReportsAndManyModules() throws {
        let line =
            "till[1]: segfault at 10 ip 000055f80a17e8a0 sp 00007ffe812dad68 error 4 in till[8a0,55f80a17e000+1000]\n"
        #expect(try CrashReports.decodeAll(Array(String(repeating: line, count: 3000).utf8)).count == 1000)
        var markup = ""
        for number in 0..<100_000 {
            markup +=
                "{{{module:\(number):a:elf:ab}}}\n{{{mmap:0x\(String(number * 4096, radix: 16)):1:load:\(number):r:0}}}\n"
        }
        markup += "{{{bt:0:0x10}}}\n"
        let report = try CrashReports.decode(Array(markup.utf8))
        #expect(report.notes.contains { $0.contains("images over the limit") })
    }

    /// Text that only looks like beginnings costs no more than its length allows.
    @Test func beginningsWithoutEnd() throws {
        for line in [
            "BUG: a\n", "{{{reset}}}\n{{{bt:x}}}\n", "           PID: 7 (till)\n", "WARNING: CPU: 0\n", "0x10\n#1\n",
            "------------[ cut here ]------------\n", "{\"COREDUMP_PID\":\"7\"}\n",
            "Process 7 (till) of user 0 dumped core.\n",
        ] {
            try check(Array(String(repeating: line, count: 40_000).utf8) + Array("x".utf8))
        }
    }

    @Test(arguments: [
        "The kernel said BUG: no, it said WARNING: maybe.", "#0 is not a number\n#1 either\n",
        "Nov 22 21:49:35 web1 sshd[1]: session opened for user root", "2026-11-22 12:00:00 INFO started in 0x10 ms",
        "{\"level\":\"info\",\"msg\":\"ok\"}\n{\"level\":\"info\",\"msg\":\"ok\"}\n", "deadbeef cafe\n", "1\n2\n3\n",
        "<html>{{{title}}}</html>", "CPU: 1 PID: 2 Comm: x", "Process 7 of 9\nMessage: hello",
    ])
    func ordinaryTextIsNoReport(_ text: String) {
        #expect(throws: CrashReportError.self) { try CrashReports.decodeAll(Array(text.utf8)) }
    }
}
