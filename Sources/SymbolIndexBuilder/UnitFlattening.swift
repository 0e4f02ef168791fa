/// One unit as flattening wants it: plain numbers, no strings, nothing of libdw.
struct FlatteningUnit {
    /// A function or an inlined call.
    struct Scope {
        /// The scope it was inlined into, with a smaller index; `nil` for a function.
        var parent: Int?
        var ranges: [Range<UInt64>]
        var entryAddress: UInt64
        /// The function's number, the same for all instances of one function.
        var function: UInt32
        /// Where the parent calls, for inlined calls.
        var call = Place.unknown

        init(
            parent: Int? = nil, ranges: [Range<UInt64>], entryAddress: UInt64? = nil, function: UInt32,
            call: Place = .unknown
        ) {
            self.parent = parent
            self.ranges = ranges
            self.entryAddress = entryAddress ?? ranges.first?.lowerBound ?? 0
            self.function = function
            self.call = call
        }
    }

    /// A row of the line table.
    struct Row {
        var address: UInt64
        var place: Place
        var isEndOfSequence: Bool
    }

    /// Offset of the unit in `.debug_info`: units are ranked by it, so the order of arrival does not matter.
    var offset: UInt64
    /// In the order of the file, parents before children.
    var scopes: [Scope] = []
    /// Sequence after sequence.
    var rows: [Row] = []
}

/// A file, line and column.
struct Place: Equatable, Hashable {
    /// The file's number; `UInt32.max` for none.
    var file: UInt32
    var line: UInt32
    var column: UInt32

    static let noFile = UInt32.max
    static let unknown = Place(file: noFile, line: 0, column: 0)
}

/// A unit made flat: disjoint pieces of code in rising order, each with its innermost scope and its row.
struct FlatUnit {
    struct Piece: Equatable {
        var start: UInt64
        var end: UInt64
        /// Index in `scopes`; `nil` where the unit has a row but no function.
        var scope: Int?
        /// `nil` where the unit has a function but no row.
        var place: Place?
    }

    /// A scope that a piece, or a scope inlined into it, needs.
    struct Scope: Equatable {
        /// Index in `scopes`, smaller than the scope's own.
        var parent: Int?
        var function: UInt32
        var call: Place
        /// Functions: the first instruction.
        var entryAddress: UInt64
    }

    var offset: UInt64
    var pieces: [Piece] = []
    var scopes: [Scope] = []
    /// Ranges and line sequences that no live code holds.
    var deadRanges = 0
    /// Inlined calls cut off because they were nested deeper than an index allows.
    var cutScopes = 0

    /// Deepest chain of inlined calls kept.
    static let maximumDepth = 1000

    /// Makes `unit` flat.
    ///
    /// - At each address the *function* that owns it is the last one in the order of the file whose ranges hold it: a
    ///   function in a function is the inner one, and of functions folded to the same code the last one is shown, as
    ///   LLVM's tools do.
    /// - Then the innermost inlined call *of that function* there; calls are cut to their function's ranges.
    /// - Rows: at one address the last row counts. Where sequences overlap the later one wins, which keeps it together
    ///   with the later function.
    /// - Functions, calls and sequences in dead code are left out.
    init(_ unit: FlatteningUnit, live: LiveCode) {
        offset = unit.offset
        let scopeClaims = IntervalSweep.disjoint(claims(of: unit.scopes, live))
        let rowClaims = IntervalSweep.disjoint(claims(of: unit.rows, live))
        var kept = [Int?](repeating: nil, count: unit.scopes.count)
        PairedClaims.forEach(scopeClaims, rowClaims) { start, end, scope, row in
            let piece = Piece(
                start: start, end: end, scope: scope.map { keep(Int($0), unit.scopes, live, &kept) },
                place: row.map { unit.rows[Int($0)].place })
            if let last = pieces.last, last.end == start, last.scope == piece.scope, last.place == piece.place {
                pieces[pieces.count - 1].end = end
            } else {
                pieces.append(piece)
            }
        }
    }

    /// The claims of functions and calls. The rank puts the function first, then the scope: the later function beats
    /// everything of the earlier one.
    private mutating func claims(of scopes: [FlatteningUnit.Scope], _ live: LiveCode) -> [Claim] {
        var result: [Claim] = []
        var roots = [Int](repeating: 0, count: scopes.count)
        var rootRanges: [Int: [Range<UInt64>]] = [:]
        for (index, scope) in scopes.enumerated() {
            var ranges: [Range<UInt64>] = []
            for range in scope.ranges {
                if let part = live.live(range) { ranges.append(part) } else { deadRanges += 1 }
            }
            if let parent = scope.parent, parent < index {
                roots[index] = roots[parent]
                ranges = Self.intersection(ranges, rootRanges[roots[parent]] ?? [])
            } else {
                roots[index] = index
                rootRanges[index] = IntervalSweep.disjoint(
                    ranges.map { Claim(start: $0.lowerBound, end: $0.upperBound, rank: 0, value: 0) }
                ).map { $0.start..<$0.end }
            }
            for range in ranges {
                result.append(
                    Claim(
                        start: range.lowerBound, end: range.upperBound,
                        rank: UInt64(roots[index]) << 32 | UInt64(index), value: UInt32(index)))
            }
        }
        return result
    }

    /// One range of a call reaches over the gaps of its function in damaged files only; where it reaches over more than
    /// this it is not cut at each of them, or a file of a few megabytes would make billions of pieces.
    private static let mostParts = 16

    /// `ranges` cut to the disjoint, rising `bounds`.
    private static func intersection(_ ranges: [Range<UInt64>], _ bounds: [Range<UInt64>]) -> [Range<UInt64>] {
        // Nearly always one range in one.
        if bounds.count == 1 {
            return ranges.map { $0.clamped(to: bounds[0]) }.filter { !$0.isEmpty }
        }
        var result: [Range<UInt64>] = []
        for range in ranges {
            var low = 0
            var high = bounds.count
            while low < high {
                let middle = (low + high) / 2
                if bounds[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
            }
            let first = low
            while low < bounds.count, bounds[low].lowerBound < range.upperBound { low += 1 }
            if low - first > mostParts {
                result.append(range.clamped(to: bounds[first].lowerBound..<bounds[low - 1].upperBound))
            } else {
                result += bounds[first..<low].map(range.clamped)
            }
        }
        return result
    }

    private mutating func claims(of rows: [FlatteningUnit.Row], _ live: LiveCode) -> [Claim] {
        var result: [Claim] = []
        result.reserveCapacity(rows.count)
        var start = 0
        while start < rows.count {
            var end = start
            while end < rows.count, !rows[end].isEndOfSequence { end += 1 }
            // A sequence without an end says nothing about its last row.
            let last = min(end, rows.count - 1)
            if let code = live.range(containing: rows[start].address) {
                for index in start..<max(start, last) {
                    let range = rows[index].address..<max(rows[index].address, rows[index + 1].address)
                    let part = range.clamped(to: code)
                    if !part.isEmpty {
                        result.append(
                            Claim(
                                start: part.lowerBound, end: part.upperBound, rank: UInt64(index),
                                value: UInt32(index)))
                    }
                }
            } else if last > start {
                deadRanges += 1
            }
            start = end + 1
        }
        return result
    }

    /// The number of scope `index` here, taking it and its parents over when first used.
    private mutating func keep(
        _ index: Int, _ source: [FlatteningUnit.Scope], _ live: LiveCode, _ kept: inout [Int?]
    ) -> Int {
        var missing: [Int] = []
        var ancestor: Int? = index
        while let current = ancestor, kept[current] == nil {
            missing.append(current)
            ancestor = source[current].parent.flatMap { $0 < current ? $0 : nil }
        }
        var parent = ancestor.flatMap { kept[$0] }
        var depth = parent.map(self.depth) ?? 0
        for current in missing.reversed() {
            guard depth < Self.maximumDepth else {
                // Deeper calls are shown as the deepest one kept.
                kept[current] = parent
                cutScopes += 1
                continue
            }
            let scope = source[current]
            scopes.append(
                Scope(
                    parent: parent, function: scope.function, call: parent == nil ? .unknown : scope.call,
                    entryAddress: Self.entry(of: scope, live)))
            parent = scopes.count - 1
            kept[current] = parent
            depth += 1
        }
        return kept[index] ?? 0
    }

    private func depth(_ scope: Int) -> Int {
        var depth = 1
        var current = scope
        while let parent = scopes[current].parent {
            depth += 1
            current = parent
        }
        return depth
    }

    /// The entry as the file says when it lies in one of the live ranges, else the first live range's start.
    private static func entry(of scope: FlatteningUnit.Scope, _ live: LiveCode) -> UInt64 {
        let ranges = scope.ranges.compactMap(live.live)
        if ranges.contains(where: { $0.contains(scope.entryAddress) }) { return scope.entryAddress }
        return ranges.first?.lowerBound ?? scope.entryAddress
    }
}

/// Two lists of disjoint claims laid upon each other.
enum PairedClaims {
    /// Calls `body` for each stretch covered by one list or both, in rising order, with the values there.
    static func forEach(
        _ left: [Claim], _ right: [Claim], _ body: (UInt64, UInt64, UInt32?, UInt32?) -> Void
    ) {
        var i = 0
        var j = 0
        var position: UInt64 = 0
        while i < left.count || j < right.count {
            let a = i < left.count ? left[i] : nil
            let b = j < right.count ? right[j] : nil
            position = max(position, min(a?.start ?? .max, b?.start ?? .max))
            let inA = a.map { $0.start <= position } ?? false
            let inB = b.map { $0.start <= position } ?? false
            var end = UInt64.max
            if let a { end = min(end, inA ? a.end : a.start) }
            if let b { end = min(end, inB ? b.end : b.start) }
            if end > position { body(position, end, inA ? a?.value : nil, inB ? b?.value : nil) }
            position = end
            if inA, let a, a.end <= position { i += 1 }
            if inB, let b, b.end <= position { j += 1 }
        }
    }
}
