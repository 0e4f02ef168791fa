/// Names for functions without a linkage name: the short name with the namespaces, modules and types around the
/// declaration.
extension UnitReader {
    /// Fills `qualifiedName` of the unit's functions. A declaration may follow its use, so this comes after the walk.
    func qualifyNames(
        _ unit: UnitContext, _ naming: NamingContexts, into code: inout UnitCode
    ) throws(ReadFailure) {
        // Inlined calls and bodies of one function share its declaration.
        var known: [UInt64: TextReference] = [:]
        var names: [UInt64: ContextName] = [:]
        for index in functions.descriptions.indices {
            let description = functions.descriptions[index]
            let number = Int(description.number)
            guard number >= 0, description.function.linkageName.isNone, !description.function.name.isNone else {
                continue
            }
            if isFlatLanguage(description.function.language) {
                code.functions[number].qualifiedName = description.function.name
            } else if let name = known[description.declaration] {
                code.functions[number].qualifiedName = name
            } else {
                let name = try qualify(description, unit, naming, &names, &code)
                known[description.declaration] = name
                code.functions[number].qualifiedName = name
            }
        }
    }

    private func qualify(
        _ description: FunctionDescription, _ unit: UnitContext, _ naming: NamingContexts,
        _ known: inout [UInt64: ContextName], _ code: inout UnitCode
    ) throws(ReadFailure) -> TextReference {
        var names = ContextNames(unit: unit, naming: naming, known: known)
        defer { known = names.known }
        try path(to: description.declaration, &names, &code, hops: 0)
        var path = names.path
        if path.isEmpty { return description.function.name }
        if case .anonymous = path.last, inputs.bytes(of: description.function.name).elementsEqual("operator()".utf8) {
            // gcc's closures are structures without a name.
            path[path.count - 1] = .lambda
        }
        let separator = nameSeparator(language: description.function.language)
        let start = code.arena.count
        for context in path {
            switch context {
            case .text(let reference): code.arena.append(contentsOf: inputs.bytes(of: reference))
            case .anonymous(let tag): code.arena.append(contentsOf: placeholder(tag).utf8)
            case .lambda: code.arena.append(contentsOf: "<lambda>".utf8)
            }
            code.arena.append(contentsOf: separator.utf8)
        }
        code.arena.append(contentsOf: inputs.bytes(of: description.function.name))
        try spend(code.arena.count - start)
        code.arena.append(0)
        return TextReference(section: TextReference.arenaSection, offset: UInt64(start))
    }

    /// What stands before a name.
    enum ContextName {
        case text(TextReference)
        case anonymous(tag: UInt16)
        case lambda
    }

    /// The names around one entry, as they are found.
    struct ContextNames {
        let unit: UnitContext
        let naming: NamingContexts
        /// Of single entries, by their place.
        var known: [UInt64: ContextName]
        /// Outermost first.
        var path: [ContextName] = []
    }

    /// Adds the names around the entry at `place` to `names.path`. A local class is in a function, which may be declared in
    /// another unit: that is followed as often as chains of origins are.
    private func path(
        to place: UInt64, _ names: inout ContextNames, _ code: inout UnitCode, hops: Int
    ) throws(ReadFailure) {
        let space = inputs.spaces[Int(place >> 40)]
        let offset = Int(place & TextReference.maximumOffset)
        var unit = names.unit
        var naming = names.naming
        if space !== unit.space || offset < unit.header.firstEntry || offset >= unit.header.end {
            guard let foreign = foreignUnit(containing: offset, in: space, &code) else { return }
            unit = foreign.context
            naming = try foreignNaming(foreign)
        }
        var entries: [Int] = []
        var number = naming.innermost(around: UInt64(offset))
        if number >= 0, naming.contexts[Int(number)].isOpaque {
            entries = try self.path(to: offset, in: naming.contexts[Int(number)], unit).reversed()
        }
        var function: UInt64 = 0
        while number >= 0 {
            let context = naming.contexts[Int(number)]
            entries.append(Int(context.start))
            function = context.function
            if function != 0 { break }
            number = context.outside
        }
        if function != 0, hops < limits.originHops {
            // Another unit's function keeps to the same rule: what its declaration says, else its own entry.
            let index = try describe(space, Int(function), names.unit, into: &code)
            let description = functions.descriptions[index]
            try path(to: description.declaration, &names, &code, hops: hops + 1)
            if !description.function.name.isNone { names.path.append(.text(description.function.name)) }
        }
        for entry in entries.reversed() {
            if let name = contextName(at: entry, unit, &names.known) { names.path.append(name) }
        }
    }

    private func contextName(
        at offset: Int, _ unit: UnitContext, _ names: inout [UInt64: ContextName]
    ) -> ContextName? {
        let place = Self.place(unit.space, offset)
        if let known = names[place] { return known }
        var tag: UInt16 = 0
        do throws(ReadFailure) {
            guard let abbreviation = try unit.entry(at: offset, &originValues) else { return nil }
            tag = abbreviation.pointee.tag
        } catch {
            return nil
        }
        let text = unit.optionalText(originValues[Slot.name], inputs)
        let name = text.isNone ? ContextName.anonymous(tag: tag) : .text(text)
        names[place] = name
        return name
    }

    private func placeholder(_ tag: UInt16) -> String {
        switch tag {
        case Tag.namespace: "(anonymous namespace)"
        case Tag.classType: "(anonymous class)"
        case Tag.structureType: "(anonymous struct)"
        case Tag.unionType: "(anonymous union)"
        case Tag.enumerationType: "(anonymous enum)"
        default: "(anonymous)"
        }
    }

    /// The namespaces and types between a subtree that was jumped over and the entry at `offset` inside of it, outermost
    /// first: a walk that jumps over everything beside the way.
    private func path(
        to offset: Int, in context: NamingContexts.Context, _ unit: UnitContext
    ) throws(ReadFailure) -> [Int] {
        let bytes = unit.bytes
        let target = bytes.base + offset
        var place = bytes.base + Int(context.start)
        var open: [(depth: Int, entry: Int)] = []
        var depth = 0
        while place < target {
            guard functions.foreignBudget > 0 else {
                throw .limit(name: "foreignEntries", maximum: limits.foreignEntries)
            }
            functions.foreignBudget -= 1
            let entry = place - bytes.base
            let code = try bytes.uleb(at: &place)
            if code == 0 {
                depth -= 1
                if let top = open.last, top.depth == depth { open.removeLast() }
                if depth <= 0 { break }
                continue
            }
            guard let abbreviation = unit.table.abbreviation(code) else { break }
            let attributes = place
            try bytes.skip(abbreviation, unit.table, at: &place)
            guard abbreviation.pointee.children != 0 else { continue }
            if depth > 0, abbreviation.pointee.hasSibling,
                let next = try sibling(abbreviation, attributes, place, unit, &originValues), next <= target
            {
                place = next
                continue
            }
            let kind = abbreviation.pointee.kind
            if depth > 0, kind == EntryKind.namespace || kind == EntryKind.type { open.append((depth, entry)) }
            depth += 1
        }
        return open.map(\.entry)
    }

    /// The naming contexts of a unit that another one refers to; damage ends the list early.
    private func foreignNaming(_ unit: ForeignUnit) throws(ReadFailure) -> NamingContexts {
        let naming: NamingContexts
        if let known = unit.naming {
            naming = known
        } else {
            var found = NamingContexts()
            findContexts(unit.context, &found)
            naming = found
            unit.naming = found
        }
        // Charged whether or not another unit has paid for it before: what is read must not depend on the order.
        guard naming.entryCount <= functions.foreignBudget else {
            throw .limit(name: "foreignEntries", maximum: limits.foreignEntries)
        }
        functions.foreignBudget -= naming.entryCount
        return naming
    }
}

/// How a language writes a name inside another.
func nameSeparator(language: UInt16) -> String {
    switch language {
    case 0x0b, 0x13, 0x16, 0x1e: "."  // Java, D, Go, Swift
    default: "::"
    }
}
