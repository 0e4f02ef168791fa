import Bytes

/// Little-endian fields at offsets that a file names; `nil` when they are not all there. Offsets are 64-bit as in the
/// file: no sum of them can overflow unseen.
struct DumpBytes: ~Escapable {
    let bytes: RawSpan

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// The number of bytes.
    var count: UInt64 { UInt64(bytes.byteCount) }

    /// `offset ..< offset + size` as positions here, when they are all there.
    func range(_ offset: UInt64, _ size: UInt64) -> Range<Int>? {
        guard offset <= count, size <= count - offset else { return nil }
        return Int(offset)..<Int(offset + size)
    }

    /// The piece at `offset`.
    @_lifetime(copy self)
    func piece(_ offset: UInt64, _ size: UInt64) -> DumpBytes? {
        guard let range = range(offset, size) else { return nil }
        return DumpBytes(bytes.extracting(range))
    }

    /// An integer of the type's size.
    func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: UInt64, _ type: Value.Type) -> Value? {
        guard let range = range(offset, UInt64(MemoryLayout<Value>.size)) else { return nil }
        return Value(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: type))
    }

    func u8(_ offset: UInt64) -> UInt8? { integer(offset, UInt8.self) }
    func u16(_ offset: UInt64) -> UInt16? { integer(offset, UInt16.self) }
    func u32(_ offset: UInt64) -> UInt32? { integer(offset, UInt32.self) }
    func u64(_ offset: UInt64) -> UInt64? { integer(offset, UInt64.self) }

    /// The text of `size` bytes at `offset`, up to the first NUL; bytes that are not UTF-8 become U+FFFD.
    func text(_ offset: UInt64, _ size: UInt64) -> String? {
        guard let range = range(offset, size) else { return nil }
        return bytes.extracting(range).withUnsafeBytes { buffer in
            String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// How many of the `size` bytes at `offset` come before the first NUL.
    func textLength(_ offset: UInt64, _ size: UInt64) -> UInt64? {
        guard let range = range(offset, size) else { return nil }
        return bytes.extracting(range).withUnsafeBytes { UInt64($0.firstIndex(of: 0) ?? $0.count) }
    }

    /// The bytes at `offset`, copied.
    func array(_ offset: UInt64, _ size: UInt64) -> [UInt8]? {
        guard let range = range(offset, size) else { return nil }
        return bytes.extracting(range).withUnsafeBytes { Array($0) }
    }
}
