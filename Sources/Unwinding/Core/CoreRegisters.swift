import Bytes
import ParserTasks

/// The general registers in `NT_PRSTATUS`: the kernel's `user_regs_struct` (x86-64), `user_pt_regs` (AArch64).
enum CoreRegisters {
    /// Where `pr_reg` begins in `elf_prstatus`, on both processors.
    static let offset: UInt64 = 112

    /// x86-64, in the kernel's order.
    private static let namesX86 = [
        "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
        "orig_rax", "rip", "cs", "rflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
    ]

    /// In the order in which people expect them.
    private static let shownX86 = [
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "rip", "rflags", "cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base", "orig_rax",
    ]

    /// By DWARF number (System V ABI, AMD64, figure 3.36).
    private static let numberedX86 = [
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "rip",
    ]

    /// The registers by DWARF number and by name; `nil` when the note is too short.
    static func read(
        _ note: borrowing DumpBytes, _ processor: SnapshotProcessor
    ) -> (registers: [UInt64], named: [UnwoundRegister])? {
        switch processor {
        case .x86_64:
            guard let values = words(note, count: namesX86.count) else { return nil }
            let byName = Dictionary(uniqueKeysWithValues: zip(namesX86, values))
            return (
                numberedX86.map { byName[$0] ?? 0 },
                shownX86.map { UnwoundRegister(name: $0, value: byName[$0] ?? 0) }
            )
        case .aarch64:
            // 31 general ones, sp, pc, pstate.
            guard let values = words(note, count: 34) else { return nil }
            let names = (0...30).map { "x\($0)" } + ["sp", "pc", "pstate"]
            return (Array(values.prefix(33)), zip(names, values).map { UnwoundRegister(name: $0, value: $1) })
        }
    }

    private static func words(_ note: borrowing DumpBytes, count: Int) -> [UInt64]? {
        guard let registers = note.piece(offset, UInt64(count) * 8) else { return nil }
        return (0..<UInt64(count)).map { registers.u64($0 * 8) ?? 0 }
    }
}
