import Bytes
import CrashEvent
import CrashReports
import Testing

/// A made log with one of each kind of frame.
let madeLog = #"""
    {"timestamp":"2026-01-02T03:04:05.678901Z","kind":"crashReport","description":"Illegal instruction","faultAddress":"0x0000560000401a30","platform":"Linux (Debian GNU/Linux 12 (bookworm))","architecture":"x86_64","threads":[{"name":"till","frames":[{"kind":"programCounter","address":"0x00007f0000001000"}]},{"name":"oot.default-qos","crashed":true,"registers":{"rip":"0x0000560000401a30","rbp":"0x00007f0000001bf0"},"frames":[{"kind":"programCounter","address":"0x0000560000401a30"},{"kind":"returnAddress","address":"0x0000560000401b05"},{"kind":"omittedFrames","count":7},{"kind":"asyncResumePoint","address":"0x0000560000401c40"},{"kind":"truncated"}]}],"omittedThreads":4,"capturedMemory":{"0x00007f0000001bf0":"201c0000007f0000051b400000560000"},"omittedImages":12,"images":[{"name":"till","buildId":"00112233445566778899AABBCCDDEEFF00112233","path":"/app/till","baseAddress":"0x0000560000400000","endOfText":"0x0000560000408f00"}],"backtraceTime":0.0050000000000000001,"news":[1.10,NaN]}
    """#

func decode(
    _ text: String, _ context: ReportContext = ReportContext(), limits: CrashReportLimits = .default
) throws(CrashReportError) -> DecodedReport {
    try CrashReports.decode(Array(text.utf8), context: context, limits: limits)
}

func text(_ report: DecodedReport) -> String { String(decoding: report.event, as: UTF8.self) }

@Suite struct SwiftCrashLogTests {
    @Test func aMadeLogBecomesThisEvent() throws {
        let report = try decode(madeLog)
        #expect(report.format == .swiftCrashLog)
        #expect(report.notes.isEmpty)
        let digest = Digest.sha256(Array(madeLog.utf8))
        let event = try CrashEvent(report.event)
        let id = try #require(event.eventID)
        #expect(
            id.count == 32 && id.prefix(12) == digest.prefix(12)
                && id.dropFirst(13).prefix(3) == digest.dropFirst(13).prefix(3))
        #expect(
            text(report)
                == #"{"event_id":"\#(id)","timestamp":"2026-01-02T03:04:05.678901Z","platform":"native","level":"fatal","#
                + #""exception":{"values":[{"type":"SIGILL","value":"Illegal instruction at 0x560000401a30","thread_id":1,"#
                + #""mechanism":{"type":"swift-backtrace","handled":false,"synthetic":true,"#
                + #""meta":{"signal":{"name":"SIGILL","number":4}}},"stacktrace":{"frames":["#
                + #"{"data":{"symbolist":{"kind":"truncated"}}},"#
                + #"{"instruction_addr":"0x0000560000401c40","adjust_instruction_addr":false,"data":{"symbolist":{"kind":"async"}}},"#
                + #"{"data":{"symbolist":{"kind":"omitted","count":7}}},"#
                + #"{"instruction_addr":"0x0000560000401b05","adjust_instruction_addr":true,"data":{"symbolist":{"kind":"return"}}},"#
                + #"{"instruction_addr":"0x0000560000401a30","adjust_instruction_addr":false,"data":{"symbolist":{"kind":"pc"}}}],"#
                + #""registers":{"rip":"0x0000560000401a30","rbp":"0x00007f0000001bf0"}}}]},"#
                + #""threads":{"values":[{"id":0,"name":"till","crashed":false,"current":false,"stacktrace":{"frames":["#
                + #"{"instruction_addr":"0x00007f0000001000","adjust_instruction_addr":false,"data":{"symbolist":{"kind":"pc"}}}]}},"#
                + #"{"id":1,"name":"oot.default-qos","crashed":true,"current":true}]},"#
                + #""debug_meta":{"images":[{"type":"elf","code_id":"00112233445566778899aabbccddeeff00112233","#
                + #""debug_id":"33221100-5544-7766-8899-aabbccddeeff","code_file":"/app/till","#
                + #""image_addr":"0x0000560000400000","image_size":36608,"arch":"x86_64"}]},"#
                + #""contexts":{"os":{"type":"os","name":"Linux","distribution_pretty_name":"Debian GNU/Linux 12 (bookworm)","#
                + #""raw_description":"Linux (Debian GNU/Linux 12 (bookworm))"},"device":{"type":"device","arch":"x86_64"},"#
                + #""swift_backtrace":{"type":"swift_backtrace","description":"Illegal instruction","#
                + #""faultAddress":"0x0000560000401a30","omittedThreads":4,"#
                + #""capturedMemory":{"0x00007f0000001bf0":"201c0000007f0000051b400000560000"},"omittedImages":12,"#
                + #""backtraceTime":0.0050000000000000001,"news":[1.10,NaN]}}}"#)
        #expect(try decode(madeLog) == report)
        #expect(event.stackTraces.map(\.container) == [.exception(0), .thread(0)])
        #expect(event.stackTraces[0].threadName == "oot.default-qos" && event.stackTraces[0].isCrashed)
        #expect(
            event.stackTraces[0].frames.map(\.kind) == [
                .truncated, .asyncResumePoint, .omitted, .returnAddress, .programCounter,
            ])
        // An event is an event: decoded again it stays what it is.
        let again = try CrashReports.decode(report.event)
        #expect(again.format == .sentryEvent && again.event == report.event)
    }

    @Test func linesAroundTheLogAreStandardError() throws {
        let before =
            "till/Till.swift:12: Fatal error: no \"price\"\n\n*** Signal 4: Backtracing from 0x560000401a30... done ***\n\n"
        let report = try decode("ready {1}\n" + before + madeLog + "\nsupervisor: exit 132\n")
        #expect(report.format == .swiftCrashLog)
        let event = try CrashEvent(report.event)
        let document = event.document
        #expect(document.node(at: "extra", "stderr").flatMap { document.string($0) } == "ready {1}\n" + before)
        #expect(event.exceptions[0].value == "Fatal error: no \"price\"")
        #expect(
            document.node(at: "contexts", "symbolist").map {
                String(decoding: document.rawBytes(of: $0), as: UTF8.self)
            }
                == #"{"type":"symbolist","version":1,"crash_reason":"Fatal error: no \"price\"","#
                + #""reported":{"type":"SIGILL","value":"Illegal instruction at 0x560000401a30"}}"#)
        #expect(event.stackTraces[0].frames.count == 5)
    }

    @Test func theLogIsFoundInOtherShapes() throws {
        let spaced = madeLog.replacing("\"kind\":\"crash", with: "\"kind\" :\n \"crash")
        #expect(try decode("noise without end of line " + spaced).format == .swiftCrashLog)
        // Keys in another order, several lines.
        let sorted = """
            log line
            {
              "architecture": "x86_64",
              "images": [{"name": "a", "baseAddress": "0x1000", "endOfText": "0x2000"}],
              "kind": "crashReport",
              "threads": [{"crashed": true, "frames": [{"kind": "programCounter", "address": "0x1000"}]}]
            }
            tail
            """
        let report = try decode(sorted)
        #expect(try CrashEvent(report.event).stackTraces[0].frames.count == 1)
        #expect(try CrashEvent(report.event).images[0].codeFile == "a")
        let two = madeLog + "\nnext start\n" + madeLog.replacing("\"till\"", with: "\"second\"")
        let first = try decode(two)
        #expect(first.notes == ["the input holds 2 reports, this is the first"])
        #expect(try CrashEvent(first.event).threads[0].name == "till")
        let both = try CrashReports.decodeAll(Array(two.utf8))
        #expect(try both.map { try CrashEvent($0.event).threads[0].name } == ["till", "second"])
        // Told by its shape alone.
        let shape = #"{"threads":[{"frames":[{"kind":"returnAddress","address":"0x10"}]}],"images":[]}"#
        #expect(try decode(shape).format == .swiftCrashLog)
    }

    @Test func unescapedPathsAreMended() throws {
        let path = #"/app/ti"ll\x"#
        let log = madeLog.replacing("\"path\":\"/app/till\"", with: "\"path\": \"\(path)\"")
            .replacing(#""address":"0x0000560000401b05""#, with: #""address":"0x0000560000401b05","image":"a"b""#)
        let report = try decode("stderr line\n" + log)
        let event = try CrashEvent(report.event)
        #expect(event.images[0].codeFile == path)
        #expect(event.stackTraces[0].frames[3].package == #"a"b"#)
        #expect(report.notes == ["2 paths with unescaped characters were mended"])
        #expect(
            try CrashEvent(decode(log.replacing("\\x", with: "\n\u{1}")).event).images[0].codeFile
                == "/app/ti\"ll\n\u{1}")
        // Other damage is not guessed at.
        #expect(throws: CrashReportError.self) {
            try decode(madeLog.replacing("\"description\":", with: "\"desc\"ription\":"))
        }
    }

    @Test func hostilePathsCostLittle() {
        let log = #"{"kind":"crashReport","# + String(repeating: #""path":""#, count: 1_000_000)
        #expect(throws: CrashReportError.self) { try decode(log) }
    }

    @Test func symbolicatedLogsCollapseToPhysicalFrames() throws {
        let frames = #"""
            {"kind":"programCounter","address":"0x30","inlined":true,"symbol":"$s1","offset":0,"description":"Swift runtime failure: Index out of range","image":"till","runtimeFailure":true,"sourceLocation":{"file":"/a.swift","line":0,"column":0}},
            {"kind":"programCounter","address":"0x30","inlined":true,"description":"price(_:)","sourceLocation":{"file":"/a.swift","line":3,"column":4}},
            {"kind":"programCounter","address":"0x30","symbol":"$s2","offset":47,"description":"checkout(_:n:) + 47","image":"till","sourceLocation":{"file":"/src/b.swift","line":7,"column":11}},
            {"kind":"returnAddress","address":"0x20","symbol":"$s3","description":"recurse() + 5","image":"till"},
            {"kind":"returnAddress","address":"0x20","symbol":"$s3","description":"recurse() + 5","image":"till"},
            {"kind":"returnAddress","address":"0x18","inlined":true,"description":"lonely()"},
            {"kind":"returnAddress","address":"0x10","thunk":true,"description":"thunk for f","image":"gone","sourceLocation":{"file":"//<compiler-generated>","line":0,"column":0}}
            """#
        let log =
            #"{"kind":"crashReport","description":"Swift runtime failure: Index out of range","architecture":"x86_64","#
            + #""threads":[{"crashed":true,"frames":[\#(frames)]},{}],"images":[{"name":"till","path":"/app/till","baseAddress":"0x0","endOfText":"0x100"}]}"#
        let event = try CrashEvent(decode(log).event)
        let trace = event.stackTraces[0].frames
        #expect(trace.map(\.instructionAddress) == [0x10, 0x18, 0x20, 0x20, 0x30])
        #expect(trace.map(\.function) == ["thunk for f", "lonely()", "recurse()", "recurse()", "checkout(_:n:)"])
        let crash = trace[4]
        #expect(crash.symbol == "$s2" && crash.package == "/app/till" && crash.absPath == "/src/b.swift")
        #expect(crash.filename == "b.swift" && crash.line == 7 && crash.column == 11)
        #expect(crash.runtimeFailure == "Index out of range" && crash.kind == .programCounter)
        let document = event.document
        let reported = try #require(crash.data.flatMap { document.node(at: "swift_backtrace", "reported", from: $0) })
        #expect(Array(document.elements(of: reported)).count == 3)
        #expect(
            frames.contains(String(decoding: document.rawBytes(of: reported).dropFirst().prefix(100), as: UTF8.self)))
        #expect(trace[0].line == nil && trace[0].package == "gone")
        #expect(trace[0].symbolistData.flatMap { document.bool("compiler_generated", of: $0) } == true)
        // No signal is named anywhere: none is made up.
        #expect(event.exceptions[0].type == "Swift runtime failure" && event.exceptions[0].signalNumber == nil)
        #expect(event.exceptions[0].value == "Swift runtime failure: Index out of range")
        let named = try decode(log, ReportContext(stderr: "*** Signal 4: Backtracing from 0x30... done ***\n"))
        #expect(try CrashEvent(named.event).exceptions[0].type == "SIGILL")
    }

    @Test(arguments: [
        ("Illegal instruction", "Linux", "SIGILL", 4), ("System trap", "Linux", "SIGTRAP", 5),
        ("Aborted", "Linux", "SIGABRT", 6), ("Bus error", "Linux", "SIGBUS", 7),
        ("Bus error", "macOS 15.1", "SIGBUS", 10),
        ("Floating point exception", "Linux", "SIGFPE", 8), ("Bad pointer dereference", "Linux", "SIGSEGV", 11),
        ("Terminated", "Linux", "SIGQUIT", 3), ("Signal 31", "Linux", "Signal 31", 31), ("Odd", "Linux", "Crash", nil),
    ])
    func descriptionsNameSignals(_ description: String, _ platform: String, _ type: String, _ number: Int64?) throws {
        let log =
            #"{"kind":"crashReport","description":"\#(description)","platform":"\#(platform)","faultAddress":"0x10","threads":[]}"#
        let exception = try CrashEvent(decode(log).event).exceptions[0]
        #expect(exception.type == type && exception.signalNumber == number)
        #expect(exception.isSynthetic && exception.isHandled == false)
        // For these two the field holds a process id.
        let hasAddress = type != "SIGABRT" && type != "SIGQUIT"
        #expect(exception.value == description + (hasAddress ? " at 0x10" : ""))
    }

    @Test func damagedPartsAreKept() throws {
        let log = #"""
            {"kind":"crashReport","threads":[{"crashed":true,"mood":"low","frames":[{"kind":"programCounter","address":"0xzz"},
            {"kind":"returnAddress"},{"kind":"signalTrampoline","address":"0x5"},7,{"kind":"returnAddress","address":16},{"kind":"omittedFrames","count":"x"}]},
            null,{"frames":"x","name":5}],"images":[{"buildId":"xyz","baseAddress":"bad","color":"red"},[],
            {"name":"other","path":"/a/b","baseAddress":"0x20","endOfText":"0x10"}],"platform":5}
            """#
        let report = try decode(log)
        let event = try CrashEvent(report.event)
        let document = event.document
        let frames = event.stackTraces[0].frames
        #expect(frames.count == 6)
        #expect(frames.map(\.malformedAddress) == [false, false, false, false, true, true])
        #expect(frames[1].instructionAddress == 16)
        #expect(frames[3].instructionAddress == 5 && frames[3].kind == nil && frames[3].adjustInstructionAddress == nil)
        #expect(document.string("instruction_addr", of: frames[5].node) == "0xzz")
        #expect(report.notes.contains("2 frames have no readable address"))
        let output = text(report)
        for kept in [
            #""reported":[7]"#, "signalTrampoline", #""mood":"low""#, #""value":null"#, #""frames":"x""#, #""name":5"#,
            #""color":"red""#, #""value":[]"#, #""name":"other""#, #""endOfText":"0x10""#, #""platform":5"#,
            #""count":"x""#,
        ] {
            #expect(output.contains(kept), "\(kept)")
        }
        #expect(event.images[0].debugID == nil && event.images[0].codeID == "xyz")
        #expect(event.images[2].imageSize == nil && event.images[2].imageAddress == 0x20)
    }

    @Test func inlinedEntriesJoinOnlyTheirOwnAddress() throws {
        func count(_ second: String) throws -> Int {
            let log =
                #"{"kind":"crashReport","threads":[{"frames":[{"kind":"programCounter","address":"0x1","inlined":true},"#
                + second + #"]}],"images":[{"baseAddress":"0x10","endOfText":"0x10"}]}"#
            let event = try CrashEvent(decode(log).event)
            #expect(event.document.member("image_size", of: event.images[0].node) == nil)
            return event.stackTraces[0].frames.count
        }
        #expect(try count(#"{"kind":"programCounter","address":"0x01"}"#) == 1)
        #expect(try count(#"{"kind":"returnAddress","address":"0x1"}"#) == 2)
        #expect(try count(#"{"kind":"programCounter","address":"0x2"}"#) == 2)
        #expect(try count(#"{"kind":"truncated"}"#) == 2)
    }

    @Test func threadsInEveryNumber() throws {
        let frame = #""frames":[{"kind":"programCounter","address":"0x1"}]"#
        let several = try decode(
            #"{"kind":"crashReport","threads":[{"crashed":true,\#(frame)},{"crashed":true,\#(frame)}],"images":[]}"#)
        #expect(several.notes.contains("2 threads are marked as crashed, the exception has the first"))
        #expect(try CrashEvent(several.event).stackTraces.map(\.container) == [.exception(0), .thread(1)])
        #expect(try CrashEvent(several.event).threads.map(\.isCrashed) == [true, true])
        #expect(several.notes.contains("the log has no images: its addresses cannot be resolved"))

        let none = try decode(#"{"kind":"crashReport","threads":[{\#(frame)},{\#(frame)}]}"#)
        #expect(none.notes.contains("no thread is marked as crashed"))
        #expect(try CrashEvent(none.event).stackTraces.map(\.container) == [.thread(0), .thread(1)])
        #expect(try CrashEvent(none.event).exceptions[0].threadID == nil)

        let single = try decode(#"{"kind":"crashReport","threads":[{\#(frame)}]}"#)
        #expect(try CrashEvent(single.event).stackTraces.map(\.container) == [.exception(0)])

        let empty = try decode(#"{"kind":"crashReport","threads":[]}"#)
        #expect(try CrashEvent(empty.event).stackTraces.isEmpty)
        #expect(empty.notes.contains("the log has no threads"))
        #expect(try CrashEvent(decode(#"{"kind":"crashReport"}"#).event).exceptions.count == 1)
    }

    @Test func longTracesAreBounded() throws {
        var frames = (0..<200_000).map { #"{"kind":"returnAddress","address":"0x\#(String($0 + 16, radix: 16))"}"# }
        frames[100_000] = #"{"kind":"omittedFrames","count":500}"#
        let log = #"{"kind":"crashReport","threads":[{"crashed":true,"frames":[\#(frames.joined(separator: ","))]}]}"#
        let report = try decode(log)
        let trace = try CrashEvent(report.event).stackTraces[0].frames
        #expect(trace.count == 4097)
        #expect(trace[4096].instructionAddress == 16 && trace[0].instructionAddress == 200_015)
        #expect(trace[512].kind == .omitted && trace[512].count == 200_000 - 4096 - 1 + 500)
        #expect(report.notes.contains("196403 frames were left out, see the omitted markers"))
        let limits = CrashReportLimits(
            maximumFramesPerThread: 8, maximumFrames: 10, maximumThreads: 3, maximumImages: 1)
        let threads = Array(repeating: #"{"frames":[\#(frames[..<20].joined(separator: ","))]}"#, count: 5)
        let small = try decode(
            #"{"kind":"crashReport","threads":[\#(threads.joined(separator: ","))],"images":[{},{}]}"#, limits: limits)
        let event = try CrashEvent(small.event)
        #expect(event.stackTraces.map(\.frames.count) == [9, 3, 1])
        #expect(event.stackTraces.map { $0.frames.compactMap(\.count) } == [[12], [18], [20]])
        #expect(event.images.count == 1)
        #expect(text(small).contains(#""threads_left_out":2,"images_left_out":1"#))
    }

    @Test func mutatedLogsNeverCrash() throws {
        let log = Array(("till/T.swift:1: Fatal error: x\n" + madeLog).utf8)
        var decoded = 0
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        for _ in 0..<10_000 {
            var bytes = log
            for _ in 0...random(4) {
                let position = random(bytes.count)
                switch random(4) {
                case 0: bytes[position] = UInt8(random(256))
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(Array("{}[]\",:x0".utf8)[random(9)], at: position)
                default:
                    let end = min(bytes.count, position + random(60))
                    bytes.insert(contentsOf: Array(bytes[position..<end]), at: position)
                }
            }
            do throws(CrashReportError) {
                let report = try CrashReports.decode(bytes)
                decoded += 1
                #expect((try? CrashEvent(report.event)) != nil)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        #expect(decoded > 100)
    }
}
