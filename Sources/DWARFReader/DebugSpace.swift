import ELFObject

/// The debug sections of one file, in which offsets mean something: the object itself, its supplementary file, or one
/// `.dwo` or `.dwp`. Immutable; all threads share it.
final class DebugSpace: Sendable {
    /// What the file is for the reading of its units.
    enum Role: Sendable {
        case main
        case supplementary
        case split
    }

    let file: String
    let role: Role
    let bigEndian: Bool
    /// The file's place among the inputs; text references carry it.
    let number: Int

    let information: SectionBytes
    let abbreviations: SectionBytes
    let line: SectionBytes
    let lineStrings: SectionBytes
    let strings: SectionBytes
    let stringOffsets: SectionBytes
    let addresses: SectionBytes
    let ranges: SectionBytes
    let rangeLists: SectionBytes
    let unitIndex: SectionBytes

    /// What has to be filled, `.debug_info` last and `.debug_line` before it: the two that are read as they come.
    let sections: [DebugSection]
    let informationSection: DebugSection?
    let lineSection: DebugSection?

    /// The sections that answer addresses with names, files and lines, `.debug_` left out. Macros, locations and
    /// accelerator tables stay out, and `.debug_types` too: type units hold no code.
    private static let small = ["abbrev", "line_str", "str_offsets", "addr", "ranges", "rnglists", "str"]

    /// The section number of a text in this file.
    enum TextSection: Int {
        case strings = 1
        case lineStrings
        case information
        case line
    }

    func textSection(_ section: TextSection) -> Int { number * 4 + section.rawValue }

    /// The bytes behind one of the four numbers that ``textSection(_:)`` gives, less the file's part.
    func bytes(_ section: TextSection) -> SectionBytes {
        switch section {
        case .strings: strings
        case .lineStrings: lineStrings
        case .information: information
        case .line: line
        }
    }

    /// Finds the sections of `object`, whose sum is held against what is left of `limits.imageSize`. Nothing is
    /// decompressed yet.
    init(
        _ object: ELFObject, role: Role, number: Int, size: inout Int, limits: DWARFLimits
    ) throws(DWARFError) {
        file = object.name
        self.role = role
        self.number = number
        bigEndian = object.header.byteOrder == .big
        let ending = role == .split ? ".dwo" : ""
        var found: [String: DebugSection] = [:]
        for name in Self.small + ["line", "info"] {
            // The addresses and ranges of split units stand in the main file.
            if role == .split, name == "addr" || name == "ranges" || name == "line_str" { continue }
            guard let section = try Self.find(name + ending, object, &size, limits) else { continue }
            found[name] = section
        }
        if role == .split, let section = try Self.find("cu_index", object, &size, limits) {
            found["cu_index"] = section
        }
        informationSection = found["info"]
        lineSection = found["line"]
        sections = (["cu_index"] + Self.small + ["line", "info"]).compactMap { found[$0] }
        information = SectionBytes(found["info"])
        abbreviations = SectionBytes(found["abbrev"])
        line = SectionBytes(found["line"])
        lineStrings = SectionBytes(found["line_str"])
        strings = SectionBytes(found["str"])
        stringOffsets = SectionBytes(found["str_offsets"])
        addresses = SectionBytes(found["addr"])
        ranges = SectionBytes(found["ranges"])
        rangeLists = SectionBytes(found["rnglists"])
        unitIndex = SectionBytes(found["cu_index"])
    }

    /// Sections given as bytes, which the caller keeps: for tests.
    init(
        file: String, role: Role = .main, number: Int = 0, bigEndian: Bool = false, information: SectionBytes = .none,
        abbreviations: SectionBytes = .none, line: SectionBytes = .none, lineStrings: SectionBytes = .none,
        strings: SectionBytes = .none, stringOffsets: SectionBytes = .none, addresses: SectionBytes = .none,
        ranges: SectionBytes = .none, rangeLists: SectionBytes = .none, unitIndex: SectionBytes = .none
    ) {
        self.file = file
        self.role = role
        self.number = number
        self.bigEndian = bigEndian
        self.information = information
        self.abbreviations = abbreviations
        self.line = line
        self.lineStrings = lineStrings
        self.strings = strings
        self.stringOffsets = stringOffsets
        self.addresses = addresses
        self.ranges = ranges
        self.rangeLists = rangeLists
        self.unitIndex = unitIndex
        sections = []
        informationSection = nil
        lineSection = nil
    }

    private static func find(
        _ name: String, _ object: ELFObject, _ size: inout Int, _ limits: DWARFLimits
    ) throws(DWARFError) -> DebugSection? {
        let full = ".debug_" + name
        let found: DebugSection?
        do throws(ELFError) {
            found = try Self.section(full, object)
            // A damaged header that claims nothing would hide all that is there: the data itself tells.
            if let found, found.count == 0 { try found.fill() }
        } catch {
            throw DWARFError(file: object.name, section: full, offset: nil, reason: .container("\(error)"))
        }
        guard let found else { return nil }
        guard found.count <= limits.imageSize - size else {
            let reason = DWARFError.Reason.limit(name: "imageSize", maximum: limits.imageSize)
            throw DWARFError(file: object.name, section: full, offset: nil, reason: reason)
        }
        size += found.count
        return found
    }

    /// The section of that name. A `.dwo` may have many `.debug_info.dwo`, one a type unit: then it is the one with code.
    private static func section(_ name: String, _ object: ELFObject) throws(ELFError) -> DebugSection? {
        guard name == ".debug_info.dwo" else { return try object.debugSection(named: name) }
        let found = try object.debugSections(named: name)
        if found.count > 1 {
            for section in found {
                try section.fill()
                let header = UnitHeader(
                    SectionBytes(section), at: 0, available: section.count, abbreviationsSize: .max,
                    bigEndian: object.header.byteOrder == .big)
                if header.failure == nil, !header.isTypeUnit { return section }
            }
        }
        return found.first
    }

    /// An error in this file.
    func error(_ section: String, _ offset: Int?, _ reason: DWARFError.Reason) -> DWARFError {
        let ending = role == .split ? ".dwo" : ""
        return DWARFError(
            file: file, section: section + ending, offset: offset.map { UInt64(clamping: $0) }, reason: reason)
    }
}
