import DWARFReader
import SymbolIndex

/// Turns the unit's own functions and files into those of ``NameTables``; keeps what it learnt for the next unit. One a
/// thread.
struct UnitNaming {
    private let tables: NameTables
    /// Texts by where they stand: the linker keeps each string once, so most names are known by their offset alone.
    private var knownTexts = IntegerMap()
    private var knownFiles: [LineFile: UInt32] = [:]
    private var path: [UInt8] = []
    /// Names longer than this are cut: no linker takes longer ones, and a file may refer to one long text a million times.
    private static let longestText = 1 << 20

    init(_ tables: NameTables) {
        self.tables = tables
    }

    /// Fills `flat.functions` and `flat.files`, which hold numbers of `unit`, with numbers of the tables.
    /// - Returns: False when a table is full.
    mutating func resolve(_ flat: inout FlatUnit, _ unit: borrowing UnitCode, _ inputs: DebugInputs) -> Bool {
        for index in flat.files.indices {
            guard let number = file(Int(flat.files[index]), unit, inputs) else { return false }
            flat.files[index] = number
        }
        for index in flat.functions.indices {
            let function = unit.functions[Int(flat.functions[index])]
            var facts = FunctionFacts(
                declarationLine: function.declarationLine,
                traits: FunctionFacts.traits(
                    IndexedLanguage(dwarf: function.language), isArtificial: function.isArtificial))
            guard let linkageName = text(function.linkageName, unit, inputs),
                let name = text(function.name, unit, inputs),
                let qualifiedName = text(function.qualifiedName, unit, inputs)
            else { return false }
            facts.linkageName = linkageName
            facts.name = name
            facts.qualifiedName = qualifiedName
            if function.declarationFile >= 0, Int(function.declarationFile) < unit.files.count {
                guard let number = file(Int(function.declarationFile), unit, inputs) else { return false }
                facts.declarationFile = number + 1
            }
            guard let number = tables.number(of: facts) else { return false }
            flat.functions[index] = number
        }
        return true
    }

    /// The number of a text plus one, 0 for none; `nil` when the table is full.
    private mutating func text(_ reference: TextReference, _ unit: borrowing UnitCode, _ inputs: DebugInputs) -> UInt32?
    {
        if reference.isNone { return 0 }
        if !reference.isInArena, let known = knownTexts[reference.rawValue] { return known }
        let tables = tables
        let number = unit.withText(reference, inputs) { bytes -> UInt32? in
            if bytes.isEmpty { return 0 }
            return tables.texts.number(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes.prefix(Self.longestText)))
            ).map { $0 + 1 }
        }
        guard let number else { return nil }
        if !reference.isInArena { knownTexts.insert(reference.rawValue, number) }
        return number
    }

    private mutating func file(_ index: Int, _ unit: borrowing UnitCode, _ inputs: DebugInputs) -> UInt32? {
        let file = unit.files[index]
        if let known = knownFiles[file] { return known }
        path.removeAll(keepingCapacity: true)
        unit.appendPath(of: Int32(truncatingIfNeeded: index), inputs, to: &path)
        let number = path.withUnsafeBytes { tables.files.number($0) }
        if let number { knownFiles[file] = number }
        return number
    }
}
