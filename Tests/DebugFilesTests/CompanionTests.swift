import Bytes
import Database
import GRDB
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

/// Files that an object's debug information refers to, found in the store by their ids.
@Suite struct CompanionTests {
    private func metadata(_ image: ResolvedImage) throws -> IndexMetadata {
        try #require(try image.object?.index.metadata())
    }

    // MARK: Supplementary files

    @Test func aSupplementaryFileThatComesLateMakesABetterIndex() async throws {
        let fixture = try await StoreFixture()
        var object = FakeObject(buildID: BuildID.first)
        object.inspection.alternateLink = .init(name: "/usr/lib/debug/.dwz/x", buildID: BuildID.second.uppercased())
        let digest = try await fixture.upload(object, "tree/app")
        let before = try await fixture.resolve(BuildID.first)
        #expect(before.object?.quality == .partial)
        #expect(before.lacks.contains(.debugInformation))
        #expect(before.awaited == [CatalogueID(.buildID, BuildID.second)])

        let shared = try await fixture.upload(FakeObject(buildID: BuildID.second), "tree/dwz")
        let after = try await fixture.resolve(BuildID.first)
        #expect(after.object?.digest == digest)
        #expect(after.object?.quality == .full)
        #expect(after.awaited == [])
        #expect(!after.lacks.contains(.debugInformation))
        #expect(
            try metadata(after).inputs == [
                .init(role: .object, digest: digest), .init(role: .supplementary, digest: shared),
            ])
        // Two keys, two indexes; the first is the object's own digest.
        let key = IndexKey.make(object: digest, inputs: [("supplementary", shared)])
        #expect(key != digest)
        let names = try FileSystem.names(inFolder: fixture.store.cache.folder)
        #expect(Set(names) == ["\(digest).symindex", "\(key).symindex"])
        // Another process finds it without building.
        let builds = fixture.parser.counts.withLock { $0.builds }
        #expect(try await fixture.reopened().image(BuildID.first).object?.quality == .full)
        #expect(fixture.parser.counts.withLock { $0.builds } == builds)
        // Read damage is reported by the object's digest, and reaches this index too.
        await fixture.store.discardIndex(ofObject: digest)
        #expect(try FileSystem.names(inFolder: fixture.store.cache.folder) == [])
    }

    @Test func theDWARF5FormGoesByItsChecksum() async throws {
        let fixture = try await StoreFixture()
        var object = FakeObject(buildID: BuildID.first)
        object.inspection.supplementaryLink = .init(name: "shared.sup", buildID: "00ab12cd")
        try await fixture.upload(object, "tree/app")
        #expect(try await fixture.resolve(BuildID.first).awaited.map(\.words) == ["supplementary id 00ab12cd"])
        var shared = FakeObject(buildID: nil)
        shared.inspection.supplementaryID = "00ab12cd"
        let path = try fixture.write(shared, "tree/shared.sup")
        let report = try await fixture.store.upload([path], options: fixture.options())
        #expect(report.outcomes.map(\.isSupplementary) == [true])
        #expect(try await fixture.resolve(BuildID.first).object?.quality == .full)
    }

    @Test func theKeyDoesNotDependOnTheOrder() {
        let inputs = [("split", "bb"), ("supplementary", "aa"), ("split", "cc")]
        #expect(
            IndexKey.make(object: "00", inputs: inputs) == IndexKey.make(object: "00", inputs: inputs.reversed()))
        #expect(IndexKey.make(object: "00", inputs: []) == "00")
        let keys = [
            IndexKey.make(object: "00", inputs: inputs), IndexKey.make(object: "01", inputs: inputs),
            IndexKey.make(object: "00", inputs: Array(inputs.dropLast())),
            IndexKey.make(object: "00", inputs: [("supplementary", "bb"), ("supplementary", "aa"), ("split", "cc")]),
        ]
        #expect(Set(keys).count == 4)
    }

    // MARK: Split units

    @Test func splitUnitsComeOneByOne() async throws {
        let fixture = try await StoreFixture()
        let units: [UInt64] = [1, 0xFFFF_FFFF_FFFF_FFFE, 0xAB]
        try await fixture.upload(.skeleton(BuildID.first, units), "tree/app")
        let image = try await fixture.resolve(BuildID.first)
        #expect(
            image.awaited.map(\.id) == ["0000000000000001", "00000000000000ab", "fffffffffffffffe"])
        #expect(image.awaited.allSatisfy { $0.kind == .splitUnitID })
        var seen: Set<Int> = []
        for (number, unit) in units.enumerated() {
            let name = "tree/\(number).dwo"
            let path = try fixture.write(.split([unit]), name, type: 1)
            let outcome = try #require(
                try await fixture.store.upload([path], options: fixture.options()).outcomes.first)
            #expect(outcome.status == .stored)
            #expect(outcome.heldSplitUnits == 1)
            let image = try await fixture.resolve(BuildID.first)
            #expect(image.awaited.count == units.count - number - 1)
            #expect(image.object?.quality == (number == units.count - 1 ? .full : .partial))
            seen.insert(try metadata(image).inputs.count)
        }
        #expect(seen == [2, 3, 4])
    }

    /// A package holds what many files hold: it alone is handed over.
    @Test func aPackageGoesBeforeItsParts() async throws {
        let fixture = try await StoreFixture()
        let units = (1...10_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        try await fixture.upload(.skeleton(BuildID.first, units), "tree/app")
        #expect(try await fixture.resolve(BuildID.first).awaited.count == ResolvedImage.awaitedLimit)
        try await fixture.upload(.split([units[7]]), "tree/7.dwo", type: 1)
        let package = try await fixture.upload(.split(units), "tree/app.dwp", type: 1)
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.object?.quality == .full)
        #expect(image.awaited == [])
        #expect(try metadata(image).inputs.dropFirst() == [.init(role: .split, digest: package)])
    }

    @Test func moreFilesThanABuildTakesAreSaid() async throws {
        let companions = (0..<200).map { number in
            Catalogue.Companion(
                wanted: WantedFile(id: .splitUnit(UInt64(number)), name: "a/\(number).dwo"),
                holders: [.init(digest: "d\(number)", quality: 3, addedAt: 0, isLost: false)])
        }
        let choice = await InputChoice.make(companions)
        #expect(choice.inputs.count == BuildSource.inputLimit)
        #expect(choice.problem?.hasPrefix("10 more files with parts") == true)
        #expect(choice.absent == [])
        #expect(choice.inputs.allSatisfy { $0.name.hasSuffix(".dwo") && !$0.name.contains("/") })
    }

    @Test func projectsKeepTheirFilesToThemselves() async throws {
        let fixture = try await StoreFixture()
        try await fixture.upload(.skeleton(BuildID.first, [5]), "tree/app")
        try await fixture.upload(.split([5]), "tree/5.dwo", project: "web", type: 1)
        #expect(try await fixture.resolve(BuildID.first).object?.quality == .partial)
        #expect(try await fixture.resolve(BuildID.first, project: "mail").object?.quality == .partial)
        #expect(try await fixture.resolve(BuildID.first, project: "web").object?.quality == .full)
        // 'default' is for everybody.
        try await fixture.upload(.split([5]), "tree/5.dwo", type: 1)
        #expect(try await fixture.resolve(BuildID.first, project: "mail").object?.quality == .full)
    }

    /// An event waits for its image's ids; what its image's object wants wakes it all the same, also beyond the ids that are
    /// listed, and through a separate debug file.
    @Test func whateverTheObjectWantsWakesItsEvents() async throws {
        let fixture = try await StoreFixture()
        var stripped = FakeObject(buildID: BuildID.first, debugInformation: false)
        stripped.inspection.debugLink = .init(name: "app.debug", crc: 0xABCD)
        try await fixture.upload(stripped, "tree/app")
        func event(_ id: Int, _ project: String, _ buildID: String) async throws {
            try await fixture.database.write { db in
                try db.execute(
                    sql: "INSERT INTO raw_events (id, project, payload_text) VALUES (?, ?, '{}')",
                    arguments: [id, project])
                try db.execute(
                    sql: """
                        INSERT INTO awaited_ids (event_id, project, kind, id, lacks)
                        VALUES (?, ?, 'build_id', ?, 'debug_information')
                        """, arguments: [id, project, buildID])
            }
        }
        func woken(_ upload: () async throws -> Void) async throws -> [Int] {
            try await fixture.database.write { try $0.execute(sql: "UPDATE queue SET state = 'done'") }
            try await upload()
            return try await fixture.database.read { db in
                try Int.fetchAll(db, sql: "SELECT event_id FROM queue WHERE state = 'ready' ORDER BY event_id")
            }
        }
        try await event(1, "web", BuildID.first)
        try await event(2, "mail", BuildID.first)
        try await event(3, "web", BuildID.second)
        // The debug file has no build id of its own: only the link leads to it, and only from it to the unit.
        var debug = FakeObject.skeleton("", [77])
        debug.inspection.buildID = nil
        debug.inspection.fileCRC = 0xABCD
        #expect(try await woken { try await fixture.upload(.split([78]), "tree/78.dwo", type: 1) } == [])
        #expect(try await woken { try await fixture.upload(debug, "tree/app.debug", project: "web") } == [1])
        #expect(try await woken { try await fixture.upload(debug, "tree/app.debug") } == [1, 2])
        #expect(try await woken { try await fixture.upload(.split([77]), "tree/77.dwo", type: 1) } == [1, 2])
        #expect(try await woken { try await fixture.upload(.split([77]), "tree/77.dwo", type: 1) } == [])
        #expect(try await fixture.resolve(BuildID.first).object?.quality == .full)
    }

    // MARK: Trouble

    /// A damaged supplementary file takes nothing from the object: it answers without it, and says why.
    @Test(arguments: [FakeObject.Behaviour.buildMalformed, .buildDying])
    func aBadInputTakesNothingAway(_ behaviour: FakeObject.Behaviour) async throws {
        let fixture = try await StoreFixture()
        let digest = try await fixture.upload(.skeleton(BuildID.first, [5]), "tree/app")
        var bad = FakeObject.split([5])
        bad.behaviour = behaviour
        try await fixture.upload(bad, "tree/5.dwo", type: 1)
        for _ in 0..<5 {
            let image = try await fixture.reopened().image(BuildID.first)
            #expect(image.object?.digest == digest)
            #expect(image.object?.quality == .partial)
            #expect(
                image.object?.problem?.hasPrefix("with the files it refers to, its index cannot be built: ") == true)
        }
        // The quarantine is of the object with that file, not of the object.
        let rows = try await fixture.database.read { db in
            try Row.fetchAll(db, sql: "SELECT digest, object, deaths FROM quarantine").map {
                (key: $0[0] as String, object: $0[1] as String?, deaths: $0[2] as Int)
            }
        }
        #expect(rows.count == (behaviour == .buildDying ? 1 : 0))
        for row in rows {
            #expect(row.key != digest)
            #expect(row.object == digest)
            #expect(row.deaths == 3)
        }
    }

    @Test func anInputThatLeftTheStoreIsMissing() async throws {
        let fixture = try await StoreFixture()
        try await fixture.upload(.skeleton(BuildID.first, [5, 6]), "tree/app")
        let five = try await fixture.upload(.split([5]), "tree/5.dwo", type: 1)
        try await fixture.upload(.split([6]), "tree/6.dwo", type: 1)
        try await fixture.storage.remove(five)
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.object?.quality == .partial)
        #expect(image.awaited.map(\.id) == ["0000000000000005"])
        #expect(try metadata(image).inputs.count == 2)
        #expect(try await fixture.count("SELECT count(*) FROM objects WHERE lost_at > 0") == 1)
        try await fixture.upload(.split([5]), "tree/5.dwo", type: 1)
        #expect(try await fixture.resolve(BuildID.first).object?.quality == .full)
    }

    @Test func aLimitIsNamedAndNotTriedAgain() async throws {
        let fixture = try await StoreFixture()
        var object = FakeObject(buildID: BuildID.first)
        object.behaviour = .buildLimited
        try await fixture.upload(object, "tree/app")
        for _ in 0..<3 {
            let image = try await fixture.resolve(BuildID.first)
            #expect(image.status == .other)
            #expect(image.reason == ".debug_info: 9 GB (limit sectionSize)")
        }
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
        #expect(try await fixture.count("SELECT count(*) FROM quarantine") == 0)
    }

    // MARK: Separate debug files

    @Test func aDebuglinkGoesByNameAndChecksum() async throws {
        let fixture = try await StoreFixture()
        var stripped = FakeObject(buildID: BuildID.first, debugInformation: false)
        stripped.inspection.debugLink = .init(name: "app.debug", crc: 0x1234)
        try await fixture.upload(stripped, "tree/app")
        #expect(try await fixture.resolve(BuildID.first).awaited.map(\.id) == ["00001234/app.debug"])
        var debug = FakeObject(buildID: nil)
        debug.inspection.kind = .debug
        for (name, crc, buildID, project, isRight) in [
            ("app.debug", UInt32(0x1235), nil, "default", false), ("other.debug", 0x1234, nil, "default", false),
            ("app.debug", 0x1234, BuildID.second, "default", false), ("app.debug", 0x1234, nil, "web", false),
            ("app.debug", 0x1234, nil, "default", true),
        ] {
            debug.inspection.fileCRC = crc
            debug.inspection.buildID = buildID
            debug.padding += "x"
            let digest = try await fixture.upload(debug, "tree/\(debug.padding)/\(name)", project: project)
            let image = try await fixture.resolve(BuildID.first)
            #expect((image.object?.digest == digest) == isRight)
            #expect(image.object?.quality == (isRight ? .full : .symbols))
            #expect(image.ids == [CatalogueID(.buildID, BuildID.first)])
        }
        #expect(try await fixture.resolve(BuildID.first).awaited == [])
    }

    @Test func aRelocatableFileIsKnownByItsName() async throws {
        let fixture = try await StoreFixture()
        try fixture.write(.split([1]), "tree/a.dwo", type: 1)
        try fixture.write(.split([2, 3]), "tree/a.dwp", type: 1)
        try fixture.write(FakeObject(buildID: BuildID.first), "tree/driver.ko", type: 1)
        try fixture.write(FakeObject(buildID: BuildID.second), "tree/driver.ko.debug", type: 1)
        try fixture.write(FakeObject(buildID: nil), "tree/b.o", type: 1)
        var empty = FakeObject.split([])
        empty.inspection.fileCRC = 7
        try fixture.write(empty, "tree/c.dwo", type: 1)
        let report = try await fixture.store.upload([fixture.folder.path + "/tree"], options: fixture.options())
        #expect(report.outcomes.map(\.status) == [.stored, .stored, .stored, .stored])
        #expect(report.outcomes.map(\.heldSplitUnits) == [1, 2, 0, 0])
        #expect(report.passedOver.count(.relocatable) == 1)
        #expect(report.passedOver.names.last?.detail == "no split unit with an id")
    }

    /// Split units and ids of a hostile file become keys and text, never paths.
    @Test func idsAreMadeSafe() {
        #expect(CatalogueID.debugLink(name: "../../etc/passwd", crc: 1) == nil)
        #expect(CatalogueID.debugLink(name: "a\0b", crc: 1) == nil)
        #expect(CatalogueID.debugLink(name: "", crc: 1) == nil)
        #expect(CatalogueID.debugLink(name: "a.debug", crc: 0xA)?.id == "0000000a/a.debug")
        #expect(CatalogueID.splitUnit(.max).id == "ffffffffffffffff")
        #expect(CatalogueID.supplementary("not hexadecimal") == nil)
        #expect(CatalogueID.supplementary(String(repeating: "a", count: 300)) == nil)
        var inspection = FakeObject(buildID: nil).inspection
        inspection.heldSplitUnits = [7, 7, 8]
        inspection.splitUnits = [.init(name: "a", id: 1), .init(name: "b", id: 1)]
        #expect(CatalogueID.all(of: inspection, name: "a.dwo").map(\.id) == ["0000000000000007", "0000000000000008"])
        #expect(WantedFile.all(of: inspection).map(\.name) == ["a"])
    }
}
