/// Finding naming contexts, and jumping over subtrees.
extension UnitReader {
    /// The naming contexts alone, of a unit that another one refers to.
    func findContexts(_ unit: UnitContext, _ naming: inout NamingContexts) {
        let bytes = unit.bytes
        let maximumDepth = min(limits.depth, 1 << 20)
        var open = [OpenEntry.outermost]
        var p = bytes.base + unit.header.firstEntry
        var depth = 0
        var count = 0
        defer { naming.entryCount = count }
        do throws(ReadFailure) {
            while p < bytes.end {
                let entry = p
                let code = try bytes.uleb(at: &p)
                if code == 0 {
                    depth -= 1
                    if let top = open.last, top.depth == depth {
                        if top.ends >= 0 { naming.contexts[Int(top.ends)].end = UInt64(p - bytes.base) }
                        open.removeLast()
                    }
                    if depth <= 0 { return }
                    continue
                }
                guard let abbreviation = unit.table.abbreviation(code) else { return }
                count += 1
                let attributes = p
                try bytes.skip(abbreviation, unit.table, at: &p)
                if abbreviation.pointee.children == 0 {
                    if depth == 0 { return }
                    continue
                }
                let kind = abbreviation.pointee.kind
                var next = open.last ?? .outermost
                let isType = kind == EntryKind.type
                if kind == EntryKind.data || isType && !next.isInFunction, abbreviation.pointee.hasSibling,
                    let behind = try sibling(abbreviation, attributes, p, unit, &originValues)
                {
                    if isType {
                        naming.contexts.append(
                            NamingContexts.Context(
                                start: UInt64(entry - bytes.base), end: UInt64(behind - bytes.base),
                                outside: next.context, function: 0, isOpaque: true))
                    }
                    p = behind
                    continue
                }
                if kind != EntryKind.plain, kind != EntryKind.data, depth <= maximumDepth {
                    next.depth = depth
                    next.ends = -1
                    if isType || kind == EntryKind.namespace {
                        let outside = next.context
                        next.context = Int32(truncatingIfNeeded: naming.contexts.count)
                        next.ends = next.context
                        naming.contexts.append(
                            NamingContexts.Context(
                                start: UInt64(entry - bytes.base), end: UInt64(unit.header.end), outside: outside,
                                function: next.function, isOpaque: false))
                        next.function = 0
                    } else {
                        next.isInFunction = true
                        if kind != EntryKind.inlinedSubroutine { next.function = UInt64(entry - bytes.base) }
                    }
                    open.append(next)
                }
                depth += 1
            }
        } catch {
            return
        }
    }

    /// Where the subtree of an entry ends, by its `DW_AT_sibling`; `nil` when that does not lead forward inside the unit.
    /// The attributes are those between `attributes` and `behind`.
    @inline(__always)
    func sibling(
        _ abbreviation: UnsafePointer<Abbreviation>, _ attributes: UnsafePointer<UInt8>,
        _ behind: UnsafePointer<UInt8>, _ unit: UnitContext, _ values: inout EntryValues
    ) throws(ReadFailure) -> UnsafePointer<UInt8>? {
        let bytes = unit.bytes
        var offset: UInt64
        if abbreviation.pointee.siblingOffset >= 0, abbreviation.pointee.siblingWidth == 4 {
            // Inside of what has just been stepped over.
            let place = attributes + Int(abbreviation.pointee.siblingOffset)
            let value = UnsafeRawPointer(place).loadUnaligned(as: UInt32.self)
            offset = UInt64(bytes.swapped ? value.byteSwapped : value)
        } else {
            var place = attributes
            try values.read(abbreviation, unit.table, bytes, at: &place)
            let value = values[Slot.sibling]
            guard value.valueClass == ValueClass.unitReference else { return nil }
            offset = value.raw
        }
        guard offset <= UInt64(bytes.end - bytes.start) else { return nil }
        let target = bytes.start + Int(offset)
        return target > behind ? target : nil
    }
}
