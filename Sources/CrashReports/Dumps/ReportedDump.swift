import CrashEvent
import Glibc
import ParserTasks

/// An ``UnwoundDump`` in the words of every other decoder.
///
/// | dump | crash |
/// |---|---|
/// | signal, code, address | type, value, ``ReportedSignal`` |
/// | a thread | a thread under its kernel id |
/// | its `ranOn` frames | a thread of their own right behind it, `<id>.ran-on` |
/// | a module that can hold code | an image |
/// | process, arguments, ends of stacks, notes | facts of `contexts.core` or `contexts.minidump` |
struct ReportedDump {
    /// A file's own texts are cut to this many characters.
    private static let textLimit = 4096
    private static let nameLimit = 256
    /// Entries of a list among the facts.
    private static let listLimit = 200

    private let dump: UnwoundDump
    private(set) var crash = ReportedCrash()

    init(_ dump: UnwoundDump) {
        self.dump = dump
        let isMinidump = dump.inspection.format == DecodedReport.Format.minidump.rawValue
        crash.contextName = isMinidump ? "minidump" : "core"
        crash.mechanism = crash.contextName
        crash.architecture = Self.cut(dump.inspection.architecture, 32)
        crash.operatingSystem = dump.operatingSystem.map { Self.cut($0, Self.nameLimit) }
        crash.timestamp = dump.timestamp.flatMap(Self.timestamp)
        if let number = dump.signal { setSignal(number) }
        addThreads()
        crash.images = dump.inspection.modules.compactMap(Self.image)
        crash.notes = (dump.inspection.notes + dump.notes).prefix(Self.listLimit).map { Self.cut($0, Self.textLimit) }
        if let end = dump.threads.first(where: \.isCrashed)?.end, end.hasPrefix("limit of ") {
            crash.notes.append("the crashed thread's stack goes on: " + Self.cut(end, Self.nameLimit))
        }
        addFacts()
    }

    private mutating func setSignal(_ number: Int) {
        let signal = DumpSignal(number: number, code: dump.signalCode, address: dump.faultAddress)
        crash.type = signal.name
        crash.value = signal.sentence
        crash.signal = ReportedSignal(
            name: signal.name, number: number, code: dump.signalCode, faultAddress: signal.faultAddress)
        if let name = signal.codeName { addFact("signal_code", JSONWriter.string(name)) }
    }

    // MARK: - Threads

    private mutating func addThreads() {
        var seen: Set<String> = []
        for thread in dump.threads {
            // A damaged dump may have an id twice.
            var id = String(thread.id)
            if seen.contains(id) { id += "#\(crash.threads.count)" }
            seen.insert(id)
            var reported = ReportedThread()
            reported.id = id
            reported.name = thread.name.map { Self.cut($0, Self.nameLimit) }
            reported.isCrashed = thread.isCrashed
            reported.registers = thread.registers.map { .init(name: Self.cut($0.name, 32), value: $0.value) }
            reported.frames = Self.frames(thread.frames)
            let hasEnd = Self.hasEnd(thread.end)
            if thread.ranOn.isEmpty ? !hasEnd : !Self.hasEnd(thread.asyncEnd) { reported.frames.append(Self.cutOff) }
            crash.threads.append(reported)
            guard !thread.ranOn.isEmpty else { continue }
            var below = ReportedThread()
            below.id = id + ".ran-on"
            below.name = "\(reported.name ?? "thread \(id)") ran on"
            below.ranOnOf = id
            below.frames = Self.frames(thread.ranOn)
            if !hasEnd { below.frames.append(Self.cutOff) }
            crash.threads.append(below)
        }
    }

    /// Stands where a stack goes on and could not be followed.
    private static let cutOff = ReportedFrame(kind: .truncated)

    /// `outermost`, or `outermost:` and why that is known.
    private static func hasEnd(_ end: String?) -> Bool { end?.hasPrefix(UnwoundThread.outermost) ?? true }

    private static func frames(_ frames: [UnwoundFrame]) -> [ReportedFrame] {
        var isInterruption = false
        return frames.enumerated().map { position, frame in
            let kind: ReportedFrame.Kind =
                switch frame.kind {
                case .programCounter: .programCounter
                case .returnAddress: .returnAddress
                case .asyncResumePoint: .asyncResumePoint
                }
            var reported = ReportedFrame(kind: kind, address: .absolute(frame.address))
            reported.trust = cut(frame.trust, 32)
            // Below the first frame an exact address is a signal trampoline's, and the next is what the signal
            // interrupted. The C library has no symbol for its trampoline.
            let isTrampoline = position > 0 && frame.kind == .programCounter && !isInterruption
            if isTrampoline { reported.function = "<signal handler called>" }
            isInterruption = isTrampoline
            return reported
        }
    }

    // MARK: - Images

    /// A file that is neither code nor known by an id (a locale archive, a database) is no image.
    private static func image(_ module: DumpModule) -> ReportedImage? {
        guard module.isExecutable || module.buildID != nil else { return nil }
        var image = ReportedImage()
        image.codeID = module.buildID
        image.path = module.path.isEmpty ? nil : cut(module.path, textLimit)
        image.address = module.start
        image.size = module.end > module.start ? module.end - module.start : nil
        return image
    }

    // MARK: - Facts

    private mutating func addFacts() {
        if let id = dump.processID { addFact("process_id", Array(String(id).utf8)) }
        if let name = dump.processName { addFact("process_name", JSONWriter.string(Self.cut(name, Self.nameLimit))) }
        if let text = dump.arguments, !text.isEmpty {
            addFact("arguments", JSONWriter.string(Self.cut(text, Self.textLimit)))
        }
        if dump.inspection.threadCount > dump.threads.count {
            addFact("thread_count", Array(String(dump.inspection.threadCount).utf8))
        }
        addEnds()
        addList("notes", crash.notes.map { JSONWriter.string($0) })
    }

    /// Why stacks ended that were not unwound to their outermost frame.
    private mutating func addEnds() {
        var ends: [[UInt8]] = []
        for thread in dump.threads {
            let asyncEnd = Self.hasEnd(thread.asyncEnd) ? nil : thread.asyncEnd
            guard !Self.hasEnd(thread.end) || asyncEnd != nil else { continue }
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("thread", String(thread.id))
            if !Self.hasEnd(thread.end) { writer.member("end", Self.cut(thread.end, 500)) }
            if let asyncEnd { writer.member("async_end", Self.cut(asyncEnd, 500)) }
            writer.endObject()
            ends.append(writer.bytes)
        }
        addList("incomplete_stacks", ends)
    }

    /// A list with at most `listLimit` entries; `<key>_omitted` counts the others.
    private mutating func addList(_ key: String, _ entries: [[UInt8]]) {
        guard !entries.isEmpty else { return }
        var writer = JSONWriter()
        writer.beginArray()
        for entry in entries.prefix(Self.listLimit) { writer.raw(entry) }
        writer.endArray()
        addFact(key, writer.bytes)
        if entries.count > Self.listLimit {
            addFact(key + "_omitted", Array(String(entries.count - Self.listLimit).utf8))
        }
    }

    private mutating func addFact(_ key: String, _ json: [UInt8]) {
        crash.facts.append(.init(key: key, json: json))
    }

    // MARK: - Texts

    private static func cut(_ text: String, _ limit: Int) -> String {
        // Counted in scalars: one character may be any number of them.
        let scalars = text.unicodeScalars
        guard text.utf8.count > limit,
            let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return text }
        return String(scalars[..<end]) + "…"
    }

    /// ISO 8601 in UTC; `nil` for what no event's time can be.
    private static func timestamp(_ seconds: Double) -> String? {
        // Up to the year 9999.
        guard seconds.isFinite, seconds > 0, seconds < 253_402_300_800 else { return nil }
        var whole = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&whole, &parts) != nil else { return nil }
        func digits(_ number: some BinaryInteger, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let milliseconds = Int((seconds - Double(whole)) * 1000)
        return digits(Int(parts.tm_year) + 1900, 4) + "-" + digits(parts.tm_mon + 1, 2) + "-" + digits(parts.tm_mday, 2)
            + "T" + digits(parts.tm_hour, 2) + ":" + digits(parts.tm_min, 2) + ":" + digits(parts.tm_sec, 2)
            + (milliseconds > 0 ? "." + digits(milliseconds, 3) : "") + "Z"
    }
}
