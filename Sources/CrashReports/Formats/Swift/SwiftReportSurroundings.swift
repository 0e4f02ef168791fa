/// What a stream says before a report of Swift's: the `fatalError` message and the line that names the signal.
struct SwiftReportSurroundings {
    /// How far back is looked.
    private static let maximumLines = 2000

    /// The lines back to the report before, if there is one.
    let text: String
    /// The position of the first of them.
    let start: Int

    /// Reads the lines in front of `position`.
    init(_ lines: LineCursor, until position: Int) {
        var cursor = lines
        cursor.move(to: position)
        var count = 0
        while count < Self.maximumLines, let line = cursor.line(ahead: -count - 1), !Self.endsReport(line) {
            count += 1
        }
        start = position - count
        text = cursor.messages(from: start, to: position)
    }

    var isBlank: Bool { text.allSatisfy(\.isWhitespace) }

    /// What stands behind the report that ended before `position`, unless another one follows.
    static func after(_ lines: LineCursor, from position: Int) -> String? {
        var cursor = lines
        cursor.move(to: position)
        var count = 0
        while count < maximumLines, let line = cursor.line(ahead: count) {
            if endsReport(line) || SwiftTextLine.isHeadline(line) { return nil }
            count += 1
        }
        let text = cursor.messages(from: position, to: position + count)
        return text.allSatisfy(\.isWhitespace) ? nil : text
    }

    private static func endsReport(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "Backtrace took ") || line.contains("\"crashReport\"")
    }
}
