import CrashEvent
import CrashReports
import Foundation
import Testing

/// A made report with one of each kind of line.
let madeTextReport = """
    *** Signal 4: Backtracing from 0x560000401a30... done ***

    *** Program crashed: Illegal instruction at 0x0000560000401a30 ***

    Platform: x86_64 Linux (Debian GNU/Linux 12 (bookworm))

    Thread 0 "till":

    0 0x00007f0000001000
    1 ...

    Thread 2 "oot.default-qos" crashed:

     0         0x0000560000401a30
     1 [ra]    0x0000560000401b05
     2         ...
     9 [async] 0x0000560000401c40
    10         ...


    Registers:

    rax 0x00007f0000005120  00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff  ··"3DUfw··ª»ÌÝîÿ
     r8 0x0000000000000002  2

    rflags 0x0000000000010206  PF

    cs 0x0033  fs 0x0000  gs 0x0000


    Images (12 omitted):

    0x0000560000400000–0x0000560000408f00 00112233445566778899aabbccddeeff00112233 till /app/till
    0x00007f0000000000–0x00007f0000009000 <no build ID>                            libc /lib/libc

    Backtrace took 0.01s

    """

private func lines(_ trace: EventStackTrace, of event: CrashEvent) -> [String] {
    trace.frames.reversed().map { SwiftReportDump.line(of: $0, in: event.document) }
}

@Suite struct SwiftTextTests {
    @Test func aMadeReportBecomesThisEvent() throws {
        let report = try decode(madeTextReport)
        #expect(report.format == .swiftText && report.notes.isEmpty)
        #expect(
            try SwiftReportDump(report).text == """
                format swift-text
                exception SIGILL: Illegal instruction at 0x560000401a30 signal 4
                system Linux (Debian GNU/Linux 12 (bookworm))

                thread 2 'oot.default-qos' crashed, 6 registers
                  pc 560000401a30
                  return 560000401b05
                  omitted 7
                  async 560000401c40
                  truncated

                thread 0 'till'
                  pc 7f0000001000
                  truncated

                image 560000400000+8f00 00112233445566778899aabbccddeeff00112233 /app/till
                image 7f0000000000+9000 - /lib/libc

                """)
        let event = try CrashEvent(report.event)
        let document = event.document
        #expect(
            document.node(at: "contexts", "swift_backtrace").map {
                String(decoding: document.rawBytes(of: $0), as: UTF8.self)
            }
                == #"{"type":"swift_backtrace","description":"Illegal instruction","faultAddress":"0x560000401a30","#
                + #""omittedImages":12,"backtraceTime":0.01}"#)
        #expect(event.exceptions[0].mechanism.flatMap { document.string("type", of: $0) } == "swift-backtrace")
        #expect(event.stackTraces[0].registers["cs"] == 0x33 && event.stackTraces[0].registers["r8"] == 2)
        #expect(try decode(madeTextReport) == report)
    }

    @Test(arguments: [
        ("*** Program crashed: Aborted at 0x0000000000006fbe ***", "SIGABRT", "Aborted"),
        ("*** Program crashed: Bus error at 0x00007f0000000010 ***", "SIGBUS", "Bus error at 0x7f0000000010"),
        ("*** Swift runtime failure: Index out of range ***", "SIGILL", "Swift runtime failure: Index out of range"),
        (
            "*** Swift runtime failure: at 0x1 *** at 0x0000560000401a30 ***", "SIGILL",
            "Swift runtime failure: at 0x1 *** at 0x560000401a30"
        ),
        ("💣 Program crashed: System trap at 0x0000560000401a30", "SIGTRAP", "System trap at 0x560000401a30"),
        ("💣 Swift runtime failure: Division by zero", "SIGILL", "Swift runtime failure: Division by zero"),
        (
            "💣 Program crashed: Signal 4: Backtracing from 0x1...💣 Program crashed: Signal 31 at 0x0000000000000007",
            "SIGILL", "Signal 31 at 0x7"
        ),
        ("*** Program crashed: ", "SIGILL", nil),
    ])
    func headlines(_ line: String, _ type: String, _ value: String?) throws {
        let text = madeTextReport.replacing(
            "*** Program crashed: Illegal instruction at 0x0000560000401a30 ***", with: line)
        let exception = try CrashEvent(decode(text).event).exceptions[0]
        #expect(exception.type == type && exception.value == value)
    }

    @Test(arguments: [
        ("closure #1 in f(_:) in till at /a b/c.swift:7:11", "closure #1 in f(_:)", nil, "till", "/a b/c.swift:7:11"),
        ("f in g at h in till", "f in g at h", nil, "till", nil),
        ("f + 12 in till at /src in till at/x.swift:3", "f", 12, "till", "/src in till at/x.swift:3"),
        ("f in a at b in c at /x in y/z.swift:3:0", "f", nil, "a at b in c", "/x in y/z.swift:3"),
        ("f - 5 in till at //<compiler-generated>", "f", nil, "till", nil),
        ("f in unknown.so", "f", nil, "unknown.so", nil), ("just a name", "just a name", nil, nil, nil),
        ("f at /a/b.swift:1:2", "f", nil, nil, "/a/b.swift:1:2"),
        ("f in other at /x y/z.swift:9999999999999999999:1", "f", nil, "other", "/x y/z.swift"),
        ("f + 99999999999999999999 in till", "f + 99999999999999999999", nil, "till", nil),
    ])
    func namesAreTakenApart(
        _ text: String, _ name: String, _ offset: UInt64?, _ image: String?, _ place: String?
    ) throws {
        let report = """
            *** Program crashed: Illegal instruction at 0x0000560000401a30 ***
            Thread 0 crashed:
            0 0x0000560000401a30 \(text)
            Images:
            0x0000560000400000–0x0000560000408f00 0011223344556677 till /app/till
            0x0000560000500000–0x0000560000508f00 0011223344556678 a at b in c /app/a at b in c
            """
        let frame = try #require(try CrashEvent(decode(report).event).stackTraces.first?.frames.first)
        let path = image == "till" ? "/app/till" : image == "a at b in c" ? "/app/a at b in c" : image
        #expect(frame.function == name && frame.symbolOffset == offset && frame.package == path)
        let found = frame.absPath.map {
            [$0, frame.line?.description, frame.column?.description].compactMap(\.self).joined(separator: ":")
        }
        #expect(found == place)
    }

    @Test func linesOfOthersAreEverywhere() throws {
        var noisy = "2026 service is up\n"
        for (number, line) in madeTextReport.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            noisy += line + "\n"
            noisy +=
                ["GET /index 200 in 5 at 7\n", "12 requests\n", "swift-runtime: failed to suspend thread 7 …\n"][
                    number % 3]
        }
        let report = try decode(noisy)
        #expect(report.notes == ["22 lines between the report's own were passed over"])
        let plain = try CrashEvent(decode(madeTextReport).event)
        let event = try CrashEvent(report.event)
        #expect(lines(event.stackTraces[0], of: event) == lines(plain.stackTraces[0], of: plain))
        #expect(event.images.count == 2 && event.threads.count == 2)
    }

    @Test func logServicesPutPrefixesBefore() throws {
        for prefix in [
            "Nov 22 21:49:35 web1 till[4242]: ", "2026-11-22T21:49:35.123456789Z stderr F ", "web-1  | ",
        ] {
            let other = prefix.replacing("4242", with: "17").replacing("web-1", with: "db-1")
            var log = ""
            for line in ("till/T.swift:7: Fatal error: no tea\n\n" + madeTextReport).split(
                separator: "\n", omittingEmptySubsequences: false)
            {
                log += prefix + line + "\n"
                if other != prefix { log += other + "0 0x0000000000000007 of another\n" }
            }
            let report = try decode(log)
            let event = try CrashEvent(report.event)
            #expect(report.notes.isEmpty && event.exceptions[0].value == "Fatal error: no tea")
            #expect(event.stackTraces.map(\.frames.count) == [5, 2] && event.images.count == 2)
        }
    }

    @Test func severalReportsInALog() throws {
        let second = madeTextReport.replacing("oot.default-qos", with: "second").replacing("401a30", with: "401a3c")
        let log =
            "a/b.swift:1: Fatal error: one\n\n" + madeTextReport + "restart\na/b.swift:2: Fatal error: two\n\n" + second
        let reports = try CrashReports.decodeAll(Array(log.utf8))
        let events = try reports.map { try CrashEvent($0.event) }
        #expect(events.map { $0.exceptions[0].value } == ["Fatal error: one", "Fatal error: two"])
        #expect(
            events.map { $0.stackTraces[0].frames.last?.instructionAddress } == [0x5600_0040_1a30, 0x5600_0040_1a3c])
        #expect(events[0].eventID != events[1].eventID)
        for report in reports {
            #expect(try CrashReports.decode(report.source).event == report.event)
        }
        // One that is cut off ends where the next begins.
        let cut = String(madeTextReport.prefix(420)) + "\n" + second
        let both = try CrashReports.decodeAll(Array(cut.utf8))
        #expect(both.count == 2 && both[0].notes.contains { $0.hasPrefix("the report ends early, in line ") })
        #expect(both[1].notes.isEmpty)
    }

    @Test func theBeginningMayBeMissing() throws {
        let start = try #require(madeTextReport.firstRange(of: "Thread 2"))
        let report = try decode("old line\n" + madeTextReport[start.lowerBound...])
        #expect(report.notes == ["the beginning of the report is missing"])
        let event = try CrashEvent(report.event)
        #expect(event.exceptions[0].type == "Crash" && event.stackTraces[0].frames.count == 5)
    }

    @Test func oddCountsAndIndexes() throws {
        func counts(_ body: String) throws -> [Int?] {
            let report = try decode(
                "*** Program crashed: Aborted at 0x0000000000000001 ***\nThread 0 crashed:\n" + body)
            return try #require(CrashEvent(report.event).stackTraces.first).frames.reversed().filter {
                $0.kind == .omitted
            }.map(\.count)
        }
        let (first, last) = ("0 0x0000000000000010\n", " [ra] 0x0000000000000020\n")
        #expect(try counts(first + "...\n18446744073709551615" + last) == [1 << 40])
        #expect(try counts(first + "7 ...\n3" + last) == [nil])
        #expect(try counts(first + "...\n...\n9" + last) == [nil, nil])
        #expect(try counts(first + "99999999999999999999 ...\n9" + last) == [])
        #expect(try counts("18446744073709551615 0x0000000000000010\n...\n9" + last) == [nil])
    }

    @Test func duplicateThreadsKeepApart() throws {
        let thread = "Thread 1 crashed:\n0 0x0000000000000010\n"
        let report = try decode("*** Program crashed: Aborted at 0x1 ***\n" + thread + thread + thread)
        let event = try CrashEvent(report.event)
        #expect(event.threads.map(\.id) == ["1", "1-1", "1-2"])
        #expect(report.notes.contains("several threads are marked as crashed, the exception has the first"))
    }

    @Test func aHeadlineAloneIsNoReport() {
        #expect(throws: CrashReportError.self) {
            try decode("*** Program crashed: Aborted at 0x1 ***\nThread 0 crashed:\n")
        }
    }
}
