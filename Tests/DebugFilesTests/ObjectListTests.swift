import Database
import GRDB
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

/// What `symbolist debug-files` shows and mends.
@Suite struct ObjectListTests {
    @Test func listsTheNewestFirst() async throws {
        let fixture = try await StoreFixture()
        var digests: [String] = []
        for number in 0..<5 {
            let id = String(repeating: "\(number)b", count: 20)
            let project = number == 4 ? "web" : "default"
            digests.append(try await fixture.upload(FakeObject(buildID: id), "tree/app\(number)", project: project))
            try await fixture.database.write { [digests] db in
                try db.execute(
                    sql: "UPDATE objects SET stored_at = ? WHERE digest = ?", arguments: [number, digests[number]])
            }
        }
        let all = try await fixture.store.objects()
        #expect(all.map(\.digest) == digests.reversed())
        #expect(all.map(\.name) == ["app4", "app3", "app2", "app1", "app0"])
        #expect(all.first?.projects == ["web"])
        #expect(all.allSatisfy { $0.inspection.architecture == "x86_64" && !$0.isLost && $0.deaths == 0 })
        var filter = ObjectFilter()
        filter.limit = 2
        #expect(try await fixture.store.objects(filter).map(\.name) == ["app4", "app3"])
        filter.after = digests[3]
        #expect(try await fixture.store.objects(filter).map(\.name) == ["app2", "app1"])
        filter = ObjectFilter()
        filter.project = "mail"
        #expect(try await fixture.store.objects(filter).map(\.name) == ["app3", "app2", "app1", "app0"])
        for id in ["2b2b2b", "2B2B", String(repeating: "2b", count: 20), digests[2], String(digests[2].prefix(12))] {
            filter = ObjectFilter()
            filter.id = id
            #expect(try await fixture.store.objects(filter).map(\.digest) == [digests[2]])
        }
        filter.id = "%"
        #expect(try await fixture.store.objects(filter) == [])
    }

    @Test func whatIsIncompleteAndWhatIsAwaited() async throws {
        let fixture = try await StoreFixture()
        let whole = try await fixture.upload(.skeleton(BuildID.first, [1, 2]), "tree/whole")
        let two = try await fixture.upload(.split([1, 2]), "tree/whole.dwp", type: 1)
        let broken = try await fixture.upload(.skeleton(BuildID.second, [3, 4]), "tree/broken", project: "web")
        let three = try await fixture.upload(.split([3]), "tree/3.dwo", type: 1)
        try await fixture.database.write { db in
            for event in 1...3 {
                try db.execute(sql: "INSERT INTO raw_events (id, payload_text) VALUES (?, '{}')", arguments: [event])
                try db.execute(
                    sql: """
                        INSERT INTO awaited_ids (event_id, project, kind, id, lacks)
                        VALUES (?1, 'default', 'build_id', 'abab', 'object'),
                               (?1, 'default', 'build_id', ?2, 'debug_information'),
                               (?1, 'default', 'debug_id', 'cd', 'sources')
                        """, arguments: [event, BuildID.first])
            }
        }
        var filter = ObjectFilter()
        filter.isIncomplete = true
        let objects = try await fixture.store.objects(filter)
        #expect(objects.map(\.digest) == [broken])
        #expect(objects.map(\.wantedFiles) == [2])
        #expect(objects.map(\.missingFiles) == [1])
        let awaited = try await fixture.store.awaitedFiles()
        #expect(awaited.map(\.id.words) == ["build id abab", "dwo id 0000000000000004"])
        #expect(awaited.map(\.events) == [3, 0])
        #expect(awaited.map(\.objects) == [0, 1])
        #expect(awaited.map(\.newestEvent) == [3, nil])
        #expect(awaited.map(\.name) == [nil, "/build/4.dwo"])
        #expect(try await fixture.store.awaitedFiles(project: "mail").map(\.id.id) == [])

        filter = ObjectFilter()
        filter.id = BuildID.second
        let object = try #require(try await fixture.store.objects(filter).first)
        let details = try await fixture.store.details(of: object)
        #expect(details.wanted.map(\.holders) == [[three], []])
        #expect(details.ids.map(\.project) == ["web"])
        #expect(details.uploads.map(\.path) == [fixture.folder.path + "/tree/broken"])
        #expect(details.index.quality == nil && !details.index.isCurrent && details.index.older == nil)
        _ = try await fixture.resolve(BuildID.second, project: "web")
        let after = try await fixture.store.details(of: object)
        #expect(after.index.isCurrent)
        #expect(after.index.quality == .partial)
        #expect(after.index.metadata?.inputs.map(\.digest) == [broken, three])
        let next = try fixture.reopened(FakeParser(revision: 2))
        let older = try await next.details(of: object)
        #expect(!older.index.isCurrent)
        #expect(older.index.older == IndexVersion(format: Int(SymbolIndex.formatVersion), builderRevision: 1))
        #expect(older.index.quality == .partial)
        filter.id = two
        let package = try #require(try await fixture.store.objects(filter).first)
        #expect(package.heldSplitUnits == 2)
        #expect(try await fixture.store.details(of: package).ids.map(\.id.kind) == [.splitUnitID, .splitUnitID])
        #expect(whole != broken)
    }

    @Test func retryLiftsQuarantineAndWakes() async throws {
        var options = DebugFileStore.Options()
        options.quarantineLimit = 2
        let fixture = try await StoreFixture(options: options)
        let digest = try await fixture.upload(FakeObject(buildID: BuildID.first), "tree/app")
        try await fixture.upload(FakeObject(buildID: BuildID.second), "tree/other")
        fixture.parser.killsBuilds.withLock { $0 = true }
        for _ in 0..<4 { #expect(try await fixture.resolve(BuildID.first).status == .other) }
        #expect(fixture.parser.counts.withLock { $0.builds } == 2)
        try await fixture.database.write { db in
            try db.execute(sql: "INSERT INTO raw_events (id, payload_text) VALUES (1, '{}')")
            try db.execute(sql: "UPDATE queue SET state = 'done'")
            try db.execute(
                sql: """
                    INSERT INTO awaited_ids (event_id, project, kind, id, lacks)
                    VALUES (1, 'default', 'build_id', ?, 'object')
                    """, arguments: [BuildID.first])
        }
        var filter = ObjectFilter()
        filter.isQuarantined = true
        let quarantined = try await fixture.store.objects(filter)
        #expect(quarantined.map(\.digest) == [digest])
        #expect(quarantined.map(\.deaths) == [2])
        let deaths = try await fixture.store.details(of: quarantined[0]).deaths
        #expect(deaths.map(\.reason) == ["the parser died: signal 9"])
        #expect(deaths.map(\.isQuarantined) == [true])
        #expect(deaths.map(\.isAlone) == [true])
        #expect(deaths.allSatisfy { ($0.diedAt ?? 0) > 1_600_000_000_000 })
        // Another revision has not tried yet.
        #expect(try await fixture.reopened(FakeParser(revision: 2)).objects(filter) == [])

        #expect(try await fixture.store.retry([String(repeating: "0", count: 64)]) == [])
        #expect(try await fixture.count("SELECT count(*) FROM queue WHERE state = 'ready'") == 0)
        fixture.parser.killsBuilds.withLock { $0 = false }
        #expect(try await fixture.store.retry(nil) == [digest])
        #expect(try await fixture.count("SELECT count(*) FROM queue WHERE state = 'ready'") == 1)
        #expect(try await fixture.store.objects(filter) == [])
        #expect(try await fixture.resolve(BuildID.first).status == .found)
    }
}
