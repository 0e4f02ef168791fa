import Testing

@testable import Symbolication

@Suite struct SourceContextTests {
    private func lines(_ text: String, _ line: Int, _ column: Int = 0) -> SourceContext? {
        SourceContext(SourceLines(Array(text.utf8)), line: line, column: column)
    }

    private let twenty = (1...20).map { "line \($0)" }.joined(separator: "\n") + "\n"

    @Test(arguments: [
        (1, 0, 5), (3, 2, 5), (6, 5, 5), (10, 5, 5), (15, 5, 5), (16, 5, 4), (20, 5, 0),
    ])
    func `five before, five after, fewer at the edges`(_ line: Int, _ before: Int, _ after: Int) throws {
        let context = try #require(lines(twenty, line))
        #expect(context.line == "line \(line)")
        #expect(context.before == (0..<before).map { "line \(line - before + $0)" })
        #expect(context.after == (0..<after).map { "line \(line + 1 + $0)" })
    }

    @Test(arguments: [0, -1, 21, Int.max, Int.min]) func `beyond the ends there is none`(_ line: Int) {
        #expect(lines(twenty, line) == nil)
    }

    @Test func `line endings`() {
        #expect(lines("a\r\nb\r\nc", 2) == lines("a\nb\nc", 2))
        #expect(lines("a\n\nc", 2)?.line == "")
        #expect(lines("a", 1)?.line == "a")
        #expect(lines("", 1) == nil)
        #expect(lines("a\n", 2) == nil)
        #expect(lines("\n", 1)?.line == "")
        #expect(lines("\u{feff}a\nb", 1)?.line == "a")
    }

    @Test func `bytes that are no UTF-8 are shown as such`() {
        #expect(SourceContext(SourceLines([0x61, 0xff, 0x62]), line: 1, column: 0)?.line == "a\u{fffd}b")
    }

    @Test func `long lines are cut around the column`() throws {
        let line = (0..<1000).map { String($0 % 10) }.joined()
        let start = try #require(lines(line, 1, 0)).line
        #expect(start == line.prefix(240) + " {snip}")
        let middle = try #require(lines(line, 1, 501)).line
        #expect(middle == "{snip} " + line.dropFirst(380).prefix(240) + " {snip}")
        let end = try #require(lines(line, 1, 1000)).line
        #expect(end == "{snip} " + line.suffix(240))
        #expect(try #require(lines(line, 1, .max)).line == end)
        #expect(try #require(lines("short\n" + line, 1, 900)).after == [line.prefix(240) + " {snip}"])
        #expect(try #require(lines(String(line.prefix(240)), 1, 200)).line == line.prefix(240))
    }

    @Test func `the column of a cut line is where its byte went`() throws {
        let line = Array((0..<1000).map { UInt8(ascii: "a") + UInt8($0 % 23) })
        let source = SourceLines(line)
        for column in 1...1000 {
            let context = try #require(SourceContext(source, line: 1, column: column))
            let cut = try #require(context.column)
            #expect(Array(context.line.utf8)[cut - 1] == line[column - 1])
        }
        #expect(SourceContext(source, line: 1, column: 0)?.column == nil)
        #expect(SourceContext(source, line: 1, column: 1002)?.column == nil)
        #expect(SourceContext(source, line: 1, column: .max)?.column == nil)
        #expect(lines("short", 1, 3)?.column == nil)
        // The text behind bytes that are no UTF-8 moves with them.
        let odd = SourceLines(Array(repeating: 0xff, count: 300) + [0x40])
        let context = try #require(SourceContext(odd, line: 1, column: 301))
        #expect(Array(context.line.utf8)[try #require(context.column) - 1] == 0x40)
    }

    @Test(arguments: 0..<8) func `cuts fall between characters`(_ shift: Int) throws {
        let line = String(repeating: "x", count: shift) + String(repeating: "😀", count: 200)
        for column in [0, 1, 300, 301, 302, 303, 799] {
            let cut = try #require(lines(line, 1, column)).line
            #expect(!cut.contains("\u{fffd}"))
            #expect(cut.utf8.count <= SourceContext.maximumLineBytes + 14)
        }
    }
}
