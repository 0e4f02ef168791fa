import DWARFReader
import ELFObject
import Testing

/// One unit with everything spelled out, for comparing.
struct ReadUnit: Equatable {
    struct File: Equatable {
        var path: String
    }

    struct Scope: Equatable {
        enum Kind {
            case function
            case inlinedSubroutine
        }
        var parent: Int32
        var kind: Kind
        var ranges: [Range<UInt64>]
        var entryAddress: UInt64
        var name: String?
        var linkageName: String?
        /// Only where there is no linkage name.
        var qualifiedName: String?
        var declarationPath: String?
        var declarationLine: UInt32
        var callPath: String?
        var callLine: UInt32
        var callColumn: UInt32
        var isArtificial: Bool
    }

    var name: String?
    var compilationDirectory: String?
    var language: UInt16
    var version: UInt16
    var offset: UInt64
    var isPartial: Bool
    var files: [File]
    var rows: [LineRow]
    var scopes: [Scope]
    var unitRanges: [Range<UInt64>]
    var splitUnit: SplitUnitReference?
    var entryCount: Int
    var typeSubtreesSkipped: Bool
    var invalidRanges: Int
    var unresolvedReferences: Int
    var supplementaryReferences: Int
    var problems: [DWARFError]

    init(_ code: UnitCode, _ inputs: DebugInputs) {
        func text(_ reference: TextReference) -> String? { code.string(reference, inputs) }
        name = text(code.name)
        compilationDirectory = text(code.compilationDirectory)
        language = code.language
        version = code.version
        offset = code.offset
        isPartial = code.isPartial
        files = code.files.indices.map { File(path: code.path(of: Int32($0), inputs) ?? "") }
        rows = code.rows
        scopes = code.scopes.map { scope in
            let function = code.functions[Int(scope.function)]
            return Scope(
                parent: scope.parent, kind: scope.isInlined ? .inlinedSubroutine : .function,
                ranges: code.ranges[scope.ranges].map { $0.start..<$0.end }, entryAddress: scope.entryAddress,
                name: text(function.name), linkageName: text(function.linkageName),
                qualifiedName: text(function.qualifiedName),
                declarationPath: code.path(of: function.declarationFile, inputs),
                declarationLine: function.declarationLine, callPath: code.path(of: scope.callFile, inputs),
                callLine: scope.callLine, callColumn: scope.callColumn, isArtificial: function.isArtificial)
        }
        unitRanges = code.unitRanges.map { $0.start..<$0.end }
        splitUnit = code.splitUnit
        entryCount = code.entryCount
        typeSubtreesSkipped = code.typeSubtreesSkipped
        invalidRanges = code.invalidRanges
        unresolvedReferences = code.unresolvedReferences
        supplementaryReferences = code.supplementaryReferences
        problems = code.problems
    }
}

/// Reads an object unit by unit, on one thread.
final class Reading {
    let inputs: DebugInputs
    private let reader: UnitReader
    private let skippingTypes: Bool
    private var code = UnitCode()

    init(
        _ object: ELFObject, supplementary: ELFObject? = nil, split: [ELFObject] = [],
        limits: DWARFLimits = .default, skippingTypes: Bool = true
    ) throws {
        inputs = try DebugInputs(main: object, supplementary: supplementary, split: split, limits: limits)
        for section in inputs.sections { try section.fill() }
        reader = UnitReader(inputs)
        self.skippingTypes = skippingTypes
    }

    var skippedUnits: [SkippedUnit] { inputs.skippedUnits }
    var counts: UnitCounts { inputs.counts }

    func nextUnit() throws -> ReadUnit? {
        while let unit = try inputs.nextUnit() {
            defer { inputs.finish(unit) }
            if try reader.read(unit, into: &code, skippingTypes: skippingTypes) { return ReadUnit(code, inputs) }
        }
        return nil
    }

    func rest() throws -> [ReadUnit] {
        var units: [ReadUnit] = []
        while let unit = try nextUnit() { units.append(unit) }
        return units
    }
}

/// Reads all units; every one must be whole.
func readAll(
    _ object: ELFObject, supplementary: ELFObject? = nil, split: [ELFObject] = [], limits: DWARFLimits = .default,
    skippingTypes: Bool = true
) throws -> [ReadUnit] {
    let reading = try Reading(
        object, supplementary: supplementary, split: split, limits: limits, skippingTypes: skippingTypes)
    let units = try reading.rest()
    for unit in units { #expect(unit.problems.isEmpty, "\(unit.problems)") }
    #expect(reading.skippedUnits.isEmpty, "\(reading.skippedUnits)")
    return units
}
