import Foundation
import Testing

/// What every command has in common: help, settings, secrets, logs, colours, exit statuses.
@Suite struct CommandLineTests {
    static let commands = [
        [], ["upload"], ["enqueue"], ["worker"], ["events"], ["events", "list"], ["events", "show"], ["symbolize"],
        ["symbolicate"], ["filter"], ["run"], ["deliver"], ["addr2line"], ["config"],
    ]

    private func run(
        _ symbolist: Installation, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await Tool.run(
            Tool.symbolist, arguments, environment: symbolist.environment.merging(environment) { _, new in new },
            folder: symbolist.scratch.folder)
    }

    /// `config --json`: setting → value and source.
    private func config(
        _ symbolist: Installation, _ arguments: [String] = [], environment: [String: String] = [:]
    ) async throws -> [String: [String: String]] {
        let outcome = try await run(symbolist, ["config", "--json"] + arguments, environment: environment)
        #expect(outcome.status == 0, "\(outcome.all)")
        let rows = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: [String: Any]]
        return try #require(rows).mapValues { $0.compactMapValues { $0 as? String } }
    }

    @Test(arguments: commands) func helpHasExamples(_ command: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let help = try await run(symbolist, command + ["--help"])
        #expect(help.status == 0)
        #expect(help.output.contains("EXAMPLES\n  symbolist "), "\(help.output)")
        #expect(help.errors.isEmpty)
        let made = FileManager.default.fileExists(atPath: symbolist.scratch.path("state"))
        #expect(!made, "help touches nothing")
    }

    @Test func versionSaysWhatIsInside() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let version = try await run(symbolist, ["--version"])
        #expect(version.status == 0)
        #expect(version.output.contains(/^symbolist \d+\.\d+\.\d+\ncommit ([0-9a-f]{40}\+?|unknown)\n/))
        #expect(version.output.contains(/\nschema \d+\nindex format \d+/))
        let schema = try #require(version.output.firstMatch(of: /schema (\d+)/)?.1)
        _ = try await run(symbolist, ["events", "list"])
        let stored = try await Tool.run("/usr/bin/sqlite3", [symbolist.database, "PRAGMA user_version"])
        #expect(stored.output == schema + "\n")
    }

    @Test(arguments: commands) func unknownOptionsAreUsage(_ command: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await run(symbolist, command + ["--no-such-option", "1"])
        #expect(outcome.status == 64, "\(outcome.all)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("--no-such-option"))
    }

    @Test(arguments: [
        ["worker", "--batch-size", "0"], ["worker", "--lease-time", "many"], ["events", "list", "--limit", "-1"],
        ["symbolize", "--context", "9", "x"], ["config", "--log-level", "loud"], ["config", "--sandbox", "none"],
        ["enqueue", "--dedup-key", "a", "b", "c"], ["upload"], ["symbolize"], ["events", "show", "one"], ["nonsense"],
        ["symbolize", "--in-app", "path:", "x"], ["addr2line", "--output-style", "BSD", "1"],
        ["config", "--parser-memory", "0"], ["enqueue", "--tag", "=1", "x"],
    ]) func wrongValuesAreUsage(_ arguments: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await run(symbolist, arguments)
        #expect(outcome.status == 64, "\(outcome.all)")
        #expect(outcome.output.isEmpty)
        #expect(!outcome.errors.isEmpty)
    }

    // MARK: Settings

    @Test func settingsSayWhereTheyCameFrom() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let file = try symbolist.scratch.write("info\n", to: "level")
        let plain = try await config(symbolist)
        #expect(plain["log-level"] == ["value": "notice", "source": "default"])
        #expect(plain["database"]?["value"] == "sqlite:\(symbolist.database)")
        #expect(
            plain["cache"] == ["value": symbolist.scratch.path("cache"), "source": "environment CACHE_DIRECTORY"])

        let variable = ["SYMBOLIST_LOG_LEVEL": "debug"]
        #expect(
            try await config(symbolist, environment: variable)["log-level"]
                == ["value": "debug", "source": "environment SYMBOLIST_LOG_LEVEL"])
        #expect(
            try await config(symbolist, environment: ["SYMBOLIST_LOG_LEVEL_FILE": file])["log-level"]
                == ["value": "info", "source": "file \(file) (SYMBOLIST_LOG_LEVEL_FILE)"])
        for arguments in [["--log-level", "error"], ["--log-level=error"]] {
            #expect(
                try await config(symbolist, arguments, environment: variable)["log-level"]
                    == ["value": "error", "source": "command line"])
        }
        let text = try await run(symbolist, ["config"], environment: variable)
        #expect(text.output.contains(/log-level +debug +environment SYMBOLIST_LOG_LEVEL\n/), "\(text.output)")
    }

    @Test func foldersAreSystemdsThenXDGsThenHome() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let xdg = ["STATE_DIRECTORY": "", "CACHE_DIRECTORY": "", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c"]
        let first = try await config(symbolist, environment: xdg)
        #expect(first["database"]?["value"] == "sqlite:/d/symbolist/symbolist.sqlite")
        #expect(first["debug-files"]?["value"] == "/d/symbolist/debug-files")
        #expect(first["cache"]?["value"] == "/c/symbolist")
        let home = xdg.merging(["XDG_DATA_HOME": "relative", "XDG_CACHE_HOME": "", "HOME": "/h"]) { _, new in new }
        let second = try await config(symbolist, environment: home)
        #expect(second["database"]?["value"] == "sqlite:/h/.local/share/symbolist/symbolist.sqlite")
        #expect(second["cache"]?["value"] == "/h/.cache/symbolist")
        let several = try await config(symbolist, environment: ["STATE_DIRECTORY": "/one:/two"])
        #expect(several["debug-files"]?["value"] == "/one/debug-files")
    }

    /// An option, a flag and a repeatable option, each from a variable and from a file.
    @Test func everyKindOfOptionHasAVariable() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let labels = try symbolist.scratch.write("one=1\ntwo=2\n", to: "labels")
        let yes = try symbolist.scratch.write("yes\n", to: "yes")
        let upload = try await run(
            symbolist, ["upload", Till.recorded + "/till.debug"],
            environment: [
                "SYMBOLIST_LABEL_FILE": labels, "SYMBOLIST_JSON_FILE": yes, "SYMBOLIST_PROJECT": "shop",
                "SYMBOLIST_NO_SOURCES": "1",
            ])
        #expect(upload.status == 0, "\(upload.all)")
        let report = try JSONSerialization.jsonObject(with: Data(upload.output.utf8)) as? [String: Any]
        #expect((report?["outcomes"] as? [Any])?.count == 1, "SYMBOLIST_JSON_FILE turns the flag on")
        let rows = try await Tool.run(
            "/usr/bin/sqlite3",
            [
                symbolist.database,
                "SELECT project, json_extract(labels, '$.one'), json_extract(labels, '$.two') FROM uploads",
            ])
        #expect(rows.output == "shop|1|2\n", "\(rows.all)")
        let sources = try await Tool.run(
            "/usr/bin/sqlite3", [symbolist.database, "SELECT count(*) FROM source_manifests"])
        #expect(sources.output == "0\n", "SYMBOLIST_NO_SOURCES turns the flag on")

        let repeated = try await run(
            symbolist, ["upload", Till.recorded + "/till.debug"], environment: ["SYMBOLIST_LABEL": "a=1\nb=2"])
        #expect(repeated.status == 0 && !repeated.output.hasPrefix("{"), "\(repeated.all)")
        let off = try await run(
            symbolist, ["upload", Till.recorded + "/till.debug"], environment: ["SYMBOLIST_JSON": "off"])
        #expect(!off.output.hasPrefix("{"), "\(off.output)")
        let wrong = try await run(
            symbolist, ["upload", Till.recorded + "/till.debug"], environment: ["SYMBOLIST_JSON": "perhaps"])
        #expect(wrong.status == 64, "\(wrong.all)")
        let absent = try await run(
            symbolist, ["events", "list"],
            environment: ["SYMBOLIST_DATABASE_FILE": symbolist.scratch.path("absent")])
        #expect(absent.status == 64 && absent.errors.contains("SYMBOLIST_DATABASE_FILE"), "\(absent.all)")
    }

    @Test func aVariableThatNoOptionHasIsNamed() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await run(symbolist, ["config"], environment: ["SYMBOLIST_LOG_LEVLE": "debug"])
        #expect(outcome.status == 0)
        #expect(outcome.errors.contains("SYMBOLIST_LOG_LEVLE"))
    }

    // MARK: Secrets

    static let secretURLs = [
        "postgres://app:hunter2@db.example/symbolist", "postgresql://app:hunter2@x:5432/a?sslmode=require",
        "postgres://db.example/symbolist?user=app&password=hunter2", "postgres://app:a@hunter2@db.example/symbolist",
    ]

    /// PostgreSQL is refused as usage; whatever a command says about it, the password is not in it.
    @Test(arguments: secretURLs) func passwordsAreNeverShown(_ url: String) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let secret = try symbolist.scratch.write(url + "\n", to: "url")
        let crash = Till.recorded + "/c.json"
        let commands = [
            ["upload", crash], ["enqueue", crash], ["worker", "--until-empty"], ["events", "list"],
            ["events", "show", "1"], ["symbolize", crash],
        ]
        for command in commands {
            for outcome in [
                try await run(symbolist, command + ["--database", url, "--log-level", "trace"]),
                try await run(symbolist, command + ["--log-level=trace"], environment: ["SYMBOLIST_DATABASE": url]),
                try await run(symbolist, command, environment: ["SYMBOLIST_DATABASE_FILE": secret]),
            ] {
                #expect(outcome.status == 64, "\(command): \(outcome.all)")
                #expect(outcome.errors.contains("PostgreSQL"), "\(outcome.errors)")
                #expect(!outcome.all.contains("hunter2"), "\(command): \(outcome.all)")
            }
        }
        for outcome in [
            try await run(symbolist, ["config", "--database", url]),
            try await run(symbolist, ["config", "--json"], environment: ["SYMBOLIST_DATABASE": url]),
            try await run(symbolist, ["config"], environment: ["SYMBOLIST_DATABASE_FILE": secret]),
        ] {
            #expect(outcome.status == 0 && outcome.output.contains("***"), "\(outcome.all)")
            #expect(!outcome.all.contains("hunter2"), "\(outcome.all)")
        }
        // At the wrong place on the command line.
        for arguments in [
            ["events", "list", url], ["config", "--log-level", url], ["config", "--log-format=\(url)"],
            ["--database", url, "events", "list"], ["worker", "--databse=\(url)"], ["events", "show", url],
        ] {
            let outcome = try await run(symbolist, arguments)
            #expect(outcome.status == 64, "\(outcome.all)")
            #expect(!outcome.all.contains("hunter2"), "\(arguments): \(outcome.all)")
        }
    }

    // MARK: What cannot be reached

    @Test func anUnusableDatabaseIsUnavailable() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let file = try symbolist.scratch.write(
            "text, longer than the header of an SQLite file would be: \(file100)", to: "text")
        for path in [file, file + "/below.sqlite", symbolist.scratch.folder] {
            for command in [["events", "list"], ["worker", "--until-empty"], ["enqueue", Till.recorded + "/c.json"]] {
                let outcome = try await run(symbolist, command + ["--database", "sqlite:\(path)"])
                #expect(outcome.status == 69, "\(command) \(path): \(outcome.all)")
                #expect(outcome.errors.contains(path), "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
            }
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("text"), "it is left as it is")
    }

    private var file100: String { String(repeating: "x", count: 100) }

    @Test func anUnusableStoreIsUnavailable() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let file = try symbolist.scratch.write("text", to: "text")
        let outcome = try await run(
            symbolist, ["upload", "--debug-files", file + "/store", Till.recorded + "/till.debug"])
        #expect(outcome.status == 69, "\(outcome.all)")
    }
}
