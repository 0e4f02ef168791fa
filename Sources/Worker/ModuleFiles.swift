import DebugFiles
import ParserTasks

/// Which files one child gets for the modules of a dump: a bounded number, those that matter most first.
struct ModuleFiles: Sendable {
    /// A module with one of its files.
    struct Entry: Sendable {
        var module: Int
        var file: UnwindingFile
    }

    /// At most ``DumpRequest/fileLimit``.
    private(set) var chosen: [Entry] = []
    /// Modules of which a file was left out.
    private(set) var omitted: Set<Int> = []

    /// Objects go before debug files: they have the call-frame information. Modules in which frames were found go before
    /// all others; the rest are in the dump's order, those with code first.
    /// - Parameter framed: Positions of modules that frames lie in, as far as is known.
    init(
        _ modules: [DumpModule], _ offers: UnwindingFiles, framed: Set<Int> = [], limit: Int = DumpRequest.fileLimit
    ) {
        var objects: [String: UnwindingFile] = [:]
        var debugFiles: [String: UnwindingFile] = [:]
        for file in offers.files {
            if file.isDebugFile { debugFiles[file.buildID] = file } else { objects[file.buildID] = file }
        }
        let known = modules.indices.filter { modules[$0].buildID != nil }
        let first = known.filter(framed.contains)
        let others = known.filter { !framed.contains($0) }
        let rest = others.filter { modules[$0].isExecutable } + others.filter { !modules[$0].isExecutable }
        for (positions, files) in [(first, objects), (first, debugFiles), (rest, objects), (rest, debugFiles)] {
            for position in positions {
                guard let file = modules[position].buildID.flatMap({ files[$0] }) else { continue }
                if chosen.count < limit {
                    chosen.append(Entry(module: position, file: file))
                } else {
                    omitted.insert(position)
                }
            }
        }
    }
}

/// Modules by address.
struct ModuleMap: Sendable {
    private let sorted: [(start: UInt64, end: UInt64, position: Int)]

    init(_ modules: [DumpModule]) {
        sorted = modules.enumerated().filter { $0.element.start < $0.element.end }
            .map { (start: $0.element.start, end: $0.element.end, position: $0.offset) }
            .sorted { $0.start < $1.start }
    }

    /// The module with the greatest start that is not above the address, if it reaches it.
    func position(of address: UInt64) -> Int? {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address < sorted[low - 1].end else { return nil }
        return sorted[low - 1].position
    }

    /// The modules that frames of a dump lie in.
    func framed(_ dump: UnwoundDump) -> Set<Int> {
        var found: Set<Int> = []
        for thread in dump.threads {
            for frame in thread.frames + thread.ranOn {
                if let position = position(of: frame.address) { found.insert(position) }
            }
        }
        return found
    }
}
