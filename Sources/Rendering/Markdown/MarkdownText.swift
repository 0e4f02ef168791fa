/// Text of an event as GitHub Flavored Markdown that means nothing but the text: no mention, no link, no HTML, no end of
/// the block that it stands in.
enum MarkdownText {
    /// A sentence as it is where it has only characters that Markdown and GitHub leave alone, else as code: `@name`,
    /// `#12` and `https://…` make links even behind a backslash.
    static func plain(_ text: String, limit: Int) -> String {
        let text = clean(text, limit: limit)
        return isHarmless(text) ? text : code(text)
    }

    /// Inline code, whatever backticks are in it.
    static func code(_ text: String, limit: Int = 1000) -> String {
        let text = clean(text, limit: limit)
        let fence = String(repeating: "`", count: longestRun(of: text) + 1)
        // A space on each side belongs to the marks, not to the text (GFM, section 6.3).
        let isPadded =
            text.isEmpty || text.hasPrefix("`") || text.hasSuffix("`") || (text.hasPrefix(" ") && text.hasSuffix(" "))
        return isPadded ? "\(fence) \(text) \(fence)" : fence + text + fence
    }

    /// A block of code. `text` ends in a newline.
    static func block(_ text: String) -> String {
        let fence = String(repeating: "`", count: max(3, longestRun(of: text) + 1))
        return "\(fence)text\n\(text)\(fence)\n"
    }

    /// Text between the tags of `summary`: HTML's characters as references, Markdown's and GitHub's as well.
    static func summary(_ text: String, limit: Int = 300) -> String {
        var result = ""
        for scalar in clean(text, limit: limit).unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", ",", ".", "(", ")": result.unicodeScalars.append(scalar)
            case "@", "#":
                // A reference would become the character again before GitHub looks for names.
                result += "&#\(scalar.value);&#8203;"
            default:
                if scalar.isASCII { result += "&#\(scalar.value);" } else { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }

    private static func clean(_ text: String, limit: Int) -> String {
        let text = Visible.text(text, limit: limit)
        return text.contains("\t") ? String(text.map { $0 == "\t" ? " " : $0 }) : text
    }

    private static func isHarmless(_ text: String) -> Bool {
        guard text.unicodeScalars.first.map({ $0.properties.isAlphabetic }) ?? false, !text.hasSuffix(" ") else {
            return false
        }
        var previous: UInt8 = 0
        for byte in text.utf8 {
            // `:name:` is an emoji and `a://b` a link.
            if previous == UInt8(ascii: ":"), byte != UInt8(ascii: " ") { return false }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...0xff:
                break
            case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "("),
                UInt8(ascii: ")"), UInt8(ascii: "'"), UInt8(ascii: "?"):
                break
            case UInt8(ascii: "."), UInt8(ascii: "-"):
                if previous == byte || previous == UInt8(ascii: " ") { return false }
            default: return false
            }
            previous = byte
        }
        // `www.…` and addresses without a scheme.
        return !text.lowercased().contains("www.")
    }

    private static func longestRun(of text: String) -> Int {
        var longest = 0
        var run = 0
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}
