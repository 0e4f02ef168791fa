import Bytes
import Database
import GRDB
import ParserTasks
import Testing

@testable import DebugFiles

@Suite struct SourceStoreTests {
    private let objectTime = 1_700_000_000

    private func md5(_ text: String) -> String { Hexadecimal.string(Digest.md5(Array(text.utf8))) }

    @Test func marksSayWhatIsKnown() async throws {
        let fixture = try await StoreFixture()
        let texts = ["exact.c": 1, "differs.c": 1, "unchecked.swift": 1, "newer.swift": 2, "exactnew.c": 2]
        var paths: [String: String] = [:]
        for (name, time) in texts {
            paths[name] = try fixture.folder.write(
                "text of \(name)\n", "tree/\(name)", modified: time == 1 ? objectTime - 10 : objectTime + 10)
        }
        func source(_ name: String, md5: String? = nil) throws -> ObjectInspection.Source {
            .init(path: try #require(paths[name]), md5: md5)
        }
        var object = FakeObject(
            buildID: BuildID.first,
            sources: [
                try source("exact.c", md5: md5("text of exact.c\n")), try source("differs.c", md5: md5("another")),
                try source("unchecked.swift"), try source("newer.swift"),
                try source("exactnew.c", md5: md5("text of exactnew.c\n").uppercased()),
            ])
        object.embedded = ["/generated/macro.swift": "#embedded"]
        let path = try fixture.write(object)
        let report = try await fixture.store.upload([path], options: fixture.options())
        #expect(report.outcomes[0].sources.texts == ["exact": 3, "differs": 1, "unchecked": 1, "newer": 1])
        let digest = try #require(report.outcomes[0].digest)
        let expected: [String: SourceMark] = [
            "exact.c": .exact, "differs.c": .differs, "unchecked.swift": .unchecked, "newer.swift": .newer,
            "exactnew.c": .exact,
        ]
        for (name, mark) in expected {
            let path = try #require(paths[name])
            let text = try #require(try await fixture.store.sourceText(object: digest, path: path))
            #expect(String(decoding: text.bytes, as: UTF8.self) == "text of \(name)\n")
            #expect(text.mark == mark)
            #expect(text.digest == Digest.sha256(text.bytes))
        }
        let embedded = try await fixture.store.sourceText(object: digest, path: "/generated/macro.swift")
        #expect(embedded?.bytes == Array("#embedded".utf8))
        #expect(embedded?.mark == .exact)
        #expect(try await fixture.store.sourceText(object: digest, path: "/absent.swift") == nil)
        // Object, one pack, three notes.
        #expect(try fixture.folder.files(below: "/store/objects").count == 5)
    }

    @Test func aPackHoldsOnlyWhatTheStoreLacks() async throws {
        let fixture = try await StoreFixture()
        let shared = try fixture.folder.write("shared text\n", "tree/shared.swift", modified: objectTime - 1)
        let twin = try fixture.folder.write("shared text\n", "tree/twin.swift", modified: objectTime - 1)
        let own = try fixture.folder.write("own\n", "tree/own.swift", modified: objectTime - 1)
        let first = try fixture.write(
            FakeObject(buildID: BuildID.first, sources: [.init(path: shared), .init(path: twin)]), "tree/out/a")
        let second = try fixture.write(
            FakeObject(buildID: BuildID.second, sources: [.init(path: shared), .init(path: own)]), "tree/out/b")
        let report = try await fixture.store.upload([first, second], options: fixture.options())
        #expect(report.outcomes.map(\.sources.added) == [2, 2])
        #expect(try await fixture.count("SELECT count(DISTINCT pack) FROM source_manifests") == 2)
        #expect(try await fixture.count("SELECT count(*) FROM source_manifests") == 4)
        let packs = try await fixture.database.read { db in
            try String.fetchSet(db, sql: "SELECT pack FROM source_manifests")
        }
        var sizes: [Int] = []
        for pack in packs { sizes.append(try await fixture.storage.size(of: pack) ?? -1) }
        #expect(sizes.sorted() == ["own\n".utf8.count, "shared text\n".utf8.count])
        for (position, digest) in report.outcomes.map(\.digest).enumerated() {
            let text = try await fixture.store.sourceText(object: try #require(digest), path: shared)
            #expect(text?.bytes == Array("shared text\n".utf8), "object \(position)")
        }
    }

    @Test func reasonsAreCountedAndNamed() async throws {
        let fixture = try await StoreFixture()
        try fixture.folder.write("KEY", "tree/.env")
        try fixture.folder.write([0xFF, 0xFE], "tree/latin.c")
        let names = [
            "/etc/passwd", "/proc/self/environ", "tree/.env", "tree/latin.c", "outside/x", "<compiler-generated>",
        ]
        try fixture.folder.write("x", "outside/x")
        let sources = names.map { name in
            ObjectInspection.Source(
                path: name.hasPrefix("tree") || name.hasPrefix("out") ? fixture.folder.path + "/" + name : name)
        }
        var object = FakeObject(buildID: BuildID.first, sources: sources)
        object.inspection.sourcesOmitted = 7
        let path = try fixture.write(object)
        let summary = try await fixture.store.upload([path], options: fixture.options()).outcomes[0].sources
        #expect(summary.texts == [:])
        #expect(summary.named == 13)
        #expect(
            summary.skipped == [
                SourcePolicy.Refusal.forbiddenFolder.rawValue: 2, SourcePolicy.Refusal.hidden.rawValue: 1,
                SourcePolicy.Refusal.notUTF8.rawValue: 1, SourcePolicy.Refusal.outsideRoots.rawValue: 1,
                SourcePolicy.Refusal.notAPath.rawValue: 1, SourcePolicy.Refusal.overLimit.rawValue: 7,
            ])
        #expect(summary.skippedNames.prefix(6).map(\.path) == sources.map(\.path))
    }

    @Test func noSourcesFirstAndThenAll() async throws {
        let fixture = try await StoreFixture()
        let source = try fixture.folder.write("a", "tree/a.swift", modified: objectTime - 1)
        var object = FakeObject(buildID: BuildID.first, sources: [.init(path: source)])
        object.embedded = ["/macro.swift": "m"]
        let path = try fixture.write(object)
        var none = fixture.options()
        none.sources = nil
        let first = try await fixture.store.upload([path], options: none)
        #expect(first.outcomes[0].sources == UploadedSources())
        #expect(try await fixture.resolve(BuildID.first).lacks == [.sources])
        let changes = try await fixture.count("SELECT count(*) FROM catalogue_changes")

        let second = try await fixture.store.upload([path], options: fixture.options())
        #expect(second.outcomes[0].status == .alreadyStored)
        #expect(second.outcomes[0].sources.texts == ["unchecked": 1, "exact": 1])
        #expect(try await fixture.resolve(BuildID.first).lacks == [])
        // Sources that arrive wake the events that lacked them.
        #expect(try await fixture.count("SELECT count(*) FROM catalogue_changes") == changes + 1)
    }

    @Test func onlyABetterTextReplacesOne() async throws {
        let fixture = try await StoreFixture()
        let right = "let right = true\n"
        let source = try fixture.folder.write("let wrong = true\n", "tree/a.c", modified: objectTime - 1)
        let object = FakeObject(buildID: BuildID.first, sources: [.init(path: source, md5: md5(right))])
        let path = try fixture.write(object)
        let first = try await fixture.store.upload([path], options: fixture.options())
        let digest = try #require(first.outcomes[0].digest)
        #expect(try await fixture.store.sourceText(object: digest, path: source)?.mark == .differs)

        try fixture.folder.write(right, "tree/a.c", modified: objectTime - 1)
        _ = try await fixture.store.upload([path], options: fixture.options())
        let better = try await fixture.store.sourceText(object: digest, path: source)
        #expect(better?.mark == .exact)
        #expect(better?.bytes == Array(right.utf8))

        try fixture.folder.write("worse again", "tree/a.c", modified: objectTime - 1)
        let third = try await fixture.store.upload([path], options: fixture.options())
        #expect(third.outcomes[0].sources.added == 0)
        #expect(try await fixture.store.sourceText(object: digest, path: source) == better)
    }

    @Test func aRemovedPackIsAnErrorNotSilence() async throws {
        let fixture = try await StoreFixture()
        let source = try fixture.folder.write("a", "tree/a.swift", modified: objectTime - 1)
        let path = try fixture.write(FakeObject(buildID: BuildID.first, sources: [.init(path: source)]))
        let digest = try #require(try await fixture.store.upload([path], options: fixture.options()).outcomes[0].digest)
        try await fixture.storage.remove(Digest.sha256(Array("a".utf8)))
        await #expect(throws: DebugFilesError.self) {
            _ = try await fixture.store.sourceText(object: digest, path: source)
        }
    }
}
