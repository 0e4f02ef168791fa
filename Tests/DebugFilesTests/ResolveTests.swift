import Bytes
import Database
import GRDB
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

@Suite struct ResolveTests {
    private func upload(
        _ fixture: StoreFixture, _ object: FakeObject, _ name: String = "tree/app", project: String = "default"
    ) async throws -> String {
        let path = try fixture.write(object, name)
        let report = try await fixture.store.upload([path], options: fixture.options(project: project))
        return try #require(report.outcomes.first?.digest)
    }

    @Test func foundByBuildIDInAnyForm() async throws {
        let fixture = try await StoreFixture()
        let id = "ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD".lowercased()
        let object = FakeObject(buildID: id, debugID: "efcdabef-abcd-abef-cdef-abcdefabcdef")
        let digest = try await upload(fixture, object)
        let image = try await fixture.resolve(id.uppercased())
        #expect(image.status == .found)
        #expect(image.reason == nil)
        #expect(image.object?.digest == digest)
        #expect(image.object?.index.header.quality == .full)
        #expect(image.object?.inspection.hasUnwindTables == true)
        #expect(image.ids.map(\.id) == [id])
        for debugID in ["EFCDABEFABCDABEFCDEFABCDEFABCDEF0", "efcdabef-abcd-abef-cdef-abcdefabcdef-0"] {
            let image = try await fixture.resolve(nil, debugID: debugID)
            #expect(image.object?.digest == digest)
            #expect(image.ids.map(\.id) == ["efcdabef-abcd-abef-cdef-abcdefabcdef"])
        }
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
        #expect(try await fixture.count("SELECT count(*) FROM objects WHERE last_used_at > 0") == 1)
    }

    @Test func missingSaysWhatIsAwaited() async throws {
        let fixture = try await StoreFixture()
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.status == .missing)
        #expect(image.reason == "no debug file with build id \(BuildID.first) was uploaded")
        #expect(image.lacks == [.object])
        #expect(image.object == nil)
        let nameless = try await fixture.resolve(nil, debugID: "00000000-0000-0000-0000-000000000000")
        #expect(nameless.status == .missing)
        #expect(nameless.ids == [])
        #expect(
            nameless.reason
                == "the image has neither a build id nor a debug id, and no debug file named 'app' was uploaded")
        #expect(try await fixture.resolve("not hexadecimal").ids == [])
    }

    /// The debug id is made of the build id's first 16 bytes: two builds may share it.
    @Test func anotherBuildIDNeverAnswers() async throws {
        let fixture = try await StoreFixture()
        let debugID = "11111111-1111-1111-1111-111111111111"
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first, debugID: debugID))
        let other = BuildID.first.dropLast() + "2"
        let image = try await fixture.resolve(String(other), debugID: debugID)
        #expect(image.status == .missing)
        #expect(image.reason == "the debug file has build id \(BuildID.first), the image's is \(other)")
        #expect(fixture.parser.counts.withLock { $0.builds } == 0)
        #expect(try await fixture.resolve(nil, debugID: debugID).object?.digest == digest)
    }

    @Test func projectsSeeTheirOwnAndTheDefaultOnes() async throws {
        let fixture = try await StoreFixture()
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/a", project: "web")
        _ = try await upload(fixture, FakeObject(buildID: BuildID.second), "tree/b")
        #expect(try await fixture.resolve(BuildID.first, project: "web").status == .found)
        #expect(try await fixture.resolve(BuildID.first, project: "mail").status == .missing)
        #expect(try await fixture.resolve(BuildID.first).status == .missing)
        #expect(try await fixture.resolve(BuildID.second, project: "mail").status == .found)
        // The same object for a second project: stored once, catalogued twice.
        let path = try fixture.write(FakeObject(buildID: BuildID.first), "tree/a")
        let report = try await fixture.store.upload([path], options: fixture.options(project: "mail"))
        #expect(report.outcomes[0].status == .stored)
        #expect(try await fixture.resolve(BuildID.first, project: "mail").status == .found)
        #expect(try await fixture.count("SELECT count(*) FROM objects") == 2)
    }

    @Test func theBestThenTheNewest() async throws {
        let fixture = try await StoreFixture()
        let stripped = FakeObject(buildID: BuildID.first, debugInformation: false)
        let symbols = try await upload(fixture, stripped, "tree/a")
        let before = try await fixture.resolve(BuildID.first)
        #expect(before.object?.digest == symbols)
        #expect(before.lacks.contains(.debugInformation))
        var old = FakeObject(buildID: BuildID.first)
        old.padding = "old"
        var new = old
        new.padding = "new"
        _ = try await upload(fixture, old, "tree/b")
        let newest = try await upload(fixture, new, "tree/c")
        try await fixture.database.write { db in
            try db.execute(sql: "UPDATE object_ids SET added_at = added_at + 1 WHERE digest = ?", arguments: [newest])
        }
        let after = try await fixture.resolve(BuildID.first)
        #expect(after.object?.digest == newest)
        #expect(!after.lacks.contains(.debugInformation))
        // Damaged in part, and the newest of all: a whole one stays before it.
        var damaged = FakeObject(buildID: BuildID.first, sources: [.init(path: "/a.swift")])
        damaged.inspection.problems = ["unit at 0x40: unknown form"]
        let last = try await upload(fixture, damaged, "tree/d")
        try await fixture.database.write { db in
            try db.execute(sql: "UPDATE object_ids SET added_at = added_at + 2 WHERE digest = ?", arguments: [last])
        }
        #expect(try await fixture.resolve(BuildID.first).object?.digest == newest)
    }

    @Test func whenTheBestCannotBeBuiltTheNextAnswers() async throws {
        let fixture = try await StoreFixture()
        var broken = FakeObject(buildID: BuildID.first)
        broken.behaviour = .buildMalformed
        _ = try await upload(fixture, broken, "tree/a")
        let alone = try await fixture.resolve(BuildID.first)
        #expect(alone.status == .malformed)
        #expect(alone.reason == "unit at 0x0: bad abbreviation")
        #expect(alone.lacks == [.object])
        let symbols = try await upload(fixture, FakeObject(buildID: BuildID.first, debugInformation: false), "tree/b")
        #expect(try await fixture.resolve(BuildID.first).object?.digest == symbols)
        // What was refused once is not tried again by this process.
        #expect(fixture.parser.counts.withLock { $0.builds } == 2)
    }

    @Test func theSequenceIsTheOneBeforeTheLookUp() async throws {
        let fixture = try await StoreFixture()
        #expect(try await fixture.store.resolve(project: "default", images: []).catalogueSequence == 0)
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/a")
        let first = try await fixture.store.resolve(project: "default", images: []).catalogueSequence
        #expect(try await fixture.count("SELECT max(sequence) FROM catalogue_changes") == Int(first))
        await fixture.parser.gate.close()
        async let slow = fixture.store.resolve(
            project: "default", images: [ImageQuery(codeID: BuildID.first, debugID: nil, codeFile: nil)])
        while fixture.parser.counts.withLock({ $0.running }) == 0 { await Task.yield() }
        _ = try await upload(fixture, FakeObject(buildID: BuildID.second), "tree/b")
        await fixture.parser.gate.open()
        #expect(try await slow.catalogueSequence == first)
    }

    /// An upload re-queues the finished events that wait for its ids, in its project or, for `default`, in all.
    @Test func lateSymbolsWakeTheEventsThatLackedThem() async throws {
        let fixture = try await StoreFixture()
        try await fixture.database.write { db in
            for (event, project) in [(1, "web"), (2, "mail"), (3, "web")] {
                try db.execute(
                    sql: "INSERT INTO raw_events (id, project, payload_text) VALUES (?, ?, '{}')",
                    arguments: [event, project])
                let id = event == 3 ? BuildID.second : BuildID.first
                try db.execute(sql: "UPDATE queue SET state = 'done' WHERE event_id = ?", arguments: [event])
                try db.execute(
                    sql:
                        """
                        INSERT INTO awaited_ids (event_id, project, kind, id, lacks)
                        VALUES (?, ?, 'build_id', ?, 'object')
                        """,
                    arguments: [event, project, id])
            }
        }
        func ready() async throws -> [Int] {
            try await fixture.database.read { db in
                try Int.fetchAll(db, sql: "SELECT event_id FROM queue WHERE state = 'ready' ORDER BY event_id")
            }
        }
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/a", project: "web")
        #expect(try await ready() == [1])
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/a")
        #expect(try await ready() == [1, 2])
        try await fixture.database.write { try $0.execute(sql: "UPDATE queue SET state = 'done'") }
        // Nothing new: nobody is woken.
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/a")
        #expect(try await ready() == [])
    }
}
