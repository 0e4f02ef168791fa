import ELFObject

/// Where the handing out of units stands; used under a lock.
struct UnitQueue {
    private var position = 0
    private var index = 0
    private var isPrepared = false

    /// Waits for everything that single units are not waited for, once.
    mutating func prepare(_ inputs: DebugInputs) throws(DWARFError) {
        if isPrepared { return }
        for space in inputs.spaces {
            for section in space.sections {
                if section === inputs.main.informationSection || section === inputs.main.lineSection { continue }
                try Self.wait(for: section, until: section.count, space)
            }
        }
        inputs.abbreviations.lookForCrossUnitReferences(inputs.main)
        if inputs.abbreviations.hasCrossUnitReferences, let section = inputs.main.informationSection {
            // A unit may refer to one behind it.
            try Self.wait(for: section, until: section.count, inputs.main)
        }
        isPrepared = true
    }

    static func wait(for section: DebugSection, until count: Int, _ space: DebugSpace) throws(DWARFError) {
        do throws(ELFError) {
            try section.wait(until: min(count, section.count))
        } catch {
            throw DWARFError(file: space.file, section: section.name, offset: nil, reason: .container("\(error)"))
        }
    }

    /// The next unit of any kind, its bytes there.
    mutating func next(_ inputs: DebugInputs) throws(DWARFError) -> UnitLocation? {
        let space = inputs.main
        let bytes = space.information
        guard position < bytes.count else { return nil }
        try wait(inputs, until: position + UnitHeader.lengthSize)
        if let end = UnitHeader.end(bytes, at: position, bigEndian: space.bigEndian) { try wait(inputs, until: end) }
        var header = UnitHeader(
            bytes, at: position, available: position, abbreviationsSize: space.abbreviations.count,
            bigEndian: space.bigEndian)
        while header.isPadding, header.end < bytes.count {
            // The run of zeros ends where it ends, however little of it has come by now.
            try wait(inputs, until: header.end + UnitHeader.lengthSize)
            let next = UnitHeader(
                bytes, at: header.end, available: header.end, abbreviationsSize: space.abbreviations.count,
                bigEndian: space.bigEndian)
            guard next.isPadding else { break }
            header.end = next.end
        }
        if index >= inputs.limits.units {
            header.failure = .limit(name: "units", maximum: inputs.limits.units)
            header.end = bytes.count
        }
        let unit = UnitLocation(index: index, header: header)
        position = header.end
        index += 1
        return unit
    }

    private func wait(_ inputs: DebugInputs, until count: Int) throws(DWARFError) {
        guard let section = inputs.main.informationSection else { return }
        try Self.wait(for: section, until: count, inputs.main)
    }
}

/// Which units at the start of the section are finished; used under a lock.
struct FinishedUnits {
    private var next = 0
    private var end = 0
    private var givenBack = 0
    /// Ends of units that were finished before an earlier one.
    private var early: [Int: Int] = [:]

    /// Notes a finished unit; returns how far all are finished when it is worth giving that memory back.
    mutating func finish(_ unit: UnitLocation) -> Int? {
        early[unit.index] = unit.header.end
        while let reached = early.removeValue(forKey: next) {
            end = reached
            next += 1
        }
        guard end - givenBack >= 1 << 20 else { return nil }
        givenBack = end
        return end
    }
}
