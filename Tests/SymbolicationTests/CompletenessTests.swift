import CrashEvent
import SymbolIndex
import Symbolication
import Testing

/// When an event counts as complete, and what it keeps of another tool's work.
@Suite struct CompletenessTests {
    private func app() throws -> [Int: ImageAnswer] { [0: .found(try TestIndex.app(), features: TestIndex.features)] }

    @Test(arguments: ["missing", "unknown_image", "missing_symbol", "malformed", "other"])
    func `what another tool did not find is looked up anew`(_ status: String) throws {
        let came = frame(0x401000, #""data":{"symbolicator_status":"\#(status)","mine":1}"#)
        let enriched = try Enriched(makeEvent(frames: [came]), app())
        #expect(enriched.frames()[0]["function"]?.string == "main")
        #expect(enriched.frames()[0]["data/symbolicator_status"]?.string == "symbolicated")
        #expect(enriched.frames()[0]["data/mine"]?.number == 1)
        #expect(enriched.summary.status == .complete)
        #expect(try Enriched(enriched.bytes, app()).text == enriched.text)
        #expect(try Enriched(makeEvent(frames: [came]), [:]).summary.status == .partial)
    }

    @Test func `an image that was matched by its name says so`() throws {
        let answer = ImageAnswer.found(try TestIndex.app(), features: TestIndex.features, matchedByName: true)
        let enriched = try Enriched(makeEvent(frames: [frame(0x401000)]), [0: answer])
        #expect(enriched.text.contains(#""matched_by":"name""#))
        #expect(try !Enriched(makeEvent(frames: [frame(0x401000)]), app()).text.contains("matched_by"))
    }

    @Test func `what another tool has found is kept, and has to have a function`() throws {
        let done = frame(0x401000, #""function":"theirs","data":{"symbolicator_status":"symbolicated"}"#)
        let enriched = try Enriched(makeEvent(frames: [done]), [:])
        #expect(enriched.frames().map(\.description) == [done])
        #expect(enriched.summary.status == .complete)
        let nameless = frame(0x401000, #""data":{"symbolicator_status":"symbolicated"}"#)
        #expect(try Enriched(makeEvent(frames: [nameless]), [:]).summary.status == .partial)
    }

    @Test(
        arguments: [
            (#"{"platform":"native","stacktrace":{"frames":[null]}}"#, .partial, 1),
            (#"{"platform":"native","stacktrace":{"frames":[{"function":"f"},[1]]}}"#, .partial, 2),
            (#"{"stacktrace":{"frames":[7]},"debug_meta":{"images":[{"image_addr":1}]}}"#, .partial, 1),
            (#"{"stacktrace":{"frames":[null]}}"#, .complete, 0),
            (#"{"platform":"java","stacktrace":{"frames":[null,{"function":"f"}]}}"#, .complete, 0),
            (#"{"platform":"native","exception":{"values":[{"type":"A"}]}}"#, .complete, 0),
            (#"{"platform":"native","stacktrace":{"frames":[]}}"#, .complete, 0),
        ] as [(String, SymbolicationSummary.Status, Int)])
    func `entries that are no frames make a native event partial, no stack does not`(
        _ event: String, _ status: SymbolicationSummary.Status, _ malformed: Int
    ) throws {
        let enriched = try Enriched(event, app())
        #expect(enriched.summary.status == status)
        #expect(enriched.summary.counts.malformed == malformed)
        #expect(try Enriched(enriched.bytes, app()).text == enriched.text)
    }

    @Test func `a line without a function is not complete`() throws {
        var content = SymbolIndexContent(quality: .full, metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["/a.c"]
        content.ranges = [.init(address: 0x1000, file: 0, line: 3), .hole(0x1100)]
        let enriched = try Enriched(
            makeEvent(frames: [frame(0x401000)]), [0: .found(try TestIndex.make(content), features: .init())])
        #expect(enriched.frames()[0]["data/symbolicator_status"]?.string == "symbolicated")
        #expect(enriched.summary.status == .partial)
    }
}
