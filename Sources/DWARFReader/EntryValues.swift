/// The wanted attributes of one entry, as read along the steps of its abbreviation. The memory is made once and used for
/// every entry: what an entry does not have is told by ``mask``, not by clearing.
struct EntryValues {
    struct Value {
        /// The number that stands in the entry, or what the attribute's abbreviation says in its place.
        var raw: UInt64
        /// One of ``ValueClass``.
        var valueClass: UInt8
    }

    /// One bit a slot that was read.
    private(set) var mask: UInt32 = 0
    private let slots: UnsafeMutablePointer<Value>

    /// Memory for one entry, which the caller gives back with ``deallocate()``.
    init() {
        slots = .allocate(capacity: Slot.count)
        slots.initialize(repeating: Value(raw: 0, valueClass: ValueClass.absent), count: Slot.count)
    }

    func deallocate() { slots.deallocate() }

    mutating func removeAll() { mask = 0 }

    @inline(__always)
    func has(_ slot: UInt8) -> Bool { mask & Slot.bit(slot) != 0 }

    @inline(__always)
    subscript(_ slot: UInt8) -> Value {
        has(slot) ? slots[Int(slot)] : Value(raw: 0, valueClass: ValueClass.absent)
    }

    /// A constant, flag or section offset; `nil` when absent, negative or of another class.
    @inline(__always)
    func number(_ slot: UInt8) -> UInt64? {
        let value = self[slot]
        return value.valueClass == ValueClass.number || value.valueClass == ValueClass.sectionOffset ? value.raw : nil
    }

    /// A number cut to the 32 bits of lines and columns; 0 when absent.
    @inline(__always)
    func clamped(_ slot: UInt8) -> UInt32 {
        UInt32(truncatingIfNeeded: min(number(slot) ?? 0, UInt64(UInt32.max)))
    }

    /// Reads the attributes that start at `place` of an entry with `abbreviation`, and moves `place` behind them. Every
    /// access is checked against `end` first.
    @inline(__always)
    mutating func read(
        _ abbreviation: UnsafePointer<Abbreviation>, _ table: AbbreviationTable, _ unit: EntryBytes,
        at place: inout UnsafePointer<UInt8>
    ) throws(ReadFailure) {
        try read(
            table.steps + Int(abbreviation.pointee.firstStep), table.steps + Int(abbreviation.pointee.endStep), unit,
            at: &place)
    }

    private mutating func read(
        _ first: UnsafePointer<AttributeStep>, _ last: UnsafePointer<AttributeStep>, _ unit: EntryBytes,
        at place: inout UnsafePointer<UInt8>
    ) throws(ReadFailure) {
        var step = first
        var p = place
        var mask: UInt32 = 0
        while step < last {
            let skip = Int(step.pointee.skip)
            guard unit.end - p >= skip else { throw .truncated }
            p += skip
            var width = step.pointee.width
            var valueClass = step.pointee.valueClass
            if width == ValueWidth.indirect {
                let layout = try unit.indirectLayout(at: &p)
                width = layout.width
                valueClass = layout.valueClass
            }
            var raw: UInt64
            switch width {
            case 1:
                guard unit.end > p else { throw .truncated }
                raw = UInt64(p.pointee)
                p += 1
            case 4:
                guard unit.end - p >= 4 else { throw .truncated }
                let value = UnsafeRawPointer(p).loadUnaligned(as: UInt32.self)
                raw = UInt64(unit.swapped ? value.byteSwapped : value)
                p += 4
            case 8:
                guard unit.end - p >= 8 else { throw .truncated }
                let value = UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
                raw = unit.swapped ? value.byteSwapped : value
                p += 8
            case 2:
                guard unit.end - p >= 2 else { throw .truncated }
                let value = UnsafeRawPointer(p).loadUnaligned(as: UInt16.self)
                raw = UInt64(unit.swapped ? value.byteSwapped : value)
                p += 2
            case ValueWidth.constant:
                raw = UInt64(bitPattern: step.pointee.constant)
                if step.pointee.constant < 0 { valueClass = ValueClass.negative }
            case ValueWidth.uleb:
                raw = try unit.uleb(at: &p)
            default:
                raw = try unit.rare(width, at: &p, &valueClass)
            }
            let slot = step.pointee.slot
            slots[Int(slot)] = Value(raw: raw, valueClass: valueClass)
            mask |= Slot.bit(slot)
            step += 1
        }
        self.mask = mask & ~Slot.bit(Slot.ignored)
        place = p
    }
}

/// The bytes of one unit's entries and how numbers stand in them.
struct EntryBytes {
    /// Of `.debug_info`.
    let base: UnsafePointer<UInt8>
    /// Of the unit's header.
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    let swapped: Bool
    let sizes: FormSizes

    /// An unsigned LEB128 number; bits beyond the 64th are dropped.
    @inline(__always)
    func uleb(at place: inout UnsafePointer<UInt8>) throws(ReadFailure) -> UInt64 {
        guard place < end else { throw .truncated }
        let first = place.pointee
        place += 1
        if first < 0x80 { return UInt64(first) }
        return try longULEB(UInt64(first & 0x7f), at: &place)
    }

    @inline(never)
    private func longULEB(_ first: UInt64, at place: inout UnsafePointer<UInt8>) throws(ReadFailure) -> UInt64 {
        var value = first
        var shift: UInt64 = 7
        while place < end {
            let byte = place.pointee
            place += 1
            if shift < 64 { value |= UInt64(byte & 0x7f) &<< shift }
            if byte < 0x80 { return value }
            shift = min(shift + 7, 70)
        }
        throw .truncated
    }

    private func sleb(at place: inout UnsafePointer<UInt8>) throws(ReadFailure) -> Int64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while place < end {
            let byte = place.pointee
            place += 1
            if shift < 64 { value |= UInt64(byte & 0x7f) &<< shift }
            shift = min(shift + 7, 70)
            if byte < 0x80 {
                if byte & 0x40 != 0, shift < 64 { value |= UInt64.max &<< shift }
                return Int64(bitPattern: value)
            }
        }
        throw .truncated
    }

    /// A number of up to 8 bytes, for the sizes that compilers rarely use.
    @inline(never)
    func unsigned(_ size: Int, at place: inout UnsafePointer<UInt8>) throws(ReadFailure) -> UInt64 {
        guard end - place >= size else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<size {
            let byte = UInt64(place[swapped ? size - 1 - index : index])
            value |= byte &<< UInt64(8 * index)
        }
        place += size
        return value
    }

    /// The layouts that the fast path leaves out.
    @inline(never)
    func rare(
        _ width: UInt8, at place: inout UnsafePointer<UInt8>, _ valueClass: inout UInt8
    ) throws(ReadFailure) -> UInt64 {
        switch width {
        case ValueWidth.none: return 0
        case 3: return try unsigned(3, at: &place)
        case ValueWidth.sleb:
            let value = try sleb(at: &place)
            if value < 0 { valueClass = ValueClass.negative }
            return UInt64(bitPattern: value)
        case ValueWidth.text:
            let offset = place - base
            try skipText(at: &place)
            return UInt64(offset)
        case ValueWidth.block: try skip(try uleb(at: &place), at: &place)
        case ValueWidth.block1: try skip(try unsigned(1, at: &place), at: &place)
        case ValueWidth.block2: try skip(try unsigned(2, at: &place), at: &place)
        case ValueWidth.block4: try skip(try unsigned(4, at: &place), at: &place)
        case ValueWidth.bytes16: try skip(16, at: &place)
        default: throw .unsupported("an attribute's form")
        }
        return 0
    }

    @inline(__always)
    func skip(_ count: UInt64, at place: inout UnsafePointer<UInt8>) throws(ReadFailure) {
        guard count <= UInt64(end - place) else { throw .truncated }
        place += Int(count)
    }

    @inline(__always)
    func skipText(at place: inout UnsafePointer<UInt8>) throws(ReadFailure) {
        while place < end {
            let byte = place.pointee
            place += 1
            if byte == 0 { return }
        }
        throw .truncated
    }

    /// The form that stands in the entry itself. Chains of indirections, and constants that would stand in the
    /// abbreviation, make no sense and are refused.
    @inline(never)
    func indirectLayout(at place: inout UnsafePointer<UInt8>) throws(ReadFailure) -> FormLayout {
        let form = try uleb(at: &place)
        guard form < 0xffff, form != UInt64(Form.indirect), form != UInt64(Form.implicitConst) else {
            throw .malformed("DW_FORM_indirect to form 0x\(String(form, radix: 16))")
        }
        return FormLayout(UInt16(form), sizes)
    }

    /// Moves behind the attributes of an entry that nobody wants.
    @inline(__always)
    func skip(
        _ abbreviation: UnsafePointer<Abbreviation>, _ table: AbbreviationTable, at place: inout UnsafePointer<UInt8>
    ) throws(ReadFailure) {
        let size = Int(abbreviation.pointee.size)
        if size >= 0 {
            guard end - place >= size else { throw .truncated }
            place += size
        } else {
            try skipSteps(
                table.steps + Int(abbreviation.pointee.firstStep), table.steps + Int(abbreviation.pointee.endStep),
                at: &place)
        }
    }

    private func skipSteps(
        _ first: UnsafePointer<AttributeStep>, _ last: UnsafePointer<AttributeStep>,
        at place: inout UnsafePointer<UInt8>
    ) throws(ReadFailure) {
        var step = first
        var p = place
        while step < last {
            let skip = Int(step.pointee.skip)
            guard end - p >= skip else { throw .truncated }
            p += skip
            var width = step.pointee.width
            if width == ValueWidth.indirect { width = try indirectLayout(at: &p).width }
            switch width {
            case 0...8:
                guard end - p >= Int(width) else { throw .truncated }
                p += Int(width)
            case ValueWidth.constant: break
            case ValueWidth.uleb, ValueWidth.sleb: _ = try uleb(at: &p)
            case ValueWidth.text: try skipText(at: &p)
            case ValueWidth.block: try self.skip(try uleb(at: &p), at: &p)
            default:
                var ignored: UInt8 = 0
                _ = try rare(width, at: &p, &ignored)
            }
            step += 1
        }
        place = p
    }
}
