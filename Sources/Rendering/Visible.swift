/// Text from a file or event, made harmless for whoever looks at it.
///
///     U+001B "[2J"     becomes   \u{1b}[2J      an escape sequence in a function's name would reach the terminal
///     U+202E           becomes   \u{202e}       a line that reads backwards would hide what it says
///
/// A tab stays: source lines are made of them.
public enum Visible {
    /// `text` with control characters, invisible ones and those that turn the direction of writing spelled out.
    public static func text(_ text: String) -> String {
        guard needsWork(text) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar) {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The same for at most `limit` bytes of `text`: of a longer one the middle is left out, and the mark says how much.
    static func text(_ text: String, limit: Int) -> String {
        let length = text.utf8.count
        guard length > limit else { return self.text(text) }
        let half = limit / 2
        let head = String(decoding: text.utf8.prefix(half), as: UTF8.self).trimmingReplacement(atEnd: true)
        let tail = String(decoding: text.utf8.suffix(half), as: UTF8.self).trimmingReplacement(atEnd: false)
        return self.text(head) + "…[\(length - 2 * half) bytes]…" + self.text(tail)
    }

    /// The lines of a message that may have several, each at most `limit` bytes; at most `count`, the last of which then
    /// says how many more there are.
    static func lines(_ text: String, count: Int, limit: Int) -> [String] {
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count > count else { return lines.map { self.text(String($0), limit: limit) } }
        let left = lines.count - count + 1
        return lines.prefix(count - 1).map { self.text(String($0), limit: limit) } + ["… \(left) more lines"]
    }

    private static func needsWork(_ text: String) -> Bool {
        var text = text
        let isPlain = text.withUTF8 { $0.allSatisfy { ($0 >= 0x20 && $0 < 0x7f) || $0 == 0x09 } }
        return !isPlain && text.unicodeScalars.contains(where: isHidden)
    }

    /// Control characters, line separators, marks and overrides of direction, invisible characters, tags. The joiners
    /// U+200C and U+200D are part of how words and emoji are written.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        case 0..<0x20, 0x7f..<0xa0, 0x061c, 0x200b, 0x200e, 0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff,
            0xfff9...0xfffb, 0xe0000...0xe007f:
            true
        default: false
        }
    }
}

extension String {
    /// Without the U+FFFD that cutting in the middle of a character leaves.
    fileprivate func trimmingReplacement(atEnd: Bool) -> String {
        var text = self[...]
        for _ in 0..<3 {
            guard (atEnd ? text.unicodeScalars.last : text.unicodeScalars.first) == "\u{fffd}" else { break }
            if atEnd { text = text.dropLast() } else { text = text.dropFirst() }
        }
        return String(text)
    }
}
