import Bytes

/// What the notes of a core say about the process (`PT_NOTE`; Linux, `fs/binfmt_elf.c`).
///
/// Notes about a thread follow its `NT_PRSTATUS`; the first thread is the one that died.
struct CoreNotes {
    /// A mapping of a file, from `NT_FILE`.
    struct FileMapping {
        var start: UInt64
        var end: UInt64
        /// In bytes.
        var fileOffset: UInt64
        var path: String
    }

    var threads: [SnapshotThread] = []
    var crash = SnapshotCrash()
    var mappings: [FileMapping] = []
    /// `NT_AUXV`, by type.
    var auxiliary: [UInt64: UInt64] = [:]
    var notes: [String] = []

    /// More threads than the kernel's default limit of a large machine allows would not help anybody.
    static let maximumThreads = 1 << 17
    /// `vm.max_map_count` is 65,530 by default.
    static let maximumMappings: UInt64 = 1 << 20

    private let processor: SnapshotProcessor
    private let name: String
    private var hasFiles = false
    private var hasProcess = false
    private var hasSignal = false
    private var damaged = 0
    private var droppedThreads = 0

    init(_ file: borrowing DumpBytes, _ header: CoreHeader, name: String) {
        processor = header.processor
        self.name = name
        for segment in header.segments where segment.type == 4 && segment.fileSize > 0 {
            var size = segment.fileSize
            if segment.offset < file.count, size > file.count - segment.offset {
                size = file.count - segment.offset
                notes.append("the notes are truncated: threads or modules may be missing")
            }
            guard let all = file.piece(segment.offset, size) else {
                notes.append("a segment of notes lies behind the end of the file: threads or modules are missing")
                continue
            }
            read(all)
        }
        if damaged > 0 { notes.append("\(damaged) notes are damaged or shorter than their kind and were left out") }
        if droppedThreads > 0 {
            notes.append("\(droppedThreads) threads behind the first \(Self.maximumThreads) were left out")
        }
        nameMainThread()
        if crash.signal != nil, !threads.isEmpty { crash.thread = 0 }
    }

    private mutating func read(_ all: borrowing DumpBytes) {
        var position: UInt64 = 0
        // Sizes are 32-bit and positions within the file: no sum overflows 64 bits.
        while let nameSize = all.u32(position), let size = all.u32(position + 4), let type = all.u32(position + 8) {
            let nameOffset = position + 12
            let offset = (nameOffset + UInt64(nameSize) + 3) & ~3
            guard let owner = all.text(nameOffset, UInt64(nameSize)), let note = all.piece(offset, UInt64(size)) else {
                damaged += 1
                return
            }
            if owner == "CORE" || owner == "LINUX" { read(note, type) }
            position = (offset + UInt64(size) + 3) & ~3
        }
    }

    private mutating func read(_ note: borrowing DumpBytes, _ type: UInt32) {
        switch type {
        case 1: readStatus(note)
        case 3 where !hasProcess: readProcess(note)
        case 6 where auxiliary.isEmpty: readAuxiliary(note)
        case 0x5349_4749 where !hasSignal: readSignal(note)
        case 0x4649_4c45 where !hasFiles: readFiles(note)
        default: break
        }
    }

    private mutating func readStatus(_ note: borrowing DumpBytes) {
        guard let (registers, named) = CoreRegisters.read(note, processor), let id = note.u32(32),
            let signal = note.u16(12)
        else {
            damaged += 1
            return
        }
        guard threads.count < Self.maximumThreads else {
            droppedThreads += 1
            return
        }
        if threads.isEmpty, signal != 0, crash.signal == nil { crash.signal = Int(signal) }
        threads.append(SnapshotThread(id: UInt64(id), name: nil, registers: registers, named: named))
    }

    private mutating func readProcess(_ note: borrowing DumpBytes) {
        guard let id = note.u32(24), let name = note.text(40, 16), let arguments = note.text(56, 80) else {
            damaged += 1
            return
        }
        hasProcess = true
        crash.processID = Int(id)
        crash.processName = name.isEmpty ? nil : name
        // The kernel leaves a blank where the last argument ends.
        let text = arguments.hasSuffix(" ") ? String(arguments.dropLast()) : arguments
        crash.arguments = text.isEmpty ? nil : text
    }

    private mutating func readAuxiliary(_ note: borrowing DumpBytes) {
        var position: UInt64 = 0
        while let type = note.u64(position), let value = note.u64(position + 8), type != 0, position < 16 * 256 {
            if auxiliary[type] == nil { auxiliary[type] = value }
            position += 16
        }
    }

    private mutating func readSignal(_ note: borrowing DumpBytes) {
        guard let signal = note.u32(0), let code = note.u32(8) else {
            damaged += 1
            return
        }
        hasSignal = true
        guard signal != 0 else { return }
        crash.signal = Int(Int32(bitPattern: signal))
        let signalCode = Int(Int32(bitPattern: code))
        crash.signalCode = signalCode
        // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, and only when the kernel raised it for an instruction: a signal from
        // kill has the sender's process id there, and SI_KERNEL (0x80) means that the processor did not tell.
        if [4, 5, 7, 8, 11].contains(signal), signalCode > 0, signalCode != 0x80 { crash.faultAddress = note.u64(16) }
    }

    private mutating func readFiles(_ note: borrowing DumpBytes) {
        guard let count = note.u64(0), let pageSize = note.u64(8), count <= Self.maximumMappings,
            16 + count * 24 <= note.count
        else {
            damaged += 1
            return
        }
        hasFiles = true
        var names = 16 + count * 24
        mappings.reserveCapacity(Int(count))
        for index in 0..<count {
            let record = 16 + index * 24
            guard let start = note.u64(record), let end = note.u64(record + 8), let page = note.u64(record + 16),
                names < note.count, let length = note.textLength(names, note.count - names),
                let path = note.text(names, min(4096, length)), start <= end
            else {
                notes.append("NT_FILE: \(count - index) of \(count) mapped files are missing or damaged")
                return
            }
            names += length + 1
            let (offset, isOverflow) = page.multipliedReportingOverflow(by: pageSize)
            guard !isOverflow else { continue }
            mappings.append(FileMapping(start: start, end: end, fileOffset: offset, path: path))
        }
    }

    /// The kernel keeps the name of the first thread only, as the process's: no thread names are in a core.
    private mutating func nameMainThread() {
        guard let process = crash.processID, let index = threads.firstIndex(where: { $0.id == UInt64(process) }) else {
            return
        }
        threads[index].name = crash.processName
    }
}
