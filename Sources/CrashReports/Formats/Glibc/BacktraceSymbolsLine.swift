/// A line of glibc's `backtrace_symbols` or `backtrace_symbols_fd`; the former has a space before the address.
///
///     ./till(+0x1b05)[0x560000401b05]       no symbol: the offset is the file's
///     ./till(lineTotal+0x5) [0x56…]         the offset is the symbol's
///     ./till() [0x401b05]                   an executable at fixed addresses; with `_fd` without parentheses
///     [0x560000401b05]                      in no file
struct BacktraceSymbolsLine {
    var path: String?
    var symbol: String?
    /// From the file's base, or from `symbol`; `nil` when the line has none.
    var offset: UInt64?
    var address: UInt64
    /// Whether parentheses were there.
    var hasParentheses = false

    /// The frame in a line; `nil` when it is none. What a log has put before the path is not part of it, as far as a space
    /// before `/` or `./` tells.
    init?(_ line: ArraySlice<UInt8>) {
        let line = line.trimmed
        guard Self.mayBe(line), line.count <= 8192 else { return nil }
        var scanner = LineScanner(line)
        guard let head = scanner.untilLast("["), let address = scanner.address(), scanner.skip("]"), scanner.isAtEnd
        else { return nil }
        self.address = address
        var place = head.trimmed
        if place.isEmpty { return }
        if place.last == UInt8(ascii: ")") {
            guard let open = place.lastIndex(of: UInt8(ascii: "(")) else { return nil }
            let inside = place[(open + 1)...].dropLast()
            guard setInside(inside) else { return nil }
            hasParentheses = true
            place = place[..<open]
        } else if place.count < head.count {
            // Only backtrace_symbols writes a space, and always parentheses before it.
            return nil
        }
        guard let path = Self.path(place) else { return nil }
        self.path = path
    }

    /// Whether a line may be a frame: looks at its end.
    static func mayBe(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.last == UInt8(ascii: "]"), let open = line.suffix(24).lastIndex(of: UInt8(ascii: "[")) else {
            return false
        }
        return line[open...].starts(with: "[0x")
    }

    /// Whether it surely is about a file: `prices[0x10]` is not.
    var namesFile: Bool { hasParentheses || path?.utf8.contains(UInt8(ascii: "/")) == true }

    /// Whether a line alone is enough to be taken for a backtrace.
    var isUnmistakable: Bool { hasParentheses && path != nil && offset != nil }

    /// `+0xOFFSET`, `SYMBOL+0xOFFSET`, `SYMBOL-0xOFFSET` or nothing.
    private mutating func setInside(_ inside: ArraySlice<UInt8>) -> Bool {
        if inside.isEmpty { return true }
        var scanner = LineScanner(inside)
        if let name = scanner.untilLast("+0x"), let value = scanner.hexadecimal(), scanner.isAtEnd {
            offset = value
            if !name.isEmpty {
                guard !name.contains(0x20) else { return false }
                symbol = name.text
            }
            return true
        }
        scanner = LineScanner(inside)
        guard let name = scanner.untilLast("-0x"), scanner.hexadecimal() != nil, scanner.isAtEnd, !name.isEmpty else {
            return false
        }
        // Before the symbol: what it is called says nothing about the frame.
        return true
    }

    private static func path(_ text: ArraySlice<UInt8>) -> String? {
        guard let first = text.first else { return nil }
        if first == UInt8(ascii: "/") || first == UInt8(ascii: ".") { return text.text }
        for start in [" /", " ./"] as [StaticString] {
            var scanner = LineScanner(text)
            if let prefix = scanner.until(start) { return text[(prefix.endIndex + 1)...].text }
        }
        return text.contains(0x20) || text.contains(0x09) ? nil : text.text
    }
}
