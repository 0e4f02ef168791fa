import Synchronization

/// An entry that has been entered and not left; everything deeper is inside of it.
struct OpenEntry {
    var depth: Int
    /// The innermost naming context; −1 for none.
    var context: Int32
    /// The innermost scope with code; −1 outside of functions.
    var scope: Int32
    /// The naming context that ends with this entry; −1 for none.
    var ends: Int32
    /// The entry is a function or is inside of one.
    var isInFunction: Bool
    /// Offset of the innermost function between the entry and its naming context; 0 for none.
    var function: UInt64

    /// What is around the unit's root.
    static let outermost = OpenEntry(
        depth: -1, context: -1, scope: -1, ends: -1, isInFunction: false, function: 0)
}

/// Collects the functions and inlined calls of one unit in one pass over its entries, in the order of the file, which is
/// pre-order: each byte once, no recursion.
///
///     DW_TAG_compile_unit
///       DW_TAG_namespace app                     naming context
///         DW_TAG_structure_type Store            naming context, jumped over along DW_AT_sibling
///         DW_TAG_subprogram run                  scope 0, function
///           DW_TAG_lexical_block                 transparent
///             DW_TAG_inlined_subroutine step     scope 1, parent 0
///               DW_TAG_inlined_subroutine next   scope 2, parent 1
///           DW_TAG_subprogram closure #1         scope 3, function of its own
///
/// Every entry takes at least one byte and the walk only moves forward, jumps too, so that no damaged tree can loop.
extension UnitReader {
    /// Fills `code.scopes`, `code.ranges` and `code.functions`. Damage ends the walk; what was found before it stays, and
    /// `code.problems` says where.
    func readScopes(
        _ unit: UnitContext, lines: LineHeader, into code: inout UnitCode,
        skippingTypes: Bool
    ) {
        functions.removeAll()
        numbers.removeAll()
        functions.lines = lines
        functions.textBudget = limits.textPerUnit
        functions.foreignBudget = limits.foreignEntries
        var contexts = NamingContexts()
        var problem: (offset: Int, failure: ReadFailure)?
        walk(unit, into: &code, &contexts, skippingTypes: skippingTypes, problem: &problem)
        if let problem { code.report(unit.space.error(".debug_info", problem.offset, problem.failure.reason)) }
        do throws(ReadFailure) {
            try qualifyNames(unit, contexts, into: &code)
        } catch {
            code.report(unit.space.error(".debug_info", unit.header.offset, error.reason))
        }
    }

    private func walk(
        _ unit: UnitContext, into code: inout UnitCode, _ naming: inout NamingContexts, skippingTypes: Bool,
        problem: inout (offset: Int, failure: ReadFailure)?
    ) {
        let table = unit.table
        let bytes = unit.bytes
        let stack = stack
        let maximumDepth = min(limits.depth, 1 << 20)
        let wantsContexts = !isFlatLanguage(unit.language)
        // One more than there may be: charging the unit to the file then tells.
        let maximumScopes = max(0, limits.scopes - inputs.scopeCount.load(ordering: .relaxed)).addingClamped(1)
        // Members of this object would be checked for overlapping access every time.
        var values = values
        defer { self.values = values }
        let files = (first: functions.lines.firstFileNumber, count: UInt64(functions.lines.files.count))
        var contexts = naming.contexts
        var p = bytes.base + unit.header.firstEntry
        let end = bytes.end
        var entry = p
        var depth = 0
        var count = 0
        var skipped = false
        var isTooDeep = false
        var open = 0
        stack[0] = .outermost
        var openDepth = -1

        do throws(ReadFailure) {
            while p < end {
                entry = p
                var abbreviationCode = UInt64(p.pointee)
                if abbreviationCode < 0x80 {
                    p += 1
                } else {
                    abbreviationCode = try bytes.uleb(at: &p)
                }
                if abbreviationCode == 0 {
                    depth -= 1
                    if depth == openDepth {
                        let ends = stack[open].ends
                        if ends >= 0 { contexts[Int(ends)].end = UInt64(p - bytes.base) }
                        open -= 1
                        openDepth = stack[open].depth
                    }
                    if depth <= 0 { break }
                    continue
                }
                guard let abbreviation = table.abbreviation(abbreviationCode) else {
                    throw .malformed("abbreviation code \(abbreviationCode) is not in the unit's table")
                }
                count &+= 1
                let kind = abbreviation.pointee.kind
                if kind == EntryKind.plain {
                    let size = Int(abbreviation.pointee.size)
                    if size >= 0 {
                        guard end - p >= size else { throw .truncated }
                        p += size
                    } else {
                        try bytes.skip(abbreviation, table, at: &p)
                    }
                    depth &+= Int(abbreviation.pointee.children)
                    if depth == 0 { break }  // A root without children is the whole tree.
                    continue
                }
                if kind >= EntryKind.function {
                    try values.read(abbreviation, table, bytes, at: &p)
                    if depth > maximumDepth {
                        isTooDeep = true
                        depth &+= Int(abbreviation.pointee.children)
                        continue
                    }
                    let outer = stack[open]
                    let isInlined = kind == EntryKind.inlinedSubroutine
                    let scope = try addScope(
                        values, at: entry - bytes.base, isInlined: isInlined, parent: isInlined ? outer.scope : -1,
                        unit, files, into: &code, maximum: maximumScopes)
                    if abbreviation.pointee.children != 0 {
                        // A call whose code was optimised away has no ranges; calls inside it belong to the call around.
                        open += 1
                        stack[open] = OpenEntry(
                            depth: depth, context: outer.context,
                            scope: scope >= 0 || !isInlined ? scope : outer.scope, ends: -1, isInFunction: true,
                            function: isInlined ? outer.function : UInt64(entry - bytes.base))
                        openDepth = depth
                        depth += 1
                    } else if depth == 0 {
                        break
                    }
                    continue
                }

                // A namespace, type, declaration or other subtree with children.
                var jump: UnsafePointer<UInt8>?
                let mayJump =
                    skippingTypes && abbreviation.pointee.hasSibling
                    && (kind == EntryKind.data || kind == EntryKind.type && !stack[open].isInFunction)
                let attributes = p
                try bytes.skip(abbreviation, table, at: &p)
                if mayJump {
                    jump = try sibling(abbreviation, attributes, p, unit, &values)
                }
                if let jump {
                    skipped = true
                    if kind != EntryKind.data, wantsContexts, depth <= maximumDepth {
                        contexts.append(
                            NamingContexts.Context(
                                start: UInt64(entry - bytes.base), end: UInt64(jump - bytes.base),
                                outside: stack[open].context, function: 0, isOpaque: true))
                    }
                    p = jump
                    continue
                }
                if kind == EntryKind.data || depth > maximumDepth {
                    depth += 1
                    continue
                }
                let outer = stack[open]
                var next = outer
                next.depth = depth
                next.ends = -1
                if kind == EntryKind.declaration {
                    next.scope = -1
                    next.isInFunction = true
                    next.function = UInt64(entry - bytes.base)
                } else if wantsContexts, contexts.count < Int(Int32.max) {
                    next.context = Int32(contexts.count)
                    next.ends = next.context
                    next.function = 0
                    contexts.append(
                        NamingContexts.Context(
                            start: UInt64(entry - bytes.base), end: UInt64(unit.header.end), outside: outer.context,
                            function: outer.function, isOpaque: false))
                }
                open += 1
                stack[open] = next
                openDepth = depth
                depth += 1
            }
            // A unit may end without the null entries that close its tree.
        } catch {
            problem = (entry - bytes.base, error)
        }
        code.entryCount = count
        code.typeSubtreesSkipped = skipped
        naming.contexts = contexts
        naming.entryCount = count
        if isTooDeep {
            let limit = DWARFError.Reason.limit(name: "depth", maximum: limits.depth)
            code.report(unit.space.error(".debug_info", unit.header.offset, limit))
        }
    }

    /// Adds the scope of an entry with code; returns its number, or −1 for one without.
    @inline(__always)
    private func addScope(
        _ values: EntryValues, at offset: Int, isInlined: Bool, parent: Int32, _ unit: UnitContext,
        _ files: (first: UInt64, count: UInt64), into code: inout UnitCode, maximum: Int
    ) throws(ReadFailure) -> Int32 {
        let first = code.ranges.count
        let attributes = CodeAttributes(values)
        if attributes.highPC.valueClass == ValueClass.number, attributes.lowPC.valueClass == ValueClass.address {
            let (high, overflow) = attributes.lowPC.raw.addingReportingOverflow(attributes.highPC.raw)
            if overflow {
                code.invalidRanges += 1
                return -1
            }
            if attributes.highPC.raw == 0 { return -1 }
            guard first < limits.rangesPerUnit else {
                throw .limit(name: "rangesPerUnit", maximum: limits.rangesPerUnit)
            }
            code.ranges.append(UnitRange(start: attributes.lowPC.raw, end: high))
        } else {
            var problem: ReadFailure?
            do throws(ReadFailure) {
                var counts = RangeCounts()
                defer {
                    code.invalidRanges += counts.invalid
                    code.unresolvedReferences += counts.unresolved
                }
                try appendRanges(of: attributes, unit, to: &code.ranges, &counts)
            } catch {
                problem = error
            }
            if let problem {
                if case .limit = problem { throw problem }
                code.report(unit.space.error(".debug_info", offset, problem.reason))
            }
            if code.ranges.count == first { return -1 }
        }
        guard code.scopes.count < min(maximum, limits.scopesPerUnit) else {
            throw .limit(name: "scopes", maximum: min(limits.scopes, limits.scopesPerUnit))
        }
        var scope = UnitScope(
            entryAddress: code.ranges[first].start, parent: parent, function: -1, callFile: -1, callLine: 0,
            callColumn: 0, firstRange: UInt32(truncatingIfNeeded: first),
            rangeCount: UInt32(truncatingIfNeeded: code.ranges.count - first), isInlined: isInlined)
        if attributes.entryPC.valueClass != ValueClass.absent {
            scope.entryAddress = entryAddress(attributes, scope.entryAddress, unit)
        }
        if isInlined {
            if let number = values.number(Slot.callFile) {
                let index = number &- files.first
                if index < files.count { scope.callFile = Int32(truncatingIfNeeded: index) }
            }
            scope.callLine = values.clamped(Slot.callLine)
            scope.callColumn = values.clamped(Slot.callColumn)
        }
        scope.function = try function(of: values, at: offset, unit, into: &code)
        code.scopes.append(scope)
        return Int32(truncatingIfNeeded: code.scopes.count - 1)
    }
}

/// A language whose functions are in no namespace or type: C and assembler.
func isFlatLanguage(_ language: UInt16) -> Bool {
    switch language {
    case 0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x3e, 0x31, 0x8001: true
    default: false
    }
}
