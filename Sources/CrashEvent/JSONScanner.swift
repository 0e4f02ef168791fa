/// What one value of a document is.
public enum JSONKind: UInt8, Equatable, Sendable {
    case object
    case array
    case string
    /// Also the tokens `NaN`, `Infinity` and `-Infinity` that old clients send.
    case number
    case `true`
    case `false`
    case null
}

/// One value or key: 16 bytes on the tape.
struct JSONTapeEntry {
    /// The value's first byte.
    var start: UInt32
    /// The byte behind its last.
    var end: UInt32
    /// The tape index behind this value and all it holds: its next sibling, or its parent's end.
    var next: UInt32
    var kind: JSONKind
    /// A string with a backslash in it: its bytes are not its text.
    var isEscaped: Bool
}

/// One pass over the bytes, without recursion: the open containers stand on an own stack, bounded by the depth limit.
///
/// RFC 8259, with three tolerances, because a crash must not be lost over them: a UTF-8 byte order mark, the tokens
/// `NaN` and `Infinity`, and bytes above 0x7f in strings that are no UTF-8. They are kept as bytes and repaired only
/// when read.
///
/// Unsafe pointers, because checked indexing costs half of the speed here; every read is behind a comparison with
/// `count`.
struct JSONScanner {
    private let base: UnsafePointer<UInt8>
    private let count: Int
    private let limits: JSONLimits
    private var position: Int
    private var tape: [JSONTapeEntry] = []
    private var open: [UInt32] = []

    static func scan(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) -> [JSONTapeEntry] {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(.tooLarge(limit: limits.maximumBytes), offset: limits.maximumBytes, line: 1)
        }
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<[JSONTapeEntry], JSONError> in
            guard let base = buffer.baseAddress, buffer.count > 0 else {
                return .failure(JSONError(.empty, offset: 0, line: 1))
            }
            var scanner = JSONScanner(base: base, count: buffer.count, limits: limits)
            do throws(JSONError) {
                try scanner.scanDocument()
                return .success(scanner.tape)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(base: UnsafePointer<UInt8>, count: Int, limits: JSONLimits) {
        self.base = base
        self.count = count
        self.limits = limits
        let hasMark = count >= 3 && base[0] == 0xef && base[1] == 0xbb && base[2] == 0xbf
        position = hasMark ? 3 : 0
        tape.reserveCapacity(min(count / 12 + 4, limits.maximumNodes))
    }

    // MARK: - Structure

    private mutating func scanDocument() throws(JSONError) {
        skipWhiteSpace()
        guard position < count else { throw error(.empty) }
        repeat {
            if try scanValue() { continue }
            // A value has ended: close what it closes, or step to the next one.
            while let container = open.last {
                skipWhiteSpace()
                let isObject = tape[Int(container)].kind == .object
                let expected = isObject ? "',' or '}'" : "',' or ']'"
                guard position < count else { throw error(.truncated(expected: expected)) }
                let byte = base[position]
                if byte == UInt8(ascii: ",") {
                    position += 1
                    if isObject { try scanKey() }
                    break
                }
                guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw error(.unexpected(expected: expected, found: byte))
                }
                close()
            }
        } while !open.isEmpty
        skipWhiteSpace()
        if position < count { throw error(.trailing(found: base[position])) }
    }

    /// Scans one scalar or empty container, or opens a container; true when it was opened and a value must follow.
    private mutating func scanValue() throws(JSONError) -> Bool {
        skipWhiteSpace()
        guard position < count else { throw error(.truncated(expected: "a value")) }
        let byte = base[position]
        switch byte {
        case UInt8(ascii: "\""):
            try scanString()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return try openContainer(byte == UInt8(ascii: "{") ? .object : .array)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try scanNumber()
        case UInt8(ascii: "t"): try scanToken("true", .true)
        case UInt8(ascii: "f"): try scanToken("false", .false)
        case UInt8(ascii: "n"): try scanToken("null", .null)
        case UInt8(ascii: "N"): try scanToken("NaN", .number)
        case UInt8(ascii: "I"): try scanToken("Infinity", .number)
        default: throw error(.unexpected(expected: "a value", found: byte))
        }
        return false
    }

    private mutating func openContainer(_ kind: JSONKind) throws(JSONError) -> Bool {
        guard open.count < limits.maximumDepth else { throw error(.tooDeep(limit: limits.maximumDepth)) }
        open.append(UInt32(truncatingIfNeeded: tape.count))
        try append(kind, start: position, end: position)
        position += 1
        skipWhiteSpace()
        let closing = kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")
        if position < count, base[position] == closing {
            close()
            return false
        }
        if kind == .object { try scanKey() }
        return true
    }

    private mutating func close() {
        position += 1
        let index = Int(open.removeLast())
        tape[index].end = UInt32(truncatingIfNeeded: position)
        tape[index].next = UInt32(truncatingIfNeeded: tape.count)
    }

    private mutating func scanKey() throws(JSONError) {
        skipWhiteSpace()
        guard position < count else { throw error(.truncated(expected: "a key")) }
        guard base[position] == UInt8(ascii: "\"") else {
            throw error(.unexpected(expected: "a key in quotes", found: base[position]))
        }
        try scanString()
        skipWhiteSpace()
        guard position < count else { throw error(.truncated(expected: "':'")) }
        guard base[position] == UInt8(ascii: ":") else {
            throw error(.unexpected(expected: "':'", found: base[position]))
        }
        position += 1
    }

    // MARK: - Scalars

    private mutating func scanString() throws(JSONError) {
        let start = position
        var isEscaped = false
        position += 1
        while true {
            skipPlainText()
            guard position < count else { throw error(.truncated(expected: "the end of a string")) }
            let byte = base[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                try append(.string, start: start, end: position, isEscaped: isEscaped)
                return
            case UInt8(ascii: "\\"):
                isEscaped = true
                try scanEscape()
            default:
                throw error(.unexpected(expected: "the end of a string", found: byte))
            }
        }
    }

    /// Moves to the next quote, backslash or control character, eight bytes a step.
    @inline(__always)
    private mutating func skipPlainText() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position &+ 8 <= count {
            let word = UInt64(
                littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5c)
            let found =
                ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
                | ((word &- (ones &* 0x20)) & ~word)
            // A borrow can mark bytes above the first hit wrongly, never below it: the lowest mark is exact.
            let marks = found & highs
            if marks != 0 {
                position &+= marks.trailingZeroBitCount >> 3
                return
            }
            position &+= 8
        }
        while position < count {
            let byte = base[position]
            if byte == 0x22 || byte == 0x5c || byte < 0x20 { return }
            position &+= 1
        }
    }

    private mutating func scanEscape() throws(JSONError) {
        position += 1
        guard position < count else { throw error(.truncated(expected: "an escape sequence")) }
        switch base[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard position < count else { throw error(.truncated(expected: "four hexadecimal digits")) }
                guard JSONText.hexadecimalDigit(base[position]) != nil else {
                    throw error(.unexpected(expected: "a hexadecimal digit", found: base[position]))
                }
                position += 1
            }
        default:
            throw error(.unexpected(expected: "an escape sequence", found: base[position]))
        }
    }

    private mutating func scanNumber() throws(JSONError) {
        let start = position
        if base[position] == UInt8(ascii: "-") {
            position += 1
            if position < count, base[position] == UInt8(ascii: "I") {
                try scanToken("Infinity", .number)
                tape[tape.count - 1].start = UInt32(truncatingIfNeeded: start)
                return
            }
        }
        if position < count, base[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits()
        }
        if position < count, base[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if position < count, base[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < count, base[position] == UInt8(ascii: "+") || base[position] == UInt8(ascii: "-") {
                position += 1
            }
            try skipDigits()
        }
        try append(.number, start: start, end: position)
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while position < count, base[position] &- 0x30 < 10 { position &+= 1 }
        guard position > start else {
            throw position < count
                ? error(.unexpected(expected: "a digit", found: base[position]))
                : error(.truncated(expected: "a digit"))
        }
    }

    private mutating func scanToken(_ token: StaticString, _ kind: JSONKind) throws(JSONError) {
        let start = position
        let text = token.utf8Start
        for offset in 0..<token.utf8CodeUnitCount {
            guard position < count else { throw error(.truncated(expected: "'\(token)'")) }
            guard base[position] == text[offset] else {
                throw error(.unexpected(expected: "'\(token)'", found: base[position]))
            }
            position += 1
        }
        try append(kind, start: start, end: position)
    }

    // MARK: - Tools

    @inline(__always)
    private mutating func append(_ kind: JSONKind, start: Int, end: Int, isEscaped: Bool = false) throws(JSONError) {
        guard tape.count < limits.maximumNodes else { throw error(.tooManyNodes(limit: limits.maximumNodes)) }
        tape.append(
            JSONTapeEntry(
                start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
                next: UInt32(truncatingIfNeeded: tape.count + 1), kind: kind, isEscaped: isEscaped))
    }

    @inline(__always)
    private mutating func skipWhiteSpace() {
        while position < count {
            let byte = base[position]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            position &+= 1
        }
    }

    private func error(_ reason: JSONError.Reason) -> JSONError {
        var line = 1
        for index in 0..<min(position, count) where base[index] == 0x0a { line += 1 }
        return JSONError(reason, offset: position, line: line)
    }
}
