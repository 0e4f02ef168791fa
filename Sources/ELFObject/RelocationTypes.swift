/// How one type of relocation changes its place.
struct RelocationAction: Equatable {
    enum Operation: Equatable {
        /// No entry of the table of types.
        case unknown
        /// Nothing to do: `R_*_NONE`, and hints to the linker.
        case none
        /// Place = value.
        case store
        /// Place = place + value.
        case add
        /// Place = place − value.
        case subtract
        /// The low 6 bits of the place = value.
        case storeSixBits
        /// The low 6 bits of the place = those bits − value.
        case subtractSixBits
        /// The ULEB128 number at the place = value; its length stays.
        case storeLEB
        /// The ULEB128 number at the place = that number − value; its length stays.
        case subtractLEB
    }

    enum Value: Equatable {
        /// Symbol + addend.
        case address
        /// Symbol + addend − place.
        case distance
        /// Symbol's offset in its section (for thread-local variables) + addend.
        case offset
        /// Symbol's size + addend.
        case size
    }

    var operation: Operation
    var value = Value.address
    /// Bytes at the place.
    var width = 0

    static let unknown = RelocationAction(operation: .unknown)
    static let none = RelocationAction(operation: .none)
}

/// What the relocation types of one machine do, as far as debug sections have them: addresses, offsets in other debug
/// sections, differences of labels where the linker may still change distances (RISC-V), and offsets of thread-local
/// variables. Types that only patch instructions are not here; in a debug section they are an error.
///
/// From each machine's psABI supplement: x86-64 4.4, i386 4.4, AArch64 ELF 5.7, Arm ELF 5.6, RISC-V ELF 8.4, s390x 3.5,
/// Power ELFv2 3.5.
struct RelocationTypes {
    private var actions: [RelocationAction] = []

    init(machine: UInt16, is64Bit: Bool) {
        switch machine {
        case 62: addX86_64()
        case 3: addI386()
        case 183: if is64Bit { addAArch64() } else { addAArch64ILP32() }
        case 40: addARM()
        case 243: addRISCV()
        case 22: addS390()
        case 21: addPower64()
        default: break
        }
    }

    subscript(type: UInt32) -> RelocationAction {
        type < UInt32(actions.count) ? actions[Int(type)] : .unknown
    }

    private mutating func set(_ type: Int, _ action: RelocationAction) {
        while actions.count <= type { actions.append(.unknown) }
        actions[type] = action
    }

    /// `type: bytes` for each.
    private mutating func store(_ value: RelocationAction.Value, _ types: KeyValuePairs<Int, Int>) {
        for (type, width) in types {
            set(type, RelocationAction(operation: .store, value: value, width: width))
        }
    }

    private mutating func apply(_ operation: RelocationAction.Operation, _ types: KeyValuePairs<Int, Int>) {
        for (type, width) in types { set(type, RelocationAction(operation: operation, width: width)) }
    }

    private mutating func ignore(_ types: Int...) {
        for type in types { set(type, .none) }
    }

    private mutating func addX86_64() {
        ignore(0)
        // 64, 32, 32S, 16, 8.
        store(.address, [1: 8, 10: 4, 11: 4, 12: 2, 14: 1])
        // PC32, PLT32, PC16, PC8, PC64.
        store(.distance, [2: 4, 4: 4, 13: 2, 15: 1, 24: 8])
        // DTPOFF64, DTPOFF32.
        store(.offset, [17: 8, 21: 4])
        // SIZE32, SIZE64.
        store(.size, [32: 4, 33: 8])
    }

    private mutating func addI386() {
        ignore(0)
        // 32, 16, 8.
        store(.address, [1: 4, 20: 2, 22: 1])
        // PC32, PLT32, PC16, PC8.
        store(.distance, [2: 4, 4: 4, 21: 2, 23: 1])
        // TLS_LDO_32, TLS_DTPOFF32.
        store(.offset, [32: 4, 36: 4])
        // SIZE32.
        store(.size, [38: 4])
    }

    private mutating func addAArch64() {
        ignore(0, 256)
        // ABS64, ABS32, ABS16.
        store(.address, [257: 8, 258: 4, 259: 2])
        // PREL64, PREL32, PREL16.
        store(.distance, [260: 8, 261: 4, 262: 2])
        // TLS_DTPREL.
        store(.offset, [1029: 8])
    }

    private mutating func addAArch64ILP32() {
        ignore(0)
        // P32_ABS32, P32_ABS16.
        store(.address, [1: 4, 2: 2])
        // P32_PREL32, P32_PREL16.
        store(.distance, [3: 4, 4: 2])
    }

    private mutating func addARM() {
        ignore(0)
        // ABS32, ABS16, ABS8, TARGET1. A Thumb function's symbol is odd already, as these want it.
        store(.address, [2: 4, 5: 2, 8: 1, 38: 4])
        // REL32.
        store(.distance, [3: 4])
        // TLS_DTPOFF32, TLS_LDO32.
        store(.offset, [18: 4, 106: 4])
    }

    private mutating func addRISCV() {
        // NONE, ALIGN and RELAX: labels already stand where this file has them.
        ignore(0, 43, 51)
        // 32, 64, SET8, SET16, SET32.
        store(.address, [1: 4, 2: 8, 54: 1, 55: 2, 56: 4])
        // 32_PCREL.
        store(.distance, [57: 4])
        // TLS_DTPREL32, TLS_DTPREL64.
        store(.offset, [8: 4, 9: 8])
        // ADD8 to ADD64, SUB8 to SUB64.
        apply(.add, [33: 1, 34: 2, 35: 4, 36: 8])
        apply(.subtract, [37: 1, 38: 2, 39: 4, 40: 8])
        // SET6, SUB6, SET_ULEB128, SUB_ULEB128.
        apply(.storeSixBits, [53: 1])
        apply(.subtractSixBits, [52: 1])
        apply(.storeLEB, [60: 0])
        apply(.subtractLEB, [61: 0])
    }

    private mutating func addS390() {
        ignore(0)
        // 8, 16, 32, 64.
        store(.address, [1: 1, 3: 2, 4: 4, 22: 8])
        // PC32, PC16, PC64.
        store(.distance, [5: 4, 16: 2, 23: 8])
        // TLS_LDO32, TLS_LDO64.
        store(.offset, [52: 4, 53: 8])
    }

    private mutating func addPower64() {
        ignore(0)
        // ADDR32, ADDR16, UADDR32, ADDR64, UADDR64.
        store(.address, [1: 4, 3: 2, 24: 4, 38: 8, 43: 8])
        // REL32, REL64.
        store(.distance, [26: 4, 44: 8])
        // DTPREL64.
        store(.offset, [78: 8])
    }
}
