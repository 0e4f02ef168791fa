import Bytes
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

/// An upgrade: what the older release indexed answers until the newer one has indexed it again.
@Suite struct OlderIndexTests {
    private func options(_ pause: Duration = .zero) -> DebugFileStore.Options {
        var options = DebugFileStore.Options()
        options.olderIndexes = .answer(pause: pause)
        return options
    }

    private func folder(_ fixture: StoreFixture, _ revision: Int, format: Int = Int(SymbolIndex.formatVersion))
        -> String
    {
        "\(fixture.folder.path)/cache/indexes/v\(format)-r\(revision)"
    }

    private func wait(_ condition: () async throws -> Bool) async throws {
        for _ in 0..<2000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it did not happen in time")
    }

    @Test func itAnswersAtOnceUntilItsSuccessorIsBuilt() async throws {
        let fixture = try await StoreFixture()
        let digest = try await fixture.upload(FakeObject(buildID: BuildID.first), "tree/app")
        _ = try await fixture.resolve(BuildID.first)
        let next = FakeParser(revision: 2)
        await next.gate.close()
        let store = try fixture.reopened(next, options: options())
        for _ in 0..<3 {
            let image = try await store.image(BuildID.first)
            #expect(image.object?.index.header.builderRevision == 1)
        }
        try await wait { next.counts.withLock { $0.running } == 1 }
        await next.gate.open()
        try await wait { try await store.image(BuildID.first).object?.index.header.builderRevision == 2 }
        #expect(next.counts.withLock { $0.builds } == 1)
        // Both releases may run: neither takes the other's away.
        #expect(try FileSystem.names(inFolder: folder(fixture, 1)) == ["\(digest).symindex"])
        #expect(try FileSystem.names(inFolder: folder(fixture, 2)) == ["\(digest).symindex"])
        #expect(try await fixture.reopened().image(BuildID.first).object?.index.header.builderRevision == 1)
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
    }

    @Test func successorsAreBuiltOneAfterTheOtherAndLast() async throws {
        let fixture = try await StoreFixture()
        let ids = (0..<6).map { String(repeating: "\($0)a", count: 10) }
        for id in ids { try await fixture.upload(FakeObject(buildID: id), "tree/\(id)") }
        let queries = ids.map { ImageQuery(codeID: $0, debugID: nil, codeFile: nil) }
        _ = try await fixture.store.resolve(project: "default", images: queries)
        let next = FakeParser(revision: 2)
        var options = options()
        options.concurrentBuilds = 3
        let store = try fixture.reopened(next, options: options)
        let images = try await store.resolve(project: "default", images: queries).images
        #expect(images.map { $0.object?.index.header.builderRevision } == .init(repeating: 1, count: 6))
        try await wait { next.counts.withLock { $0.builds } == 6 && next.counts.withLock { $0.running } == 0 }
        #expect(next.counts.withLock { $0.mostRunning } == 1)
        try await wait { try FileSystem.names(inFolder: folder(fixture, 2)).count == 6 }
    }

    /// The rate is bounded: with a long pause the second successor waits for it.
    @Test func aPauseLiesBehindEach() async throws {
        let fixture = try await StoreFixture()
        for id in [BuildID.first, BuildID.second] { try await fixture.upload(FakeObject(buildID: id), "tree/\(id)") }
        let queries = [BuildID.first, BuildID.second].map { ImageQuery(codeID: $0, debugID: nil, codeFile: nil) }
        _ = try await fixture.store.resolve(project: "default", images: queries)
        let next = FakeParser(revision: 2)
        let store = try fixture.reopened(next, options: options(.seconds(3600)))
        _ = try await store.resolve(project: "default", images: queries)
        try await wait { try FileSystem.names(inFolder: folder(fixture, 2)).count == 1 }
        _ = try await store.resolve(project: "default", images: queries)
        #expect(next.counts.withLock { $0.builds } == 1)
        // Who asks for something else is not held up by the pause.
        try await fixture.upload(FakeObject(buildID: "abababab"), "tree/third")
        #expect(try await store.image("abababab").object?.index.header.builderRevision == 2)
    }

    @Test func aSuccessorThatCannotBeBuiltLeavesTheOlderOne() async throws {
        let fixture = try await StoreFixture()
        let object = FakeObject(buildID: BuildID.first)
        let digest = try await fixture.upload(object, "tree/app")
        _ = try await fixture.resolve(BuildID.first)
        let next = FakeParser(revision: 2)
        next.killsBuilds.withLock { $0 = true }
        let store = try fixture.reopened(next, options: options())
        _ = try await store.image(BuildID.first)
        try await wait { try await fixture.count("SELECT count(*) FROM quarantine WHERE builder_revision = 2") == 1 }
        let image = try await store.image(BuildID.first)
        #expect(image.object?.digest == digest)
        #expect(image.object?.index.header.builderRevision == 1)
        #expect(next.counts.withLock { $0.builds } == 1)
    }

    @Test func damagedForeignAndNewerOnesDoNotAnswer() async throws {
        let fixture = try await StoreFixture(revision: 2)
        let digest = try await fixture.upload(FakeObject(buildID: BuildID.first), "tree/app")
        _ = try await fixture.resolve(BuildID.first)
        let file = try FileDescriptor.openForReading("\(folder(fixture, 2))/\(digest).symindex")
        let healthy = try file.read(at: 0, count: 1 << 20, path: "index")
        var flipped = healthy
        flipped[flipped.count / 2] ^= 1
        // Damaged; of another revision than its folder's; of a format that nobody knows; newer; odd names.
        let others = [
            ("v0-r1", flipped), ("v\(SymbolIndex.formatVersion)-r1", healthy), ("v0-r2", Array("other format".utf8)),
            ("v9-r9", healthy), ("v01-r2", healthy), ("v-r2", healthy), ("vx", healthy), ("v1-r", healthy),
        ]
        for (name, bytes) in others {
            try fixture.folder.write(bytes, "cache/indexes/\(name)/\(digest).symindex", modified: 1_000)
        }
        let next = FakeParser(revision: 3)
        #expect(unlink("\(folder(fixture, 2))/\(digest).symindex") == 0)
        let image = try await fixture.reopened(next, options: options()).image(BuildID.first)
        #expect(image.object?.index.header.builderRevision == 3)
        // It was built while somebody waited, and nothing of the others was touched.
        #expect(next.counts.withLock { $0.builds } == 1)
        for (name, bytes) in others {
            let path = "\(fixture.folder.path)/cache/indexes/\(name)/\(digest).symindex"
            #expect(try FileDescriptor.openForReading(path).read(at: 0, count: 1 << 20, path: path) == bytes)
        }
    }

    /// The cap counts all versions; older ones go first, whatever their use, newer ones never.
    @Test func theByteCapTakesOlderVersionsFirst() async throws {
        let fixture = try await StoreFixture(revision: 2)
        let ids = ["aa", "bb", "cc"].map { String(repeating: $0, count: 20) }
        var digests: [String] = []
        for id in ids { digests.append(try await fixture.upload(FakeObject(buildID: id), "tree/\(id)")) }
        _ = try await fixture.resolve(ids[0])
        let path = "\(folder(fixture, 2))/\(digests[0]).symindex"
        let size = try FileStatus(path: path, followingLinks: false).size
        let filler = [UInt8](repeating: 0, count: size)
        let older = "v\(SymbolIndex.formatVersion)-r1/\(String(repeating: "0", count: 64)).symindex"
        let newer = "v\(SymbolIndex.formatVersion)-r3/\(String(repeating: "1", count: 64)).symindex"
        try fixture.folder.write(filler, "cache/indexes/" + older)
        try fixture.folder.write(filler, "cache/indexes/" + newer, modified: 5)
        try fixture.folder.setModified(1_000, path)
        var options = options()
        options.indexCacheLimit = size * 7 / 2
        let store = try fixture.reopened(options: options)
        _ = try await store.image(ids[1])
        func names() throws -> Set<String> {
            Set(try fixture.folder.files(below: "/cache/indexes").map { String($0.dropFirst("cache/indexes/".count)) })
        }
        let own = digests.map { "v\(SymbolIndex.formatVersion)-r2/\($0).symindex" }
        #expect(try names() == [newer, own[0], own[1]])
        _ = try await store.image(ids[2])
        #expect(try names() == [newer, own[1], own[2]])
    }

    @Test func namesOfVersions() {
        #expect(IndexCacheFolder.version(ofFolder: "v2-r17") == IndexVersion(format: 2, builderRevision: 17))
        for name in ["v2-r", "v2", "2-r1", "v02-r1", "v2-r+1", "v2-r1x", "v2-r1/..", "", "v-1-r1"] {
            #expect(IndexCacheFolder.version(ofFolder: name) == nil, "\(name)")
        }
        #expect(IndexVersion(format: 1, builderRevision: 9) < IndexVersion(format: 2, builderRevision: 1))
        #expect(IndexVersion(format: 2, builderRevision: 1) < IndexVersion(format: 2, builderRevision: 2))
    }

    /// A file that the first release wrote, in its folder.
    @Test func theFirstFormatStillAnswers() async throws {
        let fixture = try await StoreFixture(revision: 7)
        let digest = try await fixture.upload(FakeObject(buildID: BuildID.first), "tree/app")
        let sample =
            #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/") + "/Fixtures/Indexes/version1-sample.symindex"
        let bytes = try FileDescriptor.openForReading(sample).read(at: 0, count: 1 << 24, path: sample)
        let revision = try SymbolIndex(MappedFile(path: sample)).header.builderRevision
        try fixture.folder.write(bytes, "cache/indexes/v1-r\(revision)/\(digest).symindex")
        await fixture.parser.gate.close()
        let store = try fixture.reopened(options: options())
        let image = try await store.image(BuildID.first)
        #expect(image.object?.index.header.formatVersion == 1)
        #expect(try image.object?.index.metadata().architecture.isEmpty == false)
        await fixture.parser.gate.open()
        let format = SymbolIndex.formatVersion
        try await wait { try await store.image(BuildID.first).object?.index.header.formatVersion == format }
    }
}
