/// A source file's text, split into lines once, for any number of look-ups.
struct SourceLines: Sendable {
    private let bytes: [UInt8]
    /// Where each line starts; one more entry for the end.
    private let starts: [Int]

    /// Lines end at LF; a CR before it is not part of the line. A final LF does not start another line; a byte order
    /// mark is left out.
    init(_ text: [UInt8]) {
        bytes = text
        var starts = [text.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0]
        text.withUnsafeBufferPointer { text in
            for index in text.indices where text[index] == 0x0a { starts.append(index + 1) }
        }
        if let last = starts.last, last < text.count { starts.append(text.count) }
        self.starts = starts
    }

    /// Number of lines.
    var count: Int { starts.count - 1 }

    /// The bytes of a line, 1-based, without its line ending.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        var line = bytes[starts[number - 1]..<starts[number]]
        if line.last == 0x0a { line.removeLast() }
        if line.last == 0x0d { line.removeLast() }
        return line
    }
}

/// The lines around one place in a source file, as `pre_context`, `context_line` and `post_context` show them.
///
/// Lines of more than `maximumLineBytes` are cut, the place's own line around its column, the others behind their
/// start; `{snip} ` or ` {snip}` stands where something is missing, as Sentry writes it. Cuts fall between characters.
struct SourceContext: Equatable, Sendable {
    /// Up to this many lines before, and after.
    static let linesAround = 5
    /// The longest piece of a line, in bytes of UTF-8, markers not counted.
    static let maximumLineBytes = 240

    var before: [String]
    var line: String
    /// Where the column is in `line`, in bytes, 1-based; only when `line` was cut and the column lies in it.
    var column: Int?
    var after: [String]

    /// The context of a 1-based line and column; column 0 is unknown. `nil` when the text has no such line.
    init?(_ source: SourceLines, line number: Int, column: Int) {
        guard number >= 1, number <= source.count else { return nil }
        before = (max(1, number - Self.linesAround)..<number).map { Self.cut(source.line($0), around: 0).text }
        (line, self.column) = Self.cut(source.line(number), around: column)
        let last = min(source.count, number + Self.linesAround)
        after = number < last ? (number + 1...last).map { Self.cut(source.line($0), around: 0).text } : []
    }

    /// The bytes of text in it, for the limit of an event.
    var byteCount: Int {
        line.utf8.count + before.reduce(0) { $0 + $1.utf8.count } + after.reduce(0) { $0 + $1.utf8.count }
    }

    private static func cut(_ line: ArraySlice<UInt8>, around column: Int) -> (text: String, column: Int?) {
        let limit = maximumLineBytes
        guard line.count > limit else { return (String(decoding: line, as: UTF8.self), nil) }
        // The column stands in the middle; near an end of the line the window ends with the line.
        let middle = line.startIndex + min(max(column - 1, 0), line.count)
        var start = min(max(middle - limit / 2, line.startIndex), line.endIndex - limit)
        var end = start + limit
        while start < end, start > line.startIndex, line[start] & 0xc0 == 0x80 { start += 1 }
        while end > start, end < line.endIndex, line[end] & 0xc0 == 0x80 { end -= 1 }
        let piece = String(decoding: line[start..<end], as: UTF8.self)
        let marker = start > line.startIndex ? "{snip} " : ""
        let text = marker + piece + (end < line.endIndex ? " {snip}" : "")
        guard column > 0, column <= line.count + 1, middle >= start, middle <= end else { return (text, nil) }
        // Counted from the character's start, and in the text as it is decoded: bytes that are no UTF-8 have become
        // longer.
        var target = middle
        while target > start, target < line.endIndex, line[target] & 0xc0 == 0x80 { target -= 1 }
        let lead = String(decoding: line[start..<target], as: UTF8.self)
        return (text, marker.utf8.count + lead.utf8.count + 1)
    }
}
