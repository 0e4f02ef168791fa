import CrashEvent
import CrashReports
import Foundation
import Glibc
import Testing

/// The supervisor as a process, with programs that end in every way.
@Suite struct SupervisorTests {
    /// A supervisor with its folder; the receiver is `out`.
    private struct Run {
        let scratch: Scratch
        let child: Child

        init(
            _ arguments: [String], program: String = Programs.victim, options: [String] = [], isAway: Bool = false,
            settings: [String] = []
        ) throws {
            scratch = try Scratch()
            if !isAway { try scratch.makeFolder("out") }
            child = try Child(
                Programs.supervisor, ["run", scratch.folder] + options + ["--", program] + arguments, in: scratch,
                extra: settings)
        }

        var errors: [UInt8] { scratch.bytes("child.err") }
        var errorText: String { scratch.text("child.err") }
        var output: String { scratch.text("child.out") }

        /// What was delivered: context and payload.
        func crashes() throws -> [(context: JSONDocument, payload: [UInt8])] {
            try scratch.names("out").map { name in
                let bytes = scratch.bytes("out/\(name)")
                let end = try #require(bytes.firstIndex(of: 0x0a))
                return (try JSONDocument(Array(bytes[..<end])), Array(bytes[(end + 1)...]))
            }
        }

        /// Nothing is left behind: no private folder, no spooled file.
        func isClean() -> Bool { scratch.names("tmp").isEmpty && scratch.names("spool").isEmpty }
    }

    private func text(_ document: JSONDocument, _ path: String...) -> String? {
        var node: JSONNode? = document.root
        for key in path { node = node.flatMap { document.member(key, of: $0) } }
        return node.flatMap { document.text($0) }
    }

    @Test(arguments: [0, 1, 3, 42, 125, 255] as [Int32]) func exitStatusIsPassedThrough(_ status: Int32) async throws {
        let run = try Run(["exit", String(status)])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == status)
        #expect(try run.crashes().isEmpty && run.errors.isEmpty && run.isClean())
    }

    @Test(arguments: [("no-such-program-here", 127), ("/nowhere/x", 127), ("/etc/passwd", 126), ("/tmp", 126)])
    func whatCannotBeStarted(_ program: String, _ status: Int32) async throws {
        let run = try Run([], program: program)
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == status)
        #expect(run.errorText.hasPrefix("symbolist: \(program): "), "\(run.errorText)")
        #expect(run.isClean())
    }

    @Test func scriptsWithoutAFirstLineRunInAShell() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.write("exit $1\n", to: "script")
        chmod(scratch.path("script"), 0o755)
        let run = try Run(["9"], program: scratch.path("script"))
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == 9)
    }

    @Test(arguments: [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS])
    func aBareSignalIsACrash(_ signal: Int32) async throws {
        let run = try Run(["signal", String(signal)])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -signal, "the parent sees the same signal")
        let crashes = try run.crashes()
        #expect(crashes.count == 1)
        let crash = try #require(crashes.first)
        let decoded = try CrashReports.decode(crash.payload, context: ReportContext(json: crash.context.bytes))
        let event = try CrashEvent(decoded.event)
        let exception = try #require(event.exceptions.first)
        #expect(event.document.string("type", of: exception.node)?.hasPrefix("SIG") == true)
        #expect(text(event.document, "release") == "victim@1")
        #expect(text(event.document, "tags", "role") == "test")
        #expect(text(event.document, "extra", "stderr") == "about to die\n")
        #expect(text(event.document, "extra", "process", "signal") == String(signal))
        #expect(text(event.document, "extra", "process", "program") == Programs.victim)
        #expect(run.errorText == "about to die\n" && run.isClean())
    }

    @Test(arguments: [SIGTERM, SIGKILL, SIGHUP, SIGINT, SIGPIPE, SIGALRM]) func otherSignalsAreNoCrash(_ signal: Int32)
        async throws
    {
        let run = try Run(["signal", String(signal)])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -signal)
        #expect(try run.crashes().isEmpty && run.isClean())
    }

    @Test func aFaultIsACrash() async throws {
        let run = try Run(["fault", "0"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGSEGV)
        #expect(try run.crashes().count == 1)
    }

    @Test func theReportIsTakenWithWhatWasSaid() async throws {
        let run = try Run(["reported-abort"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGABRT)
        let crashes = try run.crashes()
        #expect(crashes.count == 1)
        let crash = try #require(crashes.first)
        let report = try CrashReports.decode(crash.payload, context: ReportContext(json: crash.context.bytes))
        #expect(report.format == .swiftCrashLog)
        let event = try JSONDocument(report.event)
        #expect(text(event, "contexts", "symbolist", "crash_reason") == "Fatal error: the till is empty")
        #expect(text(event, "extra", "process", "signal_name") == "SIGABRT")
        #expect(text(event, "extra", "process", "pid") != nil)
        #expect(run.isClean())
    }

    @Test func aBrokenReportStillIsACrash() async throws {
        let run = try Run(["broken-report"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGABRT)
        let crash = try #require(try run.crashes().first)
        #expect(text(crash.context, "process", "unreadable_report")?.contains("crashReport") == true)
        #expect(try CrashReports.decode(crash.payload).format == .sentryEvent)
    }

    /// The children's crashes are delivered while the parent is alive.
    @Test func crashesOfChildrenAreTakenAtOnce() async throws {
        let run = try Run(["child", "3"])
        defer { run.scratch.remove() }
        try await eventually("three crashes") { run.scratch.names("out").count == 3 }
        #expect(run.output == "ready\n")
        run.child.closeInput()
        #expect(try await run.child.status() == 4)
        let crashes = try run.crashes()
        #expect(crashes.count == 3)
        for crash in crashes {
            #expect(try CrashReports.decode(crash.payload).format == .swiftCrashLog)
            let isChild = try #require(crash.context.node(at: "process", "is_child"))
            #expect(crash.context.bool(isChild) == true)
            #expect(text(crash.context, "stderr")?.contains("child ") == true)
        }
        #expect(run.isClean())
    }

    @Test func aSanitizersReportIsTakenFromStandardError() async throws {
        let run = try Run(["sanitizer"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == 1)
        // Where the decoder of that format is part of the build.
        for crash in try run.crashes() {
            #expect(try CrashReports.decode(crash.payload).format == .sanitizer)
            #expect(text(crash.context, "process", "exit_status") == "1")
        }
    }

    // MARK: Output

    @Test(arguments: [[], ["inherit"]]) func megabytesPassByteForByte(_ options: [String]) async throws {
        let run = try Run(["megabytes", "8"], options: options)
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == 0)
        let output = run.scratch.bytes("child.out")
        #expect(output.count >= 8 << 20)
        #expect(output == run.errors, "the program writes the same to both")
    }

    /// Through a pipe with a slow reader, which gets it all before the supervisor ends.
    @Test func aSlowReaderGetsAll() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.makeFolder("out")
        let script =
            "'\(Programs.supervisor)' run '\(scratch.folder)' -- '\(Programs.victim)' megabytes 2 2>&1 >'"
            + scratch.path("direct") + "' | (sleep 0.3; cat) > '" + scratch.path("slow") + "'"
        let child = try Child("/bin/bash", ["-c", script], in: scratch)
        #expect(try await child.status() == 0)
        #expect(scratch.bytes("slow").count >= 2 << 20)
        #expect(scratch.bytes("slow") == scratch.bytes("direct"))
    }

    @Test func aReaderThatGoesAwayIsSeenByTheProgram() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.makeFolder("out")
        let script =
            "('\(Programs.supervisor)' run '\(scratch.folder)' -- '\(Programs.victim)' megabytes 64 "
            + "2>&1 >/dev/null; echo $? > '\(scratch.path("status"))') | head -c 10 >/dev/null"
        let child = try Child("/bin/bash", ["-c", script], in: scratch)
        _ = try await child.status()
        #expect(scratch.text("status") == "141\n", "SIGPIPE, as without a supervisor")
    }

    @Test func noNewlineIsAdded() async throws {
        let run = try Run(["no-newline", "0"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == 0)
        #expect(run.errorText == "no newline")
    }

    @Test func aProgramMayCloseStandardError() async throws {
        let run = try Run(["close-stderr", String(SIGABRT)])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGABRT)
        let crash = try #require(try run.crashes().first)
        #expect(text(crash.context, "stderr") == "last words\n")
    }

    @Test func aGrandchildThatKeepsThePipeHoldsNobodyUp() async throws {
        let run = try Run(["grandchild", "5"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == 5)
        #expect(run.errorText == "leaving\n")
        let grandchild = try #require(pid_t(run.output.trimmingCharacters(in: .newlines)))
        #expect(kill(grandchild, 0) == 0, "it goes on")
        kill(grandchild, SIGKILL)
    }

    @Test func withoutStandardErrorTheTailIsEmpty() async throws {
        let run = try Run(["signal", String(SIGABRT)], options: ["inherit"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGABRT)
        let crash = try #require(try run.crashes().first)
        #expect(text(crash.context, "stderr") == nil)
        #expect(run.errorText == "about to die\n")
    }

    @Test func theProgramInheritsNothingElse() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        // What other tests have open at this moment is closed first.
        let script =
            "for n in {3..250}; do eval \"exec $n>&-\"; done; exec '\(Programs.supervisor)' run "
            + "'\(scratch.folder)' -- '\(Programs.victim)' descriptors"
        let child = try Child("/bin/bash", ["-c", script], in: scratch)
        #expect(try await child.status() == 0)
        #expect(scratch.text("child.out") == "0 1 2 \n")
    }

    // MARK: Settings

    @Test func settingsOfTheUserStay() async throws {
        let run = try Run(["settings"], settings: ["SWIFT_BACKTRACE=enable=no,limit=32"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == 0)
        #expect(run.output.hasPrefix("enable=no,limit=32,interactive=no,"), "\(run.output)")
    }

    /// The user has reports written to a folder of his own: they are taken, and stay.
    @Test func reportsInTheUsersFolder() async throws {
        let reports = try Scratch()
        defer { reports.remove() }
        try reports.write("{}", to: "other-1-0.0.json")
        let run = try Run(["reported-abort"], settings: ["SWIFT_BACKTRACE=output-to=\(reports.folder)"])
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGABRT)
        let crashes = try run.crashes()
        #expect(crashes.count == 1)
        #expect(try CrashReports.decode(try #require(crashes.first).payload).format == .swiftCrashLog)
        #expect(reports.names("").count == 2)
    }

    // MARK: Signals

    @Test func signalsArePassedOn() async throws {
        let run = try Run(["signals"])
        defer { run.scratch.remove() }
        try await eventually("ready") { run.output.hasPrefix("ready ") }
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGWINCH, 37] {
            run.child.send(signal)
            try await eventually("got \(signal)") { run.output.hasSuffix("got \(signal)\n") }
        }
        run.child.send(SIGUSR2)
        #expect(try await run.child.status() == 7)
    }

    @Test func aProgramMayIgnoreSIGTERM() async throws {
        let run = try Run(["ignore"])
        defer { run.scratch.remove() }
        try await eventually("ready") { run.output.hasPrefix("ready ") }
        run.child.send(SIGTERM)
        run.child.send(SIGUSR1)
        try await eventually("got the other") { run.output.hasSuffix("got \(SIGUSR1)\n") }
        #expect(!run.output.contains("got \(SIGTERM)\n"))
        run.child.send(SIGUSR2)
        #expect(try await run.child.status() == 7)
    }

    @Test func ignoredSignalsStayIgnored() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let script =
            "trap '' HUP; exec '\(Programs.supervisor)' run '\(scratch.folder)' -- '\(Programs.victim)' signals"
        let child = try Child("/bin/bash", ["-c", script], in: scratch)
        try await eventually("ready") { scratch.text("child.out").contains("ready ") }
        #expect(scratch.text("child.out").hasPrefix("ignored 1\n"))
        child.send(SIGHUP)
        child.send(SIGUSR2)
        #expect(try await child.status() == 7)
    }

    @Test func aKilledProgramIsSeenAsKilled() async throws {
        let run = try Run(["signals"])
        defer { run.scratch.remove() }
        try await eventually("ready") { run.output.hasPrefix("ready ") }
        let program = try #require(pid_t(run.output.dropFirst(6).prefix { $0 != "\n" }))
        kill(program, SIGKILL)
        #expect(try await run.child.status() == -SIGKILL)
        #expect(try run.crashes().isEmpty && run.isClean())
    }

    /// Keys of a terminal reach the program once; a stopped program is a stopped job.
    @Test func aPersonAtATerminal() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let script = Programs.fixtures + "/terminal.py"
        let child = try Child("python3", [script, Programs.supervisor, scratch.folder, Programs.victim], in: scratch)
        #expect(try await child.status() == 0)
        #expect(
            scratch.text("child.out").split(separator: "\n") == [
                "prompt", "running", "interrupted", "stopped by key", "continued", "stopped by kill", "continued again",
                "signalled", "interrupts 1", "ended", "status 7",
            ], "\(scratch.text("child.out")) \(scratch.text("child.err"))")
    }

    /// Somebody stops the program alone: the supervisor waits, and passes SIGCONT on.
    @Test func aStoppedProgramGoesOn() async throws {
        let run = try Run(["stop"])
        defer { run.scratch.remove() }
        try await eventually("ready") { run.output.hasPrefix("ready ") }
        let program = run.output.dropFirst(6).prefix { $0 != "\n" }
        try await eventually("stopped") {
            FileManager.default.contents(atPath: "/proc/\(program)/stat")
                .map { String(decoding: $0, as: UTF8.self).contains(") T ") } == true
        }
        run.child.send(SIGCONT)
        #expect(try await run.child.status() == 8)
    }

    // MARK: A receiver that is away

    @Test func aCrashWaitsForTheReceiver() async throws {
        let run = try Run(["reported-abort"], isAway: true)
        defer { run.scratch.remove() }
        #expect(try await run.child.status() == -SIGABRT)
        #expect(run.scratch.names("spool").filter { $0.hasSuffix(".crash") }.count == 1)
        #expect(run.scratch.names("tmp").isEmpty)
        try run.scratch.makeFolder("out")
        // The next run delivers, though its program does not crash.
        let next = try Child(
            Programs.supervisor, ["run", run.scratch.folder, "--", Programs.victim, "exit", "0"], in: run.scratch,
            name: "next")
        #expect(try await next.status() == 0)
        #expect(try run.crashes().count == 1)
        #expect(run.isClean())
    }

    /// A service is worth more than its reports.
    @Test func withoutAPlaceForReportsTheProgramRuns() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.makeFolder("out")
        try scratch.write("not a folder", to: "tmp")
        let child = try Child(
            Programs.supervisor, ["run", scratch.folder, "--", Programs.victim, "exit", "7"], in: scratch)
        #expect(try await child.status() == 7)
        #expect(scratch.text("child.err").contains("no folder for Swift's reports"), "\(scratch.text("child.err"))")
    }

    /// Where not even the spool can be written, the report stays and people are told.
    @Test func whatCannotBeKeptStays() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.write("not a folder", to: "spool")
        let child = try Child(
            Programs.supervisor, ["run", scratch.folder, "--", Programs.victim, "reported-abort"], in: scratch)
        #expect(try await child.status() == -SIGABRT)
        #expect(scratch.text("child.err").contains("could not be kept"), "\(scratch.text("child.err"))")
        let folder = try #require(scratch.names("tmp").first)
        #expect(scratch.names("tmp/\(folder)").count == 1)
    }
}
