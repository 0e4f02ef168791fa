import ParserTasks

/// A thread's registers, read from the context structures that minidumps have.
///
///     CONTEXT_AMD64, 1232 bytes                CONTEXT_ARM64, 912 bytes     Breakpad's own before 2018, 796 bytes
///      48 flags, 0x100000                        0 flags, 0x400000            0 flags, 64 bits, 0x80000000
///      68 eflags                                 4 cpsr                       8 x0...x30, sp
///     120 rax rcx rdx rbx rsp rbp rsi rdi        8 x0...x30, sp             264 pc
///     184 r8...r15                             264 pc                       272 cpsr
///     248 rip                                  272 vectors, debugging       276 vectors
///
/// Only the beginning has to be there: some writers leave debug registers out, newer processors add to the end.
struct MinidumpContext {
    /// By DWARF number, as ``SnapshotThread/registers``.
    var registers: [UInt64]
    var named: [UnwoundRegister]

    /// Which processor the structure at `place` is of, by flags and size: for dumps that do not say.
    static func processor(_ place: MinidumpLocation, in reader: MinidumpReader) -> SnapshotProcessor? {
        if place.size >= amd64Size, let flags = reader.u32(place.offset + 48), flags & amd64 != 0,
            flags >> 24 & 0x3f == 0
        {
            return .x86_64
        }
        if arm64Layout(place, in: reader) != nil { return .aarch64 }
        return nil
    }

    /// The registers, or a sentence on why there are none.
    enum Reading {
        case context(MinidumpContext)
        case nothing(String)
    }

    static func read(
        _ location: MinidumpLocation, _ processor: SnapshotProcessor, in reader: MinidumpReader
    ) -> Reading {
        if location.size == 0 { return .nothing("the dump has none") }
        let place = reader.present(location)
        switch processor {
        case .x86_64: return readAMD64(place, in: reader)
        case .aarch64: return readARM64(place, in: reader)
        }
    }

    // MARK: x86-64

    private static let amd64: UInt32 = 0x0010_0000
    /// Up to and with `rip`.
    private static let amd64Size: UInt64 = 256
    /// Offsets by DWARF number.
    private static let amd64Offsets: [UInt64] =
        [120, 136, 128, 144, 168, 176, 160, 152, 184, 192, 200, 208, 216, 224, 232, 240, 248]
    /// `CONTEXT_CONTROL` is rip, rsp and flags; `CONTEXT_INTEGER` the others.
    private static let control: UInt32 = 1

    private static func readAMD64(_ place: MinidumpLocation, in reader: MinidumpReader) -> Reading {
        guard place.size >= amd64Size, let flags = reader.u32(place.offset + 48) else {
            return .nothing("\(place.size) bytes are too few for an x86-64 context")
        }
        guard flags & amd64 != 0, flags & control != 0 else {
            return .nothing("its flags 0x\(String(flags, radix: 16)) are not of an x86-64 context with a stack pointer")
        }
        var registers: [UInt64] = []
        registers.reserveCapacity(amd64Offsets.count)
        for offset in amd64Offsets { registers.append(reader.u64(place.offset + offset) ?? 0) }
        var named = zip(amd64Names, registers).map { UnwoundRegister(name: $0, value: $1) }
        named.append(UnwoundRegister(name: "rflags", value: UInt64(reader.u32(place.offset + 68) ?? 0)))
        for (name, offset) in segmentRegisters {
            named.append(UnwoundRegister(name: name, value: UInt64(reader.u16(place.offset + offset) ?? 0)))
        }
        return .context(MinidumpContext(registers: registers, named: named))
    }

    private static let amd64Names = [
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "rip",
    ]

    private static let segmentRegisters: [(String, UInt64)] = [
        ("cs", 56), ("ss", 66), ("ds", 58), ("es", 60), ("fs", 62), ("gs", 64),
    ]

    // MARK: AArch64

    private enum ARM64Layout {
        case microsoft
        case breakpad
    }

    /// Both have `pc` here.
    private static let arm64ProgramCounter: UInt64 = 264

    private static func arm64Layout(_ place: MinidumpLocation, in reader: MinidumpReader) -> ARM64Layout? {
        guard place.size >= arm64ProgramCounter + 8, let flags = reader.u32(place.offset) else { return nil }
        // Microsoft's structure may have the bit of Breakpad's too, as a request to report exceptions.
        if flags & 0x0040_0000 != 0 { return flags & control != 0 ? .microsoft : nil }
        guard flags & 0x8000_0000 != 0, flags & 2 != 0, reader.u32(place.offset + 4) == 0 else { return nil }
        return place.size >= 276 ? .breakpad : nil
    }

    private static func readARM64(_ place: MinidumpLocation, in reader: MinidumpReader) -> Reading {
        guard let layout = arm64Layout(place, in: reader) else {
            return .nothing("its \(place.size) bytes are not an ARM64 context")
        }
        var registers: [UInt64] = []
        registers.reserveCapacity(33)
        for index: UInt64 in 0..<33 { registers.append(reader.u64(place.offset + 8 + index * 8) ?? 0) }
        var named = registers.enumerated().map { number, value in
            UnwoundRegister(name: number == 31 ? "sp" : number == 32 ? "pc" : "x\(number)", value: value)
        }
        let flags = reader.u32(place.offset + (layout == .microsoft ? 4 : 272)) ?? 0
        named.append(UnwoundRegister(name: "pstate", value: UInt64(flags)))
        return .context(MinidumpContext(registers: registers, named: named))
    }
}
