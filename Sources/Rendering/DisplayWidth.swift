/// How many columns of a terminal text takes.
///
///     let ä = "漢"   # decomposed ä: 2 scalars, 1 column; 漢: 3 bytes, 2 columns
///
/// Widths are those of Unicode's East Asian Width (annex 11) and its emoji presentation, which terminals agree on for all
/// but the newest characters. A cluster of several scalars (an emoji with its skin tone) is as wide as its first.
enum DisplayWidth {
    /// Columns of one character other than a tab: 0, 1 or 2.
    static func of(_ character: Character) -> Int {
        if character.isASCII { return 1 }
        var width = 0
        for scalar in character.unicodeScalars {
            if scalar.value == 0xfe0f { return 2 }
            if width == 0 { width = of(scalar) }
        }
        return width
    }

    /// Columns of a text that starts at `column` (0-based), tabs reaching to the next multiple of eight.
    static func of(_ text: String, from column: Int = 0) -> Int {
        var position = column
        for character in text { position += character == "\t" ? 8 - position % 8 : of(character) }
        return position - column
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.value {
        case 0x1160...0x11ff: return 0
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3,
            0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x17000...0x18cff, 0x1b000...0x1b2ff,
            0x1f200...0x1f2ff, 0x20000...0x3fffd:
            return 2
        default: return 1
        }
    }

    /// `text` in at most `width` columns: of a longer one the middle is left out and marked with `…`. The end of a name
    /// or path says more than its middle.
    static func cut(_ text: String, to width: Int) -> String {
        // No text is wider than its bytes: most need not be looked at.
        guard text.utf8.count > width, of(text) > width, width > 1 else { return text }
        let head = (width - 1) / 2
        return String(prefix(text, head)) + "…" + String(suffix(text, width - 1 - head))
    }

    /// The longest beginning of `text` that takes at most `width` columns.
    static func prefix(_ text: String, _ width: Int) -> Substring {
        var left = width
        return text.prefix { character in
            left -= character == "\t" ? 8 : of(character)
            return left >= 0
        }
    }

    private static func suffix(_ text: String, _ width: Int) -> Substring {
        var left = width
        var start = text.endIndex
        while start > text.startIndex {
            let before = text.index(before: start)
            left -= text[before] == "\t" ? 8 : of(text[before])
            guard left >= 0 else { break }
            start = before
        }
        return text[start...]
    }
}
