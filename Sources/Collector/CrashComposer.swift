import CrashEvent
import CrashReports

/// What is known about everything that runs under one supervisor; goes into the context of each crash.
public struct RunContext: Equatable, Sendable {
    /// The project.
    public var project = "default"
    /// The release that runs.
    public var release: String?
    /// `production`, `staging`, …
    public var environment: String?
    /// The machine.
    public var serverName: String?
    /// Tags by key.
    public var tags: [String: String] = [:]
    /// Higher is enriched first.
    public var priority = 0
    /// The path of the program.
    public var program: String

    /// A context; only the program has no default.
    public init(program: String) { self.program = program }
}

/// Makes crashes of what a supervised program left behind.
struct CrashComposer {
    let context: RunContext
    /// Names a crash; random, except in tests.
    let makeID: @Sendable () -> String

    /// A crash that Swift's reporter wrote a file about.
    ///
    /// - Parameters:
    ///   - end: how the program ended, when the report is its own; `nil` for one of its children's.
    ///   - processID: the process that the report is about, where the file's name says it.
    func crash(
        report: [UInt8], processID: Int32?, end: ProgramEnd?, standardError: [UInt8], time: Int64
    ) -> CollectedCrash {
        make(report, processID: processID, end: end, standardError: standardError, time: time)
    }

    /// What is left of a program that ended without Swift's report: the reports of other reporters in its standard error,
    /// else the bare signal. Nothing for an end that is no crash.
    func crashes(
        end: ProgramEnd, processID: Int32, standardError: [UInt8], time: Int64, unreadable: String? = nil
    ) -> [CollectedCrash] {
        let found = end == .exited(status: 0) ? [] : Self.reports(in: standardError, end: end)
        if !found.isEmpty {
            return found.map {
                make($0, processID: processID, end: end, standardError: standardError, time: time)
            }
        }
        guard case .killed(let signal) = end, CrashSignal.isCrash(signal) else { return [] }
        let event = Self.event(signal: signal, time: time)
        return [
            make(
                event, processID: processID, end: end, standardError: standardError, time: time,
                unreadable: unreadable)
        ]
    }

    /// Stacks that other reporters print, in order. A sanitizer ends its process with a status of its own; the others
    /// count only in a process that died by a signal, as programs print stacks for other reasons too.
    private static func reports(in standardError: [UInt8], end: ProgramEnd) -> [[UInt8]] {
        guard !standardError.isEmpty, let found = try? CrashReports.decodeAll(standardError) else { return [] }
        var formats: Set<DecodedReport.Format> = [.sanitizer, .swiftCrashLog, .swiftText]
        if end.isCrash { formats.formUnion([.backtraceSymbols, .rustPanic, .gdb, .euStack, .llvmMarkup]) }
        // The status of a Rust program whose main thread panicked.
        if end == .exited(status: 101) { formats.insert(.rustPanic) }
        return found.filter { formats.contains($0.format) }.suffix(16).map(\.source)
    }

    private func make(
        _ payload: [UInt8], processID: Int32?, end: ProgramEnd?, standardError: [UInt8], time: Int64,
        unreadable: String? = nil
    ) -> CollectedCrash {
        var known = ReportContext(
            release: context.release, environment: context.environment, serverName: context.serverName,
            tags: context.tags)
        // More is kept where a report may come that way; the report is in the payload then, and need not be here too.
        if !standardError.isEmpty {
            known.stderr = String(decoding: standardError.suffix(StandardErrorTee.limit), as: UTF8.self)
        }
        known.extra["process"] = process(processID, end, time, unreadable)
        return CollectedCrash(
            id: makeID(), project: context.project, payload: payload, context: known.json, priority: context.priority)
    }

    /// `extra.process`: what the supervisor saw.
    private func process(_ processID: Int32?, _ end: ProgramEnd?, _ time: Int64, _ unreadable: String?) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("program", context.program)
        if let processID { writer.member("pid", processID) }
        switch end {
        case .killed(let signal):
            writer.member("signal", signal)
            writer.member("signal_name", CrashSignal.name(signal))
            writer.member("ended_at", Timestamp.text(milliseconds: time))
        case .exited(let status):
            writer.member("exit_status", status)
            writer.member("ended_at", Timestamp.text(milliseconds: time))
        case nil:
            writer.member("is_child", true)
            writer.member("reported_at", Timestamp.text(milliseconds: time))
        }
        writer.member("unreadable_report", ifPresent: unreadable)
        writer.endObject()
        return writer.bytes
    }

    /// A crash of which nothing is known but the signal.
    private static func event(signal: Int32, time: Int64) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("timestamp", Timestamp.text(milliseconds: time))
        writer.member("platform", "native")
        writer.member("level", "fatal")
        writer.key("exception")
        writer.beginObject()
        writer.key("values")
        writer.beginArray()
        writer.beginObject()
        writer.member("type", CrashSignal.name(signal))
        writer.member("value", CrashSignal.text(signal))
        writer.key("mechanism")
        writer.beginObject()
        writer.member("type", "signal")
        writer.member("handled", false)
        writer.member("synthetic", true)
        writer.key("meta")
        writer.beginObject()
        writer.key("signal")
        writer.beginObject()
        writer.member("number", signal)
        writer.member("name", CrashSignal.name(signal))
        for _ in 0..<3 { writer.endObject() }
        writer.endObject()
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
