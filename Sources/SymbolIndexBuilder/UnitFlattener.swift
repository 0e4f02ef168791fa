import DWARFReader

/// Makes units flat; keeps its memory from unit to unit. One a thread.
///
///     scopes ─▶ ScopeSweep ─▶ ├──f──┼──g──┼───f───┤    ├──h──┤
///     rows   ─▶ RowSweep   ─▶ ├─12─┼──80───┼─13───┼─14─┤─40──┤
///                             ├─f12┼f80┼g80┼f80┼f13┤ 14┤─h40─┤    pieces
struct UnitFlattener {
    let live: LiveCode
    private var scopeSweep = ScopeSweep()
    private var rowSweep = RowSweep()
    private var claims: [ScopeClaim] = []
    private var scopeSegments: [ScopeSegment] = []
    private var rowSegments: [RowSegment] = []
    private var roots: [Int32] = []
    private var keptScopes: [Int32] = []
    private var keptFunctions: [Int32] = []
    private var keptFiles: [Int32] = []
    private var depths: [UInt16] = []
    private var pending: [Int32] = []

    init(live: LiveCode) {
        self.live = live
    }

    /// The flat form of `unit`. Its `functions` and `files` are the unit's own numbers: those that live code uses, in the
    /// order of first use by rising addresses.
    mutating func flatten(_ unit: borrowing UnitCode) -> FlatUnit {
        var flat = FlatUnit()
        collectClaims(unit, &flat)
        scopeSweep.run(&claims, into: &scopeSegments)
        flat.deadRanges += rowSweep.run(unit.rows, live: live, into: &rowSegments)
        reset(&keptScopes, unit.scopes.count)
        reset(&keptFunctions, unit.functions.count)
        reset(&keptFiles, unit.files.count)
        depths.removeAll(keepingCapacity: true)
        flat.pieces.reserveCapacity(rowSegments.count + scopeSegments.count)
        pair(unit, &flat)
        return flat
    }

    private func reset(_ map: inout [Int32], _ count: Int) {
        map.removeAll(keepingCapacity: true)
        map.append(contentsOf: repeatElement(-1, count: count))
    }

    private mutating func collectClaims(_ unit: borrowing UnitCode, _ flat: inout FlatUnit) {
        claims.removeAll(keepingCapacity: true)
        roots.removeAll(keepingCapacity: true)
        roots.reserveCapacity(unit.scopes.count)
        var dead = 0
        for index in unit.scopes.indices {
            let scope = unit.scopes[index]
            let parent = Int(scope.parent)
            let root = parent >= 0 && parent < index ? roots[parent] : Int32(truncatingIfNeeded: index)
            roots.append(root)
            for position in scope.ranges {
                let range = unit.ranges[position]
                guard range.start < range.end, let code = live.range(containing: range.start) else {
                    dead += 1
                    continue
                }
                claims.append(
                    ScopeClaim(
                        start: range.start, end: min(range.end, code.upperBound),
                        scope: Int32(truncatingIfNeeded: index), root: root))
            }
        }
        flat.deadRanges = dead
    }

    /// The pieces being made: the open run stays out of the arrays until it ends.
    private struct Output {
        var start: UInt64 = 0
        var end: UInt64 = 0
        var firstPiece = 0
        var hasBareRows = false
        var isOpen = false
        var last = FlatUnit.Piece(offset: 0, scope: -1, line: 0, file: FlatUnit.Piece.noFile, column: 0)

        mutating func close(_ flat: inout FlatUnit) {
            guard isOpen else { return }
            flat.runs.append(
                .init(
                    start: start, end: end, firstPiece: UInt32(truncatingIfNeeded: firstPiece),
                    hasBareRows: hasBareRows))
            if hasBareRows { flat.hasBareRows = true }
            isOpen = false
        }
    }

    /// Lays the two lists upon each other.
    private mutating func pair(_ unit: borrowing UnitCode, _ flat: inout FlatUnit) {
        var output = Output()
        var (i, j) = (0, 0)
        let (scopeCount, rowCount) = (scopeSegments.count, rowSegments.count)
        var scope = ScopeSegment(start: .max, end: .max, scope: -1)
        var row = RowSegment(start: .max, end: .max, row: -1)
        if scopeCount > 0 { scope = scopeSegments[0] }
        if rowCount > 0 { row = rowSegments[0] }
        var position = min(scope.start, row.start)
        while i < scopeCount || j < rowCount {
            position = max(position, min(scope.start, row.start))
            let inScope = scope.start <= position && i < scopeCount
            let inRow = row.start <= position && j < rowCount
            let end = min(inScope ? scope.end : scope.start, inRow ? row.end : row.start)
            if end > position {
                emit(position, end, inScope ? Int(scope.scope) : -1, inRow ? Int(row.row) : -1, unit, &output, &flat)
            }
            position = end
            if inScope, scope.end <= position {
                i += 1
                scope = i < scopeCount ? scopeSegments[i] : ScopeSegment(start: .max, end: .max, scope: -1)
            }
            if inRow, row.end <= position {
                j += 1
                row = j < rowCount ? rowSegments[j] : RowSegment(start: .max, end: .max, row: -1)
            }
        }
        output.close(&flat)
    }

    @inline(__always)
    private mutating func emit(
        _ start: UInt64, _ end: UInt64, _ scope: Int, _ row: Int, _ unit: borrowing UnitCode, _ output: inout Output,
        _ flat: inout FlatUnit
    ) {
        var piece = FlatUnit.Piece(offset: 0, scope: -1, line: 0, file: FlatUnit.Piece.noFile, column: 0)
        var wide: FlatUnit.WidePlace?
        if scope >= 0 {
            let known = keptScopes[scope]
            piece.scope = known >= 0 ? known : keep(scope, unit, &flat)
        }
        if row >= 0 {
            let line = unit.rows[row]
            piece.line = line.line
            let file = number(ofFile: line.file, &flat)
            if file < UInt32(FlatUnit.Piece.wide), line.column <= UInt32(UInt16.max) {
                piece.file = UInt16(truncatingIfNeeded: file)
                piece.column = UInt16(truncatingIfNeeded: line.column)
            } else {
                piece.file = FlatUnit.Piece.wide
                wide = .init(file: file, column: line.column)
            }
        }
        if output.isOpen, output.end == start, end - output.start <= UInt64(UInt32.max) {
            output.end = end
            if wide == nil, output.last.scope == piece.scope, output.last.line == piece.line,
                output.last.file == piece.file, output.last.column == piece.column
            {
                return
            }
        } else {
            output.close(&flat)
            output.isOpen = true
            output.hasBareRows = false
            output.start = start
            output.end = end
            output.firstPiece = flat.pieces.count
        }
        if scope < 0 { output.hasBareRows = true }
        output.last = piece
        piece.offset = UInt32(truncatingIfNeeded: start - output.start)
        if let wide { flat.widePlaces[UInt32(truncatingIfNeeded: flat.pieces.count)] = wide }
        flat.pieces.append(piece)
    }

    /// The number in `flat.files`; `FlatUnit.Scope.noFile` for none.
    @inline(__always)
    private mutating func number(ofFile file: Int32, _ flat: inout FlatUnit) -> UInt32 {
        guard file >= 0, Int(file) < keptFiles.count else { return FlatUnit.Scope.noFile }
        if keptFiles[Int(file)] < 0 {
            keptFiles[Int(file)] = Int32(truncatingIfNeeded: flat.files.count)
            flat.files.append(UInt32(bitPattern: file))
        }
        return UInt32(bitPattern: keptFiles[Int(file)])
    }

    /// The number of a scope in `flat.scopes`, taking it and its parents over when first used.
    private mutating func keep(_ scope: Int, _ unit: borrowing UnitCode, _ flat: inout FlatUnit) -> Int32 {
        pending.removeAll(keepingCapacity: true)
        var current = scope
        var parent: Int32 = -1
        while true {
            if keptScopes[current] >= 0 {
                parent = keptScopes[current]
                break
            }
            pending.append(Int32(truncatingIfNeeded: current))
            let next = Int(unit.scopes[current].parent)
            guard next >= 0, next < current else { break }
            current = next
        }
        while let index = pending.popLast() {
            let source = unit.scopes[Int(index)]
            let depth = parent < 0 ? 1 : Int(depths[Int(parent)]) + 1
            if depth > FlatUnit.maximumDepth {
                // Deeper calls are shown as the deepest one kept.
                keptScopes[Int(index)] = parent
                flat.cutScopes += 1
                continue
            }
            let function = number(ofFunction: source.function, &flat)
            let kept = Int32(truncatingIfNeeded: flat.scopes.count)
            if parent < 0 {
                flat.scopes.append(.function(function, entryAddress: entry(of: source, unit)))
            } else {
                flat.scopes.append(
                    .init(
                        parent: parent, function: function, callFile: number(ofFile: source.callFile, &flat),
                        callLine: source.callLine, callColumn: source.callColumn))
            }
            depths.append(UInt16(truncatingIfNeeded: depth))
            keptScopes[Int(index)] = kept
            parent = kept
        }
        return keptScopes[scope]
    }

    private mutating func number(ofFunction function: Int32, _ flat: inout FlatUnit) -> UInt32 {
        guard function >= 0, Int(function) < keptFunctions.count else { return FlatUnit.Scope.noFile }
        if keptFunctions[Int(function)] < 0 {
            keptFunctions[Int(function)] = Int32(truncatingIfNeeded: flat.functions.count)
            flat.functions.append(UInt32(bitPattern: function))
        }
        return UInt32(bitPattern: keptFunctions[Int(function)])
    }

    /// The entry as the file says when it lies in one of the live ranges, else the first live range's start.
    private func entry(of scope: UnitScope, _ unit: borrowing UnitCode) -> UInt64 {
        var first: UInt64?
        for position in scope.ranges {
            let range = unit.ranges[position]
            guard range.start < range.end, let code = live.range(containing: range.start) else { continue }
            if first == nil { first = range.start }
            if scope.entryAddress >= range.start, scope.entryAddress < min(range.end, code.upperBound) {
                return scope.entryAddress
            }
        }
        return first ?? scope.entryAddress
    }
}
