import Bytes
import ParserTasks

/// A minidump of a Linux process: what Breakpad, Crashpad and LLDB write, on x86-64 and ARM64.
///
///     ┌──────────────────┐
///     │ header           │ MDMP, version, number and place of ▼, time        MinidumpDirectory
///     ├──────────────────┤
///     │ stream directory │ kind, size, offset …
///     ├──────────────────┤
///     │ system info      │ processor, system                                 MinidumpSystem
///     │ exception        │ signal, address, thread, registers ─┐             MinidumpThreads
///     │ thread list      │ id, stack ─┐, registers ─┐          │             MinidumpContext
///     │ module list      │ address, name, build id  │          │             MinidumpModules
///     │ memory lists     │ address, bytes ─┐        │          │             MinidumpMemory
///     │ maps             │ /proc/PID/maps  │        │          │             LinuxMappings
///     ├──────────────────┤                 ▼        ▼          ▼
///     │ bytes of all of it, anywhere
///     └──────────────────┘
///
/// Offsets are 32 bits wide and count from the file's beginning. The file is mapped and memory is read in place.
///
/// Any bytes give a snapshot or a ``DumpError``. A part that is damaged, cut off or above a limit is left out with a
/// note; only without a directory, of another system or processor, or without anything that tells the processor, the
/// file is refused. A thread whose registers are not usable has none: its arrays are empty.
struct MinidumpFile: ProcessSnapshot {
    let inspection: DumpInspection
    let processor: SnapshotProcessor
    let threads: [SnapshotThread]
    let crash: SnapshotCrash
    private let memory: MinidumpMemory
    private let executable: AddressRanges

    /// Reads all but the memory's bytes; `name` is used in messages only.
    init(_ file: MappedFile, name: String) throws(DumpError) {
        var reader = MinidumpReader(file, name: name)
        try reader.readDirectory()
        let system = try reader.readSystem()
        let exception = reader.readException()
        guard let processor = system.processor ?? reader.guessProcessor(exception) else {
            throw .malformed(name, "system info", "neither it nor a thread's registers tell the processor")
        }
        let found = reader.readThreads(processor, exception)
        let mappings = reader.readMappings()
        memory = reader.readMemory(stacks: found.stacks)
        let modules = reader.readModules(mappings, memory)
        executable =
            mappings.executable
            ?? AddressRanges(modules.filter(\.isExecutable).map { $0.start..<$0.end })

        var crash = SnapshotCrash()
        reader.readProcess(into: &crash)
        if crash.processName == nil {
            crash.processName = reader.processPath?.split(separator: "/").last.map(String.init)
        }
        crash.operatingSystem = system.operatingSystem
        if reader.directory.timestamp != 0 { crash.timestamp = Double(reader.directory.timestamp) }
        if let exception {
            reader.describe(exception, thread: found.exceptionThread, in: &crash)
            // LLDB does not know the code and writes 0, which would mean that a process sent the signal, with the
            // program counter as address; where a process did, its id stands there.
            let number = processor == .x86_64 ? 16 : 32
            let counter = found.exceptionThread.flatMap { found.threads[$0].registers.dropFirst(number).first }
            if exception.flags == 0, exception.address == counter { crash.signalCode = nil }
        }

        self.processor = processor
        self.crash = crash
        threads = found.threads
        inspection = DumpInspection(
            format: "minidump", architecture: processor.rawValue, modules: modules, threadCount: found.threads.count,
            notes: reader.notes)
    }

    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        memory.read(address, into: bytes)
    }

    /// By the mappings; where the dump has none, all of a module counts as code.
    func isExecutable(_ address: UInt64) -> Bool {
        executable.contains(address)
    }
}

extension MinidumpReader {
    /// What the exception stream says of the crash.
    fileprivate mutating func describe(_ exception: MinidumpException, thread: Int?, in crash: inout SnapshotCrash) {
        guard exception.code != MinidumpException.requested else {
            note("the program asked for the dump in thread \(exception.thread): nothing crashed")
            return
        }
        crash.thread = thread
        guard (1...64).contains(exception.code) else {
            note("stream exception: code 0x\(String(exception.code, radix: 16)) is no signal")
            return
        }
        crash.signal = Int(exception.code)
        let code = Int(Int32(bitPattern: exception.flags))
        crash.signalCode = code
        // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, and only when the kernel raised it for an instruction: a signal from
        // kill has the sender's process id there, and SI_KERNEL (0x80) means that the processor did not tell. LLDB
        // writes code 0 and the program counter.
        if [4, 5, 7, 8, 11].contains(exception.code), code > 0, code != 0x80 { crash.faultAddress = exception.address }
    }
}
