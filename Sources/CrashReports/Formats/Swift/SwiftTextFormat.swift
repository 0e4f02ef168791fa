import CrashEvent

/// The text report of Swift's own backtracer, in every setting of `SWIFT_BACKTRACE`.
///
///     *** Signal 4: Backtracing from 0x560000401a30... done ***          standard error, before the report
///
///     *** Program crashed: Illegal instruction at 0x0000560000401a30 *** headline
///     Platform: x86_64 Linux (Debian GNU/Linux 12 (bookworm))
///     Thread 2 "oot.default-qos" crashed:
///      0         0x0000560000401a30                                      exact
///      1 [ra]    0x0000560000401b05                                      behind a call
///      2         ...                                                     omitted: the next index says how many
///      9 [async] 0x0000560000401c40                                      entry of a continuation
///     10         ...                                                     truncated: nothing comes behind it
///     Registers:                                                         or inside each thread
///     rax 0x00007f0000005120  00 11 22 …
///     Images (12 omitted):
///     0x0000560000400000–0x0000560000408f00 0011…2233 till /app/till
///     Backtrace took 0.01s
///
/// A symbolicated report prints several lines for one address, the inlined functions first. They become one frame again:
/// the addresses are looked up anew, because the reporter pairs inlined names with wrong lines. Its own lines are kept
/// under `data.swift_backtrace.reported`. `preset=friendly` prints no addresses where it has a source line: such frames
/// keep their names only.
///
/// Lines of other writers between the report's are passed over; a report that stops early is read as far as it goes.
struct SwiftTextFormat: TextFormat {
    static var format: DecodedReport.Format { .swiftText }

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        SwiftTextLine.isHeadline(line) || (line.starts(with: "Thread ") && line.contains(" crashed:"))
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        let start = lines.position
        var reader = SwiftTextReader(limits: reading.limits)
        reader.read(&lines)
        guard reader.frameCount > 0 else {
            // The last line that was understood.
            var place = lines
            place.move(to: max(start, lines.position - 1))
            throw TextMismatch(
                line: place.number,
                expected: reader.threads.isEmpty ? "a thread" : "a frame", understood: reader.understood)
        }
        let before = SwiftReportSurroundings(lines, until: start)
        var crash = SwiftTextCrash(reader, limits: reading.limits).crash(
            signalLine: (reading.context.stderr ?? "") + "\n" + before.text)
        crash.serverName = lines.stream.host
        return .crash(crash)
    }
}

/// What the reader collected, as a crash.
struct SwiftTextCrash {
    private let reader: SwiftTextReader
    private let limits: CrashReportLimits

    init(_ reader: SwiftTextReader, limits: CrashReportLimits) {
        self.reader = reader
        self.limits = limits
    }

    /// `signalLine` is text of standard error, where the reporter names the signal's number.
    func crash(signalLine: String) -> ReportedCrash {
        var crash = ReportedCrash()
        crash.mechanism = "swift-backtrace"
        crash.contextName = "swift_backtrace"
        crash.architecture = reader.architecture
        crash.operatingSystem = reader.operatingSystem
        crash.notes = reader.notes
        setReason(of: &crash, signalLine: signalLine)
        crash.images = reader.images.map(\.reported)
        addThreads(to: &crash)
        addFacts(to: &crash)
        return crash
    }

    private func setReason(of crash: inout ReportedCrash, signalLine: String) {
        let headline = reader.headline
        let description = headline?.description ?? ""
        let signal = SwiftSignal(
            description: description, text: signalLine, platform: reader.operatingSystem ?? "")
        let hasAddress = signal?.hasFaultAddress ?? true
        if let signal {
            crash.signal = ReportedSignal(
                name: signal.name, number: signal.number, faultAddress: hasAddress ? headline?.address : nil)
        }
        let isFailure = description.hasPrefix(SwiftSignal.runtimeFailure)
        crash.type = signal?.name ?? (isFailure ? "Swift runtime failure" : "Crash")
        guard !description.isEmpty else { return }
        crash.value = description
        if hasAddress, let address = headline?.address {
            crash.value = "\(description) at 0x\(String(address, radix: 16))"
        }
    }

    private func addThreads(to crash: inout ReportedCrash) {
        var frames = SwiftTextFrames(
            images: reader.images, saysKinds: reader.saysKinds, limits: limits)
        let crashed = reader.crashedThread
        var ids: Set<String> = []
        for (position, thread) in reader.threads.enumerated() {
            var reported = ReportedThread()
            let id = String(thread.number)
            reported.id = ids.insert(id).inserted ? id : "\(id)-\(position)"
            reported.name = thread.name
            reported.isCrashed = position == crashed
            reported.registers = thread.registers
            reported.frames = frames.frames(of: thread)
            crash.threads.append(reported)
        }
        if reader.threads.count(where: \.isCrashed) > 1 {
            crash.notes.append("several threads are marked as crashed, the exception has the first")
        }
        crash.notes += frames.notes
    }

    private func addFacts(to crash: inout ReportedCrash) {
        func add(_ key: String, _ json: [UInt8]?) {
            if let json { crash.facts.append(ReportedCrash.Fact(key: key, json: json)) }
        }
        add("description", reader.headline.map { JSONWriter.string($0.description) })
        add("faultAddress", reader.headline?.address.map { JSONWriter.address($0) })
        add("omittedImages", reader.omittedImages.map { Array(String($0).utf8) })
        add("backtraceTime", reader.backtraceTime)
    }
}
