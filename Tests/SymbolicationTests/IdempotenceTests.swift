import CrashEvent
import SymbolIndex
import Symbolication
import Testing

@Suite struct IdempotenceTests {
    private static let trap = frame(0x401100)
    /// Events of different shapes: keys missing, in odd places, `null`, with white space, enriched by somebody before.
    static let events: [String] = [
        makeEvent(frames: [frame(0x401006), trap]),
        makeEvent(frames: [trap], exception: #""x":1"#),
        makeEvent(frames: [trap], exception: #""value":null"#),
        makeEvent(frames: [trap], exception: #""raw_stacktrace":null,"type":"A""#),
        makeEvent(frames: [trap], top: #""contexts":null,"#),
        makeEvent(frames: [trap], top: #""contexts":{"symbolist":{"mine":1},"os":{}},"#),
        makeEvent(frames: [trap], top: #""contexts":{"symbolist":7},"#),
        makeEvent(frames: [trap], top: #""contexts":[],"#),
        makeEvent(
            frames: [trap],
            images: [
                #"{ "debug_status":"unused" , "image_addr":"0x400000", "symbolist":{"reason":"x"}, "image_size":65536, "arch":"arm64" }"#,
                #"{ "debug_status":"unused" }"#, "{}", "[]",
            ]),
        "{ \"platform\" : \"native\",\n \"exception\" : { \"values\" : [ { \"type\" : \"A\" , \"stacktrace\" : { \"frames\" : [ "
            + trap + " , " + trap + " ] , \"registers\" : {} } } ] } ,\n \"debug_meta\" : { \"images\" : [ "
            + "{ \"image_addr\" : \"0x400000\", \"image_size\" : 65536 } ] } }\n",
        #"{"platform":"native","raw_stacktrace":{"frames":[{"instruction_addr":"0x401100"}]},"#
            + #""debug_meta":{"images":[{"image_addr":"0x400000"}]}}"#,
        #"{"platform":"native","exception":{"type":"A","stacktrace":{"frames":[{"instruction_addr":4198656}]}},"#
            + #""threads":[{"id":1,"stacktrace":{"frames":[{"instruction_addr":"0x401006"},{"instruction_addr":"0x401300"}]}}],"#
            + #""debug_meta":{"images":[{"image_addr":"0x400000"}]}}"#,
        makeEvent(frames: [trap], exception: #""type":"Swift runtime failure","value":"Index out of range""#),
        makeEvent(
            frames: [trap], exception: #""type":"SIGILL","value":"Precondition failed: x""#,
            top: #""contexts":{"symbolist":{"type":"symbolist","version":1,"crash_reason":"Precondition failed: x","#
                + #""reported":{"type":"SIGILL","value":"Illegal"}}},"#),
        #"{"platform":"native","contexts":{"symbolist":{"crash_reason":"Fatal error: y"}},"stacktrace":{"frames":["#
            + trap + #"]},"debug_meta":{"images":[{"image_addr":"0x400000"}]}}"#,
        "{}", #"{"exception":[]}"#,
    ]

    /// Answers from worst to best.
    private static func answers() throws -> [[Int: ImageAnswer]] {
        [
            [:], [0: .failed(.missing, reason: "unknown id")], [0: .failed(.malformed, reason: "damaged")],
            [0: .found(try TestIndex.app(quality: .symbols, architecture: ""), features: .init())],
            [0: .found(try TestIndex.app(), features: TestIndex.features)],
        ]
    }

    @Test(arguments: events) func `once more is no change, whatever was answered in between`(_ event: String) throws {
        let answers = try Self.answers()
        let once = try answers.map { try Enriched(event, $0).bytes }
        for first in answers.indices {
            for second in answers.indices {
                let again = try Enriched(once[first], answers[second])
                #expect(again.text == String(decoding: once[second], as: UTF8.self), "answers \(first), then \(second)")
            }
        }
    }

    @Test(arguments: events) func `what is not enriched is copied`(_ text: String) throws {
        let before = try CrashEvent(Array(text.utf8))
        let after = try Enriched(text, Self.answers()[4])
        #expect(after.document.string("platform", of: after.document.root) == before.platform)
        for trace in before.stackTraces where !trace.isFromRaw {
            let raw = String(decoding: before.document.rawBytes(of: trace.tracesNode), as: UTF8.self)
            #expect(after.text.contains(raw))
        }
        #expect(after.bytes.last == before.document.bytes.last)
    }

    @Test func `bytes around the changes stay`() throws {
        let head = "{\n  \"a\" : 1.000 , \"a\":[ 1e999,\"\\ud800\" ],\t\"platform\":\"native\",  "
        let tail = " ,\"z\" : {\"exception\": 00000}"
        let event = head + String(makeEvent(frames: [frame(0x401000)]).dropFirst(#"{"platform":"native","#.count))
        let enriched = try Enriched(event, Self.answers()[4])
        #expect(enriched.text.hasPrefix(head))
        #expect(throws: CrashEventError.self) { try Enriched(String(event.dropLast()) + tail + "}", [:]) }
    }

    @Test func `the same question has the same bytes`() throws {
        for event in Self.events {
            #expect(try Enriched(event, Self.answers()[4]).bytes == Enriched(event, Self.answers()[4]).bytes)
        }
    }
}
