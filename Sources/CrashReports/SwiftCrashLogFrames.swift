import CrashEvent

/// The frames of one thread of a Swift crash log as an event's frames.
///
///     log, innermost first                    event, oldest first
///     pc     0x30 inlined  subscript          return 0x20
///     pc     0x30          checkout    ──▶    omitted (7)
///     omitted 7                               pc     0x30 checkout, both entries under `reported`
///     return 0x20
///
/// A log that was symbolicated has several entries for one address, the inlined functions first. They become one frame
/// again: the addresses are all there, and the log's own pairing of names and lines is wrong too often to build on.
/// What it said stays verbatim under `data.swift_backtrace.reported`, and the physical function's name and line stand
/// in the frame until something better is found.
struct SwiftCrashLogFrames {
    private let document: JSONDocument
    /// The log's entries, innermost first.
    private let entries: [JSONNode]
    /// Positions in `entries`: one physical frame, marker or unreadable entry each, the physical one last.
    private let groups: [Range<Int>]
    /// Image name → path, where only one image has the name.
    private let imagePaths: [String: String]
    /// Frames that are written as they are only because there is nothing readable in them.
    private(set) var malformedCount = 0
    /// Frames that the limit left out.
    private(set) var leftOutCount = 0

    init(_ frames: JSONNode?, in document: JSONDocument, imagePaths: [String: String]) {
        self.document = document
        self.imagePaths = imagePaths
        entries = frames.map { Array(document.elements(of: $0)) } ?? []
        groups = Self.groups(entries, in: document)
    }

    /// Physical frames and markers.
    var count: Int { groups.count }

    /// Writes the array of frames, at most `limit` and one marker for the rest.
    mutating func write(to writer: inout JSONWriter, limit: Int) {
        writer.beginArray()
        if groups.count <= limit {
            for group in groups.reversed() { write(group, to: &writer) }
        } else {
            // What crashed is innermost, where it came from outermost: an eighth is enough for the latter.
            let outer = limit / 8
            let inner = limit - outer
            for group in groups.suffix(outer).reversed() { write(group, to: &writer) }
            let hidden = groups[inner..<(groups.count - outer)]
            leftOutCount = hidden.reduce(0) { $0 &+ represented(by: entries[$1.upperBound - 1]) }
            writeMarker("omitted", count: leftOutCount, to: &writer)
            for group in groups.prefix(inner).reversed() { write(group, to: &writer) }
        }
        writer.endArray()
    }

    // MARK: - Grouping

    private static func groups(_ entries: [JSONNode], in document: JSONDocument) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        for (position, entry) in entries.enumerated() {
            if start < position, !isSamePlace(entries[start], entry, in: document) {
                groups.append(start..<position)
                start = position
            }
            // Recursion gives the same address twice in a row: only inlined entries join what follows them.
            if document.bool("inlined", of: entry) != true {
                groups.append(start..<(position + 1))
                start = position + 1
            }
        }
        if start < entries.count { groups.append(start..<entries.count) }
        return groups
    }

    private static func isSamePlace(_ first: JSONNode, _ second: JSONNode, in document: JSONDocument) -> Bool {
        guard let address = document.unsignedInteger("address", of: first) else { return false }
        return document.unsignedInteger("address", of: second) == address
            && document.string("kind", of: second) == document.string("kind", of: first)
    }

    /// How many of the process's frames an entry stands for.
    private func represented(by entry: JSONNode) -> Int {
        guard document.string("kind", of: entry) == "omittedFrames",
            let count = document.unsignedInteger("count", of: entry)
        else { return 1 }
        return Int(truncatingIfNeeded: min(count, 1 << 40))
    }

    // MARK: - Writing

    private func writeMarker(_ kind: String, count: Int?, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("data")
        writer.beginObject()
        writer.key("symbolist")
        writer.beginObject()
        writer.member("kind", kind)
        if let count { writer.member("count", count) }
        writer.endObject()
        writer.endObject()
        writer.endObject()
    }

    private mutating func write(_ group: Range<Int>, to writer: inout JSONWriter) {
        let frame = entries[group.upperBound - 1]
        let kind: FrameKind? =
            switch document.string("kind", of: frame) {
            case "programCounter": .programCounter
            case "returnAddress": .returnAddress
            case "asyncResumePoint": .asyncResumePoint
            case "omittedFrames": .omitted
            case "truncated": .truncated
            default: nil
            }
        writer.beginObject()
        let isMarker = kind == .omitted || kind == .truncated
        if !isMarker, document.kind(of: frame) == .object { writeAddress(of: frame, kind: kind, to: &writer) }
        let hasLine = isMarker || writeReported(of: frame, to: &writer)
        writeData(of: entries[group], kind: kind, isCompilerGenerated: !hasLine, to: &writer)
        writer.endObject()
    }

    /// The address as its text in the log; an empty text where there is none, so that the frame counts as malformed.
    private mutating func writeAddress(of frame: JSONNode, kind: FrameKind?, to writer: inout JSONWriter) {
        let address = document.member("address", of: frame)
        if let address, document.kind(of: address) != .null {
            writer.member("instruction_addr", raw: document.rawBytes(of: address))
            if document.unsignedInteger(address) == nil { malformedCount += 1 }
        } else {
            writer.member("instruction_addr", "")
            malformedCount += 1
        }
        // An address of an unknown kind is left to the reader's rules.
        if let kind { writer.member("adjust_instruction_addr", kind == .returnAddress) }
    }

    /// What a symbolicated log says about the physical function; false when its line is 0, one that the compiler made.
    private func writeReported(of frame: JSONNode, to writer: inout JSONWriter) -> Bool {
        if let description = document.string("description", of: frame) {
            writer.member("function", Self.withoutOffset(description))
        }
        writer.member("symbol", ifPresent: document.string("symbol", of: frame))
        if let image = document.string("image", of: frame) { writer.member("package", imagePaths[image] ?? image) }
        guard let location = document.object("sourceLocation", of: frame) else { return true }
        guard let line = document.unsignedInteger("line", of: location), line > 0 else { return false }
        if let file = document.string("file", of: location) {
            writer.member("filename", String(file.split(separator: "/").last ?? Substring(file)))
            writer.member("abs_path", file)
        }
        writer.member("lineno", line)
        if let column = document.unsignedInteger("column", of: location), column > 0 { writer.member("colno", column) }
        return true
    }

    private func writeData(
        of group: ArraySlice<JSONNode>, kind: FrameKind?, isCompilerGenerated: Bool, to writer: inout JSONWriter
    ) {
        writer.key("data")
        writer.beginObject()
        let failure = group.lazy.compactMap { runtimeFailure(of: $0) }.first
        if kind != nil || failure != nil || isCompilerGenerated {
            writer.key("symbolist")
            writer.beginObject()
            writer.member("kind", ifPresent: kind?.rawValue)
            if let count = group.last.flatMap({ document.member("count", of: $0) }),
                kind == .omitted || kind == .truncated,
                document.unsignedInteger(count) != nil
            {
                writer.member("count", raw: document.rawBytes(of: count))
            }
            if isCompilerGenerated { writer.member("compiler_generated", true) }
            writer.member("runtime_failure", ifPresent: failure)
            writer.endObject()
        }
        if group.contains(where: { saysMore($0) }) {
            writer.key("swift_backtrace")
            writer.beginObject()
            writer.key("reported")
            writer.beginArray()
            for entry in group { writer.raw(document.rawBytes(of: entry)) }
            writer.endArray()
            writer.endObject()
        }
        writer.endObject()
    }

    /// What trapped, from an entry that the log flags or names so, without the words in front.
    private func runtimeFailure(of entry: JSONNode) -> String? {
        guard let description = document.string("description", of: entry) else { return nil }
        let text = Self.withoutOffset(description)
        if text.hasPrefix(SwiftSignal.runtimeFailure) {
            return String(text.dropFirst(SwiftSignal.runtimeFailure.count))
        }
        return document.bool("runtimeFailure", of: entry) == true ? text : nil
    }

    /// True for an entry that holds more than its kind, address and count: it has to be kept.
    private func saysMore(_ entry: JSONNode) -> Bool {
        guard document.kind(of: entry) == .object else { return true }
        return document.members(of: entry).contains { key, value in
            switch document.string(key) {
            case "address": false
            case "count": document.unsignedInteger(value) == nil
            case "kind":
                !["programCounter", "returnAddress", "asyncResumePoint", "omittedFrames", "truncated"].contains(
                    document.string(value))
            default: true
            }
        }
    }

    /// `priceOf(_:) + 96` without the offset.
    static func withoutOffset(_ description: String) -> String {
        let digits = description.utf8.reversed().prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        guard digits > 0 else { return description }
        let rest = description.dropLast(digits)
        return rest.hasSuffix(" + ") ? String(rest.dropLast(3)) : description
    }
}
