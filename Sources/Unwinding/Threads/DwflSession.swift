import Bytes
import CElfutils
import Glibc
import ParserTasks

/// libdwfl, fed by hand: modules' call-frame tables from memory, stack memory and registers from a snapshot.
///
///     ThreadUnwinder ──run(registers)──▶ dwfl_getthread_frames ──▶ set_initial_registers, memory_read, find_elf
///           ▲                                     │                  answered from the snapshot, nothing is searched for
///           └────────visit(frame) ◀───────────────┘
///
/// One session serves all threads of a dump: its tables are parsed once. Not to be used from two threads at once.
///
/// libdwfl unwinds by call-frame information only here; where that is missing the visitor stops it and steps itself, as
/// libdwfl's own frame-pointer steps check little and do not say that they were taken.
final class DwflSession {
    /// What a run found out about one frame.
    struct Visit {
        var programCounter: UInt64
        var stackPointer: UInt64?
        var framePointer: UInt64?
        /// Whether call-frame information covers it; without it the run ends with this frame.
        var isCovered: Bool
        /// Whether it is a signal trampoline: its caller was interrupted.
        var isTrampoline: Bool
    }

    /// What the visitor wants next.
    enum Next {
        case goOn
        /// The run ends, and gives this frame's registers.
        case takeOver
        case stop
    }

    /// Why a run ended.
    enum Ending {
        /// The call-frame information says that there is no caller.
        case outermost
        /// The last frame has no call-frame information, or the visitor took over; these are its registers.
        case leftAt(FrameRegisters)
        /// The visitor wanted no more.
        case stopped
        /// There is call-frame information, and it leads nowhere; memory that was missing, if any was, and libdw's words.
        case failed(missing: UInt64?, reason: String)
    }

    private let processor: SnapshotProcessor
    private let memory: (UInt64) -> UInt64?
    private let modules: [ModuleFile]
    private let callbacks: UnsafeMutablePointer<Dwfl_Callbacks>
    private let threadCallbacks: UnsafeMutablePointer<Dwfl_Thread_Callbacks>
    private var dwfl: OpaquePointer?
    private let machineFile: UnsafeMutableRawBufferPointer
    private var machineELF: OpaquePointer?

    // Of the run that is under way.
    private var initial: FrameRegisters
    private var initialAddress: UInt64 = 0
    private var visitor: ((Visit) -> Next)?
    private var isFirst = true
    private var isInterrupted = false
    private var ending: Ending?
    private var missing: UInt64?

    /// A session for modules in order of their start; those without tables are never looked at by libdwfl. `memory` gives
    /// 8 bytes at an address.
    ///
    /// - Throws: `unavailable` when libdwfl refuses to start.
    init(
        _ modules: [ModuleFile], _ processor: SnapshotProcessor, memory: @escaping (UInt64) -> UInt64?
    ) throws(DumpError) {
        self.processor = processor
        self.memory = memory
        self.modules = modules
        initial = FrameRegisters(processor)
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: Dwfl_Callbacks())
        callbacks.pointee.find_elf = findELF
        callbacks.pointee.find_debuginfo = findNoDebugFile
        threadCallbacks = .allocate(capacity: 1)
        threadCallbacks.initialize(to: Dwfl_Thread_Callbacks())
        threadCallbacks.pointee.next_thread = nextThread
        threadCallbacks.pointee.get_thread = getThread
        threadCallbacks.pointee.memory_read = readMemory
        threadCallbacks.pointee.set_initial_registers = setInitialRegisters
        elf_version(UInt32(EV_CURRENT))
        // libdwfl asks an ELF file for the processor; a core is not at hand for every kind of dump.
        let bytes = CallFrameTables().synthesizedFile(base: 0, size: 0, processor)
        machineFile = .allocate(byteCount: bytes.count, alignment: 16)
        machineFile.copyBytes(from: bytes)
        machineELF = elf_memory(machineFile.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        dwfl = dwfl_begin(callbacks)
        try start()
    }

    deinit {
        if let dwfl { dwfl_end(dwfl) }
        if let machineELF { elf_end(machineELF) }
        machineFile.deallocate()
        callbacks.deallocate()
        threadCallbacks.deallocate()
    }

    private func start() throws(DumpError) {
        guard let dwfl, let machineELF else { throw DumpError(.unavailable, "libdwfl: \(Self.errorText())") }
        dwfl_report_begin(dwfl)
        var last: UInt64 = 0
        for file in modules where file.mayHaveTables && file.module.start >= last && file.module.end > file.module.start
        {
            guard let module = dwfl_report_module(dwfl, file.module.path, file.module.start, file.module.end) else {
                continue
            }
            last = file.module.end
            var place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
            dwfl_module_info(module, &place, nil, nil, nil, nil, nil, nil)
            // Unretained: `modules` keeps them for as long as the session lives.
            place?.pointee = Unmanaged.passUnretained(file).toOpaque()
        }
        guard dwfl_report_end(dwfl, nil, nil) == 0,
            // The number only has to be positive: nothing is attached to.
            dwfl_attach_state(dwfl, machineELF, 1, threadCallbacks, Unmanaged.passUnretained(self).toOpaque())
        else { throw DumpError(.unavailable, "libdwfl: \(Self.errorText())") }
    }

    /// Unwinds from these registers, calling `visitor` for each frame, the first one included, until it wants no more.
    ///
    /// A first frame that is a caller has `isExact` false: its call-frame row is the one of the call, before the program
    /// counter.
    func run(_ registers: FrameRegisters, isExact: Bool, visitor: @escaping (Visit) -> Next) -> Ending {
        guard let dwfl, let pc = registers.programCounter else {
            return .failed(missing: nil, reason: "the program counter is not known")
        }
        initial = registers
        initialAddress = isExact ? pc : pc &- 1
        isFirst = true
        isInterrupted = isExact
        ending = nil
        missing = nil
        self.visitor = visitor
        defer { self.visitor = nil }
        let result = dwfl_getthread_frames(dwfl, 1, visitFrame, Unmanaged.passUnretained(self).toOpaque())
        if let ending { return ending }
        // libdwfl takes a return address that it could not read for one that the tables call undefined.
        return result == 0 && missing == nil ? .outermost : .failed(missing: missing, reason: Self.errorText())
    }

    private static func errorText() -> String {
        dwfl_errmsg(-1).map { String(cString: $0) } ?? "no reason given"
    }

    fileprivate func visit(_ frame: OpaquePointer) -> Int32 {
        var pc: Dwarf_Addr = 0
        guard dwfl_frame_pc(frame, &pc, nil) else {
            ending = .failed(missing: missing, reason: Self.errorText())
            return Int32(DWARF_CB_ABORT)
        }
        // The first frame was given with the address to look up.
        let lookup = isFirst || isInterrupted ? pc : pc &- 1
        let shown = isFirst ? initial.programCounter ?? pc : pc
        let stack = register(processor.stackPointer, frame)
        var (isCovered, isTrampoline) = coverage(lookup)
        // Rules count from the stack pointer.
        if stack == nil { isCovered = false }
        isFirst = false
        isInterrupted = isTrampoline
        missing = nil
        let next = visitor?(
            Visit(
                programCounter: shown, stackPointer: stack,
                framePointer: register(processor.framePointer, frame), isCovered: isCovered,
                isTrampoline: isTrampoline))
        if next == .goOn, isCovered { return Int32(DWARF_CB_OK) }
        if next == .goOn || next == .takeOver {
            var registers = FrameRegisters(processor)
            for number in 0..<processor.registerCount { registers[number] = register(number, frame) }
            registers.programCounter = shown
            ending = .leftAt(registers)
        } else {
            ending = .stopped
        }
        return Int32(DWARF_CB_ABORT)
    }

    private func register(_ number: Int, _ frame: OpaquePointer) -> UInt64? {
        var value: Dwarf_Word = 0
        return dwfl_frame_reg(frame, UInt32(number), &value) == 0 ? value : nil
    }

    /// Whether there is call-frame information for an address, and whether it is a signal frame's.
    private func coverage(_ address: UInt64) -> (isCovered: Bool, isTrampoline: Bool) {
        guard let module = dwfl_addrmodule(dwfl, address) else { return (false, false) }
        var bias: Dwarf_Addr = 0
        for table in [dwfl_module_eh_cfi, dwfl_module_dwarf_cfi] {
            guard let tables = table(module, &bias) else { continue }
            var found: OpaquePointer?
            guard dwarf_cfi_addrframe(tables, address &- bias, &found) == 0, let found else { continue }
            defer { free(UnsafeMutableRawPointer(found)) }
            var isSignalFrame = false
            dwarf_frame_info(found, nil, nil, &isSignalFrame)
            return (true, isSignalFrame)
        }
        return (false, false)
    }

    fileprivate func read(_ address: UInt64) -> UInt64? {
        if let value = memory(address) { return value }
        if missing == nil { missing = address }
        return nil
    }

    fileprivate func setRegisters(_ thread: OpaquePointer) -> Bool {
        for number in 0..<processor.registerCount where processor == .x86_64 || number != processor.programCounter {
            guard var value = initial[number] else { continue }
            guard dwfl_thread_state_registers(thread, Int32(number), 1, &value) else { return false }
        }
        dwfl_thread_state_register_pc(thread, initialAddress)
        return true
    }
}

// The callbacks, for C. Their context is the session or the module's file, both alive during the call.

private func session(_ context: UnsafeMutableRawPointer?) -> DwflSession? {
    context.map { Unmanaged<DwflSession>.fromOpaque($0).takeUnretainedValue() }
}

private let findELF:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafePointer<CChar>?, Dwarf_Addr,
        UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, UnsafeMutablePointer<OpaquePointer?>?
    ) -> Int32 = { _, place, _, _, _, result in
        guard let context = place?.pointee else { return -1 }
        let file = Unmanaged<ModuleFile>.fromOpaque(context).takeUnretainedValue()
        guard let image = file.tablesImage else { return -1 }
        // libdwfl ends it; the memory under it stays the module's.
        result?.pointee = elf_memory(image.baseAddress?.assumingMemoryBound(to: CChar.self), image.count)
        return -1
    }

private let findNoDebugFile:
    @convention(c) (
        OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafePointer<CChar>?, Dwarf_Addr,
        UnsafePointer<CChar>?, UnsafePointer<CChar>?, GElf_Word, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) -> Int32 = { _, _, _, _, _, _, _, _ in -1 }

private let nextThread:
    @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> pid_t =
        {
            _, _, _ in 0
        }

private let getThread:
    @convention(c) (OpaquePointer?, pid_t, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?)
        -> Bool = { _, _, context, result in
            // There is one thread at a time: whichever the session's registers are of.
            result?.pointee = context
            return true
        }

private let readMemory:
    @convention(c) (OpaquePointer?, Dwarf_Addr, UnsafeMutablePointer<Dwarf_Word>?, UnsafeMutableRawPointer?) -> Bool = {
        _, address, result, context in
        guard let value = session(context)?.read(address) else { return false }
        result?.pointee = value
        return true
    }

private let setInitialRegisters: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Bool = {
    thread, context in
    guard let thread, let session = session(context) else { return false }
    return session.setRegisters(thread)
}

private let visitFrame: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { frame, context in
    guard let frame, let session = session(context) else { return Int32(DWARF_CB_ABORT) }
    return session.visit(frame)
}
