/// A frame of gdb's `bt`, on one line.
///
///     #3  0x0000560000401b05 in lineTotal (b=0x2, i=3) at /src/a.c:77
///     #4  0x00007f0000009abc in ?? () from /lib/libc.so.6
///     #1  lineTotal (b=0x2, i=3) at a.c:77                  no address: see GDBFormat
///     #5  <signal handler called>
struct GDBFrame {
    var number: UInt64
    var line = StackLine()
    /// The place that a signal handler returns to.
    var isSignalHandler = false

    static let signalHandler = "<signal handler called>"

    /// Whether a line begins a frame: `#`, number, and blanks up to the fourth column at least.
    static func mayBe(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.first == UInt8(ascii: "#") else { return false }
        let digits = line.dropFirst().prefix { (0x30...0x39).contains($0) }.count
        guard digits > 0, digits < 10 else { return false }
        let spaces = line.dropFirst(1 + digits).prefix { $0 == 0x20 }.count
        return spaces >= max(1, 3 - digits) && 1 + digits + spaces < line.count
    }

    /// The frame of a line; continuation lines are joined already.
    init?(_ text: ArraySlice<UInt8>) {
        var scanner = LineScanner(text)
        guard Self.mayBe(text), scanner.skip("#"), let number = scanner.decimal() else { return nil }
        self.number = number
        scanner.skipSpaces()
        line.text = StackLine.text(text)
        line.saysMore = true
        if scanner.rest.trimmed.elementsEqual(Self.signalHandler.utf8) {
            isSignalHandler = true
            line.saysMore = false
            line.function = Self.signalHandler
            return
        }
        if let address = scanner.address() {
            guard scanner.skip(" in ") else { return nil }
            line.address = address
        }
        guard takeCall(scanner.rest.trimmed) else { return nil }
        // Nothing but a number and words in parentheses is any text.
        guard line.address != nil || line.file != nil || line.package != nil else { return nil }
    }

    /// `FUNCTION (ARGUMENTS)`, and ` at FILE:LINE` or ` from LIBRARY`.
    private mutating func takeCall(_ text: ArraySlice<UInt8>) -> Bool {
        guard let arguments = Self.arguments(in: text) else { return false }
        let function = text[..<arguments.lowerBound].trimmed
        guard !function.isEmpty else { return false }
        if !function.elementsEqual("??".utf8) { line.function = function.prefix(4096).text }
        var scanner = LineScanner(text[arguments.upperBound...])
        scanner.skipSpaces()
        if scanner.skip("at ") {
            line.setPlace(scanner.rest.trimmed)
            return line.line != nil
        }
        if scanner.skip("from ") {
            line.package = scanner.rest.trimmed.prefix(4096).text
            return !scanner.isAtEnd
        }
        return scanner.isAtEnd
    }

    /// The last parenthesis that stands behind a space, outside of others. C++ functions have parentheses in their names, and
    /// strings among the arguments may hold any.
    private static func arguments(in text: ArraySlice<UInt8>) -> Range<Int>? {
        var found: Range<Int>?
        var start = text.startIndex
        var depth = 0
        var isQuoted = false
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            if isQuoted {
                if byte == UInt8(ascii: "\\") { position += 1 }
                if byte == UInt8(ascii: "\"") { isQuoted = false }
            } else if byte == UInt8(ascii: "\""), depth > 0 {
                isQuoted = true
            } else if byte == UInt8(ascii: "(") {
                if depth == 0 { start = position }
                depth += 1
            } else if byte == UInt8(ascii: ")"), depth > 0 {
                depth -= 1
                let isBehindSpace = start > text.startIndex && text[start - 1] == 0x20
                if depth == 0, isBehindSpace { found = start..<(position + 1) }
                // The file's path is behind the arguments and may have parentheses, too.
                let rest = text[(position + 1)...]
                if found != nil, depth == 0, rest.starts(with: " at ") || rest.starts(with: " from ") { return found }
            }
            position += 1
        }
        return depth == 0 ? found : nil
    }

    /// Whether a frame's line goes on in the next one: an argument or the place is missing.
    static func isOpen(_ text: [UInt8], next: ArraySlice<UInt8>) -> Bool {
        guard next.starts(with: "    ") else { return false }
        let start = next.trimmed
        if start.starts(with: "at ") || start.starts(with: "from ") { return true }
        return arguments(in: text[...]) == nil
    }
}
