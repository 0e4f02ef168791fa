import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

@Suite struct IndexLibraryTests {
    private func upload(_ fixture: StoreFixture, _ object: FakeObject, _ name: String = "tree/app") async throws
        -> String
    {
        let path = try fixture.write(object, name)
        let report = try await fixture.store.upload([path], options: fixture.options())
        return try #require(report.outcomes.first?.digest)
    }

    /// The same store as another process sees it: nothing in memory.
    private func reopened(
        _ fixture: StoreFixture, options: DebugFileStore.Options = .init()
    ) throws -> DebugFileStore {
        try DebugFileStore(
            storage: fixture.storage, database: fixture.database, parser: fixture.parser,
            cacheFolder: fixture.folder.path + "/cache", options: options)
    }

    private func query(_ id: String) -> ImageQuery { ImageQuery(codeID: id, debugID: nil, codeFile: nil) }

    @Test func identicalBuildsAtOnceAreOne() async throws {
        let fixture = try await StoreFixture()
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first))
        await fixture.parser.gate.close()
        let found = try await withThrowingTaskGroup(of: ImageStatus?.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    try await fixture.store.resolve(project: "default", images: [query(BuildID.first)]).images[0].status
                }
            }
            while fixture.parser.counts.withLock({ $0.running }) == 0 { await Task.yield() }
            // Time for the others to arrive; were they not joined, each would start a build behind the gate.
            try await Task.sleep(for: .milliseconds(100))
            await fixture.parser.gate.open()
            return try await group.reduce(into: [ImageStatus?]()) { $0.append($1) }
        }
        #expect(found == [ImageStatus?](repeating: .found, count: 12))
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
        #expect(try fixture.folder.files(below: "/cache/indexes").count == 1)
    }

    /// Who is cancelled leaves at once; the build ends only when nobody waits for it any more.
    @Test func aCancelledWaiterTakesNothingFromTheOthers() async throws {
        let fixture = try await StoreFixture()
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first))
        await fixture.parser.gate.close()
        let images = [query(BuildID.first)]
        let patient = Task { try await fixture.store.resolve(project: "default", images: images) }
        let hasty = Task { try await fixture.store.resolve(project: "default", images: images) }
        while fixture.parser.counts.withLock({ $0.running }) == 0 { await Task.yield() }
        hasty.cancel()
        await #expect(throws: DebugFilesError.cancelled) { _ = try await hasty.value }
        await fixture.parser.gate.open()
        #expect(try await patient.value.images[0].status == .found)
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
    }

    @Test func aBuildThatNobodyWaitsForIsCancelled() async throws {
        let fixture = try await StoreFixture()
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first))
        await fixture.parser.gate.close()
        let images = [query(BuildID.first)]
        let alone = Task { try await fixture.store.resolve(project: "default", images: images) }
        while fixture.parser.counts.withLock({ $0.running }) == 0 { await Task.yield() }
        alone.cancel()
        await #expect(throws: DebugFilesError.cancelled) { _ = try await alone.value }
        // It is cancelled behind the gate; whoever comes now gets a build of his own.
        let next = Task { try await fixture.store.resolve(project: "default", images: images) }
        while fixture.parser.counts.withLock({ $0.running }) < 2 { await Task.yield() }
        await fixture.parser.gate.open()
        #expect(try await next.value.images[0].status == .found)
        while fixture.parser.counts.withLock({ $0.running }) > 0 { await Task.yield() }
        #expect(fixture.parser.counts.withLock { ($0.builds, $0.cancelled) } == (2, 1))
        #expect(try await fixture.count("SELECT count(*) FROM quarantine") == 0)
    }

    @Test func buildsHaveSlots() async throws {
        var options = DebugFileStore.Options()
        options.concurrentBuilds = 2
        let fixture = try await StoreFixture(options: options)
        let ids = (0..<6).map { String(repeating: "\($0)a", count: 10) }
        for id in ids { _ = try await upload(fixture, FakeObject(buildID: id), "tree/\(id)") }
        await fixture.parser.gate.close()
        async let all = fixture.store.resolve(project: "default", images: ids.map(query))
        while fixture.parser.counts.withLock({ $0.running }) < 2 { await Task.yield() }
        try await Task.sleep(for: .milliseconds(100))
        await fixture.parser.gate.open()
        #expect(try await all.images.map(\.status) == [ImageStatus](repeating: .found, count: 6))
        #expect(fixture.parser.counts.withLock { $0.mostRunning } == 2)
    }

    @Test func aBuiltIndexOutlivesTheProcessAndIsPrivate() async throws {
        let fixture = try await StoreFixture()
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first))
        _ = try await fixture.resolve(BuildID.first)
        let path = "cache/indexes/v\(SymbolIndex.formatVersion)-r1/\(digest).symindex"
        #expect(try fixture.folder.files(below: "/cache/indexes") == [path])
        let status = try FileStatus(path: fixture.folder.path + "/" + path, followingLinks: false)
        #expect(status.mode & 0o777 == 0o600)
        let image = try await reopened(fixture).resolve(project: "default", images: [query(BuildID.first)]).images[0]
        #expect(image.object?.digest == digest)
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
    }

    @Test func aDamagedIndexIsBuiltAgain() async throws {
        let fixture = try await StoreFixture()
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first))
        _ = try await fixture.resolve(BuildID.first)
        let path = "\(fixture.folder.path)/cache/indexes/v\(SymbolIndex.formatVersion)-r1/\(digest).symindex"
        let file = try FileDescriptor.openForReading(path)
        let healthy = try file.read(at: 0, count: 1 << 20, path: path)
        var flipped = healthy
        flipped[flipped.count / 2] ^= 0x10
        for damaged in [flipped, Array(healthy.dropLast(5)), [], Array("nonsense".utf8)] {
            let name = String(path.dropFirst(fixture.folder.path.count + 1))
            #expect(unlink(path) == 0)
            try fixture.folder.write(damaged, name)
            let builds = fixture.parser.counts.withLock { $0.builds }
            let image = try await reopened(fixture).resolve(project: "default", images: [query(BuildID.first)]).images[
                0]
            #expect(image.status == .found)
            #expect(fixture.parser.counts.withLock { $0.builds } == builds + 1)
            #expect(try FileDescriptor.openForReading(path).read(at: 0, count: 1 << 20, path: path) == healthy)
        }
        // Damage that only a look-up meets is reported by who meets it.
        await fixture.store.discardIndex(ofObject: digest)
        let builds = fixture.parser.counts.withLock { $0.builds }
        #expect(try await fixture.resolve(BuildID.first).status == .found)
        #expect(fixture.parser.counts.withLock { $0.builds } == builds + 1)
    }

    @Test func anotherRevisionBuildsItsOwn() async throws {
        let fixture = try await StoreFixture()
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first))
        _ = try await fixture.resolve(BuildID.first)
        let next = FakeParser(revision: 2)
        var options = DebugFileStore.Options()
        options.olderIndexes = .ignore
        let store = try DebugFileStore(
            storage: fixture.storage, database: fixture.database, parser: next,
            cacheFolder: fixture.folder.path + "/cache", options: options)
        let image = try await store.resolve(project: "default", images: [query(BuildID.first)]).images[0]
        #expect(image.object?.index.header.builderRevision == 2)
        let format = SymbolIndex.formatVersion
        #expect(
            try fixture.folder.files(below: "/cache/indexes") == [
                "cache/indexes/v\(format)-r1/\(digest).symindex", "cache/indexes/v\(format)-r2/\(digest).symindex",
            ])
    }

    @Test func theLeastRecentlyUsedIndexGoesFirst() async throws {
        let fixture = try await StoreFixture()
        let ids = ["aa", "bb", "cc"].map { String(repeating: $0, count: 20) }
        var digests: [String] = []
        for id in ids { digests.append(try await upload(fixture, FakeObject(buildID: id), "tree/\(id)")) }
        let folder = "\(fixture.folder.path)/cache/indexes/v\(SymbolIndex.formatVersion)-r1"
        _ = try await fixture.store.resolve(project: "default", images: [query(ids[0]), query(ids[1])])
        let size = try FileStatus(path: "\(folder)/\(digests[0]).symindex", followingLinks: false).size
        // The first was used long ago, then again by the second process; so the second goes.
        try fixture.folder.setModified(1_000, "\(folder)/\(digests[0]).symindex")
        try fixture.folder.setModified(2_000, "\(folder)/\(digests[1]).symindex")
        var options = DebugFileStore.Options()
        options.indexCacheLimit = size * 5 / 2
        let second = try reopened(fixture, options: options)
        _ = try await second.resolve(project: "default", images: [query(ids[0])])
        _ = try await second.resolve(project: "default", images: [query(ids[2])])
        let names = try FileSystem.names(inFolder: folder)
        #expect(Set(names) == ["\(digests[0]).symindex", "\(digests[2]).symindex"])
        // Evicted is not lost.
        #expect(try await second.resolve(project: "default", images: [query(ids[1])]).images[0].status == .found)
    }

    @Test func threeDeathsAreEnough() async throws {
        let fixture = try await StoreFixture()
        for (id, behaviour, status) in [
            (BuildID.first, FakeObject.Behaviour.buildDying, ImageStatus.other),
            (BuildID.second, .buildHanging, .timeout),
        ] {
            var object = FakeObject(buildID: id)
            object.behaviour = behaviour
            _ = try await upload(fixture, object, "tree/\(id)")
            let before = fixture.parser.counts.withLock { $0.builds }
            for _ in 0..<3 { #expect(try await fixture.resolve(id).status == status) }
            let quarantined = try await fixture.resolve(id)
            #expect(quarantined.status == .other)
            #expect(
                quarantined.reason?.hasPrefix("quarantined after 3 deaths of its parser (revision 1); the last: ")
                    == true)
            #expect(fixture.parser.counts.withLock { $0.builds } == before + 3)
            // For every process, until a new revision of the builder comes.
            let other = try await reopened(fixture).resolve(project: "default", images: [query(id)]).images[0]
            #expect(other.reason == quarantined.reason)
        }
        #expect(try await fixture.count("SELECT count(*) FROM quarantine WHERE deaths = 3") == 2)
        let next = FakeParser(revision: 2)
        let store = try DebugFileStore(
            storage: fixture.storage, database: fixture.database, parser: next,
            cacheFolder: fixture.folder.path + "/cache")
        _ = try await store.resolve(project: "default", images: [query(BuildID.first)])
        #expect(next.counts.withLock { $0.builds } == 1)
        #expect(try fixture.folder.files(below: "/cache/indexes") == [])
    }

    @Test func anObjectThatLeftTheStoreIsMissing() async throws {
        let fixture = try await StoreFixture()
        let digest = try await upload(fixture, FakeObject(buildID: BuildID.first))
        try await fixture.storage.remove(digest)
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.status == .missing)
        #expect(image.reason == "the catalogue names blob \(digest), which the store does not have")
        // Uploading again mends it.
        _ = try await upload(fixture, FakeObject(buildID: BuildID.first))
        #expect(try await fixture.resolve(BuildID.first).status == .found)
    }
}
