import Glibc

/// The order of the bytes of an integer in the file (gABI, `EI_DATA`).
public enum ByteOrder: Sendable, Equatable {
    /// Least significant byte first, `ELFDATA2LSB`.
    case little
    /// Most significant byte first, `ELFDATA2MSB`.
    case big
}

/// Bytes with the two facts needed to read ELF fields from them: byte order and word size.
///
/// The way to read is always the same: ask `record` for a piece at an offset *taken from the file*, which is checked
/// and may fail, then read fields at offsets that are *constants* within the piece. A constant beyond the piece would
/// be a mistake of this room, not of the file, and traps.
struct FieldReader: ~Escapable {
    let bytes: RawSpan
    let byteOrder: ByteOrder
    let is64Bit: Bool

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, byteOrder: ByteOrder, is64Bit: Bool) {
        self.bytes = bytes
        self.byteOrder = byteOrder
        self.is64Bit = is64Bit
    }

    /// The `size` bytes at `offset`, or `nil` when they are not all there.
    @_lifetime(copy self)
    func record(at offset: UInt64, size: UInt64) -> FieldReader? {
        guard let range = checkedRange(offset: offset, size: size, count: bytes.byteCount) else { return nil }
        return FieldReader(bytes.extracting(range), byteOrder: byteOrder, is64Bit: is64Bit)
    }

    func u8(_ offset: Int) -> UInt8 {
        bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    func u16(_ offset: Int) -> UInt16 {
        let value = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return byteOrder == .little ? UInt16(littleEndian: value) : UInt16(bigEndian: value)
    }

    func u32(_ offset: Int) -> UInt32 {
        let value = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return byteOrder == .little ? UInt32(littleEndian: value) : UInt32(bigEndian: value)
    }

    func u64(_ offset: Int) -> UInt64 {
        let value = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
        return byteOrder == .little ? UInt64(littleEndian: value) : UInt64(bigEndian: value)
    }

    /// A word of the file's class, where ELF32 and ELF64 keep the field at different offsets.
    func word(_ offset32: Int, _ offset64: Int) -> UInt64 {
        is64Bit ? u64(offset64) : UInt64(u32(offset32))
    }

    /// A 32-bit field that ELF32 and ELF64 keep at different offsets.
    func u32(_ offset32: Int, _ offset64: Int) -> UInt32 {
        u32(is64Bit ? offset64 : offset32)
    }
}

/// `offset..<offset + size` when it lies within `count` bytes; the sum cannot overflow.
func checkedRange(offset: UInt64, size: UInt64, count: Int) -> Range<Int>? {
    let count = UInt64(count)
    guard offset <= count, size <= count - offset else { return nil }
    return Int(offset)..<Int(offset + size)
}

/// The bytes before the first NUL at or after `offset`.
enum CStringResult {
    case found(Range<Int>)
    /// `offset` is not in the table, or no NUL follows it.
    case outside
    /// No NUL within the first `limit + 1` bytes.
    case tooLong
}

/// Where the NUL-terminated text at `offset` lies; looks at no more than `limit + 1` bytes.
func cString(in bytes: RawSpan, at offset: UInt64, limit: Int) -> CStringResult {
    guard offset < UInt64(bytes.byteCount) else { return .outside }
    let start = Int(offset)
    let rest = bytes.byteCount - start
    let examined = rest > limit ? limit + 1 : rest
    let length = bytes.extracting(start..<start + examined).withUnsafeBytes { buffer -> Int? in
        guard let base = buffer.baseAddress, let end = memchr(base, 0, examined) else { return nil }
        return UnsafeRawPointer(end) - base
    }
    if let length { return .found(start..<start + length) }
    return examined == rest ? .outside : .tooLong
}

/// The text of `range`; bytes that are not UTF-8 become U+FFFD.
func text(_ bytes: RawSpan, _ range: Range<Int>) -> String {
    bytes.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}
