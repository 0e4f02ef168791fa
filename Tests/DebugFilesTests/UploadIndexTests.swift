import Database
import GRDB
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

/// `upload` builds the indexes of what it stored.
@Suite struct UploadIndexTests {
    private func options(_ fixture: StoreFixture) -> UploadOptions {
        var options = fixture.options()
        options.buildsIndexes = true
        return options
    }

    @Test func oneIndexAnIDFromTheBestWithProgress() async throws {
        let fixture = try await StoreFixture()
        try fixture.write(FakeObject(buildID: BuildID.first, debugInformation: false), "tree/out/app")
        let full = try fixture.write(.skeleton(BuildID.first, [7]), "tree/out/app.debug")
        try fixture.write(.split([7]), "tree/out/7.dwo", type: 1)
        var dying = FakeObject(buildID: BuildID.second)
        dying.behaviour = .buildDying
        try fixture.write(dying, "tree/out/dying")
        let events = Mutex<[String]>([])
        let report = try await fixture.store.upload(
            [fixture.folder.path + "/tree/out"], options: options(fixture)
        ) { event in
            events.withLock { events in
                switch event {
                case .indexing(let name, let done, let total): events.append("\(name) \(done)/\(total)")
                case .indexed(let index): events.append("indexed \(index.id)")
                case .started, .stage, .finished, .walked: break
                }
            }
        }
        #expect(report.indexes.count == 2)
        let good = try #require(report.indexes.first { $0.id == BuildID.first })
        #expect(good.quality == "full")
        #expect(good.path == full)
        #expect(good.problem == nil)
        let bad = try #require(report.indexes.first { $0.id == BuildID.second })
        #expect(bad.quality == nil)
        #expect(bad.problem == "the parser died: signal 11")
        // What cannot be indexed is stored all the same.
        #expect(!report.hasFailures)
        #expect(report.count(.stored) == 4)
        #expect(events.withLock { $0.contains("\(full) 100/100") })
        #expect(events.withLock { $0.filter { $0.hasPrefix("indexed") }.count } == 2)
        #expect(try fixture.folder.files(below: "/cache/indexes").count == 1)

        let builds = fixture.parser.counts.withLock { $0.builds }
        #expect(try await fixture.resolve(BuildID.first).object?.quality == .full)
        #expect(fixture.parser.counts.withLock { $0.builds } == builds)
        // Nothing new, nothing to build.
        let again = try await fixture.store.upload([full], options: options(fixture))
        #expect(again.indexes == [])
    }

    @Test func aLatePartIndexesWhatWantsIt() async throws {
        let fixture = try await StoreFixture()
        var object = FakeObject(buildID: BuildID.first)
        object.inspection.alternateLink = .init(name: "shared", buildID: BuildID.second)
        let path = try fixture.write(object, "tree/app")
        let first = try await fixture.store.upload([path], options: options(fixture))
        #expect(first.indexes.map(\.quality) == ["partial"])
        #expect(first.indexes.map(\.awaited) == [["build id \(BuildID.second)"]])
        let shared = try fixture.write(FakeObject(buildID: BuildID.second), "tree/shared")
        let second = try await fixture.store.upload([shared], options: options(fixture))
        // Not of the supplementary file itself: no image runs it.
        #expect(second.indexes.map(\.id) == [BuildID.first])
        #expect(second.indexes.map(\.quality) == ["full"])
    }

    @Test func withoutTheOptionNothingIsBuilt() async throws {
        let fixture = try await StoreFixture()
        try await fixture.upload(FakeObject(buildID: BuildID.first), "tree/app")
        #expect(fixture.parser.counts.withLock { $0.builds } == 0)
    }

    /// A newer parser may find more in a file that the store has: uploading it again inspects it again.
    @Test func anUpgradeInspectsAgain() async throws {
        let fixture = try await StoreFixture()
        let path = try fixture.write(FakeObject(buildID: BuildID.first), "tree/app")
        let digest = try #require(
            try await fixture.store.upload([path], options: fixture.options()).outcomes.first?.digest)
        // What the older one had overlooked.
        try await fixture.database.write { db in
            try db.execute(sql: "UPDATE objects SET inspection = json_set(inspection, '$.architecture', 'unknown')")
            try db.execute(sql: "DELETE FROM object_ids")
            try db.execute(
                sql: """
                    INSERT INTO object_ids (project, kind, id, digest, quality, added_at)
                    VALUES ('default', 'build_id', ?, ?, 1, 0)
                    """, arguments: [BuildID.first, digest])
        }
        let next = FakeParser(revision: 2)
        let store = try fixture.reopened(next)
        let report = try await store.upload([path], options: fixture.options())
        #expect(report.outcomes.map(\.status) == [.alreadyStored])
        #expect(next.counts.withLock { $0.inspections } == 1)
        #expect(try await store.image(BuildID.first).object?.inspection.architecture == "x86_64")
        #expect(try await fixture.count("SELECT quality FROM object_ids") == 3)
        #expect(try await fixture.storage.notes(.object, of: digest).count == 2)
        // Once.
        _ = try await store.upload([path], options: fixture.options())
        #expect(next.counts.withLock { $0.inspections } == 1)
    }

    @Test func inspectionsOfOlderReleasesAreRead() throws {
        let text = """
            {"architecture":"x86_64","buildID":"ab","hasCode":true,"hasDebugInformation":true,"hasSymbolTable":true,
             "hasUnwindTables":true,"kind":"exe","machine":62,"problems":[],"sections":[],"sources":[],
             "sourcesOmitted":0,"splitUnits":[{"id":18446744073709551615,"name":"a.dwo"}]}
            """
        let inspection = try NoteCoding.decode(ObjectInspection.self, Array(text.utf8))
        #expect(inspection.heldSplitUnits == [])
        #expect(!inspection.hasMiniDebugInformation)
        #expect(inspection.splitUnits == [.init(name: "a.dwo", id: .max)])
        #expect(try NoteCoding.decode(ObjectInspection.self, NoteCoding.encode(inspection)) == inspection)
    }
}
