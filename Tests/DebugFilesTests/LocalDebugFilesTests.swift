import Bytes
import Glibc
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
}
