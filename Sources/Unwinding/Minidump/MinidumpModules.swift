import Bytes
import ParserTasks

extension MinidumpReader {
    private static let moduleSize: UInt64 = 108
    /// What follows in a CodeView record: the ELF build id (`BpEL`, Breakpad since 2018, Crashpad, LLDB).
    private static let elfBuildID: UInt32 = 0x4270_454c
    /// What follows in a CodeView record: GUID, age and name of a PDB file (`RSDS`).
    private static let pdb70: UInt32 = 0x5344_5352

    /// The module list (`MINIDUMP_MODULE`), and behind it mapped files with code that it does not have, by address.
    ///
    /// Of a module's `RSDS` record nothing is used: Breakpad made its GUID, before 2018, of the first 16 bytes of the
    /// build id or, without one, of a hash of the code, so it cannot be told whether it is a build id and whether all of
    /// it. Such a module has no build id here, unless its ELF headers are in the dumped memory.
    mutating func readModules(_ mappings: MinidumpMappings, _ memory: MinidumpMemory) -> [DumpModule] {
        var modules: [DumpModule] = []
        var pdbs = 0
        if let list = list(.moduleList, stride: Self.moduleSize) {
            // LLDB's sizes are those of the first segment: the mappings know better.
            let ends = Dictionary(mappings.mapped.map { ($0.start, $0.end) }, uniquingKeysWith: max)
            for index in 0..<bounded(moduleCount: list.count) {
                guard var module = readModule(list[index], pdbs: &pdbs) else { break }
                if let end = ends[module.start], end > module.end { module.end = end }
                module.isExecutable = mappings.executable?.overlaps(module.start..<module.end) ?? true
                modules.append(module)
            }
        } else {
            note("there is no module list")
        }
        processPath = modules.first?.path
        let listed = AddressRanges(modules.map { $0.start..<$0.end })
        let mapped = mappings.modules.filter { !listed.overlaps($0.start..<$0.end) }
        let room = MinidumpLimits.modules - modules.count
        if mapped.count > room {
            note("stream linuxMaps: \(mapped.count - room) files are left out, there are too many")
        }
        modules += mapped.prefix(room)
        modules.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        let inMemory = MemoryBuildIDs(memory)
        var unidentified = 0
        for index in modules.indices where modules[index].buildID == nil {
            modules[index].buildID = inMemory.buildID(at: modules[index].start)
            if modules[index].buildID == nil { unidentified += 1 }
        }
        if inMemory.isExhausted { note("stream moduleList: not all build ids were looked for in the dumped memory") }
        if pdbs > 0, unidentified > 0 {
            note("\(pdbs) modules have a GUID (RSDS) instead of a build id: files for them are found by name only")
        }
        return modules
    }

    private mutating func bounded(moduleCount count: UInt64) -> UInt64 {
        let limit = UInt64(MinidumpLimits.modules)
        if count > limit { note("stream moduleList: \(count - limit) modules beyond \(limit) are left out") }
        return min(count, limit)
    }

    private mutating func readModule(_ entry: UInt64, pdbs: inout Int) -> DumpModule? {
        guard let start = u64(entry), let size = u32(entry + 8), let name = u32(entry + 20),
            let record = location(entry + 76)
        else { return nil }
        let (sum, isOverflow) = start.addingReportingOverflow(UInt64(size))
        if isOverflow { note("stream moduleList: a module at 0x\(String(start, radix: 16)) ends beyond all addresses") }
        let end = isOverflow ? UInt64.max : sum
        return DumpModule(
            path: text(UInt64(name), of: "stream moduleList") ?? "", buildID: readBuildID(record, pdbs: &pdbs),
            start: start,
            end: end, isExecutable: true)
    }

    private mutating func readBuildID(_ record: MinidumpLocation, pdbs: inout Int) -> String? {
        guard record.size > 0 else { return nil }
        let place = present(record)
        guard place.size >= 4, place.size == record.size, let signature = u32(place.offset) else {
            note("stream moduleList: a module's identifier is not in the file")
            return nil
        }
        switch signature {
        case Self.elfBuildID:
            guard place.size - 4 <= MinidumpLimits.buildIDSize,
                let bytes = DumpBytes(file.bytes).array(place.offset + 4, place.size - 4)
            else {
                note("stream moduleList: a build id of \(place.size - 4) bytes is left out")
                return nil
            }
            // Breakpad writes zeros when it found none.
            return bytes.contains { $0 != 0 } ? Hexadecimal.string(bytes) : nil
        case Self.pdb70:
            pdbs += 1
            return nil
        default:
            note("stream moduleList: a module's identifier is of unknown kind 0x\(String(signature, radix: 16))")
            return nil
        }
    }

}

/// Reads build ids from the ELF headers and notes in a dump's memory; all of them together may cost so many bytes, for a
/// hostile dump can have thousands of modules share megabytes of program headers.
private struct MemoryBuildIDs {
    private final class Budget {
        var left = 64 << 20
    }

    private let memory: MinidumpMemory
    private let budget = Budget()

    init(_ memory: MinidumpMemory) {
        self.memory = memory
    }

    var isExhausted: Bool { budget.left < 0 }

    func buildID(at start: UInt64) -> String? {
        let image = LoadedImage(at: start) { [memory, budget] address, count, limit in
            guard count <= UInt64(limit) else { return nil }
            budget.left -= Int(count)
            guard budget.left >= 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: Int(count))
            return bytes.withUnsafeMutableBytes { memory.read(address, into: $0) } ? bytes : nil
        }
        return image?.buildID().map { Hexadecimal.string($0) }
    }
}
