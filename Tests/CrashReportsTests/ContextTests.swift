import CrashEvent
import CrashReports
import Foundation
import Testing

@Suite struct ContextTests {
    private let full = ReportContext(
        release: "app@2", environment: "prod", serverName: "h1", distribution: "d", tags: ["b": "2", "a": "1"],
        user: Array(#"{"id":"7","email":"e"}"#.utf8), stderr: "line", extra: ["k": Array("[1.10]".utf8)])

    @Test func anEventWithoutContextStaysItself() throws {
        let event = "\u{feff}{ \"event_id\" : \"9ec7\", \"exception\":{\"values\":[]}, \"x\":1.10, \"x\":2 }\n"
        let report = try decode(event)
        #expect(report.format == .sentryEvent && text(report) == event)
    }

    @Test func anIDIsMadeFromTheBytes() throws {
        let first = try decode(#"{"exception":{}}"#)
        let id = try #require(try CrashEvent(first.event).eventID)
        #expect(id.count == 32 && id.allSatisfy { $0.isHexDigit })
        #expect(Array(id)[12] == "8" && "89ab".contains(Array(id)[16]))
        #expect(UUID(uuidString: dashed(id)) != nil)
        #expect(try decode(#"{"exception":{}}"#) == first)
        #expect(try CrashEvent(decode(#"{"exception":{} }"#).event).eventID != id)
    }

    private func dashed(_ id: String) -> String {
        let digits = Array(id)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    @Test func fillsWhatIsLacking() throws {
        #expect(
            try text(decode(#"{"event_id":"1","threads":[]}"#, full))
                == #"{"event_id":"1","threads":[],"release":"app@2","environment":"prod","server_name":"h1","dist":"d","#
                + #""tags":{"a":"1","b":"2"},"user":{"id":"7","email":"e"},"extra":{"k":[1.10],"stderr":"line"}}"#)
        #expect(
            try text(
                decode(#"{"event_id":"1","threads":[],"release":"","environment":null,"tags":null,"user":null}"#, full))
                == #"{"event_id":"1","threads":[],"release":"app@2","environment":"prod","tags":{"a":"1","b":"2"},"#
                + #""user":{"id":"7","email":"e"},"server_name":"h1","dist":"d","extra":{"k":[1.10],"stderr":"line"}}"#)
    }

    @Test func changesNothingThatIsSaid() throws {
        let said =
            #"{"event_id":"1","threads":[],"release":"r","environment":"e","server_name":"s","dist":"x","tags":{"a":"0","b":""},"#
            + #""user":{"id":"u","email":"m"},"extra":{"k":0,"stderr":"t"}}"#
        #expect(try text(decode(said, full)) == said.replacing(#""b":"""#, with: #""b":"2""#))
        #expect(
            try text(decode(#"{"event_id":"1","threads":[],"tags":[["a","0"]],"user":{"name":"n"}}"#, full))
                == #"{"event_id":"1","threads":[],"tags":[["a","0"],["b","2"]],"user":{"name":"n","id":"7","email":"e"},"#
                + #""release":"app@2","environment":"prod","server_name":"h1","dist":"d","extra":{"k":[1.10],"stderr":"line"}}"#
        )
    }

    @Test func oddEventsAreLeftAlone() throws {
        let report = try decode(
            #"{"event_id":"1","exception":{"values":[{"type":"SIGILL"}]},"tags":7,"extra":"x","user":[],"contexts":[]}"#,
            ReportContext(tags: ["a": "1"], user: Array("{\"id\":1}".utf8), stderr: "m/m.swift:1: Fatal error: x"))
        #expect(text(report).contains(#""tags":7,"extra":"x","user":[],"contexts":[]"#))
        #expect(report.notes.contains("'tags' is no object, 'a' was not added to it"))
        #expect(report.notes.contains("'extra' is no object, 'stderr' was not added to it"))
        #expect(report.notes.contains("'user' is no object, 'id' was not added to it"))
        #expect(try CrashEvent(report.event).exceptions[0].value == "Fatal error: x")
    }

    @Test func theReasonReplacesABareSignalOnly() throws {
        let context = ReportContext(stderr: "a\nm/f.swift:7: Fatal error: Index out of range\nb")
        let python = #"{"event_id":"1","exception":{"values":[{"type":"ValueError","value":"bad"}]}}"#
        let kept = try CrashEvent(decode(python, context).event)
        #expect(kept.exceptions[0].value == "bad" && kept.document.node(at: "contexts") == nil)
        let signal =
            #"{"event_id":"1","exception":{"values":[{"type":"A","value":"cause"},{"type":"SIGILL","value":"v","mechanism":{"synthetic":true}}]}}"#
        let event = try CrashEvent(decode(signal, context).event)
        #expect(event.exceptions.map(\.value) == ["cause", "Fatal error: Index out of range"])
        let document = event.document
        #expect(
            document.node(at: "contexts", "symbolist", "reported").map {
                String(decoding: document.rawBytes(of: $0), as: UTF8.self)
            }
                == #"{"type":"SIGILL","value":"v"}"#)
        let twice = try CrashReports.decode(event.document.bytes, context: context)
        #expect(twice.event == event.document.bytes)
    }

    @Test(arguments: [
        ("main/main.swift:3: Fatal error: boom", "Fatal error: boom"),
        ("2026-01-02 svc[1]: a/b c.swift:10: Fatal error: boom\r\n\r\n", "Fatal error: boom"),
        ("m/f.swift:1: Fatal error\n", "Fatal error"),
        ("m/f.swift:1: Precondition failed: x: y", "Precondition failed: x: y"),
        ("m/f.swift:1: Assertion failed", "Assertion failed"),
        ("x.swift: y.swift:2: Fatal error: z", "Fatal error: z"),
        ("Fatal error: plain", "Fatal error: plain"),
        ("m/a.swift:1: Fatal error: first\nm/b.swift:2: Fatal error: second\nother", "Fatal error: second"),
        ("Fatal errors happen", nil), ("m/f.swift:x: Fatal error: no", nil),
        ("m/f.swift:: Fatal error: no", nil), ("m/f.swift:1: Fatal errors", nil), ("the Fatal error: in prose", nil),
        ("", nil),
    ])
    func reasonsAreFound(_ stderr: String, _ expected: String?) throws {
        let event = try CrashEvent(
            decode(#"{"event_id":"1","exception":[{"type":"SIGILL"}]}"#, ReportContext(stderr: stderr)).event)
        #expect(event.exceptions[0].value == expected)
    }

    @Test func standardErrorIsCutAtALine() throws {
        func kept(_ stderr: String) throws -> String {
            let event = try CrashEvent(decode(#"{"event_id":"1","threads":[]}"#, ReportContext(stderr: stderr)).event)
            return try #require(event.document.node(at: "extra", "stderr").flatMap { event.document.string($0) })
        }
        let lines = (0..<20_000).map { "line \($0)" }.joined(separator: "\n")
        let tail = try kept(lines)
        #expect(tail.utf8.count <= 65536 && tail.utf8.count > 65_500)
        #expect(tail.hasPrefix("line ") && lines.hasSuffix(tail))
        let long = try kept("x" + String(repeating: "é", count: 40_000) + "y")
        #expect(long.utf8.count == 65535 && long.hasPrefix("é") && long.hasSuffix("éy"))
    }

    @Test func readsAndWritesItsJSON() throws {
        #expect(try ReportContext(json: full.json) == full)
        #expect(ReportContext().json == Array("{}".utf8) && ReportContext().isEmpty)
        let odd = try ReportContext(
            json: Array(
                #"{"release":5,"tags":{"n":1.10,"t":true,"z":null},"user":"u1","dist":7,"more":{"a":[]},"stderr":null}"#
                    .utf8))
        #expect(odd.release == nil && odd.extra == ["release": Array("5".utf8), "more": Array(#"{"a":[]}"#.utf8)])
        #expect(odd.tags == ["n": "1.10", "t": "true"] && odd.distribution == "7")
        #expect(odd.user == Array(#"{"id":"u1"}"#.utf8))
        #expect(throws: CrashReportError.malformedContext(reason: "a JSON array")) {
            try ReportContext(json: Array("[]".utf8))
        }
        #expect(throws: CrashReportError.self) { try ReportContext(json: Array("{".utf8)) }
    }
}
