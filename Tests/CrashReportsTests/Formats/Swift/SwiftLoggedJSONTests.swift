import CrashEvent
import CrashReports
import Foundation
import Testing

/// JSON crash logs between other lines.
@Suite struct SwiftLoggedJSONTests {
    private let second = madeLog.replacing("\"till\",\"frames\"", with: "\"second\",\"frames\"")

    private func names(_ log: String) throws -> [String?] {
        try CrashReports.decodeAll(Array(log.utf8)).map { try CrashEvent($0.event).threads.first?.name }
    }

    @Test func severalInALog() throws {
        let log =
            "start\nt/T.swift:1: Fatal error: one\n\n" + madeLog + "\nstart {2}\nt/T.swift:2: Fatal error: two\n\n"
            + second
            + "\nstart\n"
        let reports = try CrashReports.decodeAll(Array(log.utf8))
        let events = try reports.map { try CrashEvent($0.event) }
        #expect(events.map { $0.exceptions[0].value } == ["Fatal error: one", "Fatal error: two"])
        #expect(events.map { $0.threads[0].name } == ["till", "second"])
        #expect(Set(events.map(\.eventID)).count == 2)
        for report in reports { #expect(try CrashReports.decode(report.source).event == report.event) }
        // Text and JSON, in any order.
        let mixed = try CrashReports.decodeAll(Array((madeTextReport + log + madeTextReport).utf8))
        #expect(mixed.map(\.format) == [.swiftText, .swiftCrashLog, .swiftCrashLog, .swiftText])
    }

    @Test func withThePrefixesOfLogServices() throws {
        for prefix in [
            "Nov 22 21:49:35 web1 till[4242]: ", "2026-11-22T21:49:35.123456789Z stderr F ", "web-1  | ",
            "[pod/web-1/app] ",
        ] {
            let log = [
                "t/T.swift:1: Fatal error: one", "", madeLog, "t/T.swift:2: Fatal error: two", "", second, "end",
            ]
            .map { prefix + $0 + "\n" }.joined()
            #expect(try names(log) == ["till", "second"])
            let events = try CrashReports.decodeAll(Array(log.utf8)).map { try CrashEvent($0.event) }
            #expect(events.map { $0.exceptions[0].value } == ["Fatal error: one", "Fatal error: two"])
        }
    }

    /// Printed over several lines, each of them with a prefix and with other processes' lines between.
    @Test func prettyPrinted() throws {
        let object = try JSONSerialization.jsonObject(
            with: Data(madeLog.replacing(",\"news\":[1.10,NaN]", with: "").utf8))
        let pretty = String(
            decoding: try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys]),
            as: UTF8.self)
        #expect(try names("ready\n" + pretty + "\nready {again}\n" + pretty + "\n") == ["till", "till"])
        let lines = pretty.split(separator: "\n")
        let journal = lines.map { "Nov 22 21:49:35 web1 till[4242]: \($0)\nNov 22 21:49:35 web1 other[7]: {x\n" }
            .joined()
        #expect(try names(journal) == ["till"])
        let fields = lines.map { "web-1  | \($0)\n" }.joined()
        #expect(try names(fields + fields) == ["till", "till"])
    }

    /// Services cut long lines: the parts are one object.
    @Test func cutLinesAreJoined() throws {
        for length in [1024, 1300, 16_384] {
            var rest = Substring(try SwiftRecordings.text("group-full.json").filter { $0 != "\n" })
            var log = "2026-11-22T21:49:35.123456789Z stderr F ready\n"
            while !rest.isEmpty {
                let part = rest.prefix(length)
                rest = rest.dropFirst(length)
                log += "2026-11-22T21:49:35.123456789Z stderr \(rest.isEmpty ? "F" : "P") \(part)\n"
            }
            log += "2026-11-22T21:49:36.123456789Z stderr F ready again\n"
            let report = try decode(log)
            let event = try CrashEvent(report.event)
            let whole = try CrashEvent(SwiftRecordings.decode("group-full.json").event)
            #expect(event.stackTraces.map(\.frames.count) == whole.stackTraces.map(\.frames.count))
            #expect(event.images.map(\.codeID) == whole.images.map(\.codeID))
        }
    }

    @Test func brokenOnesAreToldWithTheirPlace() throws {
        let broken = "ready\n" + madeLog.replacing(",\"images\":[", with: ",\"images\":[}") + "\n"
        let offset = try #require(broken.utf8.firstRange(of: "[}".utf8)).lowerBound.utf16Offset(in: broken) + 1
        let error = #expect(throws: CrashReportError.self) { try decode(broken) }
        #expect(
            error?.description
                == "malformed JSON (it looks like a Swift JSON crash log): '}' at byte \(offset), line 2, expected a value"
        )
        // Beside one that can be read it is a note.
        let report = try decode(broken + second + "\n")
        #expect(try CrashEvent(report.event).threads[0].name == "second")
        #expect(
            report.notes == [
                "line 2 may belong to a Swift JSON crash log that could not be read: expected a whole JSON object"
            ])
    }

    @Test func structuredLogsAreNotSearchedForEver() throws {
        var log = ""
        for number in 0..<50_000 {
            log += "{\"level\":\"info\",\"message\":\"request {\(number)\",\"values\":[1,2,{}]}\n"
        }
        #expect(try names(log + madeLog + "\n" + log) == ["till"])
        var open = ""
        for number in 0..<200 { open += "got {\"half\(number)\n" }
        #expect(try names(open + madeLog) == ["till"])
    }

    /// Mended paths, with other lines around.
    @Test func mendedPathsInLogs() throws {
        let odd = madeLog.replacing("\"path\":\"/app/till\"", with: #""path":"/app/t"i\ll""#)
        let reports = try CrashReports.decodeAll(Array(("a\n" + odd + "\nb\n" + second + "\n" + odd).utf8))
        #expect(
            try reports.map { try CrashEvent($0.event).images[0].codeFile } == [
                #"/app/t"i\ll"#, "/app/till", #"/app/t"i\ll"#,
            ])
        #expect(reports[0].notes == ["1 paths with unescaped characters were mended"])
    }
}
