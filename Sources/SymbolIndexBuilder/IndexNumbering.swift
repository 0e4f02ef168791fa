import SymbolIndex

/// A function as the index counts it.
struct NumberedFunction: Sendable {
    enum Source: Sendable {
        /// Number in ``NameTables/functions``.
        case debugInformation(UInt32)
        /// Position in ``SymbolRanges/symbols``.
        case symbol(UInt32)
    }

    var source: Source
    /// `nil` for a function that is only inlined: one record serves all its calls.
    var entryAddress: UInt64?
}

/// Gives functions and files the numbers that they have in the index.
///
/// In the order of the units, and in a unit in the order of first use by rising addresses; functions that only the symbol
/// table knows come last, by address. So the numbers do not depend on which thread read which unit, neighbours in memory
/// are neighbours in the tables, and what nothing refers to is not in the index.
struct IndexNumbering {
    private(set) var functions: [NumberedFunction] = []
    private(set) var declarations: [FunctionDeclaration] = []
    /// By position in ``SymbolRanges/symbols``.
    private(set) var symbolFunctions: [UInt32: UInt32] = [:]
    private let tables: NameTables
    /// By number in the tables; number + 1, 0 for none yet.
    private var inlined: [UInt32]
    private var files: [UInt32]
    private var physical: [PhysicalFunction: UInt32] = [:]

    private struct PhysicalFunction: Hashable {
        var facts: UInt32
        var entryAddress: UInt64
    }

    init(_ tables: NameTables) {
        self.tables = tables
        inlined = Array(repeating: 0, count: tables.functions.limit)
        files = Array(repeating: 0, count: tables.files.limit)
    }

    /// Numbers everything; the units' functions and files become those of the index.
    mutating func run(
        _ units: inout [FlatUnit], _ segments: [Segment], overlapped: [Bool], _ symbols: SymbolRanges,
        _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) {
        let used = Self.used(units, segments, overlapped)
        for index in units.indices {
            for file in units[index].files.indices {
                if let used = used[index], !used.files[file] { continue }
                units[index].files[file] = try number(ofFile: units[index].files[file], &encoder)
            }
            for position in units[index].scopes.indices {
                if let used = used[index], !used.scopes[position] { continue }
                let scope = units[index].scopes[position]
                // A damaged file's scope may have no function; it is shown as one without a name.
                let facts = scope.function == FlatUnit.Scope.noFile ? nil : units[index].functions[Int(scope.function)]
                units[index].scopes[position].function = try number(
                    ofFunction: facts, entryAddress: scope.parent < 0 ? scope.entryAddress : nil, &encoder)
            }
        }
        for symbol in Self.usedSymbols(units, segments, symbols) {
            symbolFunctions[symbol] = UInt32(truncatingIfNeeded: functions.count)
            functions.append(
                NumberedFunction(
                    source: .symbol(symbol), entryAddress: symbols.symbols[Int(symbol)].address))
            declarations.append(FunctionDeclaration())
        }
        guard functions.count < Int(UInt32.max) else {
            throw .invalidContent("more than 4,294,967,294 functions")
        }
    }

    private mutating func number(
        ofFile file: UInt32, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> UInt32 {
        let known = files[Int(file)]
        if known > 0 { return known - 1 }
        let number = try tables.files.withBytes(file) { bytes throws(SymbolIndexError) in
            try encoder.file(bytes.bindMemory(to: UInt8.self))
        }
        files[Int(file)] = number + 1
        return number
    }

    private mutating func number(
        ofFunction facts: UInt32?, entryAddress: UInt64?, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> UInt32 {
        let key = facts ?? UInt32.max
        if let entryAddress {
            if let known = physical[PhysicalFunction(facts: key, entryAddress: entryAddress)] { return known }
        } else if let facts, inlined[Int(facts)] > 0 {
            return inlined[Int(facts)] - 1
        }
        let number = UInt32(truncatingIfNeeded: functions.count)
        if let entryAddress {
            physical[PhysicalFunction(facts: key, entryAddress: entryAddress)] = number
        } else if let facts {
            inlined[Int(facts)] = number + 1
        }
        functions.append(NumberedFunction(source: .debugInformation(key), entryAddress: entryAddress))
        var declaration = FunctionDeclaration()
        if let facts {
            let known = tables.facts(facts)
            declaration.line = known.declarationLine
            if known.declarationFile > 0 {
                declaration.file = try self.number(ofFile: known.declarationFile - 1, &encoder)
            }
        }
        declarations.append(declaration)
        return number
    }

    /// What some segment shows of a unit.
    private struct Used {
        var scopes: [Bool]
        var files: [Bool]

        init(_ unit: FlatUnit) {
            scopes = Array(repeating: false, count: unit.scopes.count)
            files = Array(repeating: false, count: unit.files.count)
        }

        mutating func add(piece: Int, of unit: FlatUnit) {
            if let file = unit.place(ofPiece: piece).file { files[Int(file)] = true }
            var scope = Int(unit.pieces[piece].scope)
            while scope >= 0, !scopes[scope] {
                scopes[scope] = true
                let source = unit.scopes[scope]
                if source.parent >= 0, source.callFile != FlatUnit.Scope.noFile { files[Int(source.callFile)] = true }
                scope = Int(source.parent)
            }
        }
    }

    /// Which scopes and files of each unit some segment shows; `nil` for all of them.
    private static func used(_ units: [FlatUnit], _ segments: [Segment], _ overlapped: [Bool]) -> [Used?] {
        var used: [Used?] = units.indices.map { overlapped[$0] ? Used(units[$0]) : nil }
        for segment in segments where overlapped[Int(segment.unit)] {
            let unit = units[Int(segment.unit)]
            SegmentPieces.forEach(of: segment, in: unit) { _, _, piece in
                used[Int(segment.unit)]?.add(piece: piece, of: unit)
            }
        }
        return used
    }

    /// Symbols that fill gaps between segments or name rows without function, in rising order.
    private static func usedSymbols(_ units: [FlatUnit], _ segments: [Segment], _ symbols: SymbolRanges) -> [UInt32] {
        var result: [UInt32] = []
        var seen = Set<UInt32>()
        var cursor = SymbolCursor(symbols)
        func use(_ start: UInt64, _ end: UInt64) {
            cursor.forEach(start, end) { _, _, symbol in
                if let symbol, seen.insert(symbol).inserted { result.append(symbol) }
            }
        }
        var position: UInt64 = 0
        for segment in segments {
            if position < segment.start { use(position, segment.start) }
            let unit = units[Int(segment.unit)]
            if unit.runs[Int(segment.run)].hasBareRows {
                SegmentPieces.forEach(of: segment, in: unit) { start, end, piece in
                    if unit.pieces[piece].scope < 0 { use(start, end) }
                }
            }
            position = segment.end
        }
        use(position, .max)
        return result
    }
}

/// The pieces that a segment shows.
enum SegmentPieces {
    /// Calls `body` with start, end and number of each, in rising order.
    @inline(__always)
    static func forEach(of segment: Segment, in unit: FlatUnit, _ body: (UInt64, UInt64, Int) -> Void) {
        let range = unit.pieces(ofRun: Int(segment.run))
        var piece = Int(segment.piece)
        var start = segment.start
        while start < segment.end, piece < range.upperBound {
            let end = min(segment.end, unit.end(ofPiece: piece, run: Int(segment.run), pieces: range))
            if start < end { body(start, end, piece) }
            start = max(start, end)
            piece += 1
        }
    }
}

/// Walks the symbols' claims along rising addresses.
struct SymbolCursor {
    private let claims: [Claim]
    private var next = 0

    init(_ symbols: SymbolRanges) {
        claims = symbols.claims
    }

    /// A cursor that is first asked about `address`.
    init(_ symbols: SymbolRanges, at address: UInt64) {
        claims = symbols.claims
        var high = claims.count
        while next < high {
            let middle = (next + high) / 2
            if claims[middle].end <= address { next = middle + 1 } else { high = middle }
        }
    }

    /// Calls `body` for each stretch of start ..< end with its symbol, `nil` where there is none. Calls come with rising
    /// addresses.
    @inline(__always)
    mutating func forEach(_ start: UInt64, _ end: UInt64, _ body: (UInt64, UInt64, UInt32?) -> Void) {
        var position = start
        while position < end {
            while next < claims.count, claims[next].end <= position { next += 1 }
            guard next < claims.count, claims[next].start < end else {
                body(position, end, nil)
                return
            }
            let claim = claims[next]
            if position < claim.start {
                body(position, claim.start, nil)
                position = claim.start
            }
            let stop = min(end, claim.end)
            body(position, stop, claim.value)
            position = stop
        }
    }
}
