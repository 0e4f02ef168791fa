import Synchronization

/// Reads units, one after the other, each as a whole. One value belongs to one thread at a time; several threads have one
/// each over the same ``DebugInputs``.
///
///     root entry ──▶ bases ──▶ line header ──▶ files, rows
///          │                                      ▲ file numbers
///          └──▶ walk over all entries ──▶ scopes, ranges ──▶ functions ──▶ qualified names
///
/// Every byte of a unit is looked at once, with unsafe loads behind one check an entry; nothing is allocated an entry.
public final class UnitReader {
    let inputs: DebugInputs
    let limits: DWARFLimits
    /// The entry being read, and the one that it refers to.
    var values = EntryValues()
    var originValues = EntryValues()
    var functions: FunctionTable
    /// Numbers in `UnitCode.functions` by the entry that a call's origin leads to.
    let numbers = PlaceTable()
    /// Where the units of files stand that entries of other units refer to.
    var unitLists: [Int: [UnitHeader]] = [:]
    /// Units that others referred to, with what was read of them.
    var foreignUnits: [ForeignKey: ForeignUnit] = [:]
    let stack: UnsafeMutablePointer<OpenEntry>
    /// What the unit read last added to the counts of the file.
    private var charged = (index: -1, rows: 0, scopes: 0, ranges: 0)

    /// A reader of the units of `inputs`. Costs some kilobytes of scratch memory.
    public init(_ inputs: DebugInputs) {
        self.inputs = inputs
        limits = inputs.limits
        functions = FunctionTable()
        // One element a level that the walk looks into.
        stack = .allocate(capacity: max(0, min(limits.depth, 1 << 20)) + 2)
    }

    deinit {
        values.deallocate()
        originValues.deallocate()
        stack.deallocate()
    }

    /// Reads `unit` into `code`, whose old content is dropped and whose memory is used again. False when there is nothing
    /// in it to read: the unit is the skeleton of a clang module (`.pcm`) or could not be read at all, and has been counted
    /// in ``DebugInputs/counts`` and ``DebugInputs/skippedUnits``. A unit that can be read in part has
    /// ``UnitCode/problems``.
    ///
    /// Throws only when nothing more can be read of these inputs: a section cannot be decompressed, or a limit counted over
    /// the whole file is used up.
    ///
    /// - Parameter skippingTypes: Jump over the subtrees of types along `DW_AT_sibling`, where the compiler wrote it (gcc
    ///   does) and the type is not inside of a function. This passes over more than half of the entries. Functions that a
    ///   compiler defines inside of a type are lost: see ``UnitCode/typeSubtreesSkipped``. gcc, clang, rustc and swiftc
    ///   define none there, but for the methods of local classes, which are inside of functions.
    public func read(
        _ unit: UnitLocation, into code: inout UnitCode, skippingTypes: Bool = true
    ) throws(DWARFError) -> Bool {
        code.removeAll()
        code.index = unit.index
        code.offset = unit.offset
        code.version = unit.header.version
        let context: UnitContext
        do throws(DWARFError) {
            context = try start(inputs.main, unit.header)
        } catch {
            inputs.skip(unit.header.offset, error)
            return false
        }
        var root = UnitRoot(values, context, inputs)
        if root.isClangModule {
            inputs.count { $0.clangModules += 1 }
            return false
        }
        var entries = context
        if root.isSkeleton {
            if let found = splitUnit(of: context, root, &code) {
                entries = found
                // What the skeleton does not say stands in the split unit's root.
                root.complete(from: UnitRoot(values, found, inputs))
            } else {
                code.splitUnit = root.splitReference(inputs)
                readUnitRanges(context, root, &code)
            }
        }
        root.describe(&code)
        code.language = entries.language == 0 ? context.language : entries.language
        var lines = LineHeader()
        if let offset = root.statementList {
            lines = try readLines(at: offset, context, root, into: &code)
        }
        readScopes(entries, lines: lines, into: &code, skippingTypes: skippingTypes)
        try charge(code, hasSplitUnit: entries !== context)
        return true
    }

    /// The context of a unit, its root's attributes in ``values``.
    func start(_ space: DebugSpace, _ header: UnitHeader) throws(DWARFError) -> UnitContext {
        let table = try inputs.abbreviations.table(space, at: header.abbreviations, sizes: header.sizes)
        let context = UnitContext(space, header, table)
        do throws(ReadFailure) {
            guard try context.entry(at: header.firstEntry, &values) != nil else {
                throw .malformed("the unit's first entry has no abbreviation")
            }
        } catch {
            throw space.error(".debug_info", header.offset, error.reason)
        }
        context.takeBases(values)
        return context
    }

    private func readUnitRanges(_ context: UnitContext, _ root: UnitRoot, _ code: inout UnitCode) {
        do throws(ReadFailure) {
            var counts = RangeCounts()
            try appendRanges(of: root.code, context, to: &code.unitRanges, &counts)
            code.invalidRanges += counts.invalid
        } catch {
            code.report(context.space.error(".debug_info", context.header.firstEntry, error.reason))
        }
    }

    /// Files and rows of the table at `offset`. Damage is reported in `code`.
    private func readLines(
        at offset: UInt64, _ context: UnitContext, _ root: UnitRoot, into code: inout UnitCode
    ) throws(DWARFError) -> LineHeader {
        let space = context.space
        let input = LineTableInput(space, supplementary: inputs.supplementary)
        let place = Int(clamping: offset)
        try inputs.waitForLineTable(at: offset)
        do throws(ReadFailure) {
            var header = try LineHeader(input, at: offset, limits: limits)
            // Partial units share the table of the units that import them, which bring the rows.
            if !root.isPartial {
                // One more than there may be: charging the unit to the file then tells.
                let budget = max(0, limits.rows - inputs.rowCount.load(ordering: .relaxed)).addingClamped(1)
                let failure = LineProgram.run(
                    input, header: &header, budget: budget, limits: limits, into: &code.rows)
                if let failure { code.report(space.error(".debug_line", place, failure.reason)) }
            }
            code.files.reserveCapacity(header.files.count)
            for file in header.files {
                code.files.append(
                    LineFile(
                        compilationDirectory: header.start(of: file, code.compilationDirectory, inputs),
                        directory: header.directory(of: file), name: file.name))
            }
            return header
        } catch {
            code.report(space.error(".debug_line", place, error.reason))
            return LineHeader()
        }
    }

    /// Adds the unit to what has been read of the file; a unit that is read again counts once.
    private func charge(_ code: UnitCode, hasSplitUnit: Bool) throws(DWARFError) {
        let space = inputs.main
        if charged.index == code.index {
            inputs.rowCount.subtract(charged.rows, ordering: .relaxed)
            inputs.scopeCount.subtract(charged.scopes, ordering: .relaxed)
            inputs.rangeCount.subtract(charged.ranges, ordering: .relaxed)
        } else {
            inputs.count { counts in
                counts.read += 1
                if hasSplitUnit { counts.splitUnits += 1 }
            }
        }
        charged = (code.index, code.rows.count, code.scopes.count, code.ranges.count)
        let rows = inputs.rowCount.add(code.rows.count, ordering: .relaxed).newValue
        if rows > limits.rows { throw space.error(".debug_line", nil, .limit(name: "rows", maximum: limits.rows)) }
        let scopes = inputs.scopeCount.add(code.scopes.count, ordering: .relaxed).newValue
        let ranges = inputs.rangeCount.add(code.ranges.count, ordering: .relaxed).newValue
        let place = Int(code.offset)
        if scopes > limits.scopes {
            throw space.error(".debug_info", place, .limit(name: "scopes", maximum: limits.scopes))
        }
        if ranges > limits.ranges {
            throw space.error(".debug_info", place, .limit(name: "ranges", maximum: limits.ranges))
        }
    }
}

extension Int {
    func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// What the root entry of a unit says, taken from ``EntryValues`` before they are used again.
struct UnitRoot {
    var name: TextReference
    var compilationDirectory: TextReference
    var producer: TextReference
    var dwoName: TextReference
    var dwoID: UInt64?
    var statementList: UInt64?
    var code: CodeAttributes
    var isPartial: Bool
    let isClangModule: Bool
    /// The unit names a split unit, which has its entries.
    let isSkeleton: Bool

    init(_ values: EntryValues, _ context: UnitContext, _ inputs: DebugInputs) {
        name = context.optionalText(values[Slot.name], inputs)
        compilationDirectory = context.optionalText(values[Slot.compilationDirectory], inputs)
        producer = context.optionalText(values[Slot.producer], inputs)
        dwoName = context.optionalText(values[Slot.dwoName], inputs)
        dwoID = context.header.splitID ?? values.number(Slot.dwoID)
        statementList = values.number(Slot.statementList)
        code = CodeAttributes(values)
        isPartial = context.rootTag == Tag.partialUnit
        // The Swift compiler describes imported clang modules by skeletons that name the module file.
        isClangModule = inputs.bytes(of: dwoName).suffix(4).elementsEqual(".pcm".utf8)
        isSkeleton = context.space.role != .split && values.has(Slot.dwoName)
    }

    /// The root that ``UnitReader/start(_:_:)`` has just read.
    init(_ context: UnitContext, _ reader: UnitReader) { self.init(reader.values, context, reader.inputs) }

    mutating func complete(from other: UnitRoot) {
        if name.isNone { name = other.name }
        if compilationDirectory.isNone { compilationDirectory = other.compilationDirectory }
        if producer.isNone { producer = other.producer }
    }

    func describe(_ unit: inout UnitCode) {
        unit.name = name
        unit.compilationDirectory = compilationDirectory
        unit.producer = producer
        unit.isPartial = isPartial
    }

    func splitReference(_ inputs: DebugInputs) -> SplitUnitReference {
        SplitUnitReference(
            name: inputs.string(dwoName) ?? "", compilationDirectory: inputs.string(compilationDirectory), id: dwoID)
    }
}

extension UnitContext {
    /// The tag of the unit's root entry; 0 when there is none.
    var rootTag: UInt16 {
        var place = bytes.base + header.firstEntry
        do throws(ReadFailure) {
            return table.abbreviation(try bytes.uleb(at: &place))?.pointee.tag ?? 0
        } catch {
            return 0
        }
    }
}
