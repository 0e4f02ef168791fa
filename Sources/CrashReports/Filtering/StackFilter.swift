/// A stream of text on its way to a reader, whose stack lines are made readable as they pass.
///
///     bytes ─▶ push ─▶ FilterBatch ─┬─ copies
///                                   └─ events ─▶ caller: enrich ─▶ batch.output(…) ─▶ bytes
///
/// What is not recognised goes out byte for byte, with the next batch: nothing waits for what comes later, except
///
/// - the beginning of a line without its end, for ``lineHold`` (50 ms): then it is passed on, and the rest of the line with
///   it, as it is. A line of more than 64 KiB is not waited for either;
/// - a report of Swift's backtracer, from its headline to its last line, `Backtrace took …`: until ``reportHold`` (5 s) have
///   passed without another line of it, and at most 20,000 lines or 4 MiB of them. Lines that a log interleaves from
///   other processes do not wait.
///
/// Time is an argument: the filter has no clock.
public struct StackFilter: Sendable {
    /// How long the beginning of a line is held.
    public static let lineHold = Duration.milliseconds(50)
    /// How long a report is held after its last line.
    public static let reportHold = Duration.seconds(5)

    private static let maximumLine = 65536
    private static let maximumReportLines = 20_000
    private static let maximumReportBytes = 4 << 20
    private static let maximumStreams = 1024

    private let limits: CrashReportLimits
    private var line: [UInt8] = []
    private var lineDeadline: ContinuousClock.Instant?
    /// The beginning of the line is out already.
    private var isInsideLine = false
    private var before: (prefix: Int, stream: LogText.Stream) = (0, LogText.Stream())
    private var contexts: [LogText.Stream: StreamContext] = [:]
    private var held: Held?

    private struct Held: Sendable {
        var stream: LogText.Stream
        var prefix: [UInt8]
        var bytes: [UInt8] = []
        var lines = 0
        var deadline: ContinuousClock.Instant
    }

    /// A filter at the beginning of a stream. `limits` is what reading a report may cost.
    public init(limits: CrashReportLimits = .default) { self.limits = limits }

    /// When ``expire(at:)`` has to be called, unless something comes before; `nil` while nothing is held.
    public var deadline: ContinuousClock.Instant? {
        [lineDeadline, held?.deadline].compactMap { $0 }.min()
    }

    /// Takes what came.
    public mutating func push(_ bytes: some Collection<UInt8>, at now: ContinuousClock.Instant) -> FilterBatch {
        var batch = BatchBuilder(limits: limits)
        let input = Array(bytes)
        var rest = input[...]
        while let end = ByteSearch.first(of: [0x0a], in: rest) {
            let piece = rest[...end]
            rest = rest[(end + 1)...]
            if isInsideLine {
                batch.copy(piece)
                isInsideLine = false
                continue
            }
            line += piece
            take(now, &batch)
        }
        if isInsideLine {
            batch.copy(rest)
        } else if !rest.isEmpty {
            if line.isEmpty { lineDeadline = now + Self.lineHold }
            line += rest
            if line.count > Self.maximumLine { passLine(&batch) }
        }
        expire(at: now, &batch)
        return batch.finished()
    }

    /// Lets go of what has been held long enough.
    public mutating func expire(at now: ContinuousClock.Instant) -> FilterBatch {
        var batch = BatchBuilder(limits: limits)
        expire(at: now, &batch)
        return batch.finished()
    }

    /// Lets go of everything: the stream has ended.
    public mutating func finish() -> FilterBatch {
        var batch = BatchBuilder(limits: limits)
        if !line.isEmpty { take(ContinuousClock.now, &batch) }
        letGo(&batch)
        return batch.finished()
    }

    private mutating func expire(at now: ContinuousClock.Instant, _ batch: inout BatchBuilder) {
        if let lineDeadline, lineDeadline <= now { passLine(&batch) }
        if let held, held.deadline <= now { letGo(&batch) }
    }

    private mutating func passLine(_ batch: inout BatchBuilder) {
        batch.copy(line[...])
        line = []
        lineDeadline = nil
        isInsideLine = true
    }

    // MARK: - Lines

    /// The whole line that is collected.
    private mutating func take(_ now: ContinuousClock.Instant, _ batch: inout BatchBuilder) {
        let whole = line
        line = []
        lineDeadline = nil
        var end = whole.count
        while end > 0, whole[end - 1] == 0x0a || whole[end - 1] == 0x0d { end -= 1 }
        var (prefix, stream) = LogPrefix.read(whole[..<end])
        // Further lines of a message, which `journalctl` indents.
        if prefix == 0, before.prefix > 0, end >= before.prefix, whole[..<before.prefix].allSatisfy({ $0 == 0x20 }) {
            (prefix, stream) = before
        }
        before = (prefix, stream)
        let message = whole[prefix..<end]
        if held?.stream == stream {
            hold(whole, message, now, &batch)
            return
        }
        if begins(message) {
            letGo(&batch)
            held = Held(stream: stream, prefix: Array(whole[..<prefix]), deadline: now + Self.reportHold)
            hold(whole, message, now, &batch)
            return
        }
        if contexts.count >= Self.maximumStreams, contexts[stream] == nil { contexts = [:] }
        let references = contexts[stream, default: StreamContext()].read(message)
        if references.isEmpty { batch.copy(whole[...]) } else { batch.add(whole, prefix: prefix, references) }
    }

    /// A headline of Swift's text report, or its JSON report on one line.
    private func begins(_ message: ArraySlice<UInt8>) -> Bool {
        guard let first = message.first else { return false }
        if first == UInt8(ascii: "{") { return Self.isWholeLog(message) }
        guard first == UInt8(ascii: "*") || first >= 0x80 || first == 0x1b || first == 0x0d else { return false }
        return SwiftTextFormat.mayBegin(Self.plain(message))
    }

    private static func isWholeLog(_ message: ArraySlice<UInt8>) -> Bool {
        message.contains("\"crashReport\"") && message.trimmed.last == UInt8(ascii: "}")
    }

    private static func plain(_ message: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var plain: [UInt8] = []
        TerminalEscapes.strip(message, into: &plain)
        return plain[...]
    }

    private mutating func hold(
        _ whole: [UInt8], _ message: ArraySlice<UInt8>, _ now: ContinuousClock.Instant, _ batch: inout BatchBuilder
    ) {
        held?.bytes += whole
        held?.lines += 1
        held?.deadline = now + Self.reportHold
        guard let held else { return }
        let isEnd = Self.isWholeLog(message) || Self.plain(message).starts(with: "Backtrace took ")
        if isEnd || held.lines >= Self.maximumReportLines || held.bytes.count >= Self.maximumReportBytes {
            letGo(&batch)
        }
    }

    private mutating func letGo(_ batch: inout BatchBuilder) {
        guard let held else { return }
        self.held = nil
        batch.add(report: held.bytes, prefix: held.prefix)
    }
}
