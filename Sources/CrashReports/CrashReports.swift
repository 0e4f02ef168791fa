import Bytes
public import CrashEvent

/// Every dump format → one: the event in Sentry's JSON.
///
///     bytes ─▶ what is it? ─┬─ Sentry event JSON ────────────────▶ as it came ─┐
///                           ├─ Swift JSON crash log ─▶ written anew as event ──┼─▶ + context ─▶ event bytes
///                           │    (also between lines of a service's log)       │
///                           └─ anything else ─▶ an error that names it
///
/// The format is told by content, never by a file's name. A decoder invents nothing: what the dump does not say is not
/// in the event, and what the event has no place for stands under `contexts.swift_backtrace` and
/// `data.swift_backtrace`. The same bytes and the same context give the same event.
public enum CrashReports {
    /// Reads one dump and merges what is known about it from elsewhere.
    ///
    /// The event gets an `event_id` made from the SHA-256 of `bytes` when it has none, so a dump that is handed over
    /// twice has one id. `context` fills only what the event lacks. Throws an error that says what the bytes seem to
    /// be.
    public static func decode(
        _ bytes: [UInt8], context: ReportContext = ReportContext(), limits: CrashReportLimits = .default
    ) throws(CrashReportError) -> DecodedReport {
        if let known = ReportRecognition.binary(bytes) { throw known }
        let input = try read(bytes, limits: limits)
        var notes: [String] = []
        var context = context
        let event: [UInt8]
        let format: DecodedReport.Format
        switch input {
        case .event:
            event = bytes
            format = .sentryEvent
        case .log(let found):
            var decoder = SwiftCrashLogDecoder(found.log, eventID: eventID(of: bytes), limits: limits)
            event = decoder.event(signalLine: (context.stderr ?? "") + "\n" + found.surroundingText)
            notes = found.notes + decoder.notes
            format = .swiftCrashLog
            let texts = [context.stderr ?? "", found.surroundingText].filter { !$0.isEmpty }
            if !texts.isEmpty { context.stderr = texts.joined(separator: "\n") }
        }
        let merged = try merge(context, into: event, id: eventID(of: bytes), limits: limits)
        return DecodedReport(format: format, event: merged.event, notes: notes + merged.notes)
    }

    private enum Input {
        case event
        case log(SwiftCrashLogFinder.Found)
    }

    private static func read(_ bytes: [UInt8], limits: CrashReportLimits) throws(CrashReportError) -> Input {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, limits: limits.json)
        } catch {
            if case .tooLarge(let limit) = error.reason { throw .tooLarge(size: bytes.count, limit: limit) }
            switch SwiftCrashLogFinder.find(in: bytes, limits: limits.json) {
            case .found(let found): return .log(found)
            case .broken(let error): throw ReportRecognition.explain(bytes, error)
            case .none: throw ReportRecognition.explain(bytes, error)
            }
        }
        switch ReportRecognition.shape(of: document) {
        case .swiftCrashLog: return .log(SwiftCrashLogFinder.Found(log: document))
        case .sentryEvent: return .event
        case .unknown(let error): throw error
        }
    }

    private static func merge(
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
    public enum Format: String, Equatable, Sendable {
        /// An event in Sentry's JSON already.
        case sentryEvent = "sentry-event"
        /// The JSON report of Swift's own backtracer.
        case swiftCrashLog = "swift-crash-log"
    }

    /// What the bytes were.
    public let format: Format
    /// The event in Sentry's JSON. For `sentryEvent` the bytes that came, changed only where something was filled in.
    public let event: [UInt8]
    /// What was odd about the dump and what was done about it, for people; bounded.
    public let notes: [String]
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
