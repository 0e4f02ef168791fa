import Bytes
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

@Suite struct UploadTests {
    @Test func storesAndCatalogues() async throws {
        let fixture = try await StoreFixture()
        let source = try fixture.folder.write("let a = 1\n", "tree/Sources/a.swift", modified: 1_600_000_000)
        var object = FakeObject(
            buildID: BuildID.first, debugID: "11111111-1111-1111-1111-111111111111", sources: [.init(path: source)])
        object.inspection.kind = .library
        let path = try fixture.write(object)
        var options = fixture.options()
        options.labels = ["pipeline": "42"]
        let events = Mutex<[String]>([])
        let report = try await fixture.store.upload([path], options: options) { event in
            events.withLock { events in
                switch event {
                case .started(let path, _): events.append("started \(path)")
                case .finished(let outcome): events.append("finished \(outcome.path)")
                case .walked(let files): events.append("walked \(files)")
                case .stage(let path, let stage, _): events.append("\(stage.rawValue) \(path)")
                case .indexing, .indexed: events.append("index")
                }
            }
        }
        let outcome = try #require(report.outcomes.first)
        #expect(outcome.status == .stored)
        #expect(outcome.reason == nil)
        #expect(outcome.digest == Digest.sha256(try object.bytes()))
        #expect(outcome.size == (try object.bytes().count))
        #expect(outcome.buildID == BuildID.first)
        #expect(outcome.kind == .library)
        #expect(outcome.architecture == "x86_64")
        #expect(outcome.hasDebugInformation && outcome.hasSymbolTable && outcome.hasUnwindTables)
        #expect(outcome.sources.texts == ["unchecked": 1])
        #expect(
            events.withLock { $0 } == [
                "started \(path)", "inspecting \(path)", "storing \(path)", "finished \(path)", "walked 1",
            ])
        #expect(!report.hasFailures)
        #expect(
            try await fixture.rows() == [
                "objects": 1, "object_ids": 2, "uploads": 1, "source_manifests": 1, "catalogue_changes": 4,
            ])
        #expect(try await fixture.count("SELECT count(*) FROM uploads WHERE labels = '{\"pipeline\":\"42\"}'") == 1)
        #expect(try await fixture.count("SELECT count(*) FROM uploads WHERE git_commit IS NULL AND host <> ''") == 1)
    }

    @Test func againStoresNothingTwiceAndReadsNothing() async throws {
        let fixture = try await StoreFixture()
        let source = try fixture.folder.write("let a = 1\n", "tree/a.swift", modified: 1_600_000_000)
        var object = FakeObject(buildID: BuildID.first, sources: [.init(path: source), .init(path: "/gone.swift")])
        object.embedded = ["/macro.swift": "expanded"]
        let path = try fixture.write(object)
        let first = try await fixture.store.upload([path], options: fixture.options())
        let files = try fixture.folder.files(below: "/store")
        let rows = try await fixture.rows()
        #expect(first.outcomes.map(\.status) == [.stored])
        #expect(first.outcomes.map(\.sources.added) == [2])

        let again = try await fixture.store.upload([fixture.folder.path + "/tree"], options: fixture.options())
        #expect(again.outcomes.map(\.status) == [.alreadyStored])
        #expect(again.outcomes.map(\.sources.added) == [0])
        #expect(again.outcomes.map(\.sources.texts) == [["exact": 1, "unchecked": 1]])
        #expect(again.outcomes.map(\.sources.skipped) == [["not found on this machine": 1]])
        #expect(try fixture.folder.files(below: "/store") == files)
        #expect(try await fixture.rows() == rows)
        #expect(fixture.parser.counts.withLock { $0.inspections } == 1)
    }

    /// The quick path goes by `stat` alone: it answers for the bytes it hashed only while nothing about the file
    /// changed.
    @Test func aChangedFileIsReadAgain() async throws {
        let fixture = try await StoreFixture()
        let seen = SeenFiles(cache: fixture.folder.path + "/seen")
        let path = try fixture.folder.write("abc", "file", modified: 1_600_000_000)
        let status = try FileStatus(path: path, followingLinks: true)
        seen.remember(String(repeating: "a", count: 64), of: path, status)
        // Changed a moment ago: not remembered.
        #expect(seen.digest(of: path, status) == nil)
        var old = status
        old.changed = 1_600_000_000_000_000_000
        seen.remember(String(repeating: "a", count: 64), of: path, old)
        #expect(seen.digest(of: path, old) == String(repeating: "a", count: 64))
        #expect(seen.digest(of: path + "x", old) == nil)
        for change in 0..<5 {
            var other = old
            switch change {
            case 0: other.size += 1
            case 1: other.inode += 1
            case 2: other.modified += 1
            case 3: other.changed += 1
            default: other.device += 1
            }
            #expect(seen.digest(of: path, other) == nil)
        }
    }

    @Test func whatAWalkPassesOver() async throws {
        let fixture = try await StoreFixture()
        try fixture.write(FakeObject(buildID: BuildID.first), "tree/out/app")
        try fixture.write(FakeObject(buildID: nil), "tree/out/app.o", type: 1)
        try fixture.write(FakeObject(buildID: nil), "tree/out/core", type: 4)
        try fixture.folder.write("text", "tree/out/readme.txt")
        try fixture.write(FakeObject(buildID: nil, debugInformation: false), "tree/out/plain")
        try fixture.folder.write(
            [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 62, 0], "tree/out/cut")
        let report = try await fixture.store.upload([fixture.folder.path + "/tree/out"], options: fixture.options())
        #expect(report.outcomes.map(\.status) == [.stored])
        #expect(!report.hasFailures)
        #expect(
            report.passedOver.counts == [
                "relocatable": 1, "other_elf": 1, "not_elf": 1, "without_id": 1, "damaged_without_id": 1,
            ])
        #expect(
            Set(report.passedOver.names.map { String($0.path.split(separator: "/").last ?? "") })
                == ["app.o", "core", "readme.txt", "plain", "cut"])
    }

    @Test func whatWasNamedFailsAndTheRestGoesOn() async throws {
        let fixture = try await StoreFixture()
        let good = try fixture.write(FakeObject(buildID: BuildID.first), "tree/good")
        let paths = [
            try fixture.write(FakeObject(buildID: nil), "tree/app.o", type: 1),
            try fixture.folder.write("text", "tree/readme.txt"),
            try fixture.write(FakeObject(buildID: nil, debugInformation: false), "tree/plain"),
            fixture.folder.path + "/tree/missing",
        ]
        let report = try await fixture.store.upload(paths + [good], options: fixture.options())
        #expect(report.outcomes.map(\.status) == [.failed, .failed, .failed, .failed, .stored])
        #expect(
            report.outcomes.map(\.reason) == [
                "a relocatable object file; upload what the linker makes of it", "not an ELF file",
                "neither a build id nor debug information with an id",
                "open: No such file or directory", nil,
            ])
        #expect(report.hasFailures)
    }

    @Test func damagedThoughItCarriesABuildID() async throws {
        let fixture = try await StoreFixture()
        var malformed = FakeObject(buildID: BuildID.first)
        malformed.behaviour = .malformed
        try fixture.write(malformed, "tree/out/a")
        var dying = FakeObject(buildID: BuildID.second)
        dying.behaviour = .dying
        try fixture.write(dying, "tree/out/b")
        var problem = FakeObject(buildID: "33333333")
        problem.inspection.problems = [".debug_line: cut off", ".debug_str: cut off"]
        try fixture.write(problem, "tree/out/c")
        try fixture.write(FakeObject(buildID: "44444444"), "tree/out/d")
        var partly = FakeObject(buildID: "55555555", sources: [.init(path: "/a.swift")])
        partly.inspection.problems = ["unit at 0x40: unknown form"]
        try fixture.write(partly, "tree/out/e")
        problem.inspection.buildID = nil
        try fixture.write(problem, "tree/out/f")
        let report = try await fixture.store.upload([fixture.folder.path + "/tree/out"], options: fixture.options())
        #expect(
            report.outcomes.map(\.reason) == [
                "damaged, build id \(BuildID.first): section .debug_info: damaged",
                "damaged, build id \(BuildID.second): the parser died: signal 11",
                "damaged, build id 33333333: .debug_line: cut off (and 1 more)", nil, nil,
            ])
        #expect(report.hasFailures)
        #expect(
            report.outcomes.map(\.buildID) == [BuildID.first, BuildID.second, "33333333", "44444444", "55555555"])
        // What is damaged in part is stored, and its parts are named.
        #expect(report.outcomes.last?.problems == ["unit at 0x40: unknown form"])
        #expect(report.passedOver.counts == ["damaged_without_id": 1])
        #expect(try await fixture.count("SELECT count(*) FROM objects") == 2)
        #expect(try fixture.folder.files(below: "/store/objects").count == 6)
    }

    /// The renderer prints the path; a reason that begins with it would say it twice.
    @Test func noReasonBeginsWithThePath() async throws {
        let fixture = try await StoreFixture()
        var object = FakeObject(buildID: BuildID.first)
        object.behaviour = .namingItself
        let named = try fixture.write(object, "tree/named")
        let locked = fixture.folder.path + "/tree/out"
        object.inspection.buildID = nil
        try fixture.write(object, "tree/out/counted")
        let pipe = fixture.folder.path + "/tree/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let report = try await fixture.store.upload(
            [named, locked, pipe, fixture.folder.path + "/nosuch"], options: fixture.options())
        #expect(
            report.outcomes.map(\.reason) == [
                "damaged, build id \(BuildID.first): not an ELF file", "not a regular file",
                "open: No such file or directory",
            ])
        #expect(report.passedOver.names.map(\.detail) == ["damaged: not an ELF file"])
    }

    @Test func strippedAndUnstrippedAreTwoObjectsOfOneID() async throws {
        let fixture = try await StoreFixture()
        let full = FakeObject(buildID: BuildID.first)
        try fixture.write(full, "tree/out/app.debug")
        try fixture.write(full, "tree/out/copy.debug")
        try fixture.write(FakeObject(buildID: BuildID.first, debugInformation: false), "tree/out/app")
        let report = try await fixture.store.upload([fixture.folder.path + "/tree/out"], options: fixture.options())
        #expect(report.outcomes.map(\.status) == [.stored, .stored, .alreadyStored])
        #expect(
            try await fixture.count("SELECT count(DISTINCT digest) FROM object_ids WHERE id = '\(BuildID.first)'") == 2)
        #expect(try await fixture.count("SELECT count(*) FROM uploads") == 3)
        // The stripped one came later and must not displace the one with debug information.
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.object?.digest == Digest.sha256(try full.bytes()))
        #expect(image.object?.quality == .full)
    }

    @Test func gitIsAskedInTheFolderOfTheFile() async throws {
        let fixture = try await StoreFixture()
        let folder = fixture.folder.path + "/work"
        try fixture.folder.write("a", "work/a.swift")
        let environment = ["PATH": "/usr/bin:/bin", "HOME": fixture.folder.path, "GIT_DIR": "/nowhere"]
        func git(_ arguments: String...) throws {
            let settings = ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org"]
            let clean = environment.filter { $0.key != "GIT_DIR" }
            _ = try #require(ChildOutput.run("git", settings + arguments, environment: clean, seconds: 60))
        }
        try git("init", "--quiet", "--initial-branch=trunk")
        try git("add", "a.swift")
        try git("commit", "--quiet", "--message=first")
        try fixture.folder.write("untracked", "work/.build/x")
        let clean = try #require(await GitProvenance.find(inFolder: folder + "/.build", environment: environment))
        #expect(clean.branch == "trunk")
        #expect(clean.commit.count == 40)
        #expect(!clean.isDirty)

        try fixture.folder.write("changed", "work/a.swift")
        let path = try fixture.write(FakeObject(buildID: BuildID.first), "work/.build/app")
        var options = fixture.options()
        options.asksGit = true
        options.environment = environment
        _ = try await fixture.store.upload([path], options: options)
        let found = try await fixture.count(
            """
            SELECT count(*) FROM uploads
            WHERE git_commit = '\(clean.commit)' AND git_branch = 'trunk' AND git_dirty = 1
            """
        )
        #expect(found == 1)
        #expect(await GitProvenance.find(inFolder: fixture.folder.path, environment: environment) == nil)
        #expect(await GitProvenance.find(inFolder: folder, environment: ["PATH": "/nowhere"]) == nil)
    }
}
