import Bytes
public import CrashEvent

/// Every dump format → one: the event in Sentry's JSON.
///
///     bytes ─▶ what is it? ─┬─ Sentry event JSON, envelope ─────▶ as it came ──┐
///                           ├─ Swift JSON crash log ─▶ written anew as event ──┼─▶ + context ─▶ event bytes
///                           ├─ text ─▶ TextFormats ─▶ ReportedCrash ───────────┤
///                           │    (also logs that Swift JSON crash logs are in) │
///                           ├─ core, minidump, compressed ─▶ not here: child ──┘
///                           └─ anything else ─▶ an error that names it
///
/// The format is told by content, never by a file's name. A decoder invents nothing: what the dump does not say is not
/// in the event, and what the event has no place for stands under `contexts.<format's name>`. The same bytes and the
/// same context give the same event.
public enum CrashReports {
    /// Reads one dump and merges what is known about it from elsewhere. Of several reports in one input the first;
    /// a note says how many there are.
    ///
    /// The event gets an `event_id` made from the SHA-256 of `bytes` when it has none, so a dump that is handed over
    /// twice has one id. `context` fills only what the event lacks. Throws an error that says what the bytes seem to
    /// be.
    public static func decode(
        _ bytes: [UInt8], context: ReportContext = ReportContext(), limits: CrashReportLimits = .default
    ) throws(CrashReportError) -> DecodedReport {
        let reports = try decodeAll(bytes, context: context, limits: limits)
        guard var first = reports.first else { throw .empty }
        if reports.count > 1 {
            first.notes.append("the input holds \(reports.count) reports, this is the first")
        }
        return first
    }

    /// Reads every report of an input: a service's log may hold several. At least one, in the order of the input.
    ///
    /// ``DecodedReport/source`` of each is what gives that report alone when it is decoded again.
    public static func decodeAll(
        _ bytes: [UInt8], context: ReportContext = ReportContext(), limits: CrashReportLimits = .default
    ) throws(CrashReportError) -> [DecodedReport] {
        if let known = ReportRecognition.binary(bytes) { throw known }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, limits: limits.json)
        } catch {
            if case .tooLarge(let limit) = error.reason { throw .tooLarge(size: bytes.count, limit: limit) }
            if let sentry = try sentryEvent(of: bytes, limits: limits) {
                return [
                    try finish(
                        sentry.format, sentry.event, notes: sentry.notes, source: bytes, context: context,
                        limits: limits)
                ]
            }
            return try text(bytes, error, context: context, limits: limits)
        }
        switch ReportRecognition.shape(of: document) {
        case .swiftCrashLog:
            var decoder = SwiftCrashLogDecoder(document, eventID: eventID(of: bytes), limits: limits)
            let event = decoder.event(signalLine: context.stderr ?? "")
            let report = TextReport.event(event, standardError: "", notes: decoder.notes)
            return [try finish(.swiftCrashLog, report, source: bytes, context: context, limits: limits)]
        case .swiftBacktrace(let node):
            switch SwiftBacktraceDecoder(document, at: node, limits: limits).crash() {
            case .success(let crash):
                return [try finish(.swiftBacktrace, .crash(crash), source: bytes, context: context, limits: limits)]
            case .failure(let damage):
                throw .unsupported(what: DecodedReport.Format.swiftBacktrace.name, advice: damage.text)
            }
        case .sentryEvent:
            return [try finish(.sentryEvent, bytes, notes: [], source: bytes, context: context, limits: limits)]
        case .coredumpEntry(let report):
            return [try finish(.systemdCoredump, report, source: bytes, context: context, limits: limits)]
        case .unknown(let error): throw error
        }
    }

    private static func text(
        _ bytes: [UInt8], _ error: JSONError, context: ReportContext, limits: CrashReportLimits
    ) throws(CrashReportError) -> [DecodedReport] {
        let reading = TextReading(limits: limits, context: context, eventID: eventID(of: bytes))
        let found = TextReports(bytes, reading: reading)
        guard !found.reports.isEmpty else {
            let fault = SwiftCrashLogFinder.fault(in: bytes, limits: limits.json)
            throw ReportRecognition.explain(bytes, fault ?? error, closest: fault == nil ? found.closest : nil)
        }
        var decoded: [DecodedReport] = []
        for report in found.reports {
            let source = found.reports.count == 1 ? bytes : report.source
            let own = renamed(report.report, from: reading.eventID, to: eventID(of: source), limits: limits)
            decoded.append(try finish(report.format, own, source: source, context: context, limits: limits))
        }
        var inputNotes: [String] = []
        if found.isCutOff { inputNotes.append("reports behind the first \(decoded.count) were not read") }
        if let closest = found.closest, closest.mismatch.understood > 1 {
            let (what, where_) = (closest.format.name, closest.mismatch)
            inputNotes.append(
                "line \(where_.line) may belong to \(what) that could not be read: expected \(where_.expected)")
        }
        decoded[0].notes += inputNotes
        decoded[0].inputNotes = inputNotes
        return decoded
    }

    /// An event that a decoder has written got the id of the whole input; of several each needs its own.
    private static func renamed(
        _ report: TextReport, from old: String, to new: String, limits: CrashReportLimits
    ) -> TextReport {
        guard case .event(let bytes, let text, let notes) = report, old != new,
            let event = try? CrashEvent(bytes, limits: limits.json), event.eventID == old
        else { return report }
        var patch = EventPatch(event.document)
        patch.set(event.document.root, key: "event_id", to: JSONWriter.string(new))
        return .event((try? patch.apply()) ?? bytes, standardError: text, notes: notes)
    }

    private static func finish(
        _ format: DecodedReport.Format, _ report: TextReport, source: [UInt8], context: ReportContext,
        limits: CrashReportLimits
    ) throws(CrashReportError) -> DecodedReport {
        var context = context
        let standardError: String
        let event: [UInt8]
        let notes: [String]
        switch report {
        case .crash(let crash):
            var writer = CrashEventWriter(
                crash, eventID: eventID(of: source), limits: limits,
                isPlaced: context.images.contains { $0.address != nil })
            event = writer.event()
            notes = crash.notes + writer.notes
            standardError = crash.standardError
        case .event(let bytes, let text, let said): (event, standardError, notes) = (bytes, text, said)
        }
        let texts = [context.stderr ?? "", standardError].filter { !$0.isEmpty }
        if !texts.isEmpty { context.stderr = texts.joined(separator: "\n") }
        return try finish(format, event, notes: notes, source: source, context: context, limits: limits)
    }

    private static func finish(
        _ format: DecodedReport.Format, _ event: [UInt8], notes: [String], source: [UInt8], context: ReportContext,
        limits: CrashReportLimits
    ) throws(CrashReportError) -> DecodedReport {
        let merged = try merge(context, into: event, id: eventID(of: source), limits: limits)
        return DecodedReport(format: format, event: merged.event, notes: notes + merged.notes, source: source)
    }

    static func merge(
        _ context: ReportContext, into bytes: [UInt8], id: String, limits: CrashReportLimits
    ) throws(CrashReportError) -> (event: [UInt8], notes: [String]) {
        do {
            var merge = ContextMerge(try CrashEvent(bytes, limits: limits.json))
            merge.fill("event_id", with: id)
            merge.add(context)
            return (try merge.patch.apply(), merge.notes)
        } catch {
            // Neither can happen: the bytes were scanned before, and the merge asks before it changes anything.
            throw .cannotMerge(reason: "\(error)")
        }
    }

    /// 32 hexadecimal digits from the payload's SHA-256, with the marks of a version 8 UUID (RFC 9562, section 5.8).
    static func eventID(of bytes: [UInt8]) -> String {
        var id = Array(Digest.sha256(bytes).utf8.prefix(32))
        id[12] = UInt8(ascii: "8")
        let variants = Array("89ab".utf8)
        id[16] = variants[Int(id[16]) & 3]
        return String(decoding: id, as: UTF8.self)
    }
}

/// A dump as an event.
public struct DecodedReport: Equatable, Sendable {
    /// What the bytes were.
    public let format: Format
    /// The event in Sentry's JSON. For `sentryEvent` the bytes that came, changed only where something was filled in.
    public let event: [UInt8]
    /// What was odd about the dump and what was done about it, for people; bounded.
    public internal(set) var notes: [String]
    /// Those of the notes that are about the whole input, on its first report only: decoding ``source`` does not give
    /// them again when the input holds several reports.
    public internal(set) var inputNotes: [String] = []
    /// The bytes of the input that give this report alone when they are decoded again: all of them unless the input
    /// holds several reports.
    public let source: [UInt8]

    /// A decoded report.
    public init(format: Format, event: [UInt8], notes: [String], source: [UInt8]) {
        self.format = format
        self.event = event
        self.notes = notes
        self.source = source
    }
}

/// What decoding may cost.
public struct CrashReportLimits: Equatable, Sendable {
    /// Limits of the dump as a JSON document.
    public var json: JSONLimits
    /// Frames of one thread of a Swift crash log; the innermost and the outermost stay, a marker says how many are
    /// between.
    public var maximumFramesPerThread: Int
    /// Frames of all threads together.
    public var maximumFrames: Int
    /// Threads of a Swift crash log.
    public var maximumThreads: Int
    /// Images of a Swift crash log.
    public var maximumImages: Int

    /// 4,096 frames a thread, 100,000 in all, 10,000 threads, 20,000 images.
    public static let `default` = CrashReportLimits()

    /// The limits of `default` unless told otherwise.
    public init(
        json: JSONLimits = .default, maximumFramesPerThread: Int = 4096, maximumFrames: Int = 100_000,
        maximumThreads: Int = 10_000, maximumImages: Int = 20_000
    ) {
        self.json = json
        self.maximumFramesPerThread = max(2, maximumFramesPerThread)
        self.maximumFrames = max(0, maximumFrames)
        self.maximumThreads = max(1, maximumThreads)
        self.maximumImages = max(0, maximumImages)
    }
}
