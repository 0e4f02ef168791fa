/// Writes fields of bits, the first one lowest, into memory that the caller has made large enough; the counterpart of
/// `bits(_:_:_:)`.
struct BitWriter {
    private let base: UnsafeMutableRawPointer
    private var position = 0
    private var pending: UInt64 = 0
    private var pendingCount: UInt64 = 0

    /// Writes from `base` on; up to eight bytes behind the last field are overwritten.
    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes begun so far.
    var byteCount: Int { position &+ (pendingCount > 0 ? 1 : 0) }

    /// Appends a field of at most 56 bits; `value` must fit in it.
    @inline(__always)
    mutating func append(_ value: UInt64, width: UInt64) {
        pending |= value &<< pendingCount
        pendingCount &+= width
        base.storeBytes(of: pending.littleEndian, toByteOffset: position, as: UInt64.self)
        position &+= Int(truncatingIfNeeded: pendingCount &>> 3)
        pending &>>= pendingCount & 0x38
        pendingCount &= 7
    }

    /// The same for up to 64 bits.
    mutating func appendWide(_ value: UInt64, width: UInt64) {
        append(value & UInt64(UInt32.max), width: min(width, 32))
        if width > 32 { append(value >> 32, width: width - 32) }
    }
}
