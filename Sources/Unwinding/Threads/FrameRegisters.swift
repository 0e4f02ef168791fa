/// The registers of one frame, by DWARF number, as far as they are known.
struct FrameRegisters {
    /// By DWARF number, the program counter behind the others where it is none of them.
    private var values: [UInt64]
    private var known: UInt64

    let processor: SnapshotProcessor

    /// No register is known.
    init(_ processor: SnapshotProcessor) {
        self.processor = processor
        values = [UInt64](repeating: 0, count: processor.registerCount)
        known = 0
    }

    /// All of a thread's; missing ones stay unknown.
    init(_ thread: SnapshotThread, _ processor: SnapshotProcessor) {
        self.init(processor)
        for (number, value) in thread.registers.prefix(values.count).enumerated() { self[number] = value }
    }

    /// The register with this number; unknown when it was not recovered.
    subscript(number: Int) -> UInt64? {
        get { number < values.count && known & (1 << UInt64(number)) != 0 ? values[number] : nil }
        set {
            guard number < values.count else { return }
            values[number] = newValue ?? 0
            if newValue == nil { known &= ~(1 << UInt64(number)) } else { known |= 1 << UInt64(number) }
        }
    }

    var programCounter: UInt64? {
        get { self[processor.programCounter] }
        set { self[processor.programCounter] = newValue }
    }

    var stackPointer: UInt64? {
        get { self[processor.stackPointer] }
        set { self[processor.stackPointer] = newValue }
    }

    var framePointer: UInt64? {
        get { self[processor.framePointer] }
        set { self[processor.framePointer] = newValue }
    }
}

extension SnapshotProcessor {
    /// Registers in ``SnapshotThread/registers``.
    var registerCount: Int { self == .x86_64 ? 17 : 33 }
    var programCounter: Int { self == .x86_64 ? 16 : 32 }
    var stackPointer: Int { self == .x86_64 ? 7 : 31 }
    var framePointer: Int { self == .x86_64 ? 6 : 29 }
    /// `e_machine`.
    var machine: UInt16 { self == .x86_64 ? 62 : 183 }
}
