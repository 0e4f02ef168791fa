import ELFObject

/// A unit that an entry of another unit refers to.
final class ForeignUnit {
    let context: UnitContext
    /// Its line table, without rows; read when a file number of it is met.
    fileprivate(set) var lines: LineHeader?
    /// Where its root says that relative directories start.
    let compilationDirectory: TextReference
    let statementList: UInt64?
    /// Its namespaces and types; found when a name in it has to be qualified.
    var naming: NamingContexts?

    init(_ context: UnitContext, _ root: UnitRoot) {
        self.context = context
        compilationDirectory = root.compilationDirectory
        statementList = root.statementList
    }
}

/// Names a unit among those of all files.
struct ForeignKey: Hashable {
    var space: Int
    var unit: Int
}

extension UnitReader {
    /// So many units that others refer to are kept.
    private static let maximumForeignUnits = 1024

    /// The unit with an entry at `offset`; `nil` when there is none or it cannot be read.
    func foreignUnit(containing offset: Int, in space: DebugSpace, _ code: inout UnitCode) -> ForeignUnit? {
        // A package's units have parts of sections each, which only its index tells.
        guard space.unitIndex.count == 0, let index = unitIndex(containing: offset, in: space) else { return nil }
        let key = ForeignKey(space: space.number, unit: index)
        if let known = foreignUnits[key] { return known }
        guard let header = unitLists[space.number]?[index] else { return nil }
        // The reading of a unit in the middle of another's.
        let kept = values
        values = EntryValues()
        defer {
            values.deallocate()
            values = kept
        }
        do throws(DWARFError) {
            let context = try start(space, header)
            context.index = index
            let unit = ForeignUnit(context, UnitRoot(values, context, inputs))
            if foreignUnits.count >= Self.maximumForeignUnits { foreignUnits.removeAll() }
            foreignUnits[key] = unit
            return unit
        } catch {
            code.report(error)
            return nil
        }
    }

    private func unitIndex(containing offset: Int, in space: DebugSpace) -> Int? {
        if unitLists[space.number] == nil {
            unitLists[space.number] = UnitHeader.scan(
                space.information, abbreviationsSize: space.abbreviations.count, bigEndian: space.bigEndian,
                limits: limits)
        }
        guard let headers = unitLists[space.number] else { return nil }
        var low = 0
        var high = headers.count
        while low < high {
            let middle = (low + high) / 2
            if headers[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        guard low < headers.count, headers[low].failure == nil, headers[low].firstEntry <= offset else { return nil }
        return low
    }

    /// The number in `code.files` of file `number` of another unit's line table; −1 when it has none such.
    func adopt(_ number: UInt64, of context: UnitContext, _ code: inout UnitCode) -> Int32 {
        guard let foreign = foreignUnits[ForeignKey(space: context.space.number, unit: context.index)] else {
            return -1
        }
        let lines = lines(of: foreign)
        let index = lines.fileIndex(number)
        guard index >= 0 else { return -1 }
        let key = FunctionTable.ForeignFile(space: context.space.number, unit: context.index, index: index)
        if let known = functions.foreignFiles[key] { return known }
        guard code.files.count < Int(Int32.max) else { return -1 }
        let file = lines.files[Int(index)]
        code.files.append(
            LineFile(
                compilationDirectory: lines.start(of: file, foreign.compilationDirectory, inputs),
                directory: lines.directory(of: file), name: file.name))
        let adopted = Int32(code.files.count - 1)
        functions.foreignFiles[key] = adopted
        return adopted
    }

    /// The files of a unit that another one refers to; empty when its line header cannot be read (its own turn reports it).
    private func lines(of unit: ForeignUnit) -> LineHeader {
        if let known = unit.lines { return known }
        var lines = LineHeader()
        if let offset = unit.statementList {
            let space = unit.context.space
            let input = LineTableInput(space, supplementary: inputs.supplementary)
            do throws(ReadFailure) {
                try waitForLines(space)
                lines = try LineHeader(input, at: offset, limits: limits)
            } catch {
                lines = LineHeader()
            }
        }
        unit.lines = lines
        return lines
    }

    /// Waits for all of `.debug_line`; a section that cannot be had makes the table unreadable.
    private func waitForLines(_ space: DebugSpace) throws(ReadFailure) {
        guard let section = space.lineSection else { return }
        do throws(DWARFError) {
            try UnitQueue.wait(for: section, until: section.count, space)
        } catch {
            throw .truncated
        }
    }
}
