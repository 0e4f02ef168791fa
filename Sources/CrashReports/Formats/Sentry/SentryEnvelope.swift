import CrashEvent

/// A Sentry envelope: what SDKs send and keep on disk.
///
///     {"event_id":"9ec7…","dsn":"https://…"}            headers, one line
///     {"type":"event","length":41}                      an item's headers, one line
///     {"platform":"native", …}                          `length` bytes, or up to the line's end without it
///     {"type":"attachment","length":3,"filename":"a"}
///     abc
///
/// Lines end with a line feed only; a carriage return is data. Items of unknown type are passed over, they are no error.
/// The event's bytes are taken as they are.
struct SentryEnvelope {
    /// One item.
    struct Item {
        /// 1-based.
        var number: Int
        var type: String
        var headers: JSONDocument
        /// In the envelope.
        var payload: Range<Int>

        /// Whether it is a minidump that an SDK attached.
        var isMinidump: Bool {
            type == "attachment" && headers.string("attachment_type", of: headers.root) == "event.minidump"
        }

        var fileName: String? { headers.string("filename", of: headers.root) }
    }

    private static let maximumItems = 10_000

    let headers: JSONDocument
    private(set) var items: [Item] = []

    /// The id that the envelope has for its event.
    var eventID: String? { headers.string("event_id", of: headers.root) }

    /// The event, and how many more there are.
    var event: Item? { items.first { $0.type == "event" } }

    /// The minidump, if one is attached.
    var minidump: Item? { items.first { $0.isMinidump } }

    /// `nil` for bytes that are no envelope; throws when they are a damaged one.
    init?(_ bytes: [UInt8], limits: CrashReportLimits) throws(CrashReportError) {
        guard let headers = Self.headers(bytes, limits) else { return nil }
        self.headers = headers.document
        var position = headers.end
        while position < bytes.count {
            // The newline at the end is optional, and clients write more than one.
            if bytes[position] == 0x0a {
                position += 1
                continue
            }
            guard items.count < Self.maximumItems else {
                throw .malformedEnvelope(
                    item: items.count + 1, offset: position, reason: "more than \(Self.maximumItems) items")
            }
            position = try read(bytes, at: position, limits)
        }
    }

    /// The first line, when it and the second look like those of an envelope.
    private static func headers(
        _ bytes: [UInt8], _ limits: CrashReportLimits
    ) -> (document: JSONDocument, end: Int)? {
        guard bytes.first == UInt8(ascii: "{"), let end = ByteSearch.first(of: [0x0a], in: bytes.prefix(1 << 20)),
            end + 1 < bytes.count, bytes[end + 1] == UInt8(ascii: "{"),
            let document = try? JSONDocument(Array(bytes[..<end]), limits: limits.json),
            document.kind(of: document.root) == .object
        else { return nil }
        let keys = ["event_id", "dsn", "sdk", "sent_at", "trace"]
        let isKnown = keys.contains { document.member($0, of: document.root) != nil }
        let rest = bytes[(end + 1)...]
        let second = rest[..<(ByteSearch.first(of: [0x0a], in: rest) ?? rest.endIndex)]
        let item = try? JSONDocument(Array(second), limits: limits.json)
        let hasType = item.map { $0.string("type", of: $0.root) != nil } ?? false
        let isEmpty = document.nodeCount == 1
        guard hasType && (isKnown || isEmpty) || isKnown && item == nil else { return nil }
        return (document, end + 1)
    }

    /// Reads the item at `start`; the position behind it.
    private mutating func read(
        _ bytes: [UInt8], at start: Int, _ limits: CrashReportLimits
    ) throws(CrashReportError) -> Int {
        let number = items.count + 1
        let lineEnd = ByteSearch.first(of: [0x0a], in: bytes[start...]) ?? bytes.count
        let headers: JSONDocument
        do throws(JSONError) {
            headers = try JSONDocument(Array(bytes[start..<lineEnd]), limits: limits.json)
        } catch {
            throw .malformedEnvelope(item: number, offset: start + error.offset, reason: "its headers: \(error)")
        }
        guard let type = headers.string("type", of: headers.root) else {
            throw .malformedEnvelope(item: number, offset: start, reason: "its headers have no type")
        }
        let begin = min(lineEnd + 1, bytes.count)
        var end = ByteSearch.first(of: [0x0a], in: bytes[begin...]) ?? bytes.count
        if let node = headers.member("length", of: headers.root), headers.kind(of: node) != .null {
            guard let length = headers.text(node).flatMap({ Int($0) }), length >= 0 else {
                throw .malformedEnvelope(item: number, offset: start, reason: "its length is no number of bytes")
            }
            guard length <= bytes.count - begin else {
                throw .malformedEnvelope(
                    item: number, offset: begin,
                    reason: "it should have \(length) bytes, the input ends after \(bytes.count - begin)")
            }
            end = begin + length
            guard end == bytes.count || bytes[end] == 0x0a else {
                throw .malformedEnvelope(
                    item: number, offset: end, reason: "no line feed behind its \(length) bytes")
            }
        }
        items.append(Item(number: number, type: type, headers: headers, payload: begin..<end))
        return min(end + 1, bytes.count)
    }

    // MARK: - The event

    /// The event's bytes, with the envelope's `event_id` where they have none.
    func eventBytes(_ bytes: [UInt8], limits: CrashReportLimits) throws(CrashReportError) -> [UInt8] {
        guard let item = event else {
            if minidump != nil {
                throw .unsupported(
                    what: "a Sentry envelope with a minidump and no event", advice: "has to be unwound first")
            }
            let types = Set(items.map(\.type)).sorted().prefix(8).joined(separator: ", ")
            throw .unsupported(
                what: "a Sentry envelope without an event",
                advice: items.isEmpty ? "has no items" : "has items of type \(types) only")
        }
        let payload = Array(bytes[item.payload])
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(payload, limits: limits.json)
        } catch {
            throw .malformedEnvelope(
                item: item.number, offset: item.payload.lowerBound + error.offset, reason: "the event: \(error)")
        }
        guard document.kind(of: document.root) == .object else {
            throw .malformedEnvelope(
                item: item.number, offset: item.payload.lowerBound,
                reason: "the event is a JSON \(document.kind(of: document.root)), not an object")
        }
        let own = document.member("event_id", of: document.root)
        let isLacking = own.map { document.kind(of: $0) == .null || document.string($0)?.isEmpty == true } ?? true
        guard isLacking, let eventID else { return payload }
        var patch = EventPatch(document)
        patch.set(document.root, key: "event_id", to: JSONWriter.string(eventID))
        return (try? patch.apply()) ?? payload
    }

    /// What else is in the envelope, for people.
    var notes: [String] {
        var notes: [String] = []
        var others: [String: Int] = [:]
        var attachments = 0
        for item in items where item.number != event?.number {
            guard item.type == "attachment" else {
                others[item.type, default: 0] += 1
                continue
            }
            attachments += 1
            if attachments <= 32 {
                let name = item.fileName.map { "'\($0)'" } ?? "without a name"
                notes.append(
                    "\(item.isMinidump ? "minidump" : "attachment") \(name), \(item.payload.count) bytes, was not used")
            }
        }
        if attachments > 32 { notes.append("\(attachments - 32) more attachments were not used") }
        let kinds = others.sorted { $0.key < $1.key }.prefix(16).map { "\($0.value) of type \($0.key)" }
        if !kinds.isEmpty { notes.append("items passed over: \(kinds.joined(separator: ", "))") }
        return notes
    }
}
