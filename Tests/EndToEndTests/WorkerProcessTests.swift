import Foundation
import Testing

/// Workers as processes: stopped, killed, several at once.
@Suite struct WorkerProcessTests {
    private func sql(_ symbolist: Installation, _ statement: String) async throws -> String {
        let outcome = try await Tool.run(
            "/usr/bin/sqlite3", ["-cmd", ".timeout 10000", symbolist.database, statement])
        #expect(outcome.status == 0, "\(outcome.all)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    /// Asks until the answer is the wanted one; a worker that never gets there fails the test after two minutes.
    private func wait(_ symbolist: Installation, until statement: String, is wanted: String) async throws {
        var last = ""
        for _ in 0..<1200 {
            last = try await sql(symbolist, statement)
            if last == wanted { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("\(statement) is \(last) and never becomes \(wanted)")
    }

    private func enqueue(_ symbolist: Installation, _ count: Int) async throws {
        let report = Till.recorded + "/c.json"
        let outcome = try await Tool.run(
            Tool.symbolist, ["enqueue"] + Array(repeating: report, count: count), environment: symbolist.environment)
        #expect(outcome.output.split(separator: "\n").count == count, "\(outcome.all)")
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aSignalEndsAnIdleWorker(_ signal: Int32) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        try await enqueue(symbolist, 1)
        let worker = try Running(symbolist, ["worker", "--poll-interval", "3600"])
        defer { worker.kill(SIGKILL) }
        try await wait(symbolist, until: "SELECT state FROM queue", is: "done")
        // It sleeps for an hour now.
        worker.kill(signal)
        #expect(try await worker.status() == 0, "\(worker.errors)")
        #expect(worker.output.isEmpty)
    }

    /// The sleeping worker is woken by an INSERT of another program.
    @Test func anIdleWorkerNoticesAForeignInsert() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("events", "list")
        let worker = try Running(symbolist, ["worker", "--poll-interval", "3600"])
        defer { worker.kill(SIGKILL) }
        for number in 1...3 {
            _ = try await sql(
                symbolist,
                "INSERT INTO raw_events (payload_text) VALUES (CAST(readfile('\(Till.recorded)/c.json') AS TEXT))")
            try await wait(symbolist, until: "SELECT count(*) FROM enriched_events", is: String(number))
        }
        worker.kill(SIGTERM)
        #expect(try await worker.status() == 0, "\(worker.errors)")
    }

    @Test func twoWorkersNeverHoldOneEvent() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("upload", "--no-sources", Till.recorded + "/till.debug")
        try await enqueue(symbolist, 60)
        let workers = try (0..<2).map { _ in
            try Running(symbolist, ["worker", "--until-empty", "--batch-size", "3", "--log-level", "info"])
        }
        for worker in workers { #expect(try await worker.status() == (worker.output.hasPrefix("0 ") ? 0 : 1)) }
        #expect(try await sql(symbolist, "SELECT count(*), sum(state = 'done') FROM queue") == "60|60")
        #expect(try await sql(symbolist, "SELECT count(*), min(revision), max(revision) FROM results") == "60|1|1")
        let documents = try await sql(
            symbolist, "SELECT count(DISTINCT json_extract(document, '$.exception')) FROM enriched_events")
        #expect(documents == "1", "both give the same answer")
        let enriched = workers.compactMap { Int($0.output.prefix { $0 != " " }) }
        #expect(enriched.reduce(0, +) == 60, "\(enriched)")
    }

    /// Killed in the middle: the leases expire, another worker finishes, nothing is lost or done twice.
    @Test func aKilledWorkerLosesNothing() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        try await enqueue(symbolist, 200)
        let first = try Running(
            symbolist, ["worker", "--lease-time", "1", "--batch-size", "200", "--concurrency", "1"])
        defer { first.kill(SIGKILL) }
        try await wait(symbolist, until: "SELECT count(*) > 0 FROM queue WHERE state <> 'ready'", is: "1")
        first.kill(SIGKILL)
        #expect(try await first.status() == SIGKILL)
        let second = try await symbolist.symbolist("worker", "--until-empty")
        #expect(second.status <= 1, "\(second.all)")
        #expect(try await sql(symbolist, "SELECT count(*), sum(state = 'done') FROM queue") == "200|200")
        #expect(try await sql(symbolist, "SELECT count(*), max(revision) FROM results") == "200|1")
        #expect(try await sql(symbolist, "SELECT count(*) FROM queue WHERE lease_token IS NOT NULL") == "0")
        #expect(try await sql(symbolist, "PRAGMA integrity_check") == "ok")
    }

    /// SIGTERM in the middle: held work is finished or given back, no attempt is lost.
    @Test func aSignalInTheMiddleGivesTheRestBack() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        try await enqueue(symbolist, 60)
        let worker = try Running(symbolist, ["worker", "--batch-size", "60", "--concurrency", "1"])
        defer { worker.kill(SIGKILL) }
        try await wait(symbolist, until: "SELECT count(*) > 0 FROM queue WHERE state <> 'ready'", is: "1")
        worker.kill(SIGTERM)
        #expect(try await worker.status() == 0, "\(worker.errors)")
        #expect(try await sql(symbolist, "SELECT count(*) FROM queue WHERE state NOT IN ('ready', 'done')") == "0")
        #expect(try await sql(symbolist, "SELECT count(*) FROM queue WHERE state = 'ready' AND attempts <> 0") == "0")
        let last = try await symbolist.symbolist("worker", "--until-empty")
        #expect(last.status <= 1, "\(last.all)")
        #expect(try await sql(symbolist, "SELECT count(*), max(revision) FROM results") == "60|1")
    }

    /// Payloads hold what users typed. No log has a piece of one, at any level.
    @Test(arguments: ["text", "json"]) func payloadsAreNeverLogged(_ format: String) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let payloads = [
            #"{"exception":{"values":[{"type":"E","value":"marzipan-secret"}]},"user":{"id":"marzipan-user"}}"#,
            #"{"exception":{"values":[{"type":"marzipan-truncated","#, "marzipan text that is nothing\n",
            #"{"marzipan-key":1}"#,
        ]
        for (number, payload) in payloads.enumerated() {
            let path = try symbolist.scratch.write(payload, to: "p\(number)")
            let enqueue = try await symbolist.symbolist(
                "enqueue", "--log-level", "trace", "--log-format", format, "--tag", "t=marzipan-tag", path)
            #expect(enqueue.status == 0 && !enqueue.all.contains("marzipan"), "\(enqueue.all)")
        }
        let worker = try await symbolist.symbolist(
            "worker", "--until-empty", "--log-level", "trace", "--log-format", format)
        #expect(worker.errors.contains("batch"), "\(worker.all)")
        #expect(!worker.all.contains("marzipan"), "\(worker.all)")
        #expect(try await sql(symbolist, "SELECT count(*) FROM dead_letters") == "3")
    }
}

/// A symbolist process that runs while the test goes on.
private final class Running: Sendable {
    private let process: Process
    private let scratch: Scratch
    private let finished: AsyncStream<Int32>

    init(_ symbolist: Installation, _ arguments: [String]) throws {
        scratch = try Scratch()
        process = Process()
        process.executableURL = URL(filePath: Tool.symbolist)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SYMBOLIST_") }
        environment.merge(symbolist.environment) { _, new in new }
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        for name in ["output", "errors"] {
            _ = FileManager.default.createFile(atPath: scratch.path(name), contents: nil)
        }
        process.standardOutput = FileHandle(forWritingAtPath: scratch.path("output"))
        process.standardError = FileHandle(forWritingAtPath: scratch.path("errors"))
        let stream = AsyncStream<Int32>.makeStream()
        finished = stream.stream
        process.terminationHandler = { process in
            stream.continuation.yield(process.terminationStatus)
            stream.continuation.finish()
        }
        try process.run()
    }

    deinit { scratch.remove() }

    func kill(_ signal: Int32) {
        if process.isRunning { Foundation.kill(process.processIdentifier, signal) }
    }

    /// The exit status, or the signal that ended it. Asked once.
    func status() async throws -> Int32 {
        var status: Int32 = -1
        for await value in finished { status = value }
        return status
    }

    var output: String { (try? String(contentsOfFile: scratch.path("output"), encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOfFile: scratch.path("errors"), encoding: .utf8)) ?? "" }
}
