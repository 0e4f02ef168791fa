import Database
import GRDB
import Synchronization
import Testing

@testable import DebugFiles

/// Images of which the event says no id.
@Suite struct NameMatchTests {
    private func upload(
        _ fixture: StoreFixture, _ object: FakeObject, _ name: String, project: String = "default"
    ) async throws -> String {
        let path = try fixture.write(object, name)
        let report = try await fixture.store.upload([path], options: fixture.options(project: project))
        return try #require(report.outcomes.first?.digest)
    }

    @Test func theOnlyBuildOfTheNameAnswers() async throws {
        let fixture = try await StoreFixture()
        let debugID = "11111111-1111-1111-1111-111111111111"
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first, debugID: debugID), "tree/app")
        _ = try await upload(fixture, FakeObject(buildID: BuildID.second), "tree/other")
        for (codeID, zeros) in [(nil, nil), ("", "00000000-0000-0000-0000-000000000000"), ("0000", "")] {
            let image = try await fixture.resolve(codeID, debugID: zeros)
            #expect(image.status == .found)
            #expect(image.object?.digest == digest)
            #expect(image.matchedByName)
            // What comes later under these ids makes it better.
            #expect(image.ids.map(\.id) == [BuildID.first, debugID])
        }
        for codeFile in ["app", "/srv/../app"] {
            #expect(try await fixture.resolve(nil, codeFile: codeFile).object?.digest == digest)
        }
        for codeFile in [nil, "", "/bin/", "/bin/App", "/bin/app.debug", "/bin/ap%", "/app/x"] {
            let image = try await fixture.resolve(nil, codeFile: codeFile)
            #expect(image.status == .missing)
            #expect(!image.matchedByName)
            #expect(image.ids == [])
        }
        #expect(try await !fixture.resolve(BuildID.first).matchedByName)
    }

    /// An id that names another build, or none that is understood, is no licence to guess.
    @Test func anImageWithAnIDIsNeverMatchedByName() async throws {
        let fixture = try await StoreFixture()
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/app")
        for codeID in [BuildID.second, "not hexadecimal"] {
            let image = try await fixture.resolve(codeID)
            #expect(image.status == .missing)
            #expect(!image.matchedByName)
        }
        #expect(try await fixture.resolve(nil, debugID: "C0FFEE").status == .missing)
    }

    @Test func aSeparateDebugFileAndAStrippedOneAreOneBuild() async throws {
        let fixture = try await StoreFixture()
        let stripped = FakeObject(buildID: BuildID.first, debugInformation: false)
        _ = try await upload(fixture, stripped, "tree/bin/app")
        let full = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/debug/app.debug")
        #expect(try await fixture.resolve(nil).object?.digest == full)
        // Found by its build, the best of its objects answers, whatever that one is called.
        let other = try await StoreFixture()
        _ = try await upload(other, stripped, "tree/bin/app")
        let elsewhere = try await upload(other, FakeObject(buildID: BuildID.first), "tree/11/111111.debug")
        #expect(try await other.resolve(nil).object?.digest == elsewhere)
    }

    /// Without a build id, two objects of one debug id are one build.
    @Test func objectsWithoutABuildID() async throws {
        let fixture = try await StoreFixture()
        let debugID = "11111111-1111-1111-1111-111111111111"
        _ = try await upload(fixture, FakeObject(buildID: nil, debugID: debugID), "tree/a/app")
        var second = FakeObject(buildID: nil, debugID: debugID)
        second.padding = "linked again"
        _ = try await upload(fixture, second, "tree/b/app")
        let image = try await fixture.resolve(nil)
        #expect(image.status == .found)
        #expect(image.ids.map(\.id) == [debugID])
    }

    @Test func severalBuildsAreListedAndNoneAnswers() async throws {
        let fixture = try await StoreFixture()
        for number in 1...7 {
            let id = String(repeating: "0\(number)", count: 20)
            _ = try await upload(fixture, FakeObject(buildID: id), "tree/\(number)/app")
            try await fixture.database.write { db in
                try db.execute(
                    sql: "UPDATE uploads SET uploaded_at = ? WHERE path LIKE ?",
                    arguments: [number, "%/\(number)/app"])
            }
        }
        let image = try await fixture.resolve(nil)
        #expect(image.status == .missing)
        #expect(!image.matchedByName)
        let newest = [7, 6, 5, 4, 3].map { "build id " + String(repeating: "0\($0)", count: 20) }
        #expect(
            image.reason == "the image has neither a build id nor a debug id, and 7 builds were uploaded as 'app': "
                + newest.joined(separator: ", ") + " and 2 older")
        #expect(image.candidates.map(\.words) == newest)
        #expect(fixture.parser.counts.withLock { $0.builds } == 0)
    }

    @Test func onlyVisibleProjectsCount() async throws {
        let fixture = try await StoreFixture()
        let web = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/a/app", project: "web")
        let mail = try await upload(fixture, FakeObject(buildID: BuildID.second), "tree/b/app", project: "mail")
        #expect(try await fixture.resolve(nil, project: "web").object?.digest == web)
        #expect(try await fixture.resolve(nil, project: "mail").object?.digest == mail)
        #expect(try await fixture.resolve(nil).status == .missing)
        _ = try await upload(fixture, FakeObject(buildID: String(repeating: "3", count: 40)), "tree/c/app")
        #expect(try await fixture.resolve(nil, project: "web").status == .missing)
        #expect(try await fixture.resolve(nil).status == .found)
    }

    @Test func aRebuiltCatalogueKnowsTheNames() async throws {
        let fixture = try await StoreFixture()
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first), "tree/app")
        try await fixture.database.write { db in
            for table in ["object_ids", "uploads", "objects"] { try db.execute(sql: "DELETE FROM \(table)") }
        }
        #expect(try await fixture.resolve(nil).status == .missing)
        _ = try await fixture.store.rebuildCatalogue()
        #expect(try await fixture.resolve(nil).object?.digest == digest)
    }
}
