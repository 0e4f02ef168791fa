import Bytes

/// Steps from a frame to its caller without call-frame information: what is left when a module's file is not there.
///
/// In order: a signal trampoline is known by its code, and the kernel's record of the interrupted registers lies at its
/// stack pointer; a program counter that is in no code comes from a call through a bad pointer, and one in code without
/// tables often lies in a routine that keeps no frame, so that the return address is still where the call put it; else the
/// frame pointer's chain, as long as it holds together.
struct FrameStep {
    /// The caller's registers.
    var registers: FrameRegisters
    /// Whether the caller's program counter is the instruction itself: it was interrupted, not called from.
    var isExact: Bool
    /// Whether the frame that was left is a signal trampoline.
    var isTrampoline: Bool

    /// What the steps read: dump memory, then unchanged parts of the modules' files.
    typealias Memory = (_ address: UInt64) -> UInt64?

    /// The caller of the frame with these registers; `nil` when nothing holds. `isExecutable` says where code is.
    static func caller(
        of frame: FrameRegisters, isInnermost: Bool, memory: Memory, isExecutable: (UInt64) -> Bool
    ) -> FrameStep? {
        guard let pc = frame.programCounter else { return nil }
        if let step = behindTrampoline(frame, pc, memory) { return step }
        if isInnermost, let step = behindCall(frame, pc, memory, isExecutable) { return step }
        return byFramePointer(frame, memory, isExecutable)
    }

    /// `mov $15, %rax; syscall`, and `mov x8, #139; svc #0`: rt_sigreturn.
    static func isTrampoline(_ pc: UInt64, _ processor: SnapshotProcessor, _ memory: Memory) -> Bool {
        guard let code = memory(pc) else { return false }
        switch processor {
        case .x86_64: return code == 0x0f00_0000_0fc0_c748 && (memory(pc &+ 1).map { $0 >> 56 == 0x05 } ?? false)
        case .aarch64: return code == 0xd400_0001_d280_1168
        }
    }

    private static func behindTrampoline(_ frame: FrameRegisters, _ pc: UInt64, _ memory: Memory) -> FrameStep? {
        guard isTrampoline(pc, frame.processor, memory), let stack = signalFrame(frame, memory) else { return nil }
        var caller = FrameRegisters(frame.processor)
        switch frame.processor {
        case .x86_64:
            // ucontext: flags, link, stack (40 bytes), then r8…r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip.
            let order = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16]
            for (position, number) in order.enumerated() {
                caller[number] = memory(stack &+ 40 &+ UInt64(position) * 8)
            }
        case .aarch64:
            // siginfo (128 bytes), ucontext up to its sigcontext (176), fault address, then x0…x30, sp, pc.
            for number in 0...32 { caller[number] = memory(stack &+ 312 &+ UInt64(number) * 8) }
        }
        guard caller.programCounter != nil, caller.stackPointer != nil else { return nil }
        return FrameStep(registers: caller, isExact: true, isTrampoline: true)
    }

    /// Where the kernel's record of the interrupted registers begins.
    private static func signalFrame(_ frame: FrameRegisters, _ memory: Memory) -> UInt64? {
        if let stack = frame.stackPointer { return stack }
        // AArch64, by frame pointers: above the record the kernel wrote a link of the chain with the interrupted x29 and
        // x30, which the record must repeat. It has to be near, even with the largest vector registers.
        guard let link = frame.framePointer, link & 15 == 0, link > 1 << 16, let x29 = memory(link),
            let x30 = memory(link + 8)
        else { return nil }
        for distance in stride(from: UInt64(576), through: 1 << 15, by: 16) {
            let start = link - distance
            if memory(start + 312 + 29 * 8) == x29, memory(start + 312 + 30 * 8) == x30,
                // uc_link, which the kernel leaves 0; siginfo is filled only for handlers that ask for it.
                memory(start + 136) == 0
            {
                return start
            }
        }
        return nil
    }

    /// The return address where a call leaves it.
    private static func behindCall(
        _ frame: FrameRegisters, _ pc: UInt64, _ memory: Memory, _ isExecutable: (UInt64) -> Bool
    ) -> FrameStep? {
        var caller = frame
        let isBadCall = !isExecutable(pc)
        switch frame.processor {
        case .x86_64:
            guard let stack = frame.stackPointer, let address = memory(stack), isExecutable(address),
                isBadCall || isBehindCall(address, memory) || isTrampoline(address, .x86_64, memory)
            else { return nil }
            caller.programCounter = address
            caller.stackPointer = stack &+ 8
        case .aarch64:
            // In a routine that runs the link register may be left over from a call of its own.
            guard isBadCall, let address = frame[30].map(withoutSignature), isExecutable(address) else { return nil }
            caller.programCounter = address
        }
        return FrameStep(registers: caller, isExact: false, isTrampoline: false)
    }

    /// Whether the bytes before the address may be a call: `E8` with 32 bits, or `FF /2` in one of its lengths (Intel SDM,
    /// "CALL"). False when the code is not at hand.
    static func isBehindCall(_ address: UInt64, _ memory: Memory) -> Bool {
        guard address > 8, let word = memory(address - 8) else { return false }
        func byte(_ distance: UInt64) -> UInt64 { word >> ((8 - distance) * 8) & 0xff }
        if byte(5) == 0xe8 { return true }
        return [2, 3, 4, 6, 7].contains { byte($0) == 0xff && byte($0 - 1) & 0x38 == 0x10 }
    }

    private static func byFramePointer(
        _ frame: FrameRegisters, _ memory: Memory, _ isExecutable: (UInt64) -> Bool
    ) -> FrameStep? {
        let alignment: UInt64 = frame.processor == .x86_64 ? 7 : 15
        guard let pointer = frame.framePointer, pointer != 0, pointer & alignment == 0, pointer < .max - 16,
            // A frame lies above what it called.
            frame.stackPointer.map({ pointer >= $0 }) ?? true,
            let saved = memory(pointer), let stored = memory(pointer + 8),
            frame.processor == .x86_64 || saved == 0 || saved > pointer
        else { return nil }
        let address = frame.processor == .aarch64 ? withoutSignature(stored) : stored
        guard isExecutable(address) else { return nil }
        var caller = FrameRegisters(frame.processor)
        caller.programCounter = address
        caller.framePointer = saved
        // On AArch64 the link lies at the lower end of its frame: where the frame ends only its code knows.
        if frame.processor == .x86_64 { caller.stackPointer = pointer + 16 }
        return FrameStep(registers: caller, isExact: false, isTrampoline: false)
    }

    /// The address without a pointer-authentication code: user addresses have 48 bits.
    static func withoutSignature(_ address: UInt64) -> UInt64 {
        address & 0xffff_ffff_ffff
    }
}
