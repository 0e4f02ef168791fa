import ParserTasks
import Synchronization
import Testing

@testable import DebugFiles

/// Which files a dump's modules are unwound with.
@Suite struct UnwindingFileTests {
    private static func object(_ id: String, debug: Bool = false, unwind: Bool = true) -> FakeObject {
        var object = FakeObject(buildID: id, debugInformation: debug)
        object.inspection.hasUnwindTables = unwind
        return object
    }

    /// A separate debug file: no code.
    private static func debugFile(_ id: String, symbols: Bool = true) -> FakeObject {
        var object = FakeObject(buildID: id, symbols: symbols)
        object.inspection.kind = .debug
        object.inspection.hasCode = false
        object.inspection.hasUnwindTables = false
        return object
    }

    private func words(_ files: UnwindingFiles) -> [String] {
        files.files.map { "\($0.buildID.prefix(2)) \($0.isDebugFile ? "debug" : "object")" }
    }

    @Test func theObjectAndItsDebugFile() async throws {
        let fixture = try await StoreFixture()
        let none = try await fixture.store.unwindingFiles(project: "default", buildIDs: [BuildID.first])
        #expect(none.files.isEmpty)
        try await fixture.upload(Self.debugFile(BuildID.first), "tree/a.debug")
        let debugOnly = try await fixture.store.unwindingFiles(project: "default", buildIDs: [BuildID.first])
        #expect(words(debugOnly) == ["11 debug"])
        #expect(debugOnly.objects.isEmpty)
        let digest = try await fixture.upload(Self.object(BuildID.first), "tree/a")
        let both = try await fixture.store.unwindingFiles(
            project: "default", buildIDs: [BuildID.second, BuildID.first, "nonsense"])
        #expect(words(both) == ["11 object", "11 debug"])
        #expect(both.objects == [BuildID.first])
        #expect(try #require(both.catalogueSequence) > (none.catalogueSequence ?? 0))
        let file = try #require(try await both.files.first?.open())
        #expect(try FileCopy.digest(of: file, path: "a").digest == digest)
    }

    @Test func anObjectWithDebugInformationNeedsNoOther() async throws {
        let fixture = try await StoreFixture()
        try await fixture.upload(Self.debugFile(BuildID.first), "tree/a.debug")
        try await fixture.upload(Self.object(BuildID.first, debug: true), "tree/a")
        let found = try await fixture.store.unwindingFiles(project: "default", buildIDs: [BuildID.first])
        #expect(words(found) == ["11 object"])
    }

    @Test func oneWithUnwindTablesGoesFirst() async throws {
        let fixture = try await StoreFixture()
        var bare = Self.object(BuildID.first, debug: true, unwind: false)
        bare.padding = "bare"
        try await fixture.upload(bare, "tree/bare")
        let digest = try await fixture.upload(Self.object(BuildID.first), "tree/a")
        let found = try await fixture.store.unwindingFiles(project: "default", buildIDs: [BuildID.first])
        #expect(found.files.first { !$0.isDebugFile }?.name == digest)
    }

    @Test func projectsSeeTheirOwnAndTheDefault() async throws {
        let fixture = try await StoreFixture()
        try await fixture.upload(Self.object(BuildID.first), "tree/a", project: "shop")
        try await fixture.upload(Self.object(BuildID.second), "tree/b")
        let ids = [BuildID.first, BuildID.second]
        #expect(try await fixture.store.unwindingFiles(project: "shop", buildIDs: ids).objects.count == 2)
        #expect(
            try await fixture.store.unwindingFiles(project: "other", buildIDs: ids).objects == [BuildID.second])
    }

    /// The next best, and none at all, when blobs are damaged or gone.
    @Test func aDamagedBlobIsPassedOver() async throws {
        let fixture = try await StoreFixture()
        let first = try await fixture.upload(Self.object(BuildID.first, debug: true), "tree/a")
        var second = Self.object(BuildID.first)
        second.padding = "another"
        let other = try await fixture.upload(second, "tree/b")
        func name(_ digest: String) -> String { "store/objects/\(digest.prefix(2))/\(digest.dropFirst(2))" }
        try fixture.folder.write("damaged", name(first))
        let found = try await fixture.store.unwindingFiles(project: "default", buildIDs: [BuildID.first])
        let file = try #require(try await found.files.first?.open())
        #expect(try FileCopy.digest(of: file, path: "b").digest == other)
        try fixture.folder.write("damaged too", name(other))
        let nothing = try await found.files.first?.open()
        #expect(nothing == nil)
    }

    // MARK: Files of this machine

    @Test func namedFilesAndFolders() async throws {
        let folder = try TemporaryFolder()
        let local = try LocalDebugFiles(parser: FakeParser(), cacheFolder: folder.path + "/cache")
        try folder.write(Self.object(BuildID.first).bytes(), "build/a")
        try folder.write(Self.debugFile(BuildID.first).bytes(), "build/a.debug")
        try folder.write(Self.object("abab").bytes(), "build/other")
        try folder.write("text", "build/readme")
        var broken = Self.object(BuildID.second)
        broken.behaviour = .malformed
        let named = try folder.write(broken.bytes(), "broken")
        let found = try await local.unwindingFiles(
            paths: [folder.path + "/build", named], buildIDs: [BuildID.first, BuildID.second])
        #expect(words(found) == ["11 object", "11 debug"])
        #expect(found.problems.count == 1)
        let file = try await found.files.first?.open()
        #expect(file != nil)
        // Another build took its place since.
        try folder.write(Self.object("cdcd").bytes(), "build/a")
        let changed = try await found.files.first?.open()
        #expect(changed == nil)
    }

    @Test func theDumpsOwnPathsNeedTheBuildID() async throws {
        let folder = try TemporaryFolder()
        let parser = FakeParser()
        let local = try LocalDebugFiles(parser: parser, cacheFolder: folder.path + "/cache")
        let path = try folder.write(Self.object(BuildID.first).bytes(), "app")
        func module(_ path: String, _ id: String?) -> DumpModule {
            DumpModule(path: path, buildID: id, start: 0, end: 1, isExecutable: true)
        }
        #expect(words(try await local.unwindingFiles(of: [module(path, BuildID.first)])) == ["11 object"])
        for refused in [
            module(path, BuildID.second), module(path, nil), module("app", BuildID.first),
            module(folder.path, BuildID.first), module(path + " (deleted)", BuildID.first),
        ] {
            #expect(try await local.unwindingFiles(of: [refused]).files.isEmpty, "\(refused)")
        }
        // A dump that names one file many times has it read once.
        let count = parser.counts.withLock { $0.inspections }
        let many = (0..<5000).map { module(path, String(repeating: "a", count: 36) + String($0 + 1000)) }
        #expect(try await local.unwindingFiles(of: many).files.isEmpty)
        #expect(parser.counts.withLock { $0.inspections } == count)
    }

    @Test func whatComesFirstStays() {
        func files(_ names: [String]) -> UnwindingFiles {
            var files = UnwindingFiles()
            files.files = names.map { name in
                UnwindingFile(buildID: "ab", name: name, isDebugFile: name.hasSuffix("debug")) { nil }
            }
            return files
        }
        var first = files(["a"])
        first.catalogueSequence = 7
        var second = files(["b", "b.debug"])
        second.catalogueSequence = 5
        first.fill(from: second)
        #expect(first.files.map(\.name) == ["a", "b.debug"])
        #expect(first.catalogueSequence == 5)
    }
}
