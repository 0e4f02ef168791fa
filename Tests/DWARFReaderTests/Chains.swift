import DWARFReader

/// The slow, obvious way from units to an answer; tests compare it with other symbolizers.
struct Chains {
    struct Frame: Equatable {
        /// Linkage name or short name.
        var name: String
        var path: String
        var line: UInt32
        var column: UInt32
    }

    let units: [ReadUnit]

    /// The frames at `address`, innermost first; empty when no function is there.
    func frames(at address: UInt64) -> [Frame] {
        for unit in units {
            guard
                var index = unit.scopes.indices.last(where: { index in
                    unit.scopes[index].ranges.contains { $0.contains(address) } && depth(index, unit) >= 0
                })
            else { continue }
            // Pre-order: the last scope that holds the address is an innermost one.
            var frames: [Frame] = []
            let row = row(at: address, unit)
            var path = row.map { self.path($0.file, unit) } ?? "??"
            var line = row?.line ?? 0
            var column = row?.column ?? 0
            while true {
                let scope = unit.scopes[index]
                frames.append(
                    Frame(name: scope.linkageName ?? scope.name ?? "??", path: path, line: line, column: column))
                guard scope.kind == .inlinedSubroutine, scope.parent >= 0 else { break }
                (path, line, column) = (scope.callPath ?? "??", scope.callLine, scope.callColumn)
                index = Int(scope.parent)
            }
            return frames
        }
        return []
    }

    private func path(_ file: Int32, _ unit: ReadUnit) -> String {
        file < 0 ? "??" : unit.files[Int(file)].path
    }

    private func depth(_ index: Int, _ unit: ReadUnit) -> Int {
        var depth = 0
        var scope = unit.scopes[index]
        while scope.parent >= 0 {
            scope = unit.scopes[Int(scope.parent)]
            depth += 1
        }
        return scope.kind == .function ? depth : -1
    }

    private func row(at address: UInt64, _ unit: ReadUnit) -> LineRow? {
        var best: LineRow?
        for (row, next) in zip(unit.rows, unit.rows.dropFirst()) where !row.isEndOfSequence {
            if row.address <= address, address < next.address { best = row }
        }
        return best
    }
}
