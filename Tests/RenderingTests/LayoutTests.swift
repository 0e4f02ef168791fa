import Testing

@testable import Rendering

/// Columns, carets, words for the shell, and text that must not act.
@Suite struct LayoutTests {
    @Test(arguments: [
        ("abc", 3), ("漢字", 4), ("é", 1), ("e\u{301}", 1), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("ｶ", 1), ("한", 2),
        ("\u{1112}\u{1161}", 2),
        ("a\tb", 9), ("✔\u{fe0f}", 2), ("", 0),
    ]) func widths(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test func namesLoseTheirMiddle() {
        #expect(DisplayWidth.cut("abcdefghij", to: 10) == "abcdefghij")
        #expect(DisplayWidth.cut("abcdefghijk", to: 10) == "abcd…ghijk")
        #expect(DisplayWidth.cut("漢字漢字漢字", to: 6) == "漢…字")
        for width in 2...30 {
            let cut = DisplayWidth.cut("generic 漢字 specialization <Swift.Int> of map", to: width)
            #expect(DisplayWidth.of(cut) <= width)
        }
    }

    @Test(arguments: [
        ("/app/till", "/app/till"), ("/a b", "'/a b'"), ("it's", "'it'\\''s'"), ("-rf", "./-rf"),
        ("$(x)`y`;", "'$(x)`y`;'"),
        ("*", "'*'"), ("~root", "'~root'"), ("/ü", "'/ü'"),
    ]) func words(_ path: String, _ word: String) {
        #expect(ShellWord.quoted(path: path) == word)
    }

    @Test(arguments: ["", "a\nb", "a\u{1b}b", "a\u{202e}b", "a\tb", "\u{fffd}", "a\u{200b}b"])
    func whatCannotBeSeenIsNoWord(_ path: String) {
        #expect(ShellWord.quoted(path: path) == nil)
    }

    @Test(arguments: [
        ("plain\ttext", "plain\ttext"), ("\u{1b}[2J", "\\u{1b}[2J"), ("\u{0}", "\\u{0}"),
        ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
        ("\u{9b}31m", "\\u{9b}31m"), ("\r\n", "\\u{d}\\u{a}"), ("\u{2028}", "\\u{2028}"), ("👩‍👩‍👧 é", "👩‍👩‍👧 é"),
        ("\u{e0041}", "\\u{e0041}"),
    ]) func controlCharactersAreVisible(_ text: String, _ visible: String) {
        #expect(Visible.text(text) == visible)
        #expect(Visible.text(visible) == visible)
    }

    @Test func longTextSaysWhatItLost() {
        let text = String(repeating: "ä", count: 5000)
        let shown = Visible.text(text, limit: 101)
        #expect(shown.hasPrefix("ää") && shown.contains("…[9900 bytes]…"), "\(shown)")
        #expect(!shown.contains("\u{fffd}"))
        #expect(Visible.lines("a\nb\nc\nd\n", count: 3, limit: 10) == ["a", "b", "… 2 more lines"])
    }

    /// The character that the caret of a text stands below, both on one grid.
    private func marked(_ source: String, _ column: Int, width: Int? = nil) throws -> Character? {
        var options = TextOptions()
        options.width = width
        let escaped = source.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\t", with: "\\t")
        let frame =
            #"{"function":"f","filename":"a.c","in_app":true,"lineno":7,"colno":\#(column),"context_line":"\#(escaped)"}"#
        let lines = try Events.text(frames: [frame], options: options).split(separator: "\n")
        guard let caretLine = lines.last, caretLine.hasSuffix("^"), lines.count > 2 else { return nil }
        let target = DisplayWidth.of(String(caretLine.dropLast()))
        var column = 0
        for character in lines[lines.count - 2] {
            if column == target { return character }
            column += character == "\t" ? 8 - column % 8 : DisplayWidth.of(character)
        }
        return column == target ? " " : nil
    }

    @Test(arguments: [nil, 60, 44]) func theCaretStandsBelowItsCharacter(_ width: Int?) throws {
        let sources = [
            "\t\tlet a = f(x)\t+ Z", "漢字 = e\u{301} + Z", "👩‍👩‍👧.go(Z)", "aZ",
            String(repeating: "漢", count: 30) + "\t" + String(repeating: "x", count: 150) + " + Z"
                + String(repeating: ".", count: 40),
            String(repeating: "\t", count: 12) + "Z", "Z" + String(repeating: "y", count: 300),
        ]
        for source in sources {
            let column = source.utf8.count - source[(source.firstIndex(of: "Z") ?? source.endIndex)...].utf8.count + 1
            #expect(try marked(source, column, width: width) == "Z", "\(source), \(width ?? 0)")
        }
        #expect(try marked("漢字", 2) == "漢", "inside of a character")
        #expect(try marked("e\u{301}x", 2) == "e\u{301}")
        #expect(try marked("ab", 3) == " ", "behind the end")
        #expect(try marked("ab", 4) == nil)
    }

    @Test func timesAreShownAsDates() {
        #expect(Timestamp.text("0") == "1970-01-01T00:00:00Z")
        #expect(Timestamp.text("1767322384.25") == "2026-01-02T02:53:04Z")
        #expect(Timestamp.text("951782400") == "2000-02-29T00:00:00Z")
        #expect(Timestamp.text("253402300799") == "9999-12-31T23:59:59Z")
        for text in ["2026-01-02T03:04:05Z", "-1", "1e300", "nan", ""] { #expect(Timestamp.text(text) == text) }
    }

    @Test(arguments: [
        ("Index out of range", "Index out of range"), ("@team", "`@team`"), ("see #12", "`see #12`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"), ("x :tada:", "`x :tada:`"), ("a_b_", "`a_b_`"), ("http://x", "`http://x`"),
        ("www.x.org", "`www.x.org`"),
        ("", "`  `"), ("<b>", "`<b>`"), ("Swift runtime failure: Index", "Swift runtime failure: Index"),
    ]) func markdown(_ text: String, _ markdown: String) {
        #expect(MarkdownText.plain(text, limit: 100) == markdown)
    }
}
