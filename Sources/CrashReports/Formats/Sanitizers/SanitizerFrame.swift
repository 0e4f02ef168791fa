/// A stack line of a sanitizer.
///
///     #1 0x560000401b04 in f(int) /src/a.cpp:17:3                       ASan, UBSan, LSan: symbolized
///     #1 0x560000401b04  (/app/till+0x1b04) (BuildId: 0011…)            not symbolized; gcc 12 without BuildId
///     #1 0x560000401b04 in _start (/app/till+0x1170)                    a symbol without a line
///     #0 f /src/a.cpp:31 (till+0x1b04) (BuildId: 0011…)                 TSan: no absolute address, base name only
///     #0 <null> <null> (till+0x1b04)
///
/// Addresses are already adjusted by one byte where they are return addresses.
struct SanitizerFrame {
    var number: UInt64
    var line: StackLine
    /// The path or name, the build id and the offset in it.
    var module: (path: String?, buildID: String?, offset: UInt64)?

    /// The frame in a line without space around it; `nil` when it is none.
    init?(_ text: ArraySlice<UInt8>) {
        var scanner = LineScanner(text)
        guard scanner.skip("#"), let number = scanner.decimal(), scanner.skip(" ") else { return nil }
        scanner.skipSpaces()
        self.number = number
        line = StackLine()
        line.text = StackLine.text(text)
        if let address = scanner.address() {
            // A line that ends behind its address was cut: the address may be, too.
            guard scanner.skipSpaces() > 0, !scanner.isAtEnd else { return nil }
            line.address = address
            let names = scanner.skip("in ")
            var rest = scanner.rest.trimmed
            takeModule(&rest)
            if names {
                takeNames(rest)
            } else if module == nil, !rest.elementsEqual("(<unknown module>)".utf8) {
                return nil
            }
            return
        }
        var rest = scanner.rest.trimmed
        takeModule(&rest)
        guard module != nil else { return nil }
        takeNames(rest)
    }

    /// Takes `(PATH+0xOFFSET)` and `(BuildId: HEX)` off the end.
    private mutating func takeModule(_ rest: inout ArraySlice<UInt8>) {
        var text = rest
        var buildID: String?
        if let group = Self.lastGroup(text), text[group].starts(with: "(BuildId: ") {
            let digits = text[group].dropFirst("(BuildId: ".utf8.count).dropLast()
            guard digits.allSatisfy({ LineScanner.digit($0) != nil }), digits.count <= 128 else { return }
            buildID = digits.isEmpty ? nil : digits.text.lowercased()
            text = text[..<group.lowerBound].trimmed
        }
        guard let group = Self.lastGroup(text) else { return }
        var inside = LineScanner(text[group].dropFirst().dropLast())
        guard let path = inside.untilLast("+0x"), let offset = inside.hexadecimal(), inside.isAtEnd, !path.isEmpty,
            path.count <= 4096
        else { return }
        module = (path.text, buildID, offset)
        rest = text[..<group.lowerBound].trimmed
    }

    /// The parenthesis that closes at the text's end, with what it opens: paths may hold balanced ones.
    private static func lastGroup(_ text: ArraySlice<UInt8>) -> Range<Int>? {
        guard text.last == UInt8(ascii: ")") else { return nil }
        var depth = 0
        var position = text.endIndex
        while position > text.startIndex {
            position -= 1
            if text[position] == UInt8(ascii: ")") { depth += 1 }
            if text[position] == UInt8(ascii: "(") {
                depth -= 1
                if depth == 0 { return position..<text.endIndex }
            }
        }
        return nil
    }

    /// `FUNCTION FILE:LINE:COLUMN`: C++ functions and paths both may hold spaces. A path that starts at the root is found
    /// by that, a relative one is the last word.
    private mutating func takeNames(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        let split: Int?
        if let root = ByteSearch.first(of: Array(" /".utf8), in: text) {
            split = root
        } else if let space = text.lastIndex(of: 0x20), Self.isPlace(text[(space + 1)...]) {
            split = space
        } else {
            split = nil
        }
        let function = (split.map { text[..<$0] } ?? text).trimmed
        if !function.isEmpty, !function.elementsEqual("<null>".utf8), !function.elementsEqual("??".utf8) {
            line.function = function.prefix(4096).text
        }
        if let split { line.setPlace(text[(split + 1)...].trimmed) }
    }

    /// Whether a word is a place in a file, not the end of a function's name such as `const`.
    private static func isPlace(_ word: ArraySlice<UInt8>) -> Bool {
        if word.elementsEqual("<null>".utf8) || word.contains(UInt8(ascii: "/")) { return true }
        var line = StackLine()
        line.setPlace(word)
        return line.line != nil || word.starts(with: "??:")
    }
}
