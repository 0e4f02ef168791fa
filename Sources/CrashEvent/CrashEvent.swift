import Synchronization

/// Why bytes are no event.
public enum CrashEventError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are no JSON; says where and what was expected.
    case json(JSONError)
    /// A JSON value, but no object.
    case notAnObject(JSONKind)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .json(let error): error.description
        case .notAnObject(let kind): "an event is a JSON object, this is a JSON \(kind)"
        }
    }
}

/// One crash as Sentry's event JSON: the document as the bytes that came, and typed views into it.
///
///     event ─┬─ debug_meta.images[]            ▶ images        EventImage
///            ├─ exception.values[].stacktrace  ▶ stackTraces   EventStackTrace ─▶ frames   EventFrame
///            ├─ threads.values[].stacktrace    ▶      "
///            └─ stacktrace                     ▶      "
///
/// A view is a place in the document and reads it when asked; what no view names stays in the document untouched.
/// Enrichment is an `EventPatch`: every byte that it does not change is copied. Nothing here fails on a strange event:
/// what is missing or has another type reads as `nil`, and only bytes that are no JSON object are refused.
public struct CrashEvent: Sendable {
    /// The event as it came.
    public let document: JSONDocument
    /// The entries of `debug_meta.images`, in order; an entry's position is what `addr_mode` `rel:N` counts.
    public let images: [EventImage]
    /// Every stack trace: of the exceptions, then of the threads, then the event's own; each in the document's order.
    public let stackTraces: [EventStackTrace]
    /// The exceptions, with or without a stack trace.
    public let exceptions: [EventException]
    /// The threads, with or without a stack trace.
    public let threads: [EventThread]

    /// Scans `bytes`.
    public init(_ bytes: [UInt8], limits: JSONLimits = .default) throws(CrashEventError) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, limits: limits)
        } catch {
            throw .json(error)
        }
        try self.init(document)
    }

    /// Views a scanned document as an event.
    public init(_ document: JSONDocument) throws(CrashEventError) {
        guard document.kind(of: document.root) == .object else {
            throw .notAnObject(document.kind(of: document.root))
        }
        self.document = document
        images = Self.images(in: document)
        let context = EventContext(document: document, images: images)
        threads = Self.values(of: "threads", in: document).enumerated().map { index, node in
            EventThread(index: index, node: node, document: document)
        }
        exceptions = Self.values(of: "exception", in: document).enumerated().map { index, node in
            EventException(index: index, node: node, document: document)
        }
        stackTraces = EventStackTrace.all(exceptions: exceptions, threads: threads, context: context)
    }

    /// The event's id, as it is written there.
    public var eventID: String? { document.string("event_id", of: document.root) }

    /// `native`, `cocoa`, `python`, …
    public var platform: String? { document.string("platform", of: document.root) }

    /// The release that crashed.
    public var release: String? { document.string("release", of: document.root) }

    /// `production`, `staging`, …
    public var environment: String? { document.string("environment", of: document.root) }

    /// `fatal`, `error`, …
    public var level: String? { document.string("level", of: document.root) }

    /// When it happened, as it is written there: seconds since 1970 in digits, or ISO 8601.
    public var timestamp: String? { document.member("timestamp", of: document.root).flatMap { document.text($0) } }

    private static func images(in document: JSONDocument) -> [EventImage] {
        guard let images = document.node(at: "debug_meta", "images") else { return [] }
        return document.elements(of: images).enumerated().map { index, node in
            EventImage(index: index, node: node, document: document)
        }
    }

    /// The objects of an interface that clients send as `{"values": […]}`, as a bare array, or (exceptions) as one
    /// object.
    private static func values(of key: String, in document: JSONDocument) -> [JSONNode] {
        guard let interface = document.member(key, of: document.root) else { return [] }
        let list: JSONNode
        switch document.kind(of: interface) {
        case .array: list = interface
        case .object:
            guard let values = document.member("values", of: interface) else {
                return key == "exception" ? [interface] : []
            }
            // `values` that is itself one object instead of a list of one.
            if document.kind(of: values) == .object { return [values] }
            list = values
        default: return []
        }
        return document.elements(of: list).filter { document.kind(of: $0) == .object }
    }
}

/// What all frames of an event share; one per event.
final class EventContext: Sendable {
    let document: JSONDocument
    /// The event's `platform`.
    let platform: String?
    let images: [EventImage]
    /// Normalised debug id → the first image that has it. Made when the first frame asks: hardly any does.
    private let imagesByDebugID = Mutex<[String: Int]?>(nil)

    init(document: JSONDocument, images: [EventImage]) {
        self.document = document
        self.images = images
        platform = document.string("platform", of: document.root)
    }

    /// The first image with a normalised debug id.
    func image(debugID: String) -> Int? {
        imagesByDebugID.withLock { byID in
            if let byID { return byID[debugID] }
            var made: [String: Int] = [:]
            for image in images {
                guard let id = image.debugID, made[id] == nil else { continue }
                made[id] = image.index
            }
            byID = made
            return made[debugID]
        }
    }
}
