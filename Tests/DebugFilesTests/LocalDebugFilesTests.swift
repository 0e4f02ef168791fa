import Bytes
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

@Suite struct LocalDebugFilesTests {
    private struct Fixture {
        let folder: TemporaryFolder
        let parser = FakeParser()
        let files: LocalDebugFiles

        init() throws {
            folder = try TemporaryFolder()
            files = try LocalDebugFiles(parser: parser, cacheFolder: folder.path + "/cache")
        }

        func error(_ path: String, expecting buildID: String? = nil) async -> DebugFilesError? {
            do throws(DebugFilesError) {
                _ = try await files.file(path: path, expectingBuildID: buildID)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test func indexedByItsDigestWithoutAStore() async throws {
        let fixture = try Fixture()
        let bytes = try FakeObject(buildID: BuildID.first).bytes()
        let path = try fixture.folder.write(bytes, "app", modified: 1_600_000_000)
        let file = try await fixture.files.file(path: path, expectingBuildID: BuildID.first.uppercased())
        #expect(file.digest == Digest.sha256(bytes))
        #expect(file.metadata.buildID == BuildID.first)
        #expect(file.index.header.quality == .full)
        let copy = try fixture.folder.write(bytes, "copy")
        #expect(try await fixture.files.file(path: copy).digest == file.digest)
        #expect(fixture.parser.counts.withLock { $0.builds } == 1)
        // Another process finds the index in the folder and inspects nothing.
        let again = try LocalDebugFiles(parser: fixture.parser, cacheFolder: fixture.folder.path + "/cache")
        _ = try await again.file(path: path, expectingBuildID: BuildID.first)
        #expect(fixture.parser.counts.withLock { ($0.builds, $0.inspections) } == (1, 1))
    }

    @Test func anotherBuildIsRefusedBeforeItIsIndexed() async throws {
        let fixture = try Fixture()
        let path = try fixture.folder.write(FakeObject(buildID: BuildID.first).bytes(), "app")
        let sentence = "the debug file has build id \(BuildID.first), the image's is \(BuildID.second)"
        let refusal = DebugFilesError.debugFile(path: path, .missing, reason: sentence)
        #expect(await fixture.error(path, expecting: BuildID.second) == refusal)
        #expect(fixture.parser.counts.withLock { $0.builds } == 0)
        _ = try await fixture.files.file(path: path)
        #expect(await fixture.error(path, expecting: BuildID.second) == refusal)
        let nameless = try fixture.folder.write(FakeObject(buildID: nil).bytes(), "nameless")
        #expect(
            await fixture.error(nameless, expecting: BuildID.second)
                == .debugFile(
                    path: nameless, .missing,
                    reason: "the debug file has no build id, the image's is \(BuildID.second)"))
    }

    @Test func everythingElseHasItsStatus() async throws {
        let fixture = try Fixture()
        #expect(mkfifo(fixture.folder.path + "/pipe", 0o600) == 0)
        for name in ["pipe", "", "absent"] {
            let path = fixture.folder.path + "/" + name
            guard case .debugFile(path, .missing, _)? = await fixture.error(path) else {
                Issue.record("\(name) was not refused as missing")
                continue
            }
        }
        let pipe = fixture.folder.path + "/pipe"
        #expect(await fixture.error(pipe)?.description == "\(pipe): not a regular file")
        let text = try fixture.folder.write("text", "text")
        #expect(
            await fixture.error(text)
                == .debugFile(path: text, .malformed, reason: "section headers: outside the file"))
        var dying = FakeObject(buildID: BuildID.first)
        dying.behaviour = .buildDying
        let path = try fixture.folder.write(dying.bytes(), "dying")
        for _ in 0..<3 {
            #expect(
                await fixture.error(path)
                    == .debugFile(path: path, .other, reason: "the parser died: signal 11"))
        }
        #expect(await fixture.error(path)?.description.contains("quarantined after 3 deaths") == true)
        #expect(fixture.parser.counts.withLock { $0.builds } == 4)
    }

    /// The checksum is not compared here; what cannot be opened is built again, and what a look-up meets when it is told.
    @Test func aDamagedIndexIsBuiltAgain() async throws {
        let fixture = try Fixture()
        let path = try fixture.folder.write(FakeObject(buildID: BuildID.first).bytes(), "app")
        let file = try await fixture.files.file(path: path)
        let name = "cache/indexes/v\(SymbolIndex.formatVersion)-r1/\(file.digest).symindex"
        // Not in place: the first process has it mapped.
        #expect(unlink(fixture.folder.path + "/" + name) == 0)
        try fixture.folder.write("nonsense", name)
        let again = try LocalDebugFiles(parser: fixture.parser, cacheFolder: fixture.folder.path + "/cache")
        #expect(try await again.file(path: path).metadata.buildID == BuildID.first)
        #expect(fixture.parser.counts.withLock { $0.builds } == 2)
        await again.discardIndex(ofObject: file.digest)
        #expect(try await again.file(path: path).metadata.buildID == BuildID.first)
        #expect(fixture.parser.counts.withLock { $0.builds } == 3)
    }

    // MARK: Several files

    @Test func aFolderOfFilesThatCompleteEachOther() async throws {
        let fixture = try Fixture()
        func write(_ object: FakeObject, _ name: String, type: UInt8 = 3) throws -> String {
            try fixture.folder.write(object.bytes(type: type), name, modified: 1_600_000_000)
        }
        var app = FakeObject.skeleton(BuildID.first, [1, 2])
        app.inspection.alternateLink = .init(name: "shared", buildID: "abab")
        let path = try write(app, "build/app")
        _ = try write(.split([1]), "build/1.dwo", type: 1)
        let package = try write(.split([2, 3]), "elsewhere/app.dwp", type: 1)
        _ = try write(FakeObject(buildID: "abab"), "build/dwz")
        _ = try fixture.folder.write("text", "build/readme")
        var stripped = FakeObject(buildID: BuildID.second, debugInformation: false)
        stripped.inspection.debugLink = .init(name: "lib.debug", crc: 9)
        _ = try write(stripped, "build/lib")
        var debug = FakeObject(buildID: nil)
        debug.inspection.fileCRC = 9
        let linked = try write(debug, "build/lib.debug")
        var broken = FakeObject(buildID: "cdcd")
        broken.behaviour = .buildMalformed
        _ = try write(broken, "build/broken")

        let named = try await fixture.files.files(paths: [fixture.folder.path + "/build", package])
        let files = Dictionary(named.files.map { ($0.path, $0) }) { first, _ in first }
        #expect(files[path]?.index.header.quality == .full)
        #expect(files[path]?.metadata.inputs.count == 4)
        #expect(named.files.filter { $0.buildID == BuildID.second }.map(\.path) == [linked])
        #expect(named.files.filter { $0.buildID == BuildID.second }.map(\.index.header.quality) == [.full])
        #expect(!named.files.contains { $0.buildID == "abab" })
        #expect(named.problems.count == 1)
        #expect(named.problems.first?.hasSuffix("broken: unit at 0x0: bad abbreviation") == true)

        // Another process inspects nothing again, and builds nothing but what failed.
        let counts = fixture.parser.counts.withLock { $0 }
        let again = try LocalDebugFiles(parser: fixture.parser, cacheFolder: fixture.folder.path + "/cache")
        _ = try await again.files(paths: [fixture.folder.path + "/build", package])
        #expect(fixture.parser.counts.withLock { $0.inspections } == counts.inspections)
        #expect(fixture.parser.counts.withLock { $0.builds } == counts.builds + 1)
    }

    @Test func whatIsNamedMustBeUsable() async throws {
        let fixture = try Fixture()
        let good = try fixture.folder.write(FakeObject(buildID: BuildID.first).bytes(), "good")
        let text = try fixture.folder.write("text", "text")
        var broken = FakeObject(buildID: BuildID.second)
        broken.behaviour = .buildMalformed
        let named = try fixture.folder.write(broken.bytes(), "broken")
        for (path, status) in [(text, ImageStatus.malformed), (named, .malformed), (good + "x", .missing)] {
            let error = await #expect(throws: DebugFilesError.self) {
                _ = try await fixture.files.files(paths: [good, path])
            }
            guard case .debugFile(path, status, _)? = error else {
                Issue.record("\(path): \(String(describing: error))")
                continue
            }
        }
        #expect(try await fixture.files.files(paths: [good]).files.map(\.path) == [good])
        #expect(try await fixture.files.files(paths: []).files.isEmpty)
    }
}
