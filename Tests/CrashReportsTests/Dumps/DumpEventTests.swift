import CrashEvent
import Foundation
import ParserTasks
import Testing

@testable import CrashReports

@Suite struct DumpEventTests {
    static let buildID = "0123456789abcdef0123456789abcdef01234567"

    private static func dump(format: String = "elf-core") -> UnwoundDump {
        let modules = [
            DumpModule(path: "/app/till", buildID: buildID, start: 0x400000, end: 0x410000, isExecutable: true),
            DumpModule(
                path: "/usr/lib/locale-archive", buildID: nil, start: 0x7f00_0000, end: 0x7f10_0000,
                isExecutable: false),
            DumpModule(path: "", buildID: nil, start: 0x7fff_0000, end: 0x7fff_2000, isExecutable: true),
        ]
        var dump = UnwoundDump(
            inspection: DumpInspection(
                format: format, architecture: "x86_64", modules: modules, threadCount: 2, notes: ["odd"]),
            threads: [
                UnwoundThread(
                    id: 42, name: "till", isCrashed: true,
                    registers: [UnwoundRegister(name: "rip", value: 0x401000)],
                    frames: [
                        UnwoundFrame(address: 0x401000, kind: .programCounter, trust: "context"),
                        UnwoundFrame(address: 0x402000, kind: .returnAddress, trust: "cfi"),
                        UnwoundFrame(address: 0x403000, kind: .asyncResumePoint, trust: "async"),
                    ], ranOn: [UnwoundFrame(address: 0x404000, kind: .returnAddress, trust: "fp")],
                    asyncEnd: "outermost"),
                UnwoundThread(
                    id: 43, frames: [UnwoundFrame(address: 0x405000, kind: .programCounter, trust: "context")],
                    end: "the frame limit of 2048"),
            ], notes: ["one thread has no registers"])
        dump.signal = 11
        dump.signalCode = 1
        dump.faultAddress = 0
        dump.processID = 42
        dump.processName = "till"
        dump.arguments = "/app/till --all"
        dump.timestamp = 1_700_000_000.25
        dump.operatingSystem = "Linux 6.1"
        return dump
    }

    private func object(_ report: DecodedReport) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(report.event)) as? [String: Any])
    }

    @Test func everyPartHasItsPlace() throws {
        let report = try CrashReports.event(of: Self.dump(), digest: "d1")
        #expect(report.format == .elfCore)
        #expect(report.notes == ["odd", "one thread has no registers"])
        #expect(report.source == report.event)
        let text = String(decoding: report.event, as: UTF8.self)
        let id = try #require(try CrashEvent(report.event).eventID)
        #expect(
            text == #"{"event_id":"\#(id)","timestamp":"2023-11-14T22:13:20.250Z","platform":"native","level":"fatal","#
                + #""exception":{"values":[{"type":"SIGSEGV","value":"Segmentation fault at 0x0 (address not mapped)","#
                + #""thread_id":"42","mechanism":{"type":"core","handled":false,"synthetic":true,"#
                + #""meta":{"signal":{"name":"SIGSEGV","number":11,"code":1}},"data":{"fault_address":"0x0"}},"#
                + #""stacktrace":{"frames":["#
                + #"{"instruction_addr":"0x403000","trust":"async","data":{"symbolist":{"kind":"async"}}},"#
                + #"{"instruction_addr":"0x402000","trust":"cfi","data":{"symbolist":{"kind":"return"}}},"#
                + #"{"instruction_addr":"0x401000","trust":"context","data":{"symbolist":{"kind":"pc"}}}],"#
                + #""registers":{"rip":"0x401000"}}}]},"threads":{"values":["#
                + #"{"id":"42","name":"till","crashed":true,"current":true},"#
                + #"{"id":"42.ran-on","name":"till ran on","symbolist":{"ran_on_of":"42"},"stacktrace":{"frames":["#
                + #"{"instruction_addr":"0x404000","trust":"fp","data":{"symbolist":{"kind":"return"}}}]}},"#
                + #"{"id":"43","stacktrace":{"frames":[{"data":{"symbolist":{"kind":"truncated"}}},"#
                + #"{"instruction_addr":"0x405000","trust":"context","data":{"symbolist":{"kind":"pc"}}}]}}]},"#
                + #""debug_meta":{"images":[{"type":"elf","code_id":"\#(Self.buildID)","#
                + #""debug_id":"67452301-ab89-efcd-0123-456789abcdef","code_file":"/app/till","#
                + #""image_addr":"0x400000","image_size":65536,"arch":"x86_64"},"#
                + #"{"type":"elf","image_addr":"0x7fff0000","image_size":8192,"arch":"x86_64"}]},"#
                + #""contexts":{"os":{"type":"os","name":"Linux","raw_description":"Linux 6.1"},"#
                + #""device":{"type":"device","arch":"x86_64"},"core":{"type":"core","signal_code":"SEGV_MAPERR","#
                + #""process_id":42,"process_name":"till","arguments":"/app/till --all","#
                + #""incomplete_stacks":[{"thread":"43","end":"the frame limit of 2048"}],"#
                + #""notes":["odd","one thread has no registers"]}}}"#)
    }

    @Test func theDigestDecidesTheID() throws {
        let first = try CrashReports.event(of: Self.dump(), digest: "d1")
        #expect(try CrashReports.event(of: Self.dump(), digest: "d1") == first)
        let second = try CrashReports.event(of: Self.dump(), digest: "d2")
        #expect(try CrashEvent(first.event).eventID != CrashEvent(second.event).eventID)
    }

    @Test func contextFillsWhatTheDumpDoesNotSay() throws {
        let report = try CrashReports.event(
            of: Self.dump(format: "minidump"), digest: "d", context: ReportContext(release: "till@1", stderr: "words"))
        #expect(report.format == .minidump)
        let event = try object(report)
        #expect(event["release"] as? String == "till@1")
        #expect((event["extra"] as? [String: Any])?["stderr"] as? String == "words")
        #expect((event["contexts"] as? [String: Any])?["minidump"] != nil)
    }

    /// A core that somebody took of a healthy process.
    @Test func withoutASignalThereIsNoException() throws {
        var dump = Self.dump()
        dump.signal = nil
        dump.threads[0].isCrashed = false
        let event = try object(CrashReports.event(of: dump, digest: "d"))
        #expect(event["exception"] == nil)
        let threads = (event["threads"] as? [String: Any])?["values"] as? [[String: Any]]
        #expect(threads?.count == 3)
        #expect(threads?.allSatisfy { $0["stacktrace"] != nil } == true)
    }

    @Test func aHostileDumpIsCut() throws {
        var dump = Self.dump()
        let long = String(repeating: "e\u{301}\u{301}", count: 100_000)
        dump.arguments = long
        dump.processName = long
        dump.notes = Array(repeating: long, count: 5000)
        dump.timestamp = .infinity
        dump.signal = -7
        dump.inspection.modules[0].path = long
        dump.inspection.modules[0].end = 0
        dump.threads = (0..<5000).map { _ in
            UnwoundThread(id: 7, name: long, frames: dump.threads[0].frames, end: long, asyncEnd: long)
        }
        let limits = CrashReportLimits(maximumFrames: 100, maximumThreads: 60)
        let report = try CrashReports.event(of: dump, digest: "d", limits: limits)
        #expect(report.event.count < 4 << 20)
        #expect(report.notes.contains { $0.contains("4940 threads over the limit") })
        let event = try CrashEvent(report.event)
        #expect(Set(event.threads.map(\.id)).count == 60)
        #expect(event.timestamp == nil)
        #expect(event.exceptions.first?.type == "Signal -7")
        let core = try #require(event.document.node(at: "contexts", "core"))
        #expect(event.document.unsignedInteger("incomplete_stacks_omitted", of: core) == 4800)
    }

    @Test(arguments: [
        (11, 1, 0, "SIGSEGV", "Segmentation fault at 0x0 (address not mapped)"),
        (11, 2, 0x1000, "SIGSEGV", "Segmentation fault at 0x1000 (access not permitted)"),
        (11, 128, 0, "SIGSEGV", "Segmentation fault (without an address: probably not a canonical one)"),
        (11, 0, 77, "SIGSEGV", "Segmentation fault (sent by a process)"),
        (6, -6, 77, "SIGABRT", "Aborted (sent to the thread by a process, usually its own)"),
        (8, 1, 0x10, "SIGFPE", "Arithmetic exception at 0x10 (integer division by zero)"),
        (7, 2, 0x20, "SIGBUS", "Bus error at 0x20 (no memory behind the address)"),
        (4, 2, 0x30, "SIGILL", "Illegal instruction at 0x30 (illegal operand)"),
        (5, 128, 0, "SIGTRAP", "Trap (sent by the kernel)"),
        (31, 1, 5, "SIGSYS", "Bad system call (refused by a seccomp filter)"),
        (37, 0, 0, "SIGRTMIN+3", "Ended by SIGRTMIN+3 (sent by a process)"),
        (99, 4, 0, "Signal 99", "Ended by Signal 99"), (11, 99, 1, "SIGSEGV", "Segmentation fault at 0x1"),
    ]) func signals(_ number: Int, _ code: Int, _ address: UInt64, _ name: String, _ sentence: String) {
        let signal = DumpSignal(number: number, code: code, address: address)
        #expect(signal.name == name)
        #expect(signal.sentence == sentence)
    }
}
