import CrashEvent
import CrashReports
import DebugFiles
import Foundation
import JobTable
import ParserTasks
import Synchronization
import Testing
import Worker

/// Dumps as payloads, and dumps that events name: executables that come late make complete stacks.
@Suite(.timeLimit(.minutes(15)))
struct KeptDumpTests {
    static let id = LateSymbolsTests.id

    /// What `enqueue --keep-dump` puts into the job table.
    private func kept(_ store: RealStore, _ parser: FakeDumpParser, isCompressed: Bool = false) async throws -> [UInt8]
    {
        let reader = store.reader(parser)
        let file = try store.open(FakeCore().bytes(isCompressed: isCompressed))
        guard case .dump(let dump) = try await reader.read(file, name: "core", project: "default") else {
            throw EnrichmentError.notUnderstood("no dump")
        }
        return try await reader.keep(dump, name: "core")
    }

    private func reference(_ event: some Collection<UInt8>) throws -> [String: Any] {
        let event = try JSONSerialization.jsonObject(with: Data(event)) as? [String: Any]
        let own = (event?["contexts"] as? [String: Any])?["symbolist"] as? [String: Any]
        return try #require(own?["dump"] as? [String: Any])
    }

    private func frames(_ document: String) throws -> [String] {
        try CrashEvent(Array(document.utf8)).stackTraces.first?.frames.compactMap { frame in
            frame.instructionAddress.map { String($0, radix: 16) }
        } ?? []
    }

    @Test("A dump is kept compressed, one that came compressed as it came", arguments: [false, true])
    func keeping(isCompressed: Bool) async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let event = try await kept(store, parser, isCompressed: isCompressed)
        let dump = try reference(event)
        #expect(dump["compression"] as? String == "zstd")
        #expect(dump["format"] as? String == "elf-core")
        #expect(dump["unwound_with"] as? [String] == [])
        let digest = try #require(dump["digest"] as? String)
        #expect(try await store.storage.read(digest, limit: 1 << 20) == FakeCore().bytes(isCompressed: true))
        #expect(try await store.storage.size(of: digest) == dump["size"] as? Int)
        #expect(parser.counts.withLock { $0.compressed } == (isCompressed ? 0 : 1))
        // The event is an event: anything that reads one reads it.
        #expect(try CrashReports.decode(event).format == .sentryEvent)
    }

    @Test("Executables that are uploaded late make the stacks of a kept dump complete")
    func lateExecutable() async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let reader = store.reader(parser)
        let event = try await store.enqueue(String(decoding: kept(store, parser), as: UTF8.self))
        #expect(try await store.work(reader).partial == 1)
        #expect(try frames(await store.document(event)) == ["401000"])
        #expect(
            try await store.text("SELECT kind || ' ' || id || ' ' || lacks FROM awaited_ids")
                == "build_id \(Self.id) object")
        let count = parser.counts.withLock { $0.unwound }

        try await store.upload(FakeObject(buildID: Self.id), "till")
        #expect(try await store.work(reader).complete == 1)
        let document = try await store.document(event)
        #expect(try frames(document) == ["403000", "402000", "401000"])
        #expect(parser.counts.withLock { $0.unwound } == count + 1)
        let dump = try reference(document.utf8)
        #expect(dump["unwound_with"] as? [String] == [Self.id])
        #expect(dump["problem"] == nil)
        #expect(!document.contains("frame pointers were used"))
        // Enriched again for another reason: the same answer.
        _ = try await store.jobs.retry(event)
        #expect(try await store.work(reader).complete == 1)
        #expect(try await store.document(event) == document)
        #expect(try await store.number("SELECT count(*) FROM awaited_ids WHERE lacks = 'object'") == 0)
    }

    @Test("What the payload says beside the stacks stays")
    func theRestStays() async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let payload = String(decoding: try await kept(store, parser), as: UTF8.self)
            .replacing(#""platform":"native""#, with: #""platform":"native","release":"till@7","tags":{"a":"b"}"#)
            .replacing("Segmentation fault", with: "Somebody knew better")
        try await store.upload(FakeObject(buildID: Self.id))
        let enrichment = try await EventEnricher(source: StoredSymbols(store.store), dumps: store.reader(parser))
            .enrich(Array(payload.utf8))
        let document = String(decoding: enrichment.document, as: UTF8.self)
        #expect(try frames(document).count == 3)
        #expect(document.contains(#""release":"till@7","tags":{"a":"b"}"#))
        #expect(document.contains("Somebody knew better"))
        #expect(enrichment.facts.release == "till@7")
    }

    /// Unwound where all libraries were, with one more than the store has.
    @Test("Stacks that were made with more files than there are today stay")
    func fewerFiles() async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let payload = String(decoding: try await kept(store, parser), as: UTF8.self)
            .replacing(#""unwound_with":[]"#, with: #""unwound_with":["\#(NamedSymbolsTests.other)"]"#)
        try await store.upload(FakeObject(buildID: Self.id))
        let count = parser.counts.withLock { $0.unwound }
        let enrichment = try await EventEnricher(source: StoredSymbols(store.store), dumps: store.reader(parser))
            .enrich(Array(payload.utf8))
        #expect(try frames(String(decoding: enrichment.document, as: UTF8.self)) == ["401000"])
        #expect(parser.counts.withLock { $0.unwound } == count)
    }

    enum Loss: CaseIterable, Sendable { case missing, damaged, notADump, wrongDigest }

    @Test("A blob that is gone or damaged costs the new stacks, not the event", arguments: Loss.allCases)
    func losses(_ loss: Loss) async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        var payload = String(decoding: try await kept(store, parser), as: UTF8.self)
        let digest = try #require(try reference(payload.utf8)["digest"] as? String)
        let place = "store/objects/\(digest.prefix(2))/\(digest.dropFirst(2))"
        switch loss {
        case .missing: try await store.storage.remove(digest)
        case .damaged: try store.write("damaged", place)
        case .notADump:
            let blob = try await store.storage.put(FakeDumpParser.compressed(Array(smallEvent.utf8)))
            payload = payload.replacing(digest, with: blob.digest)
        case .wrongDigest: payload = payload.replacing(digest, with: "../../etc/passwd")
        }
        try await store.upload(FakeObject(buildID: Self.id))
        let event = try await store.enqueue(payload)
        let totals = try await store.work(store.reader(parser))
        #expect(totals.complete + totals.partial == 1)
        let document = try await store.document(event)
        #expect(try frames(document) == ["401000"])
        let problem = try #require(try reference(document.utf8)["problem"] as? String)
        #expect(problem.hasPrefix("the stacks are those that the event came with: "), "\(problem)")
    }

    @Test("Dumps in the job table itself, plain and compressed, in the row and as a blob", arguments: [false, true])
    func payloads(isCompressed: Bool) async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let bytes = try FakeCore().bytes(isCompressed: isCompressed, format: "minidump")
        let row = try await store.jobs.enqueue(NewRawEvent(payload: .bytes(bytes))).id
        let blob = try await store.storage.put(bytes + [0])
        let other = try await store.jobs.enqueue(
            NewRawEvent(payload: .blob(digest: blob.digest, size: blob.size))
        ).id
        #expect(try await store.work(store.reader(parser)).partial == 2)
        for event in [row, other] { #expect(try frames(await store.document(event)) == ["401000"]) }
        // They wait for executables, too.
        try await store.upload(FakeObject(buildID: Self.id))
        #expect(try await store.work(store.reader(parser)).complete == 2)
        for event in [row, other] { #expect(try frames(await store.document(event)).count == 3) }
    }

    @Test("Text that came compressed is read, and what is no dump is a dead letter with its reason")
    func textAndNonsense() async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        for bytes in [
            FakeDumpParser.compressed(Array(smallEvent.utf8)), try Array(FakeCore().bytes().prefix(30)),
            FakeDumpParser.compressed(Array("nonsense".utf8)),
        ] {
            _ = try await store.jobs.enqueue(NewRawEvent(payload: .bytes(bytes)))
        }
        let totals = try await store.work(store.reader(parser))
        #expect(totals.complete == 1 && totals.dead == 2)
        #expect(
            try await store.text("SELECT reason FROM queue WHERE event_id = 2")
                == "program headers: outside the file")
    }

    @Test("Without a reader of dumps they are named and refused")
    func withoutAReader() async throws {
        let store = try await RealStore()
        await #expect(throws: EnrichmentError.self) {
            _ = try await EventEnricher(source: StoredSymbols(store.store)).enrich(try FakeCore().bytes())
        }
    }
}
