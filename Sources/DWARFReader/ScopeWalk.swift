/// Collects the functions and inlined calls of one unit in one pass over its entries.
///
///     DW_TAG_compile_unit
///       DW_TAG_namespace app                     context
///         DW_TAG_subprogram run                  scope 0, function
///           DW_TAG_lexical_block                 transparent
///             DW_TAG_inlined_subroutine step     scope 1, parent 0
///               DW_TAG_inlined_subroutine next   scope 2, parent 1
///           DW_TAG_subprogram closure #1         scope 3, function of its own
struct ScopeWalk {
    /// An open entry. Everything that comes deeper is inside.
    private struct Open {
        var depth: Int
        var context: Int32
        /// The innermost scope with code; −1 outside of functions.
        var scope: Int32
    }

    private var names: FunctionNames
    private var contexts = DeclarationContexts()
    private var stack: [Open] = []
    /// Scopes whose name needs its surroundings, and the entry that is declared there. They are qualified at the end: a
    /// declaration may follow its use.
    private var unqualified: [(scope: Int, declaration: Int)] = []

    private init(names: FunctionNames) {
        self.names = names
    }

    /// Fills `unit.scopes`. Damage ends the walk; what was found before it stays, and `unit.problems` says where.
    static func run(
        _ reader: borrowing UnitReader, _ units: borrowing ObjectUnits, lines: LineTable,
        into unit: inout CompileUnit
    ) {
        var walk = ScopeWalk(names: FunctionNames(limits: units.limits))
        var position = reader.header.firstEntry
        do throws(ReadFailure) {
            var cursor = try reader.cursor()
            do throws(ReadFailure) {
                try walk.collect(&cursor, reader, units, lines, &unit)
            } catch {
                position = cursor.entryOffset
                unit.entryCount = cursor.count
                throw error
            }
            unit.entryCount = cursor.count
            if cursor.isTooDeep {
                let limit = DWARFError.Reason.limit(name: "depth", maximum: units.limits.depth)
                unit.report(units.error(".debug_info", reader.header.offset, limit))
            }
        } catch {
            unit.report(units.error(".debug_info", position, error.reason))
        }
        do throws(ReadFailure) {
            try walk.qualify(reader, units, &unit)
        } catch {
            unit.report(units.error(".debug_info", reader.header.offset, error.reason))
        }
    }

    private mutating func collect(
        _ cursor: inout EntryCursor, _ reader: borrowing UnitReader, _ units: borrowing ObjectUnits, _ lines: LineTable,
        _ unit: inout CompileUnit
    ) throws(ReadFailure) {
        while let entry = try cursor.next() {
            while let top = stack.last, top.depth >= entry.closes { stack.removeLast() }
            let outer = stack.last ?? Open(depth: -1, context: -1, scope: -1)
            switch entry.interest {
            case .none, .unit: break
            case .context:
                let name = try cursor.attributes().name
                let context = contexts.add(name: name, tag: entry.tag, in: outer.context)
                stack.append(Open(depth: entry.depth, context: context, scope: outer.scope))
            case .declaration:
                if entry.tag == Tag.subprogram { contexts.add(declaration: entry.offset, in: outer.context) }
                let scope = entry.tag == Tag.subprogram ? -1 : outer.scope
                stack.append(Open(depth: entry.depth, context: outer.context, scope: scope))
            case .function:
                contexts.add(declaration: entry.offset, in: outer.context)
                let scope = try addScope(entry, &cursor, parent: -1, reader, units, lines, &unit)
                stack.append(Open(depth: entry.depth, context: outer.context, scope: scope ?? -1))
            case .inlinedSubroutine:
                // A call whose code was optimised away has no ranges; calls inside it belong to the call around it.
                let scope = try addScope(entry, &cursor, parent: outer.scope, reader, units, lines, &unit)
                stack.append(Open(depth: entry.depth, context: outer.context, scope: scope ?? outer.scope))
            }
        }
    }

    /// Adds the scope of an entry with code; returns its number, or `nil` for one without.
    private mutating func addScope(
        _ entry: Entry, _ cursor: inout EntryCursor, parent: Int32, _ reader: borrowing UnitReader,
        _ units: borrowing ObjectUnits, _ lines: LineTable, _ unit: inout CompileUnit
    ) throws(ReadFailure) -> Int32? {
        let attributes = try cursor.attributes()
        let ranges = ranges(attributes, entry.offset, reader, units, &unit)
        guard let first = ranges.first else { return nil }
        guard units.state.ranges >= ranges.count else {
            throw .limit(name: "ranges", maximum: units.limits.ranges)
        }
        units.state.ranges -= ranges.count
        guard units.state.scopes > 0, unit.scopes.count < Int(Int32.max) else {
            throw .limit(name: "scopes", maximum: units.limits.scopes)
        }
        units.state.scopes -= 1
        let function = try names.describe(attributes, at: entry.offset, reader, units, lines, &unit)
        var scope = Scope(
            parent: parent, kind: entry.interest == .function ? .function : .inlinedSubroutine, ranges: ranges,
            entryAddress: entryAddress(attributes, first.lowerBound, reader), name: function.name,
            linkageName: function.linkageName, qualifiedName: nil, declarationFile: function.declarationFile,
            declarationLine: function.declarationLine, isArtificial: function.isArtificial)
        if scope.kind == .inlinedSubroutine {
            if let number = reader.number(attributes.callFile) { scope.callFile = lines.fileIndex(number) }
            scope.callLine = reader.clamped(attributes.callLine)
            scope.callColumn = reader.clamped(attributes.callColumn)
        }
        if scope.linkageName == nil, scope.name != nil {
            unqualified.append((unit.scopes.count, function.declaration))
        }
        unit.scopes.append(scope)
        return Int32(unit.scopes.count - 1)
    }

    /// The code of an entry: `DW_AT_low_pc` with `DW_AT_high_pc`, or `DW_AT_ranges`. Empty ranges are left out, reversed
    /// ones too but counted.
    private func ranges(
        _ attributes: EntryAttributes, _ offset: Int, _ reader: borrowing UnitReader, _ units: borrowing ObjectUnits,
        _ unit: inout CompileUnit
    ) -> [Range<UInt64>] {
        if attributes.highPC.isPresent {
            guard let low = reader.address(attributes.lowPC) else {
                unit.invalidRanges += 1
                return []
            }
            var high: UInt64?
            if let length = reader.number(attributes.highPC) {
                let (sum, overflow) = low.addingReportingOverflow(length)
                high = overflow ? nil : sum
            } else {
                high = reader.address(attributes.highPC)
            }
            guard let high, low <= high else {
                unit.invalidRanges += 1
                return []
            }
            return low < high ? [low..<high] : []
        }
        guard attributes.ranges.isPresent else { return [] }
        var result: [Range<UInt64>] = []
        let budget = units.state.ranges
        var invalid = 0
        do throws(LibraryFailure) {
            try reader.libdw.ranges(ofEntryAt: offset) { start, end in
                if start < end { result.append(start..<end) } else if start > end { invalid += 1 }
                return result.count <= budget
            }
        } catch {
            unit.report(units.error(".debug_info", offset, .library("ranges: \(error.message)")))
        }
        unit.invalidRanges += invalid
        return result
    }

    /// `DW_AT_entry_pc` is an address, or since DWARF 5 an offset from the lowest address.
    private func entryAddress(_ attributes: EntryAttributes, _ first: UInt64, _ reader: borrowing UnitReader) -> UInt64
    {
        guard attributes.entryPC.isPresent else { return first }
        if let offset = reader.number(attributes.entryPC) {
            return (reader.address(attributes.lowPC) ?? first) &+ offset
        }
        return reader.address(attributes.entryPC) ?? first
    }

    private mutating func qualify(
        _ reader: borrowing UnitReader, _ units: borrowing ObjectUnits, _ unit: inout CompileUnit
    ) throws(ReadFailure) {
        // Inlined calls of one function share its qualified name.
        var known: [Int: String] = [:]
        for (index, declaration) in unqualified {
            if let name = known[declaration] {
                unit.scopes[index].qualifiedName = name
            } else if let name = unit.scopes[index].name {
                let qualified = try names.qualify(
                    name, declaration: declaration, reader, own: contexts, units, &unit)
                known[declaration] = qualified
                unit.scopes[index].qualifiedName = qualified
            }
        }
    }
}
