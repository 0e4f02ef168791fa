import CrashEvent
import CrashReports
import Foundation
import Glibc
import Testing

@testable import Collector

/// `SWIFT_BACKTRACE`, row by row.
@Suite struct BacktraceSettingsTests {
    private static let all =
        "enable=yes,interactive=no,color=no,symbolicate=off,format=json,images=all,registers=crashed,output-to=/p"

    private func merge(_ existing: String?, reporter: String? = nil, folder: String = "/p") -> BacktraceSettings {
        BacktraceSettings(existing: existing, folder: folder, reporter: reporter)
    }

    @Test(arguments: [nil, "", " "] as [String?]) func allIsAdded(_ existing: String?) {
        #expect(merge(existing).value == Self.all)
        #expect(merge(existing).output == .privateFolder)
        #expect(merge(existing, reporter: "/r").value == Self.all + ",swift-backtrace=/r")
    }

    @Test func withoutAFolderReportsGoToStandardError() {
        let merged = BacktraceSettings(existing: nil, folder: nil, reporter: nil)
        #expect(merged.output == .standardError && merged.value.hasSuffix(",output-to=stderr"))
    }

    @Test(
        arguments: [
            ("enable=no", BacktraceSettings.Output.disabled), ("enable=off", .disabled), ("enable=tty", .privateFolder),
            ("output-to=stderr", .standardError), ("output-to=stdout", .standardOutput),
            ("output-to=/var/crash", .path("/var/crash")), ("format=text", .privateFolder),
            ("enable=no,output-to=/var/crash", .disabled), ("output-to=/a,output-to=/b", .path("/b")),
            (" enable = no ", .disabled), ("output-to", .path("")), ("nonsense", .privateFolder),
        ] as [(String, BacktraceSettings.Output)])
    func whatTheUserSetStays(_ existing: String, _ output: BacktraceSettings.Output) {
        let merged = merge(existing)
        #expect(merged.value.hasPrefix(existing + ","))
        #expect(merged.output == output)
        // No key twice, but those that the user gave twice.
        let added = merged.value.dropFirst(existing.count + 1).split(separator: ",").map { $0.prefix { $0 != "=" } }
        let given = existing.split(separator: ",").map { $0.prefix { $0 != "=" }.filter { $0 != " " } }
        #expect(Set(added).count == added.count)
        #expect(added.allSatisfy { !given.contains(String($0)) }, "\(merged.value)")
    }

    @Test func everyKeyStaysWhenTheUserSetIt() {
        for setting in (Self.all + ",swift-backtrace=/mine").split(separator: ",") {
            let key = setting.prefix { $0 != "=" }
            let merged = merge("\(key)=mine", reporter: "/r").value
            #expect(merged.components(separatedBy: "\(key)=").count == 2, "\(merged)")
        }
    }

    @Test func neverAddedAreThreadsAndSanitize() {
        #expect(!merge(nil).value.contains("threads") && !merge(nil).value.contains("sanitize"))
    }

    /// The variable has no way to write a comma.
    @Test func aPathWithACommaIsNotAdded() {
        let merged = merge(nil, folder: "/a,b")
        #expect(!merged.value.contains("/a,b") && merged.output == .standardError)
        #expect(merged.warnings.count == 1)
        #expect(merge(nil, reporter: "/r,s").warnings.count == 1)
    }

    @Test func theReporterIsFoundBesideTheProgram() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        func make(_ name: String) throws {
            try scratch.makeFolder((name as NSString).deletingLastPathComponent)
            try scratch.write("", to: name)
            chmod(scratch.path(name), 0o755)
        }
        try make("usr/bin/till")
        symlink(scratch.path("usr/bin/till"), scratch.path("till"))
        func found() -> String? { BacktraceSettings.reporter(besides: scratch.path("till")) }
        #expect(found() == nil)
        try make("usr/libexec/swift/linux/swift-backtrace")
        #expect(found()?.hasSuffix("/usr/bin/../libexec/swift/linux/swift-backtrace") == true)
        try make("usr/libexec/swift/linux/swift-backtrace-static")
        #expect(found()?.hasSuffix("/linux/swift-backtrace-static") == true)
        try make("usr/bin/swift-backtrace")
        #expect(found()?.hasSuffix("/usr/bin/swift-backtrace") == true, "beside comes first")
        #expect(BacktraceSettings.reporter(besides: scratch.path("none")) == nil)
    }
}

@Suite struct SmallPartsTests {
    /// Whatever the pieces, the tail is the last bytes of all.
    @Test func theTailIsTheEnd() {
        var random = SplitMix(state: 1)
        for limit in [1, 2, 7, 64, 1000] {
            var tail = TailBuffer(limit: limit)
            var all: [UInt8] = []
            for _ in 0..<200 {
                let piece = (0..<Int.random(in: 0...(limit * 2), using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                tail.append(piece[...])
                all += piece
                #expect(tail.bytes == all.suffix(limit))
            }
        }
    }

    @Test func programsAreFoundAsAShellDoes() {
        #expect(ProgramSearch.candidates(for: "till", searchPath: "/a:/b") == ["/a/till", "/b/till"])
        #expect(ProgramSearch.candidates(for: "till", searchPath: ":/b:") == ["./till", "/b/till", "./till"])
        #expect(ProgramSearch.candidates(for: "./till", searchPath: "/a") == ["./till"])
        #expect(ProgramSearch.candidates(for: "till", searchPath: nil).last == "/bin/till")
        #expect(ProgramSearch.candidates(for: "", searchPath: "/a").isEmpty)
    }

    @Test func statusesOfWaitpid() {
        #expect(ChildProcess.Change(status: 0) == .ended(.exited(status: 0)))
        #expect(ChildProcess.Change(status: 0xff00) == .ended(.exited(status: 255)))
        #expect(ChildProcess.Change(status: 11) == .ended(.killed(signal: 11)))
        #expect(ChildProcess.Change(status: 0x86) == .ended(.killed(signal: 6)), "with a core")
        #expect(ChildProcess.Change(status: 0x137f) == .stopped)
        #expect(ChildProcess.Change(status: 0xffff) == .continued)
    }

    @Test func timesAreISO8601() {
        #expect(Timestamp.text(milliseconds: 0) == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp.text(milliseconds: 1_772_600_767_891) == "2026-03-04T05:06:07.891Z")
    }

    @Test(
        arguments: [
            ("till-4711-0.0.json", 4711), ("my-till-4711-0.0.log", 4711), ("till.json", nil), ("a-b", nil), ("", nil),
            ("till-x-0.0.json", nil),
        ] as [(String, Int32?)]) func theReporterNamesTheProcess(_ name: String, _ expected: Int32?)
    {
        #expect(ReportFolder.processID(in: name) == expected)
    }

    @Test func aSignalsEventHoldsWhatIsKnown() throws {
        var context = RunContext(program: "/srv/till")
        context.project = "shop"
        context.serverName = "host-7"
        context.priority = 2
        let composer = CrashComposer(context: context, makeID: { "id" })
        let made = composer.crashes(
            end: .killed(signal: SIGSEGV), processID: 12, standardError: [0xff, 0x41], time: 1000)
        #expect(made.count == 1)
        let crash = try #require(made.first)
        #expect(crash.id == "id" && crash.project == "shop" && crash.priority == 2)
        let document = try JSONDocument(
            try CrashReports.decode(crash.payload, context: ReportContext(json: crash.context)).event)
        #expect(document.node(at: "server_name").flatMap { document.string($0) } == "host-7")
        #expect(document.node(at: "timestamp").flatMap { document.string($0) } == "1970-01-01T00:00:01.000Z")
        #expect(document.node(at: "extra", "stderr").flatMap { document.string($0) } == "\u{fffd}A")
        for end in [
            ProgramEnd.exited(status: 0), .exited(status: 1), .killed(signal: SIGTERM), .killed(signal: SIGKILL),
        ] {
            #expect(composer.crashes(end: end, processID: 1, standardError: Array("x\n".utf8), time: 0).isEmpty)
        }
    }

    /// A report in standard error counts when the program died of it.
    @Test func aReportInStandardErrorIsTaken() throws {
        let composer = CrashComposer(context: RunContext(program: "till"), makeID: { "id" })
        let log =
            #"{"kind":"crashReport","description":"Aborted","threads":[{"crashed":true,"frames":[]}],"images":[]}"#
        let text = Array("Fatal error: no\n\(log)\n".utf8)
        let crash = try #require(
            composer.crashes(end: .killed(signal: SIGABRT), processID: 1, standardError: text, time: 0).first)
        #expect(try CrashReports.decode(crash.payload).format == .swiftCrashLog)
        #expect(composer.crashes(end: .exited(status: 0), processID: 1, standardError: text, time: 0).isEmpty)
    }
}
