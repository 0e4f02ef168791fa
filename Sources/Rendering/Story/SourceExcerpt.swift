/// The source around a frame's line, made visible, with the column as a position in it.
///
///     22 |     public func unitPrice(of article: Int) -> Amount {
///     23 |         prices[article]
///        |               ^
struct SourceExcerpt {
    struct Line {
        /// 1-based.
        var number: UInt64
        /// Visible; tabs as they are.
        var text: String
        /// Whether it is the frame's line.
        var isTarget: Bool
    }

    /// In order.
    private(set) var lines: [Line] = []
    /// What stands before the column in the frame's line, visible; `nil` without a column in the line.
    private(set) var lead: String?
    /// The character at the column; empty at the end of the line.
    private(set) var mark = ""

    /// The excerpt of a frame with at most `context` lines on each side; `nil` when the frame has no source.
    init?(_ frame: TraceFrame, context: Int) {
        guard let source = frame.source, let number = frame.line else { return nil }
        let before = frame.before.suffix(max(0, context))
        for (text, distance) in zip(before, (0...before.count).reversed()) where number > UInt64(distance) {
            add(number - UInt64(distance), text)
        }
        lines.append(Line(number: number, text: Visible.text(source, limit: StoryLimits.text), isTarget: true))
        for (text, distance) in zip(frame.after.prefix(max(0, context)), 1...) {
            let (after, isTooGreat) = number.addingReportingOverflow(UInt64(distance))
            if !isTooGreat { add(after, text) }
        }
        if let column = frame.sourceColumn { place(Int(clamping: column), in: source) }
    }

    private mutating func add(_ number: UInt64, _ text: String) {
        lines.append(Line(number: number, text: Visible.text(text, limit: StoryLimits.text), isTarget: false))
    }

    /// Columns count bytes (DWARF 5, section 6.2.2). One inside of a character is that character's.
    private mutating func place(_ column: Int, in source: String) {
        guard column > 0, column <= source.utf8.count + 1, source.utf8.count <= StoryLimits.text else { return }
        var start = source.utf8.index(source.startIndex, offsetBy: column - 1)
        // Back to where a character begins: a cluster of several scalars is one.
        while start > source.startIndex, start < source.endIndex, Character(at: start, in: source) == nil {
            start = source.utf8.index(before: start)
        }
        lead = Visible.text(String(source[..<start]))
        if start < source.endIndex, let character = Character(at: start, in: source) {
            mark = Visible.text(String(character))
        }
    }

    /// Digits of the greatest line number.
    var numberWidth: Int { String(lines.last?.number ?? 0).count }

    /// The frame's line.
    var target: Line? { lines.first(where: \.isTarget) }

    /// What stands below the frame's line so that the caret is below its character on every terminal: tabs stay, and a
    /// wide character is two spaces.
    var caretLead: String? {
        lead.map { lead in
            String(
                lead.flatMap { $0 == "\t" ? "\t" : String(repeating: " ", count: DisplayWidth.of($0)) })
        }
    }
}

extension Character {
    /// The character that begins at `index`; `nil` when none does.
    fileprivate init?(at index: String.Index, in text: String) {
        guard index.samePosition(in: text.unicodeScalars) != nil, index.samePosition(in: text) != nil else {
            return nil
        }
        self = text[index]
    }
}
