/// What an entry and the entries it refers to say about a function.
struct FunctionDescription {
    var name: String?
    var linkageName: String?
    var declarationFile: Int32 = -1
    var declarationLine: UInt32 = 0
    var isArtificial = false
    /// The last entry of the chain of origins: the declaration, whose surroundings qualify the name.
    var declaration: Int

    /// Fills what is missing from an origin.
    mutating func complete(from origin: FunctionDescription) {
        if name == nil { name = origin.name }
        if linkageName == nil { linkageName = origin.linkageName }
        if declarationFile < 0 { declarationFile = origin.declarationFile }
        if declarationLine == 0 { declarationLine = origin.declarationLine }
        isArtificial = isArtificial || origin.isArtificial
        declaration = origin.declaration
    }
}

/// Describes the functions of one unit.
///
///     inlined call ──abstract_origin──▶ function without code ──specification──▶ declaration in a class
///                                        decl_line                                 name, linkage name, decl_line
///
/// Each attribute is taken from the first entry of the chain that has it. Chains may lead into other units (link-time
/// optimisation), are at most `limits.originHops` long, and a loop ends there. Every origin is followed once a unit.
struct FunctionNames {
    private var origins: [Int: FunctionDescription] = [:]
    /// Where files of other units were put in the unit's list.
    private var foreignFiles: [ForeignFile: Int32] = [:]
    private var textBudget: Int

    private struct ForeignFile: Hashable {
        var unit: Int
        var index: Int32
    }

    init(limits: DWARFLimits) {
        textBudget = limits.textPerUnit
    }

    /// Describes the entry at `offset` of the unit itself.
    mutating func describe(
        _ attributes: EntryAttributes, at offset: Int, _ reader: borrowing UnitReader, _ units: borrowing ObjectUnits,
        _ lines: LineTable, _ unit: inout CompileUnit
    ) throws(ReadFailure) -> FunctionDescription {
        var result = try own(attributes, at: offset, reader, lines: lines, &unit)
        let reference = attributes.abstractOrigin.isPresent ? attributes.abstractOrigin : attributes.specification
        guard reference.isPresent else { return result }
        guard let target = reader.reference(reference) else {
            unit.unresolvedReferences += 1
            return result
        }
        if let known = origins[target] {
            result.complete(from: known)
            return result
        }
        let origin = try follow(target, reader, units, lines, &unit)
        origins[target] = origin
        result.complete(from: origin)
        return result
    }

    /// What the entry at `target` and its own origins say.
    private mutating func follow(
        _ target: Int, _ reader: borrowing UnitReader, _ units: borrowing ObjectUnits, _ lines: LineTable,
        _ unit: inout CompileUnit
    ) throws(ReadFailure) -> FunctionDescription {
        var result = FunctionDescription(declaration: target)
        var next: Int? = target
        var hops = 0
        while let offset = next {
            guard hops < units.limits.originHops else {
                unit.unresolvedReferences += 1
                break
            }
            hops += 1
            if offset >= reader.header.firstEntry, offset < reader.header.end {
                next = try step(offset, reader, lines, &unit, &result)
            } else {
                next = try stepAbroad(offset, units, &unit, &result)
            }
        }
        return result
    }

    /// Adds what one entry says to `result`; returns where it refers to.
    private mutating func step(
        _ offset: Int, _ reader: borrowing UnitReader, _ lines: LineTable, _ unit: inout CompileUnit,
        _ result: inout FunctionDescription
    ) throws(ReadFailure) -> Int? {
        let found: EntryAttributes?
        do throws(ReadFailure) {
            var cursor = try reader.cursor(at: offset)
            found = try cursor.single()
        } catch {
            found = nil
        }
        guard let found else {
            // No entry there, or a damaged one: the function keeps what is known.
            unit.unresolvedReferences += 1
            return nil
        }
        result.complete(from: try own(found, at: offset, reader, lines: lines, &unit))
        let reference = found.abstractOrigin.isPresent ? found.abstractOrigin : found.specification
        guard reference.isPresent else { return nil }
        let target = reader.reference(reference)
        if target == nil { unit.unresolvedReferences += 1 }
        return target
    }

    /// As ``step``, for an entry of another unit.
    private mutating func stepAbroad(
        _ offset: Int, _ units: borrowing ObjectUnits, _ unit: inout CompileUnit,
        _ result: inout FunctionDescription
    ) throws(ReadFailure) -> Int? {
        guard let index = units.unit(containing: offset) else {
            unit.unresolvedReferences += 1
            return nil
        }
        do throws(DWARFError) {
            let reader = try units.reader(index)
            let lines = units.foreignFiles(index, reader)
            var description = FunctionDescription(declaration: offset)
            // Collected apart, because its file numbers are those of the other unit's table.
            let next: Int?
            do throws(ReadFailure) {
                next = try step(offset, reader, lines, &unit, &description)
            } catch {
                throw units.error(".debug_info", offset, error.reason)
            }
            if result.declarationFile < 0, description.declarationFile >= 0 {
                description.declarationFile = adopt(description.declarationFile, of: index, lines, &unit)
            }
            result.complete(from: description)
            return next
        } catch {
            unit.report(error)
            return nil
        }
    }

    /// The number in `unit.files` of another unit's file.
    private mutating func adopt(_ file: Int32, of index: Int, _ lines: LineTable, _ unit: inout CompileUnit) -> Int32 {
        let key = ForeignFile(unit: index, index: file)
        if let known = foreignFiles[key] { return known }
        guard unit.files.count < Int(Int32.max) else { return -1 }
        unit.files.append(lines.files[Int(file)])
        let number = Int32(unit.files.count - 1)
        foreignFiles[key] = number
        return number
    }

    /// What one entry says by itself.
    private mutating func own(
        _ attributes: EntryAttributes, at offset: Int, _ reader: borrowing UnitReader, lines: LineTable,
        _ unit: inout CompileUnit
    ) throws(ReadFailure) -> FunctionDescription {
        var result = FunctionDescription(declaration: offset)
        result.name = try text(attributes.name, reader, &unit)
        result.linkageName = try text(attributes.linkageName, reader, &unit)
        if let number = reader.number(attributes.declarationFile) { result.declarationFile = lines.fileIndex(number) }
        result.declarationLine = reader.clamped(attributes.declarationLine)
        result.isArtificial = reader.number(attributes.artificial).map { $0 != 0 } ?? false
        return result
    }

    private mutating func text(
        _ value: AttributeValue, _ reader: borrowing UnitReader, _ unit: inout CompileUnit
    ) throws(ReadFailure) -> String? {
        guard value.isPresent else { return nil }
        guard let text = reader.string(value) else {
            unit.unresolvedReferences += 1
            return nil
        }
        try spend(text.utf8.count)
        return text.isEmpty ? nil : text
    }

    private mutating func spend(_ bytes: Int) throws(ReadFailure) {
        guard bytes <= textBudget else { throw .limit(name: "textPerUnit", maximum: textBudget) }
        textBudget -= bytes
    }

    /// `name` with the namespaces, modules and types around `declaration`, which may be in another unit.
    mutating func qualify(
        _ name: String, declaration: Int, _ reader: borrowing UnitReader, own contexts: DeclarationContexts,
        _ units: borrowing ObjectUnits, _ unit: inout CompileUnit
    ) throws(ReadFailure) -> String {
        var names: [String] = []
        if declaration >= reader.header.firstEntry, declaration < reader.header.end {
            names = contexts.names(around: declaration, reader)
        } else if let index = units.unit(containing: declaration) {
            do throws(DWARFError) {
                let other = try units.reader(index)
                names = units.foreignDeclarations(index, other).names(around: declaration, other)
            } catch {
                unit.report(error)
            }
        }
        if names.isEmpty { return name }
        names.append(name)
        let result = names.joined(separator: nameSeparator(language: unit.language))
        try spend(result.utf8.count)
        return result
    }
}

extension ObjectUnits {
    /// The files of a unit that another one refers to; empty when its line header cannot be read (its own turn reports it).
    func foreignFiles(_ index: Int, _ reader: borrowing UnitReader) -> LineTable {
        if let known = state.foreignFiles[index] { return known }
        var table = LineTable()
        do throws(ReadFailure) {
            var cursor = try reader.cursor()
            if let root = try cursor.single(), let offset = reader.number(root.statementList) {
                table = try LineTable(
                    lineInput(), at: offset, compilationDirectory: reader.string(root.compilationDirectory),
                    rowBudget: nil, limits: limits)
            }
        } catch {
            table = LineTable()
        }
        state.foreignFiles[index] = table
        return table
    }

    /// The declarations of a unit that another one refers to.
    func foreignDeclarations(_ index: Int, _ reader: borrowing UnitReader) -> DeclarationContexts {
        if let known = state.foreignDeclarations[index] { return known }
        let declarations = DeclarationContexts(of: reader, budget: &state.foreignEntries)
        state.foreignDeclarations[index] = declarations
        return declarations
    }
}
