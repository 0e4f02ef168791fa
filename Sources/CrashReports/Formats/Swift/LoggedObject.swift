/// A JSON object between the lines of a log: on one line, on several because it is printed so, or on several because a
/// log service cut a long line (containerd at 16 KiB, journald at 48 KiB).
///
///     ready                                              not JSON
///     {"timestamp":"2026-…","kind":"crashRep      ──┐
///     ort","threads":[…]}                           ├──▶  {"timestamp":"2026-…","kind":"crashReport","threads":[…]}
///     exit 132                                      ┘
///
/// White space between JSON's tokens means nothing and line ends are not allowed inside strings, so the pieces are joined
/// with nothing between them.
struct LoggedObject {
    enum End {
        /// The brace that closes the object was found.
        case closed
        /// A byte that JSON has no use for, or the input's end.
        case broken
    }

    /// From the opening brace to the closing one, or to the last line that was looked at.
    private(set) var bytes: [UInt8] = []
    private(set) var end = End.broken

    /// A string goes on in the next line only where a log service may have cut the line.
    private static let cutLength = 1000

    /// Collects the object that begins at `brace`, an index of the cursor's line, and leaves the cursor behind its last
    /// line. At most `limit` bytes.
    init(_ lines: inout LineCursor, from brace: Int, limit: Int) {
        var depth = 0
        var isString = false
        var isEscaped = false
        var isFirst = true
        while var line = lines.line {
            if isFirst { line = line[brace...] }
            isFirst = false
            lines.advance()
            guard bytes.count + line.count <= limit else { return }
            let stop = line.firstIndex { byte in
                if isString {
                    if isEscaped {
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        isString = false
                    }
                    return false
                }
                switch byte {
                case UInt8(ascii: "\""): isString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    return depth == 0
                default: return !Self.isToken(byte)
                }
                return false
            }
            guard let stop else {
                bytes += line
                if isString, line.count < Self.cutLength { return }
                continue
            }
            bytes += line[...stop]
            if depth == 0 { end = .closed }
            return
        }
    }

    /// White space, commas, colons, and the letters and digits of numbers and of `true`, `false`, `null`, `NaN` and
    /// `Infinity`.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x2c, 0x3a, 0x2b, 0x2d, 0x2e, 0x30...0x39: true
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            "truefalsnNaIinityE".utf8.contains(byte)
        default: false
        }
    }
}
