extension JSONDocument {
    // MARK: - Scalars

    /// A string's text; `nil` for any other value. Bytes that are no UTF-8 and lone surrogates read as U+FFFD: the
    /// bytes of the document stay what they are.
    public func string(_ node: JSONNode) -> String? {
        let entry = entry(node)
        guard entry.kind == .string else { return nil }
        return withBytes(of: node) { quoted in
            let content = UnsafeBufferPointer(rebasing: quoted[1..<(quoted.count - 1)])
            return entry.isEscaped
                ? String(decoding: JSONText.unescaped(content), as: UTF8.self)
                : String(decoding: content, as: UTF8.self)
        }
    }

    /// A string's text or a number's digits as they stand: for ids, which clients send in either form.
    public func text(_ node: JSONNode) -> String? {
        switch kind(of: node) {
        case .string: string(node)
        case .number: withBytes(of: node) { String(decoding: $0, as: UTF8.self) }
        default: nil
        }
    }

    /// `true` or `false`; `nil` for any other value.
    public func bool(_ node: JSONNode) -> Bool? {
        switch kind(of: node) {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A whole number from 0 to 2⁶⁴ − 1, written as a number, as a decimal string or as a string with `0x` and
    /// hexadecimal digits: the forms of an address. `nil` for everything else, fractions included; nothing is rounded.
    public func unsignedInteger(_ node: JSONNode) -> UInt64? {
        let entry = entry(node)
        switch entry.kind {
        case .number:
            return withBytes(of: node) { JSONText.unsignedInteger($0) }
        case .string where !entry.isEscaped:
            return withBytes(of: node) {
                JSONText.unsignedInteger(UnsafeBufferPointer(rebasing: $0[1..<($0.count - 1)]))
            }
        case .string:
            guard var text = string(node) else { return nil }
            return text.withUTF8 { JSONText.unsignedInteger($0) }
        default:
            return nil
        }
    }

    /// A whole number within 64 bits with sign, from a number or a decimal string; `nil` for everything else.
    public func integer(_ node: JSONNode) -> Int64? {
        text(node).flatMap { Int64($0) }
    }

    // MARK: - Members by key

    /// The text of an object's string member; `nil` when it is missing or no string.
    public func string(_ key: String, of node: JSONNode) -> String? {
        member(key, of: node).flatMap { string($0) }
    }

    /// The number of an object's member, read by `unsignedInteger(_:)`.
    public func unsignedInteger(_ key: String, of node: JSONNode) -> UInt64? {
        member(key, of: node).flatMap { unsignedInteger($0) }
    }

    /// An object's member that is `true` or `false`.
    public func bool(_ key: String, of node: JSONNode) -> Bool? {
        member(key, of: node).flatMap { bool($0) }
    }

    /// An object's member that is itself an object.
    public func object(_ key: String, of node: JSONNode) -> JSONNode? {
        member(key, of: node).flatMap { kind(of: $0) == .object ? $0 : nil }
    }

    /// An object's member that is an array.
    public func array(_ key: String, of node: JSONNode) -> JSONNode? {
        member(key, of: node).flatMap { kind(of: $0) == .array ? $0 : nil }
    }
}

/// The text of JSON strings and numbers, at the level of bytes.
enum JSONText {
    static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// Compares a key on the tape with `text`, decoding it only when it holds escapes.
    @inline(__always)
    static func equals(
        _ key: JSONTapeEntry, in bytes: UnsafeBufferPointer<UInt8>, _ text: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let start = Int(key.start) + 1
        let count = Int(key.end) - 1 - start
        if !key.isEscaped {
            guard count == text.count else { return false }
            for index in 0..<count where bytes[start + index] != text[index] { return false }
            return true
        }
        return unescaped(UnsafeBufferPointer(rebasing: bytes[start..<(start + count)])).elementsEqual(text)
    }

    /// The content of a string without its escapes; a lone surrogate becomes U+FFFD. The scanner has checked the
    /// escapes.
    static func unescaped(_ content: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            let byte = content[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < content.count else {
                result.append(byte)
                continue
            }
            let escape = content[index]
            index += 1
            switch escape {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = scalar(in: content, at: &index)
                result.append(contentsOf: String(Character(scalar)).utf8)
            default: result.append(escape)
            }
        }
        return result
    }

    /// Reads the four digits behind `\u`, and a second escape where the two make a surrogate pair.
    private static func scalar(in content: UnsafeBufferPointer<UInt8>, at index: inout Int) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{fffd}"
        guard let first = codeUnit(in: content, at: index) else { return replacement }
        index += 4
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, index + 6 <= content.count, content[index] == UInt8(ascii: "\\"),
            content[index + 1] == UInt8(ascii: "u"), let second = codeUnit(in: content, at: index + 2),
            (0xdc00...0xdfff).contains(second)
        else { return replacement }
        index += 6
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? replacement
    }

    private static func codeUnit(in content: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32? {
        guard index + 4 <= content.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = hexadecimalDigit(content[index + offset]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// `0x…` or decimal digits, nothing else around them; `nil` beyond 64 bits.
    static func unsignedInteger(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        if text.count > 2, text[0] == UInt8(ascii: "0"), text[1] | 0x20 == UInt8(ascii: "x") {
            for byte in text[2...] {
                guard let digit = hexadecimalDigit(byte), value >> 60 == 0 else { return nil }
                value = value << 4 | UInt64(digit)
            }
            return value
        }
        guard text.count > 0 else { return nil }
        for byte in text {
            guard byte &- 0x30 < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte &- 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
