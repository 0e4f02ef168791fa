import SymbolIndex

/// Encodes one slice of the address space.
///
///     segments  ├─unit 1─┤  ├──unit 2──┤   gaps and rows without function: the symbol table, else a hole
struct PartEncoding {
    /// Ranges in a part, about. Parts are cut by content, never by the number of threads: the same object gives the same
    /// bytes on every machine.
    static let piecesPerPart = 1 << 15

    private let units: [FlatUnit]
    private let symbols: SymbolRanges
    private let numbering: IndexNumbering
    private var part: RangePart
    /// References of the scopes of the unit that was encoded last, by scope.
    private var references: [ScopeReference?] = []
    private var touched: [Int32] = []
    private var unit: Int32 = -1
    private var symbolReferences: [UInt32: ScopeReference] = [:]
    private var failure: SymbolIndexError?
    private var last = Last()

    /// What the last range says.
    private struct Last {
        var scope: ScopeReference?
        var file: UInt32?
        var line: UInt32 = 0
        var column: UInt32 = 0
        var end: UInt64?
    }

    init(_ units: [FlatUnit], _ symbols: SymbolRanges, _ numbering: IndexNumbering) {
        self.units = units
        self.symbols = symbols
        self.numbering = numbering
        part = RangePart(declarations: numbering.declarations)
    }

    /// Where the parts begin: positions in `segments`. At least one part, however little there is.
    static func cuts(_ segments: [Segment], _ units: [FlatUnit]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var first = 0
        var pieces = 0
        for (index, segment) in segments.enumerated() {
            pieces += units[Int(segment.unit)].pieces(ofRun: Int(segment.run)).count
            if pieces >= piecesPerPart {
                result.append(first..<(index + 1))
                first = index + 1
                pieces = 0
            }
        }
        if first < segments.count || result.isEmpty { result.append(first..<segments.count) }
        return result
    }

    /// The part of `segments[range]`: from where the segment before it ends, to where the last one ends, or to the end of
    /// the address space when it is the last part.
    static func encode(
        _ segments: [Segment], _ range: Range<Int>, _ units: [FlatUnit], _ symbols: SymbolRanges,
        _ numbering: IndexNumbering
    ) throws(SymbolIndexError) -> RangePart {
        var encoding = PartEncoding(units, symbols, numbering)
        try encoding.run(segments, range)
        try encoding.part.encode()
        return encoding.part
    }

    private mutating func run(_ segments: [Segment], _ range: Range<Int>) throws(SymbolIndexError) {
        var position = range.lowerBound > 0 ? segments[range.lowerBound - 1].end : 0
        var cursor = SymbolCursor(symbols, at: position)
        for segment in segments[range] {
            if position < segment.start { fillGap(position, segment.start, &cursor) }
            append(segment, &cursor)
            position = segment.end
            if let failure { throw failure }
        }
        if range.upperBound == segments.count { fillGap(position, .max, &cursor) }
        if let end = last.end { try part.hole(at: end) }
        if let failure { throw failure }
    }

    private mutating func fillGap(_ start: UInt64, _ end: UInt64, _ cursor: inout SymbolCursor) {
        cursor.forEach(start, end) { start, end, symbol in
            if let symbol { append(start, end, scope(ofSymbol: symbol), nil, 0, 0) }
        }
    }

    private mutating func append(_ segment: Segment, _ cursor: inout SymbolCursor) {
        if unit != segment.unit {
            for scope in touched { references[Int(scope)] = nil }
            touched.removeAll(keepingCapacity: true)
            unit = segment.unit
            let count = units[Int(unit)].scopes.count
            if references.count < count {
                references.append(contentsOf: repeatElement(nil, count: count - references.count))
            }
        }
        let index = Int(segment.unit)
        let pieces = units[index].pieces(ofRun: Int(segment.run))
        var piece = Int(segment.piece)
        var start = segment.start
        while start < segment.end, piece < pieces.upperBound {
            let end = min(segment.end, units[index].end(ofPiece: piece, run: Int(segment.run), pieces: pieces))
            defer {
                start = max(start, end)
                piece += 1
            }
            guard start < end else { continue }
            let scope = units[index].pieces[piece].scope
            let line = units[index].pieces[piece].line
            let place = units[index].place(ofPiece: piece)
            let file = place.file.map { units[index].files[Int($0)] }
            if scope >= 0 {
                append(start, end, reference(of: scope, index), file, line, place.column)
            } else {
                cursor.forEach(start, end) { start, end, symbol in
                    append(start, end, symbol.flatMap { self.scope(ofSymbol: $0) }, file, line, place.column)
                }
            }
        }
    }

    @inline(__always)
    private mutating func append(
        _ start: UInt64, _ end: UInt64, _ scope: ScopeReference?, _ file: UInt32?, _ line: UInt32, _ column: UInt32
    ) {
        guard failure == nil else { return }
        do throws(SymbolIndexError) {
            if let position = last.end, position < start {
                try part.hole(at: position)
            } else if last.end == start, last.scope == scope, last.file == file, last.line == line,
                last.column == column
            {
                last.end = end
                return
            }
            try part.range(at: start, scope: scope, file: file, line: line, column: column)
            last = Last(scope: scope, file: file, line: line, column: column, end: end)
        } catch {
            failure = error
        }
    }

    private mutating func scope(ofSymbol symbol: UInt32) -> ScopeReference? {
        if let known = symbolReferences[symbol] { return known }
        guard failure == nil, let function = numbering.symbolFunctions[symbol] else { return nil }
        do throws(SymbolIndexError) {
            let reference = try part.scope(parent: nil, function: function)
            symbolReferences[symbol] = reference
            return reference
        } catch {
            failure = error
            return nil
        }
    }

    /// The reference of a scope, its parents made first.
    private mutating func reference(of scope: Int32, _ unit: Int) -> ScopeReference? {
        if let known = references[Int(scope)] { return known }
        guard failure == nil else { return nil }
        var path: [Int32] = []
        var current = scope
        var parent: ScopeReference?
        while current >= 0 {
            if let known = references[Int(current)] {
                parent = known
                break
            }
            path.append(current)
            current = units[unit].scopes[Int(current)].parent
        }
        for index in path.reversed() {
            let source = units[unit].scopes[Int(index)]
            do throws(SymbolIndexError) {
                if source.parent < 0 {
                    parent = try part.scope(parent: nil, function: source.function)
                } else {
                    let file = source.callFile == FlatUnit.Scope.noFile ? nil : units[unit].files[Int(source.callFile)]
                    parent = try part.scope(
                        parent: parent, function: source.function, callFile: file, callLine: source.callLine,
                        callColumn: source.callColumn)
                }
            } catch {
                failure = error
                return nil
            }
            references[Int(index)] = parent
            touched.append(index)
        }
        return parent
    }
}
