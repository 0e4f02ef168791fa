/// A cursor over the bytes of one of Swift's compact encodings.
struct CompactBytes {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    /// The next byte; `nil` at the end.
    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// The next `count` bytes; `nil` when there are fewer.
    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= bytes.count - position else { return nil }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    /// A big-endian number of up to eight bytes, extended by its sign.
    mutating func signed(_ count: Int) -> UInt64? {
        guard let part = take(count), let first = part.first else { return nil }
        return part.reduce(first & 0x80 == 0 ? 0 : .max) { $0 << 8 | UInt64($1) }
    }

    /// A big-endian number without a sign; of more than eight bytes the value is the largest.
    mutating func unsigned(_ count: Int) -> UInt64? {
        guard let part = take(count) else { return nil }
        if part.count > 8, part.dropLast(8).contains(where: { $0 != 0 }) { return .max }
        return part.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Groups of seven bits, the high ones first; the high bit of a byte says that another one follows.
    mutating func count() -> Int? {
        var value = 0
        while let byte = byte() {
            guard value >> 40 == 0 else { return nil }
            value = value << 7 | Int(byte & 0x7f)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    /// The first byte of both encodings: bits 7–2 are the version, 0, the others say how wide an address is.
    mutating func addressMask() -> UInt64? {
        switch byte() {
        case 0: 0xffff
        case 1: 0xffff_ffff
        case 2: .max
        default: nil
        }
    }
}
