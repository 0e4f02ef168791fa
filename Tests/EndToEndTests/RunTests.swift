import Foundation
import Testing

/// The first mile: programs under `symbolist run`, the spool, crash folders, and what a kernel's pipe hands over.
@Suite struct RunTests {
    /// Programs that crash, compiled once a run.
    private static let programs = Shared { () async throws -> String in
        // Below the package's own build folder: nothing is left in the machine's temporary folder.
        let folder = Tool.root + "/.build/fixtures/run"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = """
            import Glibc
            func check(_ prices: [Int]) -> Int {
                if prices.isEmpty { fatalError("the till is empty") }
                return prices[0]
            }
            switch CommandLine.arguments.dropFirst().first {
            case "fatal": print(check([]))
            case "exit": exit(3)
            default: print("all is well")
            }
            """
        try Data(text.utf8).write(to: URL(filePath: folder + "/till.swift"))
        // Plain swiftc leaves frame pointers out when it optimises, and the report has one frame.
        let compiled = try await Tool.run(
            "/usr/bin/env", ["swiftc", "-g", "-Onone", "-o", folder + "/till", folder + "/till.swift"], folder: folder)
        guard compiled.status == 0 else { throw FixtureError(reason: compiled.all) }
        let victim = try await Tool.run(
            "/usr/bin/env", ["gcc", "-g", "-o", folder + "/victim", Tool.root + "/Fixtures/Collector/victim.c"])
        guard victim.status == 0 else { throw FixtureError(reason: victim.all) }
        return folder
    }

    private func sql(_ symbolist: Installation, _ statement: String) async throws -> String {
        let outcome = try await Tool.run(
            "/usr/bin/sqlite3", ["-cmd", ".timeout 20000", symbolist.database, statement])
        #expect(outcome.status == 0, "\(outcome.all)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    private func wait(_ symbolist: Installation, until statement: String, is wanted: String) async throws {
        var last = ""
        for _ in 0..<1200 {
            last = try await sql(symbolist, statement)
            if last == wanted { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(statement) is \(last) and never becomes \(wanted)")
    }

    private func spooled(_ symbolist: Installation) -> [String] {
        let folder = symbolist.scratch.path("state/spool")
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".crash") }
    }

    /// A database that cannot be opened: a file that is not SQLite's.
    private func brokenDatabase(_ symbolist: Installation) throws -> [String: String] {
        ["SYMBOLIST_DATABASE": "sqlite:" + (try symbolist.scratch.write("no database at all\n", to: "broken"))]
    }

    // MARK: Running

    @Test func aProgramThatEndsLeavesNothing() async throws {
        let programs = try await Self.programs.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let well = try await symbolist.symbolist("run", "--", programs + "/till")
        #expect(well.status == 0 && well.output == "all is well\n" && well.errors.isEmpty, "\(well.all)")
        #expect(try await symbolist.symbolist("run", "--", programs + "/till", "exit").status == 3)
        let missing = try await symbolist.symbolist("run", "--", "no-such-program")
        #expect(missing.status == 127 && missing.errors == "symbolist: no-such-program: not found\n")
        #expect(try await symbolist.symbolist("run", "--", "/etc/passwd").status == 126)
        #expect(!FileManager.default.fileExists(atPath: symbolist.database), "no database is opened")
    }

    /// From a crash to the enriched event: message, signal, context, frames.
    @Test func aSwiftCrashBecomesAnEvent() async throws {
        let programs = try await Self.programs.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let run = try await symbolist.symbolist(
            "run", "--release", "till@1", "--environment", "test", "--server-name", "host-7", "--tag", "region=eu",
            "--", programs + "/till", "fatal",
            // The tests themselves may run without Swift's reporter.
            environment: ["SWIFT_BACKTRACE": ""])
        #expect(run.status == SIGILL || run.status == SIGTRAP, "\(run.all)")
        #expect(run.errors.contains("Fatal error: the till is empty"))
        #expect(try await sql(symbolist, "SELECT count(*) FROM raw_events") == "1")
        #expect(spooled(symbolist).isEmpty)
        #expect(try await symbolist.symbolist("upload", programs + "/till").status == 0)
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let row = try await sql(
            symbolist,
            """
            SELECT release, environment, json_extract(document, '$.server_name'),
                   json_extract(document, '$.tags.region'),
                   json_extract(document, '$.contexts.symbolist.crash_reason'),
                   json_extract(document, '$.extra.process.program'),
                   document LIKE '%"function":"check(_:)"%'
            FROM enriched_events
            """)
        #expect(
            row == "till@1|test|host-7|eu|Fatal error: the till is empty|\(programs)/till|1", "\(row)")
    }

    @Test(arguments: [SIGABRT, SIGSEGV]) func aCrashWithoutAReportBecomesAnEvent(_ signal: Int32) async throws {
        let programs = try await Self.programs.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let run = try await symbolist.symbolist("run", "--", programs + "/victim", "signal", String(signal))
        #expect(run.status == signal && run.errors == "about to die\n", "\(run.all)")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let name = signal == SIGABRT ? "SIGABRT" : "SIGSEGV"
        #expect(
            try await sql(
                symbolist,
                "SELECT json_extract(document, '$.exception.values[0].type'), json_extract(document, '$.extra.stderr') FROM enriched_events"
            ) == "\(name)|about to die")
    }

    // MARK: A database that is away

    @Test func aCrashWaitsInTheSpool() async throws {
        let programs = try await Self.programs.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let broken = try brokenDatabase(symbolist)
        for number in 1...2 {
            let run = try await Tool.run(
                Tool.symbolist, ["run", "--", programs + "/victim", "signal", String(SIGABRT)],
                environment: symbolist.environment.merging(broken) { _, new in new })
            #expect(run.status == SIGABRT)
            #expect(run.errors.contains("in \(symbolist.scratch.path("state/spool"))"), "it is said: \(run.all)")
            #expect(spooled(symbolist).count == number)
        }
        let away = try await symbolist.symbolist("deliver", environment: broken)
        #expect(away.status == 69 && away.errors.contains("2 crashes wait in"), "\(away.all)")
        let back = try await symbolist.symbolist("deliver")
        #expect(back.status == 0 && back.output == "2 delivered\n", "\(back.all)")
        #expect(try await sql(symbolist, "SELECT count(*), count(DISTINCT dedup_key) FROM raw_events") == "2|2")
        #expect(spooled(symbolist).isEmpty)
        #expect(try await symbolist.symbolist("deliver").status == 0, "nothing left is no error")
    }

    /// Somebody holds the lock for longer than the delivery may take; the program's end is not held up for ever.
    @Test func aLockedDatabaseLosesNothing() async throws {
        let programs = try await Self.programs.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("events", "list")
        let script = """
            mkfifo "$SCRATCH/hold"
            sqlite3 "$DB" "BEGIN EXCLUSIVE" ".shell touch '$SCRATCH/locked'; cat '$SCRATCH/hold'" &
            while [ ! -e "$SCRATCH/locked" ]; do sleep 0.05; done
            "$SYMBOLIST" run --delivery-time 1 -- "$PROGRAMS/victim" signal 6
            ls "$STATE_DIRECTORY/spool" | grep -c crash
            echo > "$SCRATCH/hold"
            wait
            """
        let outcome = try await Tool.shell(
            script,
            environment: symbolist.environment.merging([
                "SCRATCH": symbolist.scratch.folder, "DB": symbolist.database, "SYMBOLIST": Tool.symbolist,
                "PROGRAMS": programs,
            ]) { _, new in new })
        #expect(outcome.output.contains("1\n"), "\(outcome.all)")
        // The helper that was left alone may deliver it now, or this one does: it is one event either way.
        _ = try await symbolist.symbolist("deliver")
        try await wait(symbolist, until: "SELECT count(*) FROM raw_events", is: "1")
    }

    @Test func theNextEnqueueDelivers() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let broken = try brokenDatabase(symbolist)
        let crash = Till.recorded + "/c.json"
        for _ in 0..<2 {
            let away = try await symbolist.symbolist("enqueue", "--release", "a@1", crash, environment: broken)
            #expect(away.status == 69 && away.errors.contains("delivered later"), "\(away.all)")
        }
        #expect(spooled(symbolist).count == 1, "handed over twice, it is one")
        let back = try await symbolist.symbolist("enqueue", "--release", "b@1", crash)
        #expect(back.status == 0, "\(back.all)")
        #expect(
            try await sql(
                symbolist,
                "SELECT group_concat(json_extract(context, '$.release')) FROM (SELECT * FROM raw_events ORDER BY context)"
            )
                == "a@1,b@1")
        #expect(spooled(symbolist).isEmpty)
    }

    @Test func aWorkerDelivers() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let broken = try brokenDatabase(symbolist)
        _ = try await symbolist.symbolist("enqueue", Till.recorded + "/c.json", environment: broken)
        #expect(spooled(symbolist).count == 1)
        _ = try await symbolist.symbolist("events", "list")
        let script = """
            "$SYMBOLIST" worker & worker=$!
            for i in $(seq 600); do
                [ "$(sqlite3 "$DB" 'SELECT count(*) FROM enriched_events')" = 1 ] && break
                sleep 0.1
            done
            kill $worker; wait $worker
            """
        let outcome = try await Tool.shell(
            script,
            environment: symbolist.environment.merging(["SYMBOLIST": Tool.symbolist, "DB": symbolist.database]) {
                _, new in new
            })
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(try await sql(symbolist, "SELECT count(*) FROM enriched_events") == "1")
    }

    /// Killed at any moment of a delivery: what was delivered and what waits are all of them, once.
    @Test func aKilledDeliveryLosesAndDoublesNothing() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let broken = try brokenDatabase(symbolist)
        var arguments = ["enqueue"]
        for number in 0..<40 {
            arguments.append(
                try symbolist.scratch.write(
                    #"{"event_id":"\#(number)","exception":{"values":[]}}"#, to: "e\(number).json"))
        }
        _ = try await Tool.run(
            Tool.symbolist, arguments, environment: symbolist.environment.merging(broken) { _, new in new })
        #expect(spooled(symbolist).count == 40)
        let script = """
            for pause in 0.02 0.05 0.08 0.11 0.15 0.2 0.25; do
                "$SYMBOLIST" deliver & pid=$!
                sleep $pause; kill -9 $pid; wait $pid
            done 2>/dev/null
            "$SYMBOLIST" deliver
            """
        let outcome = try await Tool.shell(
            script, environment: symbolist.environment.merging(["SYMBOLIST": Tool.symbolist]) { _, new in new })
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(
            try await sql(symbolist, "SELECT count(*), count(DISTINCT payload_text) FROM raw_events") == "40|40")
        #expect(spooled(symbolist).isEmpty)
    }

    /// A process that was killed while it made the database leaves a journal that only a writer can undo.
    @Test func aDatabaseThatWasHalfMadeIsMade() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let made = try await Tool.shell(
            """
            mkdir -p "$STATE_DIRECTORY"
            printf '%s\\n' 'PRAGMA cache_size = 1;' 'BEGIN;' 'CREATE TABLE t (x);' \\
                'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)' \\
                'INSERT INTO t SELECT randomblob(1000) FROM n;' '.shell kill -9 $PPID' | sqlite3 "$DB"
            test -s "$DB-journal"
            """,
            environment: symbolist.environment.merging(["DB": symbolist.database]) { _, new in new })
        #expect(made.status == 0, "\(made.all)")
        let list = try await symbolist.symbolist("events", "list")
        #expect(list.status == 0, "\(list.all)")
    }

    @Test func aDamagedSpoolFileIsSetAside() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let spool = symbolist.scratch.path("state/spool")
        try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true)
        _ = try symbolist.scratch.write("rubbish", to: "state/spool/1-x.crash")
        let outcome = try await symbolist.symbolist("deliver")
        #expect(outcome.status == 1 && outcome.errors.contains("1-x.crash is set aside"), "\(outcome.all)")
        #expect(FileManager.default.fileExists(atPath: spool + "/damaged/1-x.crash.reason.txt"))
    }

    // MARK: Several reports, and folders

    @Test func everyReportOfALogIsAnEvent() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = try String(contentsOfFile: Till.recorded + "/c.json", encoding: .utf8)
            .replacingOccurrences(of: "\n", with: " ")
        let log = try symbolist.scratch.write(
            "started\n\(report)\nstarted again\n\(report.replacingOccurrences(of: "2026", with: "2027"))\n", to: "log")
        let outcome = try await symbolist.symbolist("enqueue", "--dedup-key", "k", log)
        #expect(outcome.status == 0 && outcome.output.split(separator: "\n").count == 2, "\(outcome.all)")
        #expect(
            try await sql(symbolist, "SELECT group_concat(dedup_key) FROM (SELECT * FROM raw_events ORDER BY id)")
                == "k,k-2")
    }

    /// Files that are there, that come, and that nobody can read; a database that comes later; SIGTERM.
    @Test(arguments: [SIGTERM, SIGINT]) func aFolderIsWatched(_ signal: Int32) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let folder = symbolist.scratch.path("crashes")
        let script = """
            mkdir -p "$FOLDER" "$STATE_DIRECTORY"
            echo 'no database' > "$DB"
            cp "$REPORT" "$FOLDER/first.json"
            "$SYMBOLIST" enqueue --watch "$FOLDER" --release till@1 > "$FOLDER.out" & watch=$!
            trap 'kill -9 $watch 2>/dev/null' EXIT
            for i in $(seq 600); do [ -s "$FOLDER.err" ] && break; sleep 0.1; done
            rm "$DB"
            for i in $(seq 600); do [ -e "$FOLDER/.symbolist/done/first.json" ] && break; sleep 0.1; done
            cp "$REPORT" "$FOLDER/.hidden"; mv "$FOLDER/.hidden" "$FOLDER/second.json"
            echo 'what a fine day' > "$FOLDER/foreign.txt"
            for i in $(seq 600); do
                [ -e "$FOLDER/.symbolist/done/second.json" ] && [ -e "$FOLDER/.symbolist/failed/foreign.txt" ] && break
                sleep 0.1
            done
            trap - EXIT
            kill -\(signal) $watch; wait $watch
            """
        let outcome = try await Tool.shell(
            "exec 2> \"$FOLDER.err\"\n" + script,
            environment: symbolist.environment.merging([
                "FOLDER": folder, "DB": symbolist.database, "SYMBOLIST": Tool.symbolist,
                "REPORT": Till.recorded + "/c.json",
            ]) { _, new in new })
        let errors = try String(contentsOfFile: folder + ".err", encoding: .utf8)
        #expect(outcome.status == 0, "\(outcome.all) \(errors)")
        #expect(errors.contains("first.json stays where it is"), "\(errors)")
        #expect(errors.components(separatedBy: "foreign.txt").count == 2, "told once: \(errors)")
        #expect(try String(contentsOfFile: folder + ".out", encoding: .utf8) == "1\n2\n")
        #expect(
            try await sql(symbolist, "SELECT count(*), min(json_extract(context, '$.release')) FROM raw_events")
                == "2|till@1")
    }

    @Test(arguments: [
        ["run"], ["run", "--"], ["run", "/bin/true"], ["run", "--tag", "x", "--", "true"],
        ["run", "--delivery-time", "-1", "--", "true"], ["enqueue"], ["enqueue", "--watch", "/tmp", "file"],
        ["enqueue", "--watch", "/tmp", "--delete", "--leave"], ["enqueue", "--delete", "file"],
        ["enqueue", "--watch", "/tmp", "--dedup-key", "k"], ["deliver", "--spool-size", "0"],
    ]) func wrongUsage(_ arguments: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await Tool.run(Tool.symbolist, arguments, environment: symbolist.environment)
        #expect(outcome.status == 64 && outcome.output.isEmpty && !outcome.errors.isEmpty, "\(outcome.all)")
    }

    @Test func aFolderThatIsNotThere() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await symbolist.symbolist("enqueue", "--watch", symbolist.scratch.path("nowhere"))
        #expect(outcome.status == 69 && outcome.errors.contains("nowhere"), "\(outcome.all)")
    }
}
