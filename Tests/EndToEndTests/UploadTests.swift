import Foundation
import Testing

/// `symbolist upload` on the built binary.
@Suite struct UploadTests {
    @Test func aHealthyBuildFolderExitsZeroAndAgainIsUnchanged() async throws {
        let till = try await Till.shared.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let first = try await symbolist.symbolist("upload", till.build + "/release")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("object files (.o)"), "\(first.output)")
        let again = try await symbolist.symbolist("upload", till.build + "/release")
        #expect(again.status == 0, "\(again.all)")
        #expect(again.output.contains("0 stored, 1 unchanged"), "\(again.output)")
        let verbose = try await symbolist.symbolist("upload", "-v", till.build + "/release")
        #expect(verbose.output.contains(".swift.o"), "\(verbose.output)")
    }

    @Test func aNamedFileThatIsNoneFailsAndTheRestIsStored() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let text = try symbolist.scratch.write("hello\n", to: "note.txt")
        // Damaged though it carries a build id: the section table points outside of the file.
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: Till.recorded + "/till.debug")))
        for index in 0x28..<0x30 { bytes[index] = 0xff }
        let damaged = symbolist.scratch.path("damaged")
        try Data(bytes).write(to: URL(filePath: damaged))
        let outcome = try await symbolist.symbolist(
            "upload", "--no-sources", text, damaged, Till.recorded + "/till.debug")
        #expect(outcome.status == 1, "\(outcome.all)")
        #expect(outcome.output.contains("failed    \(text): not an ELF file"), "\(outcome.output)")
        #expect(outcome.output.contains("failed    \(damaged):"), "\(outcome.output)")
        #expect(outcome.output.contains("1 stored, 0 unchanged, 2 failed"), "\(outcome.output)")
    }

    @Test func jsonNamesEveryFile() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await symbolist.symbolist(
            "upload", "--json", "--label", "pipeline=1", "--map-path", "/till=\(Till.folder)", Till.recorded)
        #expect(outcome.status == 0, "\(outcome.all)")
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let file = try #require((report["outcomes"] as? [[String: Any]])?.first)
        #expect(file["status"] as? String == "stored")
        #expect((file["buildID"] as? String)?.count == 40)
        let sources = try #require(file["sources"] as? [String: Any])
        #expect((sources["texts"] as? [String: Int])?["exact"] == 2, "the C and C++ sources carry an MD5")
        let labels = try await Tool.run(
            "/usr/bin/sqlite3", [symbolist.database, "SELECT labels, length(git_commit) FROM uploads"])
        #expect(labels.output.contains(#""pipeline":"1""#), "\(labels.all)")
    }

    /// An object is untrusted and may name anything: hidden files, /etc, files elsewhere are not taken.
    @Test func sourcesOutsideTheRootsAreNotTaken() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await symbolist.symbolist(
            "upload", "--map-path", "/till=/etc", Till.recorded + "/till.debug", folder: symbolist.scratch.folder)
        #expect(outcome.status == 0, "\(outcome.all)")
        let texts = try await Tool.run(
            "/usr/bin/sqlite3", [symbolist.database, "SELECT count(*) FROM source_manifests WHERE path LIKE '/till/%'"])
        #expect(texts.output == "0\n", "\(texts.all)")
    }

    /// A source that changed since the build is stored with that mark, and its frames say so.
    @Test func aChangedSourceSaysSo() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let copy = symbolist.scratch.path("till")
        try FileManager.default.copyItem(atPath: Till.folder, toPath: copy)
        let path = copy + "/Sources/CTax/tax.c"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try (text + "/* later */\n").write(toFile: path, atomically: true, encoding: .utf8)
        _ = try await symbolist.symbolist(
            "upload", "--source-root", copy, "--map-path", "/till=\(copy)", Till.recorded + "/till.debug")
        let shown = try await symbolist.symbolist("symbolize", Till.recorded + "/c.json")
        #expect(shown.output.contains("source differs from the one compiled"), "\(shown.all)")
    }

    @Test func filesAreTheUsersOwn() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("upload", Till.recorded + "/till.debug")
        _ = try await symbolist.symbolist("symbolize", Till.recorded + "/c.json")
        let open = try await Tool.shell(
            "find '\(symbolist.scratch.folder)/state' '\(symbolist.scratch.folder)/cache' -type f -perm /077")
        #expect(open.output.isEmpty, "\(open.output)")
    }
}
