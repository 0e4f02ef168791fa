/// What an entry and the entries it refers to say about a function.
struct FunctionDescription {
    var function = UnitFunction()
    /// The last entry of the chain of origins: the declaration, whose surroundings qualify the name.
    var declaration: UInt64
    /// The number in `UnitCode.functions` once a scope refers to it; −1 before.
    var number: Int32 = -1

    init(declaration: UInt64) { self.declaration = declaration }

    /// Fills what is missing from an origin.
    mutating func complete(from origin: FunctionDescription) {
        if function.name.isNone { function.name = origin.function.name }
        if function.linkageName.isNone { function.linkageName = origin.function.linkageName }
        if function.declarationFile < 0 { function.declarationFile = origin.function.declarationFile }
        if function.declarationLine == 0 { function.declarationLine = origin.function.declarationLine }
        function.isArtificial = function.isArtificial || origin.function.isArtificial
        if origin.function.language != 0 { function.language = origin.function.language }
        declaration = origin.declaration
    }
}

/// The functions of the unit that is being read.
struct FunctionTable {
    /// Descriptions by the entry that an origin leads to.
    let known = PlaceTable()
    var descriptions: [FunctionDescription] = []
    /// The unit's line table, which its file numbers belong to.
    var lines = LineHeader()
    /// Where files of other units were put in the unit's list.
    var foreignFiles: [ForeignFile: Int32] = [:]
    var textBudget = 0
    var foreignBudget = 0

    struct ForeignFile: Hashable {
        var space: Int
        var unit: Int
        var index: Int32
    }

    mutating func removeAll() {
        known.removeAll()
        descriptions.removeAll(keepingCapacity: true)
        if !foreignFiles.isEmpty { foreignFiles.removeAll() }
        lines = LineHeader()
    }
}

/// Describes functions.
///
///     inlined call ──abstract_origin──▶ function without code ──specification──▶ declaration in a class
///                                        decl_line                                 name, linkage name, decl_line
///
/// Each attribute is taken from the first entry of the chain that has it. Chains may lead into other units (link-time
/// optimisation, dwz's partial units) and into the supplementary file, are at most `limits.originHops` long, and a loop
/// ends there. Every origin is followed once a unit.
extension UnitReader {
    /// An entry's place in one number: file and offset in its `.debug_info`.
    @inline(__always)
    static func place(_ space: DebugSpace, _ offset: Int) -> UInt64 {
        UInt64(truncatingIfNeeded: space.number) &<< 40 | UInt64(truncatingIfNeeded: offset)
    }

    /// Where a reference leads.
    enum Target {
        case none
        case entry(DebugSpace, Int)
        case missingFile
        case unresolved
    }

    /// The number in `code.functions` of the function that the entry at `offset`, with code, is or is a call of.
    @inline(__always)
    func function(
        of values: EntryValues, at offset: Int, _ unit: UnitContext, into code: inout UnitCode
    ) throws(ReadFailure) -> Int32 {
        let origin = values[Slot.abstractOrigin]
        guard origin.valueClass == ValueClass.unitReference, values.mask & Slot.descriptionBits == 0 else {
            return try newFunction(of: values, at: offset, unit, into: &code)
        }
        let place = Self.place(unit.space, unit.header.offset &+ Int(truncatingIfNeeded: origin.raw))
        if let number = numbers.value(at: place) { return number }
        let number = try newFunction(of: values, at: offset, unit, into: &code)
        numbers.insert(number, at: place)
        return number
    }

    @inline(never)
    private func newFunction(
        of values: EntryValues, at offset: Int, _ unit: UnitContext, into code: inout UnitCode
    ) throws(ReadFailure) -> Int32 {
        let target = target(of: values, unit)
        guard case .entry(let space, let place) = target else {
            count(target, &code)
            var own = try description(of: values, Self.place(unit.space, offset), unit, into: &code)
            if own.function.language == 0 { own.function.language = unit.language }
            return append(own, into: &code)
        }
        let index = try describe(space, place, unit, into: &code)
        if values.mask & Slot.descriptionBits == 0 {
            let number = functions.descriptions[index].number
            return number >= 0 ? number : emit(index, into: &code)
        }
        var own = try description(of: values, Self.place(unit.space, offset), unit, into: &code)
        own.complete(from: functions.descriptions[index])
        return append(own, into: &code)
    }

    private func append(_ description: FunctionDescription, into code: inout UnitCode) -> Int32 {
        functions.descriptions.append(description)
        return emit(functions.descriptions.count - 1, into: &code)
    }

    /// Gives a description its place among the unit's functions.
    private func emit(_ index: Int, into code: inout UnitCode) -> Int32 {
        let number = Int32(truncatingIfNeeded: code.functions.count)
        code.functions.append(functions.descriptions[index].function)
        functions.descriptions[index].number = number
        return number
    }

    private func count(_ target: Target, _ code: inout UnitCode) {
        switch target {
        case .none, .entry: break
        case .missingFile:
            code.supplementaryReferences += 1
            code.unresolvedReferences += 1
        case .unresolved: code.unresolvedReferences += 1
        }
    }

    /// The index in `functions.descriptions` of what the entry at `offset` of `space` and its own origins say.
    func describe(
        _ space: DebugSpace, _ offset: Int, _ unit: UnitContext, into code: inout UnitCode
    ) throws(ReadFailure) -> Int {
        let first = Self.place(space, offset)
        if let known = functions.known.value(at: first) { return Int(known) }
        var result = FunctionDescription(declaration: first)
        var next = Target.entry(space, offset)
        var hops = 0
        while case .entry(let space, let offset) = next {
            guard hops < limits.originHops else {
                next = .unresolved
                break
            }
            hops += 1
            next = try step(space, offset, unit, &result, into: &code)
        }
        count(next, &code)
        if result.function.language == 0 { result.function.language = unit.language }
        functions.descriptions.append(result)
        let index = functions.descriptions.count - 1
        functions.known.insert(Int32(truncatingIfNeeded: index), at: first)
        return index
    }

    /// Adds what one entry says to `result`; returns where it refers to.
    private func step(
        _ space: DebugSpace, _ offset: Int, _ unit: UnitContext, _ result: inout FunctionDescription,
        into code: inout UnitCode
    ) throws(ReadFailure) -> Target {
        var context = unit
        if space !== unit.space || offset < unit.header.firstEntry || offset >= unit.header.end {
            guard let other = foreignUnit(containing: offset, in: space, &code) else { return .unresolved }
            context = other.context
        }
        var found = false
        do throws(ReadFailure) {
            found = try context.entry(at: offset, &originValues) != nil
        } catch {
            found = false
        }
        // No entry there, or a damaged one: the function keeps what is known.
        guard found else { return .unresolved }
        let values = originValues
        let own = try description(of: values, Self.place(space, offset), context, unit: unit, into: &code)
        result.complete(from: own)
        return target(of: values, context)
    }

    /// What one entry says by itself; `context` is its unit.
    private func description(
        of values: EntryValues, _ place: UInt64, _ context: UnitContext, unit: UnitContext? = nil,
        into code: inout UnitCode
    ) throws(ReadFailure) -> FunctionDescription {
        var result = FunctionDescription(declaration: place)
        result.function.name = try text(values[Slot.name], context, &code)
        result.function.linkageName = try text(values[Slot.linkageName], context, &code)
        if let number = values.number(Slot.declarationFile) {
            if let unit, context !== unit {
                result.function.declarationFile = adopt(number, of: context, &code)
            } else {
                result.function.declarationFile = functions.lines.fileIndex(number)
            }
        }
        result.function.declarationLine = values.clamped(Slot.declarationLine)
        result.function.isArtificial = values.number(Slot.artificial).map { $0 != 0 } ?? false
        result.function.language = context.language
        return result
    }

    private func text(
        _ value: EntryValues.Value, _ context: UnitContext, _ code: inout UnitCode
    ) throws(ReadFailure) -> TextReference {
        switch context.text(value, inputs) {
        case .absent: return .none
        case .found(let reference, let length):
            try spend(length)
            return reference
        case .missingFile:
            code.supplementaryReferences += 1
            code.unresolvedReferences += 1
            return .none
        case .unresolved:
            code.unresolvedReferences += 1
            return .none
        }
    }

    /// Takes from the unit's budget of text.
    func spend(_ bytes: Int) throws(ReadFailure) {
        guard bytes <= functions.textBudget else { throw .limit(name: "textPerUnit", maximum: limits.textPerUnit) }
        functions.textBudget -= bytes
    }

    /// Where the origin of an entry of `unit` is.
    private func target(of values: EntryValues, _ unit: UnitContext) -> Target {
        let value = values.has(Slot.abstractOrigin) ? values[Slot.abstractOrigin] : values[Slot.specification]
        switch value.valueClass {
        case ValueClass.absent: return .none
        case ValueClass.unitReference:
            guard value.raw < UInt64(unit.header.end - unit.header.offset) else { return .unresolved }
            let offset = unit.header.offset + Int(value.raw)
            return offset >= unit.header.firstEntry ? .entry(unit.space, offset) : .unresolved
        case ValueClass.sectionReference:
            // Where the tables of abbreviations hid such references, the section is read in parts.
            guard unit.space.role != .main || inputs.abbreviations.hasCrossUnitReferences else { return .unresolved }
            let (offset, overflow) = value.raw.addingReportingOverflow(unit.informationBase)
            guard !overflow, offset < UInt64(unit.space.information.count) else { return .unresolved }
            return .entry(unit.space, Int(offset))
        case ValueClass.supplementaryReference:
            guard let supplementary = inputs.supplementary else { return .missingFile }
            guard value.raw < UInt64(supplementary.information.count) else { return .unresolved }
            return .entry(supplementary, Int(value.raw))
        default: return .unresolved
        }
    }
}
