import Bytes
import ELFObject
import ParserTasks

/// The modules of a dump by address, with the files that were handed in.
final class ModuleTable {
    /// By start.
    let files: [ModuleFile]
    /// About files that cannot be used.
    private let inputNotes: [String]

    /// Pairs the modules with their files; `inputs` are the request's files in its order.
    init(_ snapshot: any ProcessSnapshot, _ request: DumpRequest, _ inputs: [MappedFile]) {
        var objects: [Int: ELFObject] = [:]
        var debugFiles: [Int: ELFObject] = [:]
        var notes: [String] = []
        let modules = snapshot.inspection.modules
        for (input, file) in zip(request.files, inputs) {
            guard modules.indices.contains(input.module) else {
                notes.append("\(printable(input.name)): the dump has no module number \(input.module)")
                continue
            }
            do throws(ELFError) {
                let object = try ELFObject(file, name: input.name, limits: ELFObject.unwindingLimits)
                if input.isDebugFile { debugFiles[input.module] = object } else { objects[input.module] = object }
            } catch {
                notes.append(error.description)
            }
        }
        let memory: LoadedImage.Memory = { snapshot.bytes(at: $0, count: $1, limit: $2) }
        let budget = TableBudget()
        files = modules.enumerated().map { index, module in
            ModuleFile(
                module, index: index, file: objects[index], debugFile: debugFiles[index],
                memoryImage: module.isExecutable ? LoadedImage(at: module.start, memory) : nil,
                processor: snapshot.processor, budget: budget)
        }.sorted { ($0.module.start, $0.module.end, $0.index) < ($1.module.start, $1.module.end, $1.index) }
        inputNotes = notes
    }

    /// The module at an address; the one that begins last where they overlap.
    func file(at address: UInt64) -> ModuleFile? {
        var low = 0
        var high = files.count
        while low < high {
            let middle = low + (high - low) / 2
            if files[middle].module.start <= address { low = middle + 1 } else { high = middle }
        }
        // One may lie in a hole of another.
        return files[max(0, low - 8)..<low].last { address < $0.module.end }
    }

    /// 8 bytes of the process: from the dump, or from a module's file where the process cannot have changed them.
    func word(at address: UInt64, _ snapshot: any ProcessSnapshot) -> UInt64? {
        if let value = snapshot.integer(at: address, UInt64.self) { return value }
        guard let file = file(at: address) else { return nil }
        var value: UInt64 = 0
        let isThere = withUnsafeMutableBytes(of: &value) { file.read(address, into: $0) }
        return isThere ? UInt64(littleEndian: value) : nil
    }

    /// What was wrong with the files.
    var notes: [String] { inputNotes + files.flatMap(\.notes) }
}
