import Bytes
import ParserTasks

/// The modules of a core: from `NT_FILE`, and, where a core has none (QEMU's, very old kernels), from the ELF headers that
/// begin its segments.
struct CoreModules {
    var modules: [DumpModule] = []
    var notes: [String] = []

    /// More modules than any process has; the reply is bounded by it.
    static let limit = 20_000
    private static let vdsoEntry: UInt64 = 33
    private static let fileNameEntry: UInt64 = 31
    private static let programHeadersEntry: UInt64 = 3

    init(_ coreNotes: CoreNotes, _ memory: CoreMemory) {
        let bytes: LoadedImage.Memory = { memory.bytes(at: $0, count: $1, limit: $2) }
        if coreNotes.mappings.isEmpty {
            search(coreNotes, memory, bytes)
        } else {
            group(coreNotes.mappings, memory, bytes)
        }
        if let start = coreNotes.auxiliary[Self.vdsoEntry], let image = LoadedImage(at: start, bytes),
            !modules.contains(where: { $0.start <= start && start < $0.end })
        {
            modules.append(Self.module("[vdso]", image, memory))
        }
        addProgram(coreNotes, memory, bytes)
        modules.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        keepMostUseful()
    }

    /// Those with code, when there are more than anybody can look at.
    private mutating func keepMostUseful() {
        guard modules.count > Self.limit else { return }
        let count = modules.count
        let withCode = modules.filter(\.isExecutable)
        modules = Array((withCode.isEmpty ? modules : withCode).prefix(Self.limit))
        notes.append("\(count) files were mapped; \(modules.count) of them, those with code first, are kept")
    }

    private static func module(_ path: String, _ image: LoadedImage, _ memory: CoreMemory) -> DumpModule {
        let end = (image.end &+ 4095) & ~4095
        return DumpModule(
            path: path, buildID: image.buildID().map { Hexadecimal.string($0) }, start: image.start,
            end: max(end, image.start),
            isExecutable: image.end > image.start && memory.isExecutable(anyOf: image.start..<image.end))
    }

    /// One module for the mappings of one file whose file offsets rise with the addresses: a file that is mapped a
    /// second time begins again at a low offset.
    private mutating func group(
        _ mappings: [CoreNotes.FileMapping], _ memory: CoreMemory, _ bytes: @escaping LoadedImage.Memory
    ) {
        struct Open {
            var module: Int
            var lastOffset: UInt64
        }
        var open: [String: Open] = [:]
        for mapping in mappings.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) })
        where mapping.start < mapping.end {
            let isExecutable = memory.isExecutable(anyOf: mapping.start..<mapping.end)
            if let last = open[mapping.path],
                mapping.fileOffset > last.lastOffset
                    || (mapping.fileOffset == last.lastOffset && mapping.fileOffset != 0)
            {
                modules[last.module].end = max(modules[last.module].end, mapping.end)
                if isExecutable { modules[last.module].isExecutable = true }
                open[mapping.path] = Open(module: last.module, lastOffset: mapping.fileOffset)
                continue
            }
            open[mapping.path] = Open(module: modules.count, lastOffset: mapping.fileOffset)
            modules.append(
                DumpModule(
                    path: mapping.path, buildID: nil, start: mapping.start, end: mapping.end, isExecutable: isExecutable
                ))
        }
        keepMostUseful()
        for index in modules.indices {
            guard let image = LoadedImage(at: modules[index].start, bytes) else { continue }
            modules[index].buildID = image.buildID().map { Hexadecimal.string($0) }
        }
    }

    private mutating func search(
        _ coreNotes: CoreNotes, _ memory: CoreMemory, _ bytes: @escaping LoadedImage.Memory
    ) {
        for start in memory.starts {
            if let last = modules.last, start < last.end { continue }
            guard modules.count <= Self.limit, let image = LoadedImage(at: start, bytes),
                image.type == 2 || image.type == 3
            else { continue }
            let isProgram = coreNotes.auxiliary[Self.programHeadersEntry].map { image.start <= $0 && $0 < image.end }
            let name =
                isProgram == true
                ? Self.programName(coreNotes, bytes)
                : image.sharedObjectName() ?? "[module at \(Hexadecimal.address(start))]"
            modules.append(Self.module(name, image, memory))
        }
        notes.append(
            "the core does not say which files were mapped (no NT_FILE): \(modules.count) were found in its memory, "
                + "which may not be all, and paths are not known")
    }

    /// The executable, where nothing but the auxiliary vector tells of it: QEMU leaves code out of its cores. Its program
    /// headers follow the ELF header, and its segments follow each other.
    private mutating func addProgram(
        _ coreNotes: CoreNotes, _ memory: CoreMemory, _ bytes: @escaping LoadedImage.Memory
    ) {
        guard let headers = coreNotes.auxiliary[Self.programHeadersEntry], headers & 4095 == 64,
            !modules.contains(where: { $0.start <= headers && headers < $0.end })
        else { return }
        let start = headers - 64
        let end = memory.endOfMappings(from: start)
        guard end > start else { return }
        modules.append(
            DumpModule(
                path: Self.programName(coreNotes, bytes), buildID: nil, start: start, end: end,
                isExecutable: memory.isExecutable(anyOf: start..<end)))
    }

    private static func programName(_ coreNotes: CoreNotes, _ bytes: LoadedImage.Memory) -> String {
        coreNotes.auxiliary[fileNameEntry].flatMap { LoadedImage.text(at: $0, limit: 4096, bytes) }
            ?? coreNotes.crash.processName ?? "[program]"
    }
}

extension CoreMemory {
    /// `count` bytes; `nil` when not all are there, or when they are more than `limit`.
    func bytes(at address: UInt64, count: UInt64, limit: Int) -> [UInt8]? {
        guard count <= UInt64(limit) else { return nil }
        var result = [UInt8](repeating: 0, count: Int(count))
        return result.withUnsafeMutableBytes { read(address, into: $0) } ? result : nil
    }
}
