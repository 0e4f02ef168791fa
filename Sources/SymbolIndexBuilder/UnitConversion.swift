import DWARFReader
import SymbolIndex

extension IndexAssembly {
    /// Makes a unit of the debug information flat and takes it in.
    mutating func add(_ unit: CompileUnit, live: LiveCode) {
        add(FlatUnit(convert(unit), live: live))
    }

    private mutating func convert(_ unit: CompileUnit) -> FlatteningUnit {
        // Only files that something refers to become numbers; a table names many headers that made no code.
        var fileNumbers = [UInt32?](repeating: nil, count: unit.files.count)
        func file(_ index: Int32, _ assembly: inout IndexAssembly) -> UInt32 {
            guard index >= 0, Int(index) < unit.files.count else { return Place.noFile }
            if let known = fileNumbers[Int(index)] { return known }
            let number = assembly.number(ofFile: unit.files[Int(index)].path)
            fileNumbers[Int(index)] = number
            return number
        }
        let language = IndexedLanguage(dwarf: unit.language)
        var result = FlatteningUnit(offset: unit.offset)
        result.scopes.reserveCapacity(unit.scopes.count)
        for scope in unit.scopes {
            let facts = FunctionFacts(
                linkageName: scope.linkageName.map(ByteText.init), name: scope.name.map(ByteText.init),
                qualifiedName: scope.qualifiedName.map(ByteText.init),
                declarationFile: file(scope.declarationFile, &self), declarationLine: scope.declarationLine,
                isArtificial: scope.isArtificial, language: language)
            result.scopes.append(
                FlatteningUnit.Scope(
                    parent: scope.parent < 0 ? nil : Int(scope.parent), ranges: scope.ranges,
                    entryAddress: scope.entryAddress, function: number(of: facts),
                    call: Place(
                        file: file(scope.callFile, &self), line: scope.callLine, column: scope.callColumn)))
        }
        result.rows = unit.rows.map { row in
            FlatteningUnit.Row(
                address: row.address,
                place: Place(file: file(row.file, &self), line: row.line, column: row.column),
                isEndOfSequence: row.isEndOfSequence)
        }
        return result
    }
}

extension IndexedLanguage {
    /// From `DW_AT_language` (DWARF 5, table 7.17, and the numbers given out since).
    init(dwarf code: UInt16) {
        switch code {
        case 0: self = .unknown
        case 0x01, 0x02, 0x0C, 0x1D, 0x2C, 0x3E: self = .c
        case 0x04, 0x1A, 0x21, 0x2B, 0x3A: self = .cpp
        case 0x07, 0x08, 0x0E, 0x22, 0x23, 0x2D: self = .fortran
        case 0x03, 0x0D, 0x2E, 0x2F: self = .ada
        case 0x10: self = .objectiveC
        case 0x11: self = .objectiveCpp
        case 0x13: self = .d
        case 0x16: self = .go
        case 0x1C: self = .rust
        case 0x1E: self = .swift
        case 0x27: self = .zig
        case 0x31, 0x8001: self = .assembler
        default: self = .other
        }
    }
}
