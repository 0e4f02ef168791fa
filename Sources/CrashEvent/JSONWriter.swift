/// Writes JSON text straight into bytes: no tree, no reordering, the same calls give the same bytes.
///
/// The caller keeps the grammar (a key before each value of an object, every begin with its end); commas come by
/// themselves. Strings escape quotes, backslashes and control characters and nothing else: slashes and all Unicode stay
/// as they are.
public struct JSONWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty writer; `capacity` bytes are reserved.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: - Structure

    /// Opens an object.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }

    /// Closes an object.
    public mutating func endObject() { end(UInt8(ascii: "}")) }

    /// Opens an array.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }

    /// Closes an array.
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes an object's next key; its value must follow.
    public mutating func key(_ name: String) {
        separate()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: - Values

    /// Writes a string.
    public mutating func string(_ text: String) {
        separate()
        appendQuoted(text)
    }

    /// Writes a whole number in decimal digits.
    public mutating func number(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes an address as a string: `0x` and as many lower-case digits as it needs.
    public mutating func address(_ value: UInt64) {
        separate()
        bytes.append(contentsOf: "\"0x".utf8)
        bytes.append(contentsOf: String(value, radix: 16).utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes bytes as they are: one complete value, or several elements with their commas. The caller answers for
    /// them.
    public mutating func raw(_ value: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: value)
    }

    // MARK: - Members

    /// Writes a key and a string.
    public mutating func member(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    /// Writes a key and a string, or nothing.
    public mutating func member(_ name: String, ifPresent text: String?) {
        if let text { member(name, text) }
    }

    /// Writes a key and a whole number.
    public mutating func member(_ name: String, _ value: some BinaryInteger) {
        key(name)
        number(value)
    }

    /// Writes a key and `true` or `false`.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// Writes a key and an address.
    public mutating func member(_ name: String, address value: UInt64) {
        key(name)
        address(value)
    }

    /// Writes a key and one complete value as it is.
    public mutating func member(_ name: String, raw value: some Sequence<UInt8>) {
        key(name)
        raw(value)
    }

    // MARK: - Single values

    /// The bytes of one string value, quotes included.
    public static func string(_ text: String) -> [UInt8] {
        var writer = JSONWriter(capacity: text.utf8.count + 2)
        writer.string(text)
        return writer.bytes
    }

    /// The bytes of one address value, quotes included.
    public static func address(_ value: UInt64) -> [UInt8] {
        var writer = JSONWriter()
        writer.address(value)
        return writer.bytes
    }

    // MARK: - Tools

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var plain = 0
        for index in text.indices {
            let byte = text[index]
            guard byte == 0x22 || byte == 0x5c || byte < 0x20 else { continue }
            bytes.append(contentsOf: text[plain..<index])
            plain = index + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case 0x22, 0x5c: bytes.append(byte)
            case 0x08: bytes.append(UInt8(ascii: "b"))
            case 0x09: bytes.append(UInt8(ascii: "t"))
            case 0x0a: bytes.append(UInt8(ascii: "n"))
            case 0x0c: bytes.append(UInt8(ascii: "f"))
            case 0x0d: bytes.append(UInt8(ascii: "r"))
            default:
                bytes.append(contentsOf: byte < 0x10 ? "u000".utf8 : "u001".utf8)
                let digit = byte & 15
                bytes.append(digit < 10 ? digit + 0x30 : digit - 10 + 0x61)
            }
        }
        bytes.append(contentsOf: text[plain...])
    }
}
