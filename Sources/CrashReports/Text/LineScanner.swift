/// A cursor over one line's bytes: what the decoders of text read with. Nothing it does fails hard: a step that does not
/// match returns `nil` or `false` and leaves the position where it was.
struct LineScanner {
    private(set) var rest: ArraySlice<UInt8>

    init(_ line: ArraySlice<UInt8>) { rest = line }

    var isAtEnd: Bool { rest.isEmpty }

    /// Passes over spaces and tabs; returns how many there were.
    @discardableResult
    mutating func skipSpaces() -> Int {
        let start = rest.startIndex
        while let byte = rest.first, byte == 0x20 || byte == 0x09 { rest.removeFirst() }
        return rest.startIndex - start
    }

    /// Passes over `text` if the line goes on with it.
    mutating func skip(_ text: StaticString) -> Bool {
        let matches = text.withUTF8Buffer { rest.starts(with: $0) }
        if matches { rest.removeFirst(text.utf8CodeUnitCount) }
        return matches
    }

    /// A number in decimal digits.
    mutating func decimal() -> UInt64? { number(radix: 10) }

    /// A number in hexadecimal digits without a prefix.
    mutating func hexadecimal() -> UInt64? { number(radix: 16) }

    /// `0x` and hexadecimal digits.
    mutating func address() -> UInt64? {
        let start = rest
        if skip("0x") || skip("0X"), let value = hexadecimal() { return value }
        rest = start
        return nil
    }

    private mutating func number(radix: UInt64) -> UInt64? {
        var value: UInt64 = 0
        var position = rest.startIndex
        while position < rest.endIndex, let digit = Self.digit(rest[position]), UInt64(digit) < radix {
            let (product, overflows) = value.multipliedReportingOverflow(by: radix)
            let (sum, carries) = product.addingReportingOverflow(UInt64(digit))
            guard !overflows, !carries else { return nil }
            value = sum
            position += 1
        }
        guard position > rest.startIndex else { return nil }
        rest = rest[position...]
        return value
    }

    /// The value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    /// Up to the next space or the end; `nil` when there is nothing.
    mutating func word() -> ArraySlice<UInt8>? {
        let end = rest.firstIndex { $0 == 0x20 || $0 == 0x09 } ?? rest.endIndex
        guard end > rest.startIndex else { return nil }
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    /// Up to the first `text`, which is passed over too; `nil`, and nothing passed, when it is not there.
    mutating func until(_ text: StaticString) -> ArraySlice<UInt8>? {
        let needle = text.withUTF8Buffer { Array($0) }
        guard let place = ByteSearch.first(of: needle, in: rest) else { return nil }
        defer { rest = rest[(place + needle.count)...] }
        return rest[..<place]
    }

    /// Up to the last `text`, which is passed over too.
    mutating func untilLast(_ text: StaticString) -> ArraySlice<UInt8>? {
        let needle = text.withUTF8Buffer { Array($0) }
        guard let place = rest.lastPlace(of: needle) else { return nil }
        defer { rest = rest[(place + needle.count)...] }
        return rest[..<place]
    }

    /// All that is left.
    mutating func remainder() -> ArraySlice<UInt8> {
        defer { rest = rest[rest.endIndex...] }
        return rest
    }
}

extension ArraySlice<UInt8> {
    /// Whether `text` occurs.
    func contains(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { ByteSearch.first(of: Array($0), in: self) != nil }
    }

    /// Whether it begins with `text`.
    func starts(with text: StaticString) -> Bool { text.withUTF8Buffer { starts(with: $0) } }

    /// The place of the last `needle`.
    func lastPlace(of needle: [UInt8]) -> Int? {
        guard !needle.isEmpty, count >= needle.count else { return nil }
        var position = endIndex - needle.count
        while position >= startIndex {
            if self[position] == needle[0], self[position...].starts(with: needle) { return position }
            position -= 1
        }
        return nil
    }

    /// As text; what is no UTF-8 becomes U+FFFD.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// Without spaces, tabs and carriage returns at both ends.
    var trimmed: ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
