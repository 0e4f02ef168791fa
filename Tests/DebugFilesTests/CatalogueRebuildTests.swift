import Database
import GRDB
import Glibc
import ParserTasks
import Testing

@testable import DebugFiles

@Suite struct CatalogueRebuildTests {
    /// Everything of the catalogue as text, in an order that does not depend on how it came there.
    private func contents(_ database: SQLiteDatabase) async throws -> [String] {
        try await database.read { db in
            try [
                "SELECT digest || size || inspection FROM objects",
                "SELECT project || kind || id || digest || quality FROM object_ids",
                """
                SELECT project || digest || path || uploaded_at || host || ifnull(git_commit, '-')
                    || ifnull(git_branch, '-') || ifnull(git_dirty, '-') || ifnull(labels, '-') FROM uploads
                """,
                """
                SELECT digest || path || text_digest || pack || "offset" || length || mark FROM source_manifests
                """,
            ].flatMap { try String.fetchAll(db, sql: $0 + " ORDER BY 1") }
        }
    }

    @Test func theStoreDescribesItself() async throws {
        let fixture = try await StoreFixture()
        let source = try fixture.folder.write("wrong", "tree/a.c", modified: 1_600_000_000)
        let md5 = "00000000000000000000000000000000"
        let object = FakeObject(
            buildID: BuildID.first, debugID: "11111111-1111-1111-1111-111111111111",
            sources: [.init(path: source, md5: md5), .init(path: source + "c")])
        let path = try fixture.write(object, "tree/out/a")
        try fixture.write(FakeObject(buildID: BuildID.second, debugInformation: false), "tree/out/b")
        var options = fixture.options()
        options.labels = ["build": "7", "branch": "main"]
        _ = try await fixture.store.upload([fixture.folder.path + "/tree/out"], options: options)
        // A second upload adds a project and a source that was not there at first.
        try fixture.folder.write("late", "tree/a.cc", modified: 1_600_000_000)
        _ = try await fixture.store.upload([path], options: fixture.options(project: "web"))
        // Payloads of events are blobs without notes and none of the catalogue's business.
        _ = try await fixture.storage.put(Array("{}".utf8))
        let before = try await contents(fixture.database)

        let empty = try await SQLiteDatabase.open(.sqlite(path: fixture.folder.path + "/db/new.sqlite"))
        let store = try DebugFileStore(
            storage: fixture.storage, database: empty, parser: fixture.parser,
            cacheFolder: fixture.folder.path + "/cache")
        let report = try await store.rebuildCatalogue()
        #expect(report == RebuildReport(objects: 2, uploads: 3, sources: 2))
        #expect(try await contents(empty) == before)
        // Objects, ids (two projects), uploads, sources.
        #expect(before.count == 12)

        let image = try await store.resolve(
            project: "web", images: [ImageQuery(codeID: BuildID.first, debugID: nil, codeFile: nil)]
        ).images[0]
        #expect(image.status == .found)
        // Again changes nothing, and wakes nobody.
        let sequence = try await store.resolve(project: "web", images: []).catalogueSequence
        _ = try await store.rebuildCatalogue()
        #expect(try await contents(empty) == before)
        #expect(try await store.resolve(project: "web", images: []).catalogueSequence == sequence)
    }

    @Test func damageIsReportedAndTheRestGoesOn() async throws {
        let fixture = try await StoreFixture()
        try fixture.write(FakeObject(buildID: BuildID.first), "tree/out/a")
        try fixture.write(FakeObject(buildID: BuildID.second), "tree/out/b")
        try fixture.write(FakeObject(buildID: "33333333"), "tree/out/c")
        let report = try await fixture.store.upload([fixture.folder.path + "/tree/out"], options: fixture.options())
        let digests = report.outcomes.compactMap(\.digest)
        func place(_ digest: String) -> String {
            "\(fixture.storage.root)/objects/\(digest.prefix(2))/\(digest.dropFirst(2))"
        }
        #expect(unlink(place(digests[0])) == 0)
        try await fixture.storage.putNote(Array("nonsense".utf8), kind: .sources, of: digests[1])
        // Killed between its notes: no upload was recorded.
        for name in try FileSystem.names(inFolder: String(place(digests[2]).dropLast(63)))
        where name.contains(".upload-") {
            if name.hasPrefix(digests[2].dropFirst(2)) { unlink(String(place(digests[2]).dropLast(62)) + name) }
        }
        let empty = try await SQLiteDatabase.open(.sqlite(path: fixture.folder.path + "/db/new.sqlite"))
        let store = try DebugFileStore(
            storage: fixture.storage, database: empty, parser: fixture.parser,
            cacheFolder: fixture.folder.path + "/cache")
        let rebuilt = try await store.rebuildCatalogue()
        #expect(rebuilt.objects == 1)
        #expect(rebuilt.problems.count == 3)
        #expect(rebuilt.problems.contains("\(digests[0]): notes without their object"))
        #expect(
            rebuilt.problems.contains("\(digests[2]): stored by an upload that did not end; upload it again"))
        #expect(rebuilt.problems.contains { $0.hasPrefix("\(digests[1]): note 'sources': ") })
    }
}
