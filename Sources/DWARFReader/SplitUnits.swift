/// Where a split unit stands: in a `.dwo`, or in the parts of a package.
struct SplitPlace: Sendable {
    let space: DebugSpace
    /// `nil` in a package, where it is read when the unit is wanted.
    var header: UnitHeader?
    /// The unit's parts of a package's sections; `nil` in a `.dwo`, where all is one part.
    var row: PackageIndex.Row?
}

/// All split units of the inputs, by the id that pairs them with their skeletons. Names and paths play no part: they are
/// often wrong by the time somebody collects the files.
struct SplitIndex: Sendable {
    private(set) var places: [UInt64: SplitPlace] = [:]
    /// The ids in the order of the files.
    private(set) var ids: [UInt64] = []
    /// What could not be read.
    private(set) var problems: [DWARFError] = []
    private(set) var isPackage = false

    /// Reads the packages' indexes, and the unit headers of `.dwo` files, whose sections must be filled.
    init(_ spaces: [DebugSpace], _ abbreviations: AbbreviationCache, _ limits: DWARFLimits) {
        for space in spaces {
            if space.unitIndex.count > 0 {
                isPackage = true
                addPackage(space, limits)
            } else {
                addUnits(space, abbreviations, limits)
            }
        }
    }

    private mutating func addPackage(_ space: DebugSpace, _ limits: DWARFLimits) {
        do throws(ReadFailure) {
            for row in try PackageIndex(space.unitIndex, bigEndian: space.bigEndian, limits: limits).rows {
                guard let offset = Int(exactly: row.information.offset), offset < space.information.count else {
                    report(space.error(".debug_cu_index", nil, .malformed("a unit outside of .debug_info.dwo")))
                    continue
                }
                add(row.id, SplitPlace(space: space, header: nil, row: row))
            }
        } catch {
            report(space.error(".debug_cu_index", nil, error.reason))
        }
    }

    private mutating func addUnits(_ space: DebugSpace, _ abbreviations: AbbreviationCache, _ limits: DWARFLimits) {
        var values = EntryValues()
        defer { values.deallocate() }
        let headers = UnitHeader.scan(
            space.information, abbreviationsSize: space.abbreviations.count, bigEndian: space.bigEndian,
            limits: limits)
        for header in headers {
            if let failure = header.failure {
                report(space.error(".debug_info", header.offset, failure))
                continue
            }
            if header.isTypeUnit { continue }
            var id = header.splitID
            if id == nil {
                // Before DWARF 5 the id is an attribute.
                do {
                    let table = try abbreviations.table(space, at: header.abbreviations, sizes: header.sizes)
                    let context = UnitContext(space, header, table)
                    if try context.entry(at: header.firstEntry, &values) != nil { id = values.number(Slot.dwoID) }
                } catch let error as DWARFError {
                    report(error)
                } catch {
                    report(space.error(".debug_info", header.offset, .malformed("the unit's first entry")))
                }
            }
            guard let id else {
                report(space.error(".debug_info", header.offset, .malformed("a split unit without an id")))
                continue
            }
            add(id, SplitPlace(space: space, header: header))
        }
    }

    private mutating func add(_ id: UInt64, _ place: SplitPlace) {
        if places[id] != nil { return }
        places[id] = place
        ids.append(id)
    }

    private mutating func report(_ problem: DWARFError) {
        if problems.count < UnitCode.maximumProblems { problems.append(problem) }
    }
}

/// Finds the split units that belong to skeletons.
///
///     skeleton, in the object              split unit, in a .dwo or .dwp
///       dwo_id ───────────────────────────▶ dwo_id
///       low_pc, addr_base ────────────────▶ indexed addresses        (.debug_addr of the object)
///       GNU_ranges_base (DWARF 4) ────────▶ range lists              (.debug_ranges of the object)
///       stmt_list ────────────────────────▶ numbers of files: gcc and clang count both in the object's line table
extension UnitReader {
    /// The context of the split unit that a skeleton names, its root's attributes in ``values``; `nil` when it is not among
    /// the inputs or cannot be read, which is then a problem in `code`.
    func splitUnit(of skeleton: UnitContext, _ root: UnitRoot, _ code: inout UnitCode) -> UnitContext? {
        guard let id = root.dwoID, let place = inputs.splitIndex.places[id] else { return nil }
        let skeletonRangesBase = values.number(Slot.gnuRangesBase) ?? 0
        do throws(DWARFError) {
            let context = try splitContext(place, skeleton)
            context.rangesBase = skeletonRangesBase
            return context
        } catch {
            code.report(error)
            return nil
        }
    }

    private func splitContext(_ place: SplitPlace, _ skeleton: UnitContext) throws(DWARFError) -> UnitContext {
        let space = place.space
        var header =
            place.header
            ?? UnitHeader(
                space.information, at: Int(clamping: place.row?.information.offset ?? 0),
                available: space.information.count, abbreviationsSize: space.abbreviations.count,
                bigEndian: space.bigEndian)
        if let row = place.row {
            if let failure = header.failure { throw space.error(".debug_info", header.offset, failure) }
            let (abbreviations, overflow) = header.abbreviations.addingReportingOverflow(row.abbreviations.offset)
            guard !overflow else { throw space.error(".debug_info", header.offset, .truncated) }
            header.abbreviations = abbreviations
        }
        let table = try inputs.abbreviations.table(space, at: header.abbreviations, sizes: header.sizes)
        let context = UnitContext(space, header, table)
        if let row = place.row {
            context.stringOffsets = space.stringOffsets.slice(
                from: row.stringOffsets.offset, count: row.stringOffsets.size)
            context.rangeLists = space.rangeLists.slice(from: row.rangeLists.offset, count: row.rangeLists.size)
            context.informationBase = row.information.offset
        }
        context.addresses = skeleton.addresses
        context.addressBase = skeleton.addressBase
        context.ranges = skeleton.ranges
        do throws(ReadFailure) {
            guard try context.entry(at: header.firstEntry, &values) != nil else {
                throw .malformed("the unit's first entry has no abbreviation")
            }
        } catch {
            throw space.error(".debug_info", header.offset, error.reason)
        }
        context.takeBases(values)
        if !values.has(Slot.lowPC) { context.baseAddress = skeleton.baseAddress }
        return context
    }
}
