public import ELFObject

/// One object's debug information, read unit by unit.
///
///     ELFObject ──▶ .debug_* sections, decompressed ──▶ private ELF image ──▶ libdw: strings, addresses, range lists
///                                                        │
///                              own walk over entries  ◀──┤
///                              own line table reader  ◀──┘
///                                        │
///                                        ▼  nextUnit()
///                     CompileUnit: files, line rows, functions and inlined calls
///
/// Nothing outside the object is ever opened: alternate files of dwz and split units (`.dwo`) are named in the result, and
/// the walk asks libdw for nothing that would follow a path. libdw itself is not safe against every damaged file: read
/// untrusted objects in the sandboxed child only.
///
/// ```swift
/// var information = try DebugInformation(object)
/// while let unit = try information.nextUnit() {
///     …
/// }
/// ```
///
/// Memory: the decompressed sections until the value ends, plus the unit handed out last. Time on one core: some 20 ns an
/// entry, 0.8 µs a function or inlined call, 30 ns a row. One value belongs to one task at a time.
public struct DebugInformation: ~Copyable {
    private let units: ObjectUnits
    private var next = 0
    /// Units that could not be read, in the order of the file: the first ``maximumSkippedUnits`` of
    /// ``UnitCounts/skipped``. Their neighbours are not affected.
    public private(set) var skippedUnits: [SkippedUnit] = []
    /// The length that ``skippedUnits`` never exceeds.
    public static let maximumSkippedUnits = 4096
    /// How many units of each kind have been met so far.
    public private(set) var counts = UnitCounts()

    /// Takes the `.debug_*` sections of `object` into memory. Throws when there is no `.debug_info`, for object files that
    /// are not linked, for sections that cannot be decompressed or are above `limits.imageSize`.
    public init(_ object: ELFObject, limits: DWARFLimits = .default) throws(DWARFError) {
        units = try ObjectUnits(object, limits: limits)
    }

    /// The next unit, or `nil` behind the last. Type units and the skeletons of clang modules hold no code: they are
    /// counted and passed over. A unit that cannot be read at all goes to ``skippedUnits``, one that can be read in part is
    /// returned with ``CompileUnit/problems``. Throws only when nothing more can be read from this file: a limit counted
    /// over the whole file is used up.
    public mutating func nextUnit() throws(DWARFError) -> CompileUnit? {
        while next < units.headers.count {
            let index = next
            next += 1
            let header = units.headers[index]
            if header.isTypeUnit, header.failure == nil {
                counts.typeUnits += 1
                continue
            }
            try checkBudgets(at: header.offset)
            do throws(DWARFError) {
                guard let unit = try units.read(index) else {
                    counts.clangModules += 1
                    continue
                }
                counts.read += 1
                return unit
            } catch {
                counts.skipped += 1
                if skippedUnits.count < Self.maximumSkippedUnits {
                    skippedUnits.append(SkippedUnit(offset: UInt64(header.offset), reason: error))
                }
            }
        }
        return nil
    }

    private func checkBudgets(at offset: Int) throws(DWARFError) {
        let state = units.state
        if state.rows <= 0 {
            throw units.error(".debug_line", nil, .limit(name: "rows", maximum: units.limits.rows))
        }
        if state.scopes <= 0 {
            throw units.error(".debug_info", offset, .limit(name: "scopes", maximum: units.limits.scopes))
        }
        if state.ranges <= 0 {
            throw units.error(".debug_info", offset, .limit(name: "ranges", maximum: units.limits.ranges))
        }
    }
}

extension ObjectUnits {
    /// Unit number `index`, whole; `nil` for a clang module's skeleton.
    fileprivate func read(_ index: Int) throws(DWARFError) -> CompileUnit? {
        let reader = try reader(index)
        guard let (started, root) = try start(reader) else { return nil }
        var unit = started
        var lines = LineTable()
        if let offset = reader.number(root.statementList) {
            // Partial units share the table of the units that import them, which bring the rows.
            lines = lineTable(at: offset, withRows: !reader.isPartial, &unit)
        }
        unit.files = lines.files
        unit.rows = lines.rows
        lines.rows = []
        ScopeWalk.run(reader, self, lines: lines, into: &unit)
        return unit
    }

    /// The unit with what its root says; `nil` for a clang module's skeleton.
    func start(_ reader: borrowing UnitReader) throws(DWARFError) -> (CompileUnit, EntryAttributes)? {
        let root: EntryAttributes?
        do throws(ReadFailure) {
            var cursor = try reader.cursor()
            root = try cursor.single()
        } catch {
            throw self.error(".debug_info", reader.header.offset, error.reason)
        }
        guard let root else {
            throw error(".debug_info", reader.header.offset, .malformed("the unit's first entry has no abbreviation"))
        }
        var unit = CompileUnit(version: reader.header.version, offset: UInt64(reader.header.offset))
        unit.compilationDirectory = reader.string(root.compilationDirectory)
        if let name = reader.string(root.dwoName) {
            // The Swift compiler describes imported clang modules by skeletons that name the module file.
            if name.hasSuffix(".pcm") { return nil }
            unit.splitUnit = SplitUnitReference(
                name: name, compilationDirectory: unit.compilationDirectory,
                id: reader.header.splitID ?? reader.number(root.dwoID))
        }
        unit.name = reader.string(root.name)
        unit.producer = reader.string(root.producer)
        unit.language = UInt16(truncatingIfNeeded: reader.number(root.language) ?? 0)
        return (unit, root)
    }

    /// The line table at `offset`; an empty one, and a problem in `unit`, when its header cannot be read.
    func lineTable(at offset: UInt64, withRows: Bool, _ unit: inout CompileUnit) -> LineTable {
        let place = Int(clamping: offset)
        do throws(ReadFailure) {
            let table = try LineTable(
                lineInput(), at: offset, compilationDirectory: unit.compilationDirectory,
                rowBudget: withRows ? state.rows : nil, limits: limits)
            state.rows -= table.rows.count
            for failure in table.failures { unit.report(error(".debug_line", place, failure.reason)) }
            return table
        } catch {
            unit.report(self.error(".debug_line", place, error.reason))
            return LineTable()
        }
    }
}
