/// What a read of the file's bytes can end with; the caller adds file, section and offset.
enum ReadFailure: Error {
    case truncated
    case malformed(String)
    case unsupported(String)
    case limit(name: String, maximum: Int)

    var reason: DWARFError.Reason {
        switch self {
        case .truncated: .truncated
        case .malformed(let what): .malformed(what)
        case .unsupported(let what): .unsupported(what)
        case .limit(let name, let maximum): .limit(name: name, maximum: maximum)
        }
    }
}

/// A bounds-checked cursor over part of a section. Every read either succeeds inside `position ..< end` or throws; offsets
/// and lengths from the file never reach pointer arithmetic unchecked.
struct ByteReader {
    private let base: UnsafePointer<UInt8>
    let swapped: Bool
    private(set) var position: Int
    private(set) var end: Int

    /// A cursor over all of `bytes`; `bigEndian` is the byte order of the file.
    init(_ bytes: SectionBytes, bigEndian: Bool) {
        base = bytes.base
        // Every platform Symbolist runs on is little-endian; the field says so rather than assumes it.
        swapped = bigEndian != (UInt16(1).bigEndian == 1)
        position = 0
        end = bytes.count
    }

    var remaining: Int { end - position }
    var isAtEnd: Bool { position >= end }

    /// Moves the cursor to `offset` from the start of the section.
    mutating func seek(to offset: UInt64) throws(ReadFailure) {
        guard offset <= UInt64(end) else { throw .truncated }
        position = Int(offset)
    }

    /// Ends the readable part `length` bytes after the cursor; it can only shrink.
    mutating func limit(toNext length: UInt64) throws(ReadFailure) {
        guard length <= UInt64(remaining) else { throw .truncated }
        end = position + Int(length)
    }

    mutating func skip(_ count: UInt64) throws(ReadFailure) {
        guard count <= UInt64(remaining) else { throw .truncated }
        position += Int(count)
    }

    @inline(__always)
    mutating func u8() throws(ReadFailure) -> UInt8 {
        guard position < end else { throw .truncated }
        let value = base[position]
        position += 1
        return value
    }

    @inline(__always)
    private mutating func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type
    ) throws(ReadFailure) -> Value {
        guard remaining >= MemoryLayout<Value>.size else { throw .truncated }
        let value = UnsafeRawPointer(base + position).loadUnaligned(as: Value.self)
        position += MemoryLayout<Value>.size
        return swapped ? value.byteSwapped : value
    }

    mutating func u16() throws(ReadFailure) -> UInt16 { try load(UInt16.self) }
    mutating func u32() throws(ReadFailure) -> UInt32 { try load(UInt32.self) }
    mutating func u64() throws(ReadFailure) -> UInt64 { try load(UInt64.self) }

    /// An unsigned number of 1, 2, 4 or 8 bytes.
    mutating func unsigned(size: Int) throws(ReadFailure) -> UInt64 {
        switch size {
        case 1: UInt64(try u8())
        case 2: UInt64(try u16())
        case 4: UInt64(try u32())
        case 8: try u64()
        default: throw .malformed("number of \(size) bytes")
        }
    }

    /// A section offset: 4 bytes in 32-bit DWARF, 8 in 64-bit DWARF.
    mutating func offset(is64Bit: Bool) throws(ReadFailure) -> UInt64 {
        is64Bit ? try u64() : UInt64(try u32())
    }

    /// A unit's initial length (DWARF 5, section 7.4).
    mutating func initialLength() throws(ReadFailure) -> (length: UInt64, is64Bit: Bool) {
        let short = try u32()
        if short == 0xffff_ffff { return (try u64(), true) }
        guard short < 0xffff_fff0 else { throw .malformed("unit length 0x\(String(short, radix: 16))") }
        return (UInt64(short), false)
    }

    /// An unsigned LEB128 number. Bits beyond the 64th are dropped, however long the number is.
    @inline(__always)
    mutating func uleb() throws(ReadFailure) -> UInt64 {
        let first = try u8()
        if first < 0x80 { return UInt64(first) }
        return try ulebTail(UInt64(first & 0x7f))
    }

    private mutating func ulebTail(_ first: UInt64) throws(ReadFailure) -> UInt64 {
        var value = first
        var shift: UInt64 = 7
        while true {
            let byte = try u8()
            if shift < 64 { value |= UInt64(byte & 0x7f) &<< shift }
            if byte < 0x80 { return value }
            shift = min(shift + 7, 70)
        }
    }

    /// A signed LEB128 number, cut to 64 bits.
    mutating func sleb() throws(ReadFailure) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try u8()
            if shift < 64 { value |= UInt64(byte & 0x7f) &<< shift }
            shift = min(shift + 7, 70)
            if byte < 0x80 {
                if byte & 0x40 != 0, shift < 64 { value |= UInt64.max &<< shift }
                return Int64(bitPattern: value)
            }
        }
    }

    /// The bytes of a NUL-terminated string, cursor behind the NUL.
    mutating func cString() throws(ReadFailure) -> Range<Int> {
        let start = position
        while try u8() != 0 {}
        return start..<(position - 1)
    }

    /// As ``cString()``, taking the length from `budget` and stopping where that is used up. Strings that are only referred
    /// to need this: a small file can refer to one long string a million times.
    mutating func cString(budget: inout Int, limit: ReadFailure) throws(ReadFailure) -> Range<Int> {
        let start = position
        while try u8() != 0 {
            guard position - start <= budget else { throw limit }
        }
        budget -= position - start - 1
        return start..<(position - 1)
    }
}
