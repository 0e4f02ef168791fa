import ParserTasks

/// A process as a dump keeps it: what a core and a minidump both are to the unwinder.
///
///     ELF core ──▶ CoreFile ────┐
///                               ├─ ProcessSnapshot ─▶ ThreadUnwinder (libdwfl) ─▶ AsyncChain ─▶ UnwoundDump
///     minidump ─▶ MinidumpFile ─┘        ▲
///                                  modules' own files, handed in by the parent
///
/// All of it comes from an untrusted file. Implementations have checked every count and offset when they hand it out, and
/// read memory through bounds-checked views.
protocol ProcessSnapshot {
    /// What the modules, the architecture and the format are, and what was odd.
    var inspection: DumpInspection { get }
    /// The processor, as far as unwinding goes.
    var processor: SnapshotProcessor { get }
    /// In the dump's order.
    var threads: [SnapshotThread] { get }
    /// Why the process died, where the dump says so.
    var crash: SnapshotCrash { get }

    /// Copies memory of the process as the dump has it; false, and nothing copied, when not all bytes are in the dump.
    /// Bytes of files that were mapped and not dumped are not here: they come from the modules' files.
    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool

    /// Whether code may lie there, as far as the dump says: a return address that does not point there is none.
    func isExecutable(_ address: UInt64) -> Bool
}

extension ProcessSnapshot {
    /// For dumps without a memory map: inside an executable module.
    func isExecutable(_ address: UInt64) -> Bool {
        inspection.modules.contains { $0.isExecutable && $0.start <= address && address < $0.end }
    }

    /// An integer of the process, in its byte order.
    func integer<Value: FixedWidthInteger & BitwiseCopyable>(at address: UInt64, _ type: Value.Type) -> Value? {
        var value = Value.zero
        let isThere = withUnsafeMutableBytes(of: &value) { read(address, into: $0) }
        return isThere ? Value(littleEndian: value) : nil
    }

    /// `count` bytes; `nil` when not all are there, or when they are more than `limit`.
    func bytes(at address: UInt64, count: UInt64, limit: Int) -> [UInt8]? {
        guard count <= UInt64(limit) else { return nil }
        var result = [UInt8](repeating: 0, count: Int(count))
        let isThere = result.withUnsafeMutableBytes { read(address, into: $0) }
        return isThere ? result : nil
    }
}

/// The processors whose dumps are unwound.
enum SnapshotProcessor: String, Sendable {
    case x86_64
    case aarch64
}

/// A thread's registers at the time of the dump.
struct SnapshotThread: Sendable {
    var id: UInt64
    var name: String?
    /// By DWARF number of the processor's ABI (x86-64: 0 rax, 1 rdx, 2 rcx, 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8...15,
    /// 16 return address = rip; AArch64: 0...30, 31 sp, 32 pc).
    var registers: [UInt64]
    /// The same with their names, in the processor's usual order, with flags where the dump has them.
    var named: [UnwoundRegister]
}

/// Why the process died.
struct SnapshotCrash: Sendable {
    /// Position in ``ProcessSnapshot/threads``.
    var thread: Int?
    var signal: Int?
    var signalCode: Int?
    /// Only for signals that have one.
    var faultAddress: UInt64?
    var processID: Int?
    var processName: String?
    var arguments: String?
    /// Seconds since 1970.
    var timestamp: Double?
    var operatingSystem: String?
}
