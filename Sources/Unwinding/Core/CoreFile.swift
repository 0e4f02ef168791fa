import Bytes
import ParserTasks

/// An ELF core: what the Linux kernel, gdb's `gcore` or QEMU write of a process.
///
///     ┌───────────────────┐
///     │ ELF header        │  CoreHeader   processor, segments
///     │ program headers   │
///     ├───────────────────┤
///     │ PT_NOTE           │  CoreNotes    threads and registers, signal, mapped files, auxiliary vector
///     ├───────────────────┤
///     │ PT_LOAD …         │  CoreMemory   stacks, heaps, and the first page of each mapped ELF file, in which
///     │                   │  CoreModules  the build id is
///     └───────────────────┘
///
/// The file is mapped and read in place: a core of many gigabytes, mostly holes, costs no memory of its own.
struct CoreFile: ProcessSnapshot {
    let inspection: DumpInspection
    let processor: SnapshotProcessor
    let threads: [SnapshotThread]
    let crash: SnapshotCrash
    private let memory: CoreMemory

    /// Reads headers and notes of `file`; `name` is used in messages only.
    init(_ file: MappedFile, name: String) throws(DumpError) {
        let header = try CoreHeader(DumpBytes(file.bytes), name: name)
        let coreNotes = CoreNotes(DumpBytes(file.bytes), header, name: name)
        guard !coreNotes.threads.isEmpty else {
            throw .malformed(
                name, "notes", coreNotes.notes.first ?? "no thread's registers (NT_PRSTATUS) are in the core")
        }
        memory = CoreMemory(file, header.segments)
        let found = CoreModules(coreNotes, memory)
        processor = header.processor
        threads = coreNotes.threads
        crash = coreNotes.crash
        var notes = coreNotes.notes + memory.notes + found.notes
        if header.missingHeaders > 0 {
            notes.append(
                "\(header.missingHeaders) program headers lie behind the end of the file: the core is truncated")
        }
        inspection = DumpInspection(
            format: "elf-core", architecture: processor.rawValue, modules: found.modules, threadCount: threads.count,
            notes: notes)
    }

    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        memory.read(address, into: bytes)
    }

    func isExecutable(_ address: UInt64) -> Bool {
        memory.isExecutable(address)
    }
}
