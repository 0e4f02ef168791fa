import CrashEvent

/// A minidump within a Sentry envelope: Crashpad-based SDKs send it instead of a stack.
public struct EmbeddedMinidump: Equatable, Sendable {
    /// Where the minidump's bytes stand in the envelope; they may be compressed.
    public let range: Range<Int>
    /// The attachment's file name.
    public let fileName: String?
    /// Where the event beside it stands, if there is one: it says release, user and breadcrumbs, and has no stack.
    public let event: Range<Int>?
    /// The id that the event has to get.
    public let eventID: String?
    /// What the event says about its surroundings.
    public let context: ReportContext
}

extension CrashReports {
    /// The minidump that is attached to an envelope; `nil` for other inputs, for envelopes without one, and for damaged
    /// envelopes, about which ``decode(_:context:limits:)`` says more. Cost: the headers of the items, and the event.
    public static func embeddedMinidump(
        in bytes: [UInt8], limits: CrashReportLimits = .default
    ) -> EmbeddedMinidump? {
        guard let envelope = (try? SentryEnvelope(bytes, limits: limits)) ?? nil, let item = envelope.minidump else {
            return nil
        }
        let event = envelope.event?.payload
        let document = event.flatMap { try? JSONDocument(Array(bytes[$0]), limits: limits.json) }
        let ownID = document.flatMap { $0.string("event_id", of: $0.root) }
        return EmbeddedMinidump(
            range: item.payload, fileName: item.fileName, event: event, eventID: envelope.eventID ?? ownID,
            context: document.map { context(of: $0) } ?? ReportContext())
    }

    private static func context(of document: JSONDocument) -> ReportContext {
        var writer = JSONWriter()
        writer.beginObject()
        for key in ["release", "environment", "server_name", "dist", "tags", "user"] {
            guard let node = document.member(key, of: document.root), document.kind(of: node) != .array else {
                continue
            }
            writer.member(key, raw: document.rawBytes(of: node))
        }
        writer.endObject()
        return (try? ReportContext(json: writer.bytes)) ?? ReportContext()
    }
}
