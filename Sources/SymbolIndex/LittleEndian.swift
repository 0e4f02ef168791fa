/// Little-endian reads and writes: the index has one byte order whatever the machine.
extension RawSpan {
    // `RawSpan` stops the process on an offset outside; callers check against section bounds first and throw.

    @inline(__always)
    func uint8(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    func uint16(at offset: Int) -> UInt16 {
        UInt16(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func uint32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func uint64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// An unsigned LEB128 number at `position`, which moves behind it; `nil` when it does not end before `end` or has
    /// more than 64 bits.
    @inline(__always)
    func unsignedLEB(at position: inout Int, end: Int) -> UInt64? {
        guard position < end else { return nil }
        let first = uint8(at: position)
        position += 1
        if first < 0x80 { return UInt64(first) }
        return longLEB(first, at: &position, end: end)
    }

    private func longLEB(_ first: UInt8, at position: inout Int, end: Int) -> UInt64? {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while position < end {
            let byte = uint8(at: position)
            position += 1
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }
}

/// Bytes being written.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func append(_ value: UInt8) { bytes.append(value) }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func appendLEB(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The difference of two 32-bit numbers, small absolute values short.
    mutating func appendDelta(from old: UInt64, to new: UInt64) {
        let difference = Int64(bitPattern: new &- old)
        appendLEB(UInt64(bitPattern: difference << 1 ^ difference >> 63))
    }

    mutating func append(text: String) {
        var copy = text
        copy.withUTF8 {
            appendLEB(UInt64($0.count))
            bytes.append(contentsOf: $0)
        }
    }

    mutating func pad(to alignment: Int) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }
}
