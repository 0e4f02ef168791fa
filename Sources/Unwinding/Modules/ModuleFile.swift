import Bytes
import ELFObject
import ParserTasks

extension ELFObject {
    /// Limits for what unwinding needs of a file: call-frame tables and the symbol table.
    static let unwindingLimits = ELFLimits(maximumSectionSize: 1 << 30, maximumTotalSize: 2 << 30)

    /// Copies bytes of the load segments, by link address; false when they are not all in one of them. Writable segments
    /// are left out when `isReadOnly`: a process has changed them.
    func read(linkAddress: UInt64, into bytes: UnsafeMutableRawBufferPointer, isReadOnly: Bool) -> Bool {
        let count = UInt64(bytes.count)
        for segment in loadSegments where !isReadOnly || segment.flags & 2 == 0 {
            guard segment.address <= linkAddress, linkAddress - segment.address < segment.fileSize,
                count <= segment.fileSize - (linkAddress - segment.address)
            else { continue }
            let (offset, isOverflow) = segment.fileOffset.addingReportingOverflow(linkAddress - segment.address)
            guard !isOverflow, offset <= UInt64(file.count), count <= UInt64(file.count) - offset else { continue }
            file.withUnsafeBytes { all in
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[Int(offset)..<Int(offset + count)]))
            }
            return true
        }
        return false
    }

    /// The file as it would be loaded at its own addresses.
    var loadedImage: LoadedImage? {
        LoadedImage(at: baseAddress) { address, count, limit in
            guard count <= UInt64(limit) else { return nil }
            var result = [UInt8](repeating: 0, count: Int(count))
            let isThere = result.withUnsafeMutableBytes { self.read(linkAddress: address, into: $0, isReadOnly: false) }
            return isThere ? result : nil
        }
    }
}

/// What the call-frame tables of all modules together may take: a dump may claim thousands of modules in one place.
final class TableBudget {
    static let limit = 1 << 30
    var left = limit
}

/// A module of a dump with the files that were handed in for it.
///
///     dump:  module.start ──▶ ┌────────┐      file:  baseAddress ──▶ ┌────────┐     address = link address + bias
///                             │ .text  │                             │ .text  │
///
/// The call-frame tables and the symbols are taken out when the first frame asks for them, once.
final class ModuleFile {
    let module: DumpModule
    /// Position in the inspection's modules.
    let index: Int
    /// The executable or library itself, checked against the module's build id.
    private(set) var object: ELFObject?
    /// The separate debug file, checked as well.
    private(set) var debugFile: ELFObject?
    /// Absolute address of link address 0.
    let bias: UInt64
    /// The link address of the module's start.
    let linkBase: UInt64
    /// Why a file was not used, or what is wrong with it.
    private(set) var notes: [String] = []
    private let processor: SnapshotProcessor
    private let memoryImage: LoadedImage?
    private let budget: TableBudget
    private var image: UnsafeMutableRawBufferPointer?
    private var hasImage = false
    private var symbols: AsyncSymbols?

    /// `memoryImage` is the module's file as the dump has it: the only source for the vDSO.
    init(
        _ module: DumpModule, index: Int, file: ELFObject?, debugFile: ELFObject?, memoryImage: LoadedImage?,
        processor: SnapshotProcessor, budget: TableBudget
    ) {
        self.module = module
        self.index = index
        self.processor = processor
        self.memoryImage = memoryImage
        self.budget = budget
        object = nil
        var notes: [String] = []
        object = file.flatMap { Self.fits($0, module, processor, &notes) ? $0 : nil }
        self.debugFile = debugFile.flatMap { Self.fits($0, module, processor, &notes) ? $0 : nil }
        // Without any file: addresses relative to the module, which nothing is looked up with.
        linkBase = object?.baseAddress ?? self.debugFile?.baseAddress ?? memoryImage?.linkBase ?? 0
        bias = module.start &- linkBase
        self.notes = notes
    }

    deinit {
        image?.deallocate()
    }

    private static func fits(
        _ object: ELFObject, _ module: DumpModule, _ processor: SnapshotProcessor, _ notes: inout [String]
    ) -> Bool {
        let path = printable(module.path)
        guard object.header.machine == (processor == .x86_64 ? 62 : 183), object.header.is64Bit,
            object.header.byteOrder == .little, object.header.type == .executable || object.header.type == .sharedObject
        else {
            notes.append("\(printable(object.name)) is not for \(path): a file of another kind or processor")
            return false
        }
        if let wanted = module.buildID {
            let found = object.buildID.map { Hexadecimal.string($0) }
            guard found == wanted else {
                notes.append(
                    "\(printable(object.name)) is not for \(path): its build id is \(found ?? "missing"), not \(wanted)"
                )
                return false
            }
        }
        return true
    }

    /// Whether call-frame tables may be found.
    var mayHaveTables: Bool { object != nil || debugFile != nil || memoryImage != nil }

    /// What libdw gets instead of the file; `nil` when there are no call-frame tables. Lives as long as this object.
    var tablesImage: UnsafeMutableRawBufferPointer? {
        if hasImage { return image }
        hasImage = true
        guard budget.left > 0 else { return nil }
        var tables = CallFrameTables()
        do throws(ELFError) {
            if let object {
                tables = try CallFrameTables(object, debugFile: debugFile)
            } else if let debugFile {
                tables = try CallFrameTables(debugFile, debugFile: nil)
            }
        } catch {
            notes.append("call-frame information: \(error)")
        }
        if tables.frames == nil, let memoryImage, memoryImage.bias == bias {
            let debugFrames = tables.debugFrames
            tables = CallFrameTables(memoryImage)
            tables.debugFrames = debugFrames
        }
        guard !tables.isEmpty else { return nil }
        budget.left -= tables.size
        guard budget.left > 0 else {
            notes.append(
                "call-frame information of \(printable(module.path)) and others: more than \(TableBudget.limit) bytes")
            return nil
        }
        let bytes = tables.synthesizedFile(base: linkBase & ~4095, size: module.end - module.start, processor)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        copy.copyBytes(from: bytes)
        image = copy
        return copy
    }

    /// The functions that tell async pieces apart.
    var asyncSymbols: AsyncSymbols {
        if let symbols { return symbols }
        let found = AsyncSymbols([object, debugFile].compactMap { $0 })
        symbols = found
        if !found.isComplete, object?.sections.contains(where: { $0.name.hasPrefix("swift5_") }) == true {
            notes.append(
                "\(printable(module.path)) has no symbol table (.symtab), and no debug file that has it was given: "
                    + "async callers of its functions cannot be told")
        }
        if let problem = found.problem { notes.append("symbols of \(printable(module.path)): \(problem)") }
        return found
    }

    /// Copies bytes of the file that the process cannot have changed, by absolute address.
    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        object?.read(linkAddress: address &- bias, into: bytes, isReadOnly: true) ?? false
    }
}
