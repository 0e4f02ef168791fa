import SymbolIndex

/// Brings the flat units and the symbol table together.
///
///     unit 1   ├──────┤        ├────┤
///     unit 2          ├────┤ ├────┤           the same inline function, kept twice by the compiler
///     symbols  ├───────────────────────────┤
///     index    ├──1───┼─2──┼s┼──2──┼1┼──s──┤   s: name from the symbol table
///
/// Where units overlap (inline functions in several units, identical code folded into one), a unit that knows a
/// function there beats one that knows only a line; then the unit that stands first in `.debug_info` wins: a fixed
/// rule, and the one of LLVM's tools. The symbol table fills the gaps, and names lines without function; it overrides
/// nothing.
///
/// Functions, scopes and files are numbered in the order in which rising addresses first use them. So units may come in
/// any order, and what nothing refers to is not in the index.
struct IndexAssembly {
    private struct Scope {
        var parent: UInt32?
        var function: UInt32
        var call: Place
        var entryAddress: UInt64
    }

    private struct Content {
        var scope: UInt32?
        var place: Place?
    }

    private var claims: [Claim] = []
    private var contents: [Content] = []
    private var scopes: [Scope] = []
    private var functions: [FunctionFacts] = []
    private var functionNumbers: [FunctionFacts: UInt32] = [:]
    private var files: [String] = []
    private var fileNumbers: [ByteText: UInt32] = [:]
    /// See `FlatUnit.deadRanges`.
    private(set) var deadRanges = 0
    /// See `FlatUnit.cutScopes`.
    private(set) var cutScopes = 0

    /// A unit had live code.
    var hasCode: Bool { !claims.isEmpty }

    /// The number of a function, for `FlatteningUnit.Scope.function`.
    mutating func number(of facts: FunctionFacts) -> UInt32 {
        if let known = functionNumbers[facts] { return known }
        let number = UInt32(truncatingIfNeeded: functions.count)
        functions.append(facts)
        functionNumbers[facts] = number
        return number
    }

    /// The number of a file, for `Place.file`.
    mutating func number(ofFile path: String) -> UInt32 {
        if let known = fileNumbers[ByteText(path)] { return known }
        let number = UInt32(truncatingIfNeeded: files.count)
        files.append(path)
        fileNumbers[ByteText(path)] = number
        return number
    }

    /// Takes a unit in, in any order.
    mutating func add(_ unit: FlatUnit) {
        deadRanges += unit.deadRanges
        cutScopes += unit.cutScopes
        let base = scopes.count
        for scope in unit.scopes {
            scopes.append(
                Scope(
                    parent: scope.parent.map { UInt32(truncatingIfNeeded: base + $0) }, function: scope.function,
                    call: scope.call, entryAddress: scope.entryAddress))
        }
        let rank = ~unit.offset & (1 << 63 - 1)
        for piece in unit.pieces {
            claims.append(
                Claim(
                    start: piece.start, end: piece.end, rank: piece.scope == nil ? rank : rank | 1 << 63,
                    value: UInt32(truncatingIfNeeded: contents.count)))
            contents.append(
                Content(scope: piece.scope.map { UInt32(truncatingIfNeeded: base + $0) }, place: piece.place))
        }
    }

    /// Fills `content`'s files, functions, scopes and ranges.
    mutating func finish(_ symbols: SymbolRanges, into content: inout SymbolIndexContent) -> FunctionNames {
        let disjoint = IntervalSweep.disjoint(claims)
        claims = []
        var output = Output(symbols: symbols, assembly: self)
        PairedClaims.forEach(disjoint, symbols.claims) { start, end, piece, symbol in
            let known = piece.map { contents[Int($0)] }
            output.append(start, end, known?.scope, known?.place, symbol)
        }
        output.close()
        content.files = output.files
        content.functions = output.functions
        content.scopes = output.scopes
        content.ranges = output.ranges
        return output.names
    }

    /// The tables being numbered.
    private struct Output {
        let symbols: SymbolRanges
        let assembly: IndexAssembly
        var names = FunctionNames()
        var files: [String] = []
        var functions: [SymbolIndexContent.Function] = []
        var scopes: [SymbolIndexContent.Scope] = []
        var ranges: [SymbolIndexContent.RangeStart] = []
        private var end: UInt64?
        private var fileMap: [UInt32: UInt32] = [:]
        private var functionMap: [PhysicalFunction: UInt32] = [:]
        private var scopeMap: [UInt32?]
        private var rootMap: [UInt32: UInt32] = [:]
        private var symbolMap: [UInt32: UInt32] = [:]

        /// A function's record: its facts and, for one with code of its own, where it begins.
        private struct PhysicalFunction: Hashable {
            var function: UInt32
            var entry: UInt64?
        }

        init(symbols: SymbolRanges, assembly: IndexAssembly) {
            self.symbols = symbols
            self.assembly = assembly
            scopeMap = Array(repeating: nil, count: assembly.scopes.count)
        }

        mutating func append(
            _ start: UInt64, _ end: UInt64, _ scope: UInt32?, _ place: Place?, _ symbol: UInt32?
        ) {
            if let last = self.end, last < start { ranges.append(.hole(last)) }
            var range = SymbolIndexContent.RangeStart(address: start)
            if let scope {
                range.scope = number(ofScope: scope)
            } else if let symbol {
                range.scope = number(ofSymbol: symbol)
            }
            if let place {
                range.file = number(ofFile: place.file)
                range.line = place.line
                range.column = place.column
            }
            if self.end != start || !ranges.isLast(sameAs: range) { ranges.append(range) }
            self.end = end
        }

        mutating func close() {
            if let end { ranges.append(.hole(end)) }
        }

        private mutating func number(ofFile file: UInt32) -> UInt32? {
            guard file != Place.noFile else { return nil }
            if let known = fileMap[file] { return known }
            let number = UInt32(truncatingIfNeeded: files.count)
            files.append(assembly.files[Int(file)])
            fileMap[file] = number
            return number
        }

        private mutating func number(ofScope scope: UInt32) -> UInt32? {
            var missing: [UInt32] = []
            var ancestor: UInt32? = scope
            while let current = ancestor, scopeMap[Int(current)] == nil {
                missing.append(current)
                ancestor = assembly.scopes[Int(current)].parent
            }
            for current in missing.reversed() {
                let source = assembly.scopes[Int(current)]
                if let parent = source.parent {
                    let function = number(of: PhysicalFunction(function: source.function, entry: nil))
                    scopeMap[Int(current)] = UInt32(truncatingIfNeeded: scopes.count)
                    scopes.append(
                        .init(
                            function: function, parent: scopeMap[Int(parent)],
                            callFile: number(ofFile: source.call.file), callLine: source.call.line,
                            callColumn: source.call.column))
                } else {
                    let function = number(
                        of: PhysicalFunction(function: source.function, entry: source.entryAddress))
                    scopeMap[Int(current)] = root(function)
                }
            }
            return scopeMap[Int(scope)]
        }

        private mutating func number(ofSymbol symbol: UInt32) -> UInt32 {
            if let known = symbolMap[symbol] { return known }
            let function = UInt32(truncatingIfNeeded: functions.count)
            functions.append(names.function(symbols.symbols[Int(symbol)]))
            let scope = root(function)
            symbolMap[symbol] = scope
            return scope
        }

        /// The scope of a physical function: one for each, however many units describe it.
        private mutating func root(_ function: UInt32) -> UInt32 {
            if let known = rootMap[function] { return known }
            let scope = UInt32(truncatingIfNeeded: scopes.count)
            scopes.append(.init(function: function))
            rootMap[function] = scope
            return scope
        }

        private mutating func number(of key: PhysicalFunction) -> UInt32 {
            if let known = functionMap[key] { return known }
            let facts = assembly.functions[Int(key.function)]
            var function = names.function(
                facts, entry: key.entry, symbols: key.entry.map(symbols.functions) ?? [])
            function.declarationFile = number(ofFile: facts.declarationFile)
            let number = UInt32(truncatingIfNeeded: functions.count)
            functions.append(function)
            functionMap[key] = number
            return number
        }
    }
}

extension [SymbolIndexContent.RangeStart] {
    /// The last range says the same as `range` about everything but the address.
    fileprivate func isLast(sameAs range: SymbolIndexContent.RangeStart) -> Bool {
        guard var last else { return false }
        last.address = range.address
        return last == range
    }
}
