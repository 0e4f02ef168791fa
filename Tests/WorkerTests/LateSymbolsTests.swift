import Database
import DebugFiles
import Foundation
import JobTable
import Testing
import Worker

/// Debug files and sources that come after the event, on the real job table and the real catalogue.
@Suite(.timeLimit(.minutes(15)))
struct LateSymbolsTests {
    static let id = "1111111111111111111111111111111111111111"

    /// What is there when the event comes, and what comes late.
    enum Late: CaseIterable, Sendable {
        case object, debugInformation, sources, olderSource

        func prepare(_ store: RealStore) async throws {
            let source = store.folder + "/tree/src/main.c"
            switch self {
            case .object: break
            case .debugInformation: try await store.upload(FakeObject(buildID: id, isFull: false), "stripped")
            case .sources: try await store.upload(FakeObject(buildID: id, source: source), takingSources: false)
            case .olderSource:
                // Changed after the build: stored, marked as newer than its object.
                try store.write("int changed_line;\n", "tree/src/main.c", modified: 1_800_000_000)
                try await store.upload(FakeObject(buildID: id, source: source))
            }
        }

        func arrive(_ store: RealStore) async throws {
            let source = try store.write("int compiled_line;\n", "tree/src/main.c", modified: 1_600_000_000)
            try await store.upload(FakeObject(buildID: id, source: source))
        }
    }

    /// When it comes: between two steps of the worker, or when the worker is done.
    static let moments: [InterruptedSource.Moment?] = InterruptedSource.Moment.allCases + [nil]

    @Test(
        "Whatever comes late, and whenever: the event ends as if it had been there", arguments: Late.allCases, moments)
    func arrival(late: Late, moment: InterruptedSource.Moment?) async throws {
        let store = try await RealStore()
        try await late.prepare(store)
        let event = try await store.enqueue(missingEvent)
        let stored = StoredSymbols(store.store)
        if let moment {
            let totals = try await store.work(
                source: InterruptedSource(stored, moment) { try await late.arrive(store) })
            #expect(totals.dead == 0)
        } else {
            _ = try await store.work()
            #expect(try await !store.document(event).contains("compiled_line"))
            #expect(try await store.number("SELECT count(*) FROM awaited_ids") == 1)
            try await late.arrive(store)
            #expect(try await store.work().complete == 1)
        }
        let document = try await store.document(event)
        #expect(document.contains("int compiled_line;"))
        #expect(!document.contains("changed_line"))
        let expected = try await EventEnricher(source: stored).enrich(Array(missingEvent.utf8))
        #expect(document == String(decoding: expected.document, as: UTF8.self))
        #expect(expected.awaited.isEmpty)
        #expect(try await store.number("SELECT count(*) FROM awaited_ids") == 0)
        #expect(try await store.number("SELECT count(*) FROM queue WHERE state = 'done'") == 1)
        let revision = try await store.number("SELECT revision FROM results")
        switch moment {
        case .beforeAnswers: #expect(revision == 1)
        // A better text is in time for the texts.
        case .afterAnswers: #expect(revision == (late == .olderSource ? 1 : 2))
        case .afterTexts, nil: #expect(revision == 2)
        }
    }

    @Test("Two workers and an upload at once: no event is left without what came")
    func race() async throws {
        let store = try await RealStore()
        let other = SQLiteJobTable(try await SQLiteDatabase.open(.sqlite(path: store.folder + "/jobs.sqlite")))
        let ids = (1...6).map { String(repeating: "\($0)", count: 40) }
        for number in 0..<24 {
            _ = try await store.enqueue(missingEvent.replacing(Self.id, with: ids[number % ids.count]))
        }
        try await withThrowingTaskGroup { group in
            for jobs in [store.jobs, other] { group.addTask { _ = try await store.work(jobs: jobs) } }
            group.addTask {
                for id in ids {
                    let source = try store.write("int line_\(id);\n", "tree/src/\(id).c", modified: 1_600_000_000)
                    try await store.upload(FakeObject(buildID: id, source: source), id)
                }
            }
            try await group.waitForAll()
        }
        _ = try await store.work()
        #expect(try await store.number("SELECT count(*) FROM results WHERE status = 'complete'") == 24)
        #expect(try await store.number("SELECT count(*) FROM awaited_ids") == 0)
        #expect(
            try await store.number(
                "SELECT count(*) FROM results WHERE CAST(document AS TEXT) LIKE '%int line_%'") == 24)
    }

    @Test("An object that kills its parser costs a few children, and its events end; a better one wakes them")
    func quarantine() async throws {
        let store = try await RealStore()
        try await store.upload(FakeObject(buildID: Self.id, kills: true), "killer")
        for _ in 1...6 { _ = try await store.enqueue(missingEvent) }
        let totals = try await store.work()
        #expect(totals.partial == 6)
        #expect(totals.retried == 0)
        #expect(store.parser.builds.value == 3)
        #expect(try await store.work().events == 0)
        try await LateSymbolsTests.Late.object.arrive(store)
        #expect(try await store.work().complete == 6)
    }

    @Test("A damaged pack of sources costs the frames their context, not the event its result")
    func damagedPack() async throws {
        let store = try await RealStore()
        try await Late.object.arrive(store)
        let pack = try #require(try await store.text("SELECT pack FROM source_manifests"))
        let path = "\(store.folder)/store/objects/\(pack.prefix(2))/\(pack.dropFirst(2))"
        try #require(FileManager.default.fileExists(atPath: path))
        try Data().write(to: URL(filePath: path))
        let event = try await store.enqueue(missingEvent)
        #expect(try await store.work().complete == 1)
        let document = try await store.document(event)
        #expect(document.contains("checkout"))
        #expect(!document.contains("compiled_line"))
    }

    @Test("A store that is gone is an outage; the events wait for it")
    func unmounted() async throws {
        let store = try await RealStore()
        let files = FileManager.default
        let event = try await store.enqueue(
            #"{"exception":{"values":[]},"extra":{"text":"\#(String(repeating: "x", count: 2 << 20))"}}"#)
        try files.moveItem(atPath: store.folder + "/store", toPath: store.folder + "/away")
        await #expect(throws: Trouble.self) { try await store.work() }
        #expect(try await store.number("SELECT attempts FROM queue WHERE state = 'ready'") == 0)
        try files.moveItem(atPath: store.folder + "/away", toPath: store.folder + "/store")
        #expect(try await store.work().complete == 1)
        #expect(try await store.text("SELECT document_blob FROM results WHERE event_id = \(event)") != nil)
        #expect(try await store.text("SELECT payload_blob FROM raw_events WHERE id = \(event)") != nil)
    }
}
