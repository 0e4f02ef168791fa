import CrashEvent
import SymbolIndex
import Symbolication
import Testing

@Suite struct CrashReasonTests {
    private func app() throws -> [Int: ImageAnswer] { [0: .found(try TestIndex.app(), features: TestIndex.features)] }

    @Test func `a runtime failure in the innermost frame becomes the exception`() throws {
        let enriched = try Enriched(makeEvent(frames: [frame(0x401006), frame(0x401100)]), app())
        #expect(enriched.value("exception/values/0/type")?.string == "Swift runtime failure")
        #expect(enriched.value("exception/values/0/value")?.string == "Index out of range")
        #expect(
            enriched.value("contexts/symbolist/reported")?.description
                == #"{"exception":0,"type":"SIGILL","value":"Illegal instruction"}"#)
        #expect(
            enriched.value("contexts/symbolist/crash_reason")?.string == "Swift runtime failure: Index out of range")
        #expect(enriched.summary.title == "Swift runtime failure: Index out of range")
        #expect(enriched.summary.crashReason == "Swift runtime failure: Index out of range")
        #expect(enriched.summary.culprit == "checkout(_:)")
    }

    @Test func `one further out does not`() throws {
        let enriched = try Enriched(makeEvent(frames: [frame(0x401101), frame(0x401400)]), app())
        #expect(enriched.value("exception/values/0/type")?.string == "SIGILL")
        #expect(enriched.value("contexts/symbolist/reported") == nil)
        #expect(enriched.summary.crashReason == nil)
        #expect(enriched.summary.title == "SIGILL: Illegal instruction")
        #expect(enriched.summary.culprit == "helper")
        #expect(enriched.frames().contains { $0["data/symbolist/runtime_failure"] != nil })
    }

    @Test func `only the crash's exception changes`() throws {
        let trace = #"{"frames":[{"instruction_addr":"0x401100"}]}"#
        let event =
            #"{"platform":"native","exception":{"values":[{"type":"A","stacktrace":\#(trace)},{"type":"B"},"#
            + #"{"type":"C","value":"c","stacktrace":\#(trace)}]},"#
            + #""debug_meta":{"images":[{"image_addr":"0x400000","image_size":65536}]}}"#
        let enriched = try Enriched(event, app())
        #expect(
            (0...2).map { enriched.value("exception/values/\($0)/type")?.string } == [
                "A", "B", "Swift runtime failure",
            ])
        #expect(enriched.value("contexts/symbolist/reported/exception")?.number == 2)
    }

    @Test func `the trace may stand on the exception's thread`() throws {
        let event =
            #"{"platform":"native","exception":{"values":[{"type":"A","value":null,"thread_id":7}]},"threads":{"values":["#
            + #"{"id":6,"stacktrace":{"frames":[{"instruction_addr":"0x401000"}]}},"#
            + #"{"id":7,"stacktrace":{"frames":[{"instruction_addr":"0x401100"}]}}]},"#
            + #""debug_meta":{"images":[{"image_addr":"0x400000","image_size":65536}]}}"#
        let enriched = try Enriched(event, app())
        #expect(enriched.value("exception/values/0/value")?.string == "Index out of range")
        #expect(
            enriched.value("contexts/symbolist/reported")?.description == #"{"exception":0,"type":"A","value":null}"#)
    }

    @Test(arguments: [
        (#""type":"SIGILL","value":"till/main.swift:3: Fatal error: No basket\nmore""#, "Fatal error: No basket", true),
        (#""type":"Fatal error","value":"No basket""#, "Fatal error: No basket", true),
        (#""type":"SIGSEGV","value":"Segfault\nsecond line""#, "SIGSEGV: Segfault", false),
        (#""type":"SIGSEGV""#, "SIGSEGV", false), (#""value":"only""#, "only", false), (#""x":1"#, "main", false),
    ])
    func titles(_ exception: String, _ title: String, _ isReason: Bool) throws {
        let summary = try Enriched(makeEvent(frames: [frame(0x401000)], exception: exception), app()).summary
        #expect(summary.title == title)
        #expect(summary.crashReason == (isReason ? title : nil))
    }

    @Test func `titles without an exception`() throws {
        #expect(try Enriched(#"{"logentry":{"formatted":"hello\nworld"}}"#, [:]).summary.title == "hello")
        #expect(try Enriched(#"{"message":"m"}"#, [:]).summary.title == "m")
        #expect(try Enriched("{}", [:]).summary.title == "<unknown>")
        let long = try Enriched(#"{"message":"\#(String(repeating: "é", count: 500))"}"#, [:]).summary.title
        #expect(long.utf8.count <= 256 && long.hasSuffix("é…"))
    }

    @Test func `where contexts is no object, nothing is replaced that could not be kept`() throws {
        let event = makeEvent(frames: [frame(0x401100)], top: #""contexts":"odd","#)
        let enriched = try Enriched(event, app())
        #expect(enriched.value("contexts")?.string == "odd")
        #expect(enriched.value("exception/values/0/type")?.string == "SIGILL")
        #expect(enriched.summary.crashReason == "Swift runtime failure: Index out of range")
    }

    @Test func `a decoder's reason gives way to a runtime failure, and is kept`() throws {
        let context = #"{"crash_reason":"Precondition failed: x","reported":{"type":"SIGILL","value":"Illegal"}}"#
        let exception = #""type":"SIGILL","value":"Precondition failed: x""#
        let top = #""contexts":{"symbolist":\#(context)},"#
        let trap = try Enriched(makeEvent(frames: [frame(0x401100)], exception: exception, top: top), app())
        #expect(trap.summary.title == "Swift runtime failure: Index out of range")
        #expect(
            trap.value("contexts/symbolist/reported")?.description
                == #"{"exception":0,"type":"SIGILL","value":"Precondition failed: x","crash_reason":"Precondition failed: x","#
                + #""reported":{"type":"SIGILL","value":"Illegal"}}"#)
        let plain = try Enriched(makeEvent(frames: [frame(0x401000)], exception: exception, top: top), app())
        #expect(plain.summary.title == "Precondition failed: x")
        #expect(plain.summary.crashReason == "Precondition failed: x")
        #expect(plain.value("contexts/symbolist/crash_reason")?.string == "Precondition failed: x")
        #expect(plain.value("contexts/symbolist/reported")?.description == #"{"type":"SIGILL","value":"Illegal"}"#)
    }
}
