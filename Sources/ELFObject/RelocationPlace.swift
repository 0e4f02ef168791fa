/// The bytes that a relocation changes: a number of 1, 2, 4 or 8 bytes in the file's byte order, or a ULEB128 number.
struct RelocationPlace {
    private let buffer: UnsafeMutableRawBufferPointer
    private let byteOrder: ByteOrder
    private var offset = 0
    private var width = 0

    /// Places within `buffer`.
    init(_ buffer: UnsafeMutableRawBufferPointer, _ byteOrder: ByteOrder) {
        self.buffer = buffer
        self.byteOrder = byteOrder
    }

    /// Goes to `offset`; false when the bytes that `action` changes are not all in the buffer.
    mutating func move(to offset: UInt64, _ action: RelocationAction) -> Bool {
        guard offset < UInt64(buffer.count) else { return false }
        self.offset = Int(offset)
        switch action.operation {
        case .storeLEB, .subtractLEB:
            // 64 bits take ten bytes of seven.
            let rest = buffer[self.offset...].prefix(10)
            guard let last = rest.firstIndex(where: { $0 & 0x80 == 0 }) else { return false }
            width = last - self.offset + 1
        default:
            width = action.width
        }
        return width <= buffer.count - self.offset
    }

    /// What stands at the place, as a signed number: the addend where the relocation has none of its own.
    var signedValue: UInt64 {
        let shift = UInt64(64 - 8 * width)
        return UInt64(bitPattern: Int64(bitPattern: value << shift) >> Int64(shift))
    }

    /// Changes the place. False when a value to be stored fits neither as a signed nor as an unsigned number.
    func apply(_ operation: RelocationAction.Operation, _ operand: UInt64) -> Bool {
        switch operation {
        case .none, .unknown: break
        case .store:
            if width < 8 {
                let high = Int64(bitPattern: operand) >> Int64(8 * width - 1)
                guard high == 0 || high == -1 || operand >> UInt64(8 * width) == 0 else { return false }
            }
            store(operand)
        case .add: store(value &+ operand)
        case .subtract: store(value &- operand)
        case .storeSixBits: store(value & 0xc0 | operand & 0x3f)
        case .subtractSixBits: store(value & 0xc0 | (value &- operand) & 0x3f)
        case .storeLEB: storeLEB(operand)
        case .subtractLEB: storeLEB(valueLEB &- operand)
        }
        return true
    }

    // `move` has checked that the bytes are there.

    private var value: UInt64 {
        switch width {
        case 8: return ordered(buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        case 4: return UInt64(ordered(buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        case 2: return UInt64(ordered(buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
        case 1: return UInt64(buffer[offset])
        default: return 0
        }
    }

    private func store(_ value: UInt64) {
        switch width {
        case 8: buffer.storeBytes(of: ordered(value), toByteOffset: offset, as: UInt64.self)
        case 4: buffer.storeBytes(of: ordered(UInt32(truncatingIfNeeded: value)), toByteOffset: offset, as: UInt32.self)
        case 2: buffer.storeBytes(of: ordered(UInt16(truncatingIfNeeded: value)), toByteOffset: offset, as: UInt16.self)
        case 1: buffer[offset] = UInt8(truncatingIfNeeded: value)
        default: break
        }
    }

    /// Turns an integer between this machine's byte order and the file's.
    private func ordered<Number: FixedWidthInteger>(_ number: Number) -> Number {
        byteOrder == .little ? Number(littleEndian: number) : Number(bigEndian: number)
    }

    private var valueLEB: UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(buffer[offset + $1] & 0x7f) << UInt64(7 * $1) }
    }

    /// The number keeps its length, and wraps at it.
    private func storeLEB(_ value: UInt64) {
        for index in 0..<width {
            let bits = UInt8(truncatingIfNeeded: value >> UInt64(7 * index)) & 0x7f
            buffer[offset + index] = bits | (index < width - 1 ? 0x80 : 0)
        }
    }
}
