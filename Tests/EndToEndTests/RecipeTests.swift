import Foundation
import Testing

/// What `Documentation/CollectingCrashes.md` tells people to write into files, taken from there and tried.
@Suite struct RecipeTests {
    private static let document = Tool.root + "/Documentation/CollectingCrashes.md"

    /// The files of the document: a comment with the name, then a block.
    private static func files() throws -> [String: String] {
        let text = try String(contentsOfFile: document, encoding: .utf8)
        var files: [String: String] = [:]
        for match in text.matches(
            of: /<!-- (file|core_pattern): (?<name>[^ ]+) -->\n```[a-z]*\n(?<body>(?:.|\n)*?)```\n/)
        {
            files[String(match.output.name)] = String(match.output.body)
        }
        return files
    }

    @Test func theDocumentHoldsTheRecipes() throws {
        #expect(
            Set(try Self.files().keys) == [
                "till.service", "symbolist-deliver.service", "symbolist-deliver.timer", "till-alone.service",
                "symbolist-watch.service", "take-core", "symbolist-cores.service", "direct",
                "symbolist-coredump.service",
            ])
    }

    /// systemd reads each unit without a complaint, where it is installed; every command line of ours parses.
    @Test func unitsAreUnderstood() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let units = try Self.files().filter { $0.key.hasSuffix(".service") || $0.key.hasSuffix(".timer") }
        for (name, body) in units {
            // The programs need not be installed on the machine that tests.
            let local = body.replacingOccurrences(of: "/usr/local/bin/symbolist", with: Tool.symbolist)
                .replacingOccurrences(of: "=/srv/till/till", with: "=/bin/true")
                .replacingOccurrences(of: "User=till\n", with: "")
            _ = try scratch.write(local, to: name)
        }
        for (name, body) in units {
            if FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") {
                let verified = try await Tool.run(
                    "/usr/bin/systemd-analyze", ["verify", "--man=no", scratch.path(name)])
                #expect(verified.status == 0 && !verified.all.contains(name + ":"), "\(name): \(verified.all)")
            }
            for line in body.split(separator: "\n") where line.hasPrefix("ExecStart=/usr/local/bin/symbolist") {
                let words = line.split(separator: " ").dropFirst().map(String.init)
                let end = words.firstIndex(of: "--") ?? words.endIndex
                let help = try await Tool.run(Tool.symbolist, words[..<end] + ["--help"])
                #expect(help.status == 0, "\(line): \(help.all)")
            }
        }
    }

    /// A core of the fixture program, by gdb: what the kernel writes depends on the machine's settings.
    private func core(in scratch: Scratch) async throws -> String {
        let made = try await Tool.shell(
            """
            gcc -g -o victim '\(Tool.root)/Fixtures/Collector/victim.c' &&
            gdb -batch -nx -iex 'set debuginfod enabled off' -ex run -ex 'generate-core-file core' \
                --args ./victim fault 8 > gdb.log 2>&1; test -s core || { cat gdb.log; exit 1; }
            """, folder: scratch.folder)
        guard made.status == 0 else { throw FixtureError(reason: made.all) }
        return scratch.path("core")
    }

    /// As the kernel starts it: no environment, in `/`, the core on standard input. The watcher takes it from there.
    @Test func theKernelsPipe() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let core = try await core(in: symbolist.scratch)
        let script = try symbolist.scratch.write(try #require(try Self.files()["take-core"]), to: "take-core")
        let folder = symbolist.scratch.path("cores")
        let outcome = try await Tool.shell(
            """
            mkdir "$FOLDER"; chmod 755 "$SCRIPT"; cd /
            env -i "$SCRIPT" "$FOLDER" 4711 11 'we/ird na$me' < "$CORE" || exit 1
            ls -A "$FOLDER"; cmp "$CORE" "$FOLDER"/core.* || exit 2
            "$SYMBOLIST" enqueue --watch "$FOLDER" --delete & watch=$!
            trap 'kill -9 $watch 2>/dev/null' EXIT
            for i in $(seq 600); do [ -z "$(ls "$FOLDER")" ] && break; sleep 0.1; done
            trap - EXIT
            kill $watch; wait $watch
            """,
            environment: symbolist.environment.merging([
                "FOLDER": folder, "SCRIPT": script, "CORE": core, "SYMBOLIST": Tool.symbolist,
            ]) { _, new in new })
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.output.contains(/^core\.we_ird_na_me\.4711\.11\.\d+\n1\n$/), "\(outcome.all)")
        try await expectTheFault(symbolist)
    }

    /// The direct form, with its database replaced by the test's.
    @Test func theDirectPipe() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let core = try await core(in: symbolist.scratch)
        let line = try #require(try Self.files()["direct"]).trimmingCharacters(in: .newlines)
        #expect(line.hasPrefix("|/usr/local/bin/symbolist ") && line.utf8.count < 128, "the kernel's limit")
        let command = line.dropFirst().replacingOccurrences(of: "/usr/local/bin/symbolist", with: "'\(Tool.symbolist)'")
            .replacingOccurrences(
                of: "sqlite:/var/lib/symbolist/symbolist.sqlite", with: "'sqlite:\(symbolist.database)'"
            )
            .replacingOccurrences(of: "%P", with: "4711")
        let folders =
            " --debug-files '\(symbolist.scratch.path("state/files"))' --cache '\(symbolist.scratch.path("cache"))'"
        let library = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map { "LD_LIBRARY_PATH='\($0)'" } ?? ""
        let outcome = try await Tool.shell("cd / && env -i \(library) \(command)\(folders) < '\(core)'")
        #expect(outcome.status == 0 && outcome.output == "1\n", "\(outcome.all)")
        try await expectTheFault(symbolist)
    }

    /// Under the name and the compression of systemd-coredump; the file stays where it is and is taken once.
    @Test func coresOfSystemd() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let core = try await core(in: symbolist.scratch)
        let outcome = try await Tool.shell(
            """
            mkdir "$FOLDER" && zstd -q "$CORE" -o "$FOLDER/core.victim.0.6ee5.4711.1772600767000000.zst" || exit 1
            for round in 1 2; do
                "$SYMBOLIST" enqueue --watch "$FOLDER" --leave & watch=$!
                for i in $(seq 600); do
                    [ -s "$STATE_DIRECTORY"/watched/*.jsonl ] && break; sleep 0.1
                done
                # The second round finds its memory, and needs the time in which it would take the file again.
                [ $round = 2 ] && sleep 3
                kill $watch; wait $watch || exit 2
            done
            ls "$FOLDER"
            """,
            environment: symbolist.environment.merging([
                "FOLDER": symbolist.scratch.path("cores"), "CORE": core, "SYMBOLIST": Tool.symbolist,
            ]) { _, new in new })
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.output == "1\ncore.victim.0.6ee5.4711.1772600767000000.zst\n", "\(outcome.all)")
        try await expectTheFault(symbolist)
    }

    private func expectTheFault(_ symbolist: Installation) async throws {
        let row = try await Tool.run(
            "/usr/bin/sqlite3",
            [
                symbolist.database,
                "SELECT json_extract(payload_text, '$.exception.values[0].mechanism.meta.signal.number') FROM raw_events",
            ])
        #expect(row.output == "11\n", "\(row.all)")
    }

    /// PID 1 of a namespace: orphans are waited for, the status is the program's.
    @Test func firstProcessOfAContainer() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let probe = try await Tool.shell("unshare --pid --fork --mount-proc true")
        guard probe.status == 0 else { return }
        let script =
            #"(sleep 0.1 & echo $! > "$0/orphan") & wait; sleep 0.5; kill -0 $(cat "$0/orphan") 2>/dev/null && echo zombie; exit 5"#
        let outcome = try await Tool.run(
            "/usr/bin/unshare",
            [
                "--pid", "--fork", "--mount-proc", Tool.symbolist, "run", "--", "/bin/bash", "-c", script,
                symbolist.scratch.folder,
            ], environment: symbolist.environment)
        #expect(outcome.status == 5 && outcome.output.isEmpty, "\(outcome.all)")
        let killed = try await Tool.run(
            "/usr/bin/unshare",
            ["--pid", "--fork", "--mount-proc", Tool.symbolist, "run", "--", "/bin/bash", "-c", "kill -ABRT $$"],
            environment: symbolist.environment)
        #expect(killed.status == 134, "PID 1 cannot die by a signal of its own: \(killed.all)")
        let rows = try await Tool.run("/usr/bin/sqlite3", [symbolist.database, "SELECT count(*) FROM raw_events"])
        #expect(rows.output == "1\n")
    }
}
