import ParserTasks

/// The kinds of ids that the catalogue knows objects by. Raw values are the schema's.
public enum CatalogueKind: String, Sendable, Codable, CaseIterable {
    /// The whole GNU build id, lower-case hexadecimal; Sentry's `code_id`. A dwz supplementary file has one too.
    case buildID = "build_id"
    /// Sentry's debug id: a lower-case GUID with dashes.
    case debugID = "debug_id"
    /// What a `.gnu_debuglink` says of a separate debug file: `<CRC-32, 8 digits>/<base name>`.
    case debugLink = "debuglink"
    /// The 64-bit id of a split unit that the file holds, 16 lower-case hexadecimal digits.
    case splitUnitID = "dwo_id"
    /// The checksum of a DWARF 5 supplementary file, lower-case hexadecimal.
    case supplementaryID = "supplementary_id"

    /// For messages.
    public var words: String {
        switch self {
        case .buildID: "build id"
        case .debugID: "debug id"
        case .debugLink: "debuglink"
        case .splitUnitID: "dwo id"
        case .supplementaryID: "supplementary id"
        }
    }
}

/// An id in the catalogue.
public struct CatalogueID: Sendable, Hashable {
    /// Which kind of id it is.
    public let kind: CatalogueKind
    /// In the form that ``CatalogueKind`` says.
    public let id: String

    init(_ kind: CatalogueKind, _ id: String) {
        self.kind = kind
        self.id = id
    }

    /// A build id in any case; `nil` when it is empty, not hexadecimal or, as some write an unknown one, all zeros.
    public static func buildID(_ text: String) -> CatalogueID? {
        hexadecimal(text).map { CatalogueID(.buildID, $0) }
    }

    /// A debug id in any of the forms that are around: with or without dashes, in any case, with an appended age
    /// (Breakpad's 33 digits, or `-<age>`), which ELF does not have and which is dropped; `nil` for anything else and
    /// for the nil id.
    public static func debugID(_ text: String) -> CatalogueID? {
        let digits = Array(text.lowercased().utf8.filter { $0 != 0x2D }.prefix(32))
        guard digits.count == 32, digits.allSatisfy(isHexadecimal), digits.contains(where: { $0 != 0x30 }) else {
            return nil
        }
        let bounds = [0, 8, 12, 16, 20, 32]
        let groups = zip(bounds, bounds.dropFirst()).map { String(decoding: digits[$0..<$1], as: UTF8.self) }
        return CatalogueID(.debugID, groups.joined(separator: "-"))
    }

    /// The id of a separate debug file by its base name and the CRC-32 of its bytes; `nil` for what is no base name.
    static func debugLink(name: String, crc: UInt32) -> CatalogueID? {
        // The name comes out of a file, too; a slash in it would make another id.
        guard !name.utf8.contains(0x2F), ImageName.base(of: name) != nil else { return nil }
        return CatalogueID(.debugLink, "\(padded(UInt64(crc), to: 8))/\(name)")
    }

    static func splitUnit(_ id: UInt64) -> CatalogueID { CatalogueID(.splitUnitID, padded(id, to: 16)) }

    static func supplementary(_ text: String) -> CatalogueID? {
        hexadecimal(text).map { CatalogueID(.supplementaryID, $0) }
    }

    /// The ids that an object is found by.
    /// - Parameter name: Base name of the file; a `.gnu_debuglink` names its file, not only the bytes.
    static func all(of inspection: ObjectInspection, name: String?) -> [CatalogueID] {
        var ids = [inspection.buildID.flatMap(buildID), inspection.debugID.flatMap(debugID)].compactMap { $0 }
        if let id = inspection.supplementaryID.flatMap(supplementary) { ids.append(id) }
        ids += inspection.heldSplitUnits.map(splitUnit)
        if let name, let crc = inspection.fileCRC, inspection.isLinkTarget, let id = debugLink(name: name, crc: crc) {
            ids.append(id)
        }
        var seen: Set<CatalogueID> = []
        return ids.filter { seen.insert($0).inserted }
    }

    private static func hexadecimal(_ text: String) -> String? {
        let id = text.lowercased()
        let isID = id.utf8.allSatisfy(isHexadecimal) && id.utf8.contains { $0 != 0x30 } && id.utf8.count <= 256
        return isID ? id : nil
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    static func padded(_ number: UInt64, to width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

/// A file that an object refers to, by the id that it is found by.
struct WantedFile: Sendable, Hashable {
    var id: CatalogueID
    /// As the object spells it; for messages, never opened.
    var name: String

    /// The files that the object's debug information, or its lack of any, refers to. Each id once.
    static func all(of inspection: ObjectInspection) -> [WantedFile] {
        var wanted: [WantedFile] = []
        if let link = inspection.debugLink, !inspection.hasDebugInformation,
            let id = CatalogueID.debugLink(name: link.name, crc: link.crc)
        {
            wanted.append(WantedFile(id: id, name: link.name))
        }
        if let link = inspection.alternateLink, let id = CatalogueID.buildID(link.buildID) {
            wanted.append(WantedFile(id: id, name: link.name))
        }
        if let link = inspection.supplementaryLink, let id = CatalogueID.supplementary(link.buildID) {
            wanted.append(WantedFile(id: id, name: link.name))
        }
        wanted += inspection.splitUnits.map { WantedFile(id: .splitUnit($0.id), name: $0.name) }
        var seen: Set<CatalogueID> = []
        return wanted.filter { seen.insert($0.id).inserted }
    }
}

extension CatalogueKind {
    /// What a file of such an id is for when an object wants it; `nil` for a file that answers in the object's place.
    var inputRole: InputRole? {
        switch self {
        case .buildID, .supplementaryID: .supplementary
        case .splitUnitID: .split
        case .debugID, .debugLink: nil
        }
    }
}

extension ObjectInspection {
    /// Whether a `.gnu_debuglink` could mean this file.
    var isLinkTarget: Bool { (hasDebugInformation || kind == .debug) && !isPart }

    /// Whether it holds only parts of other objects' debug information: it answers for no image of its own.
    var isPart: Bool { !heldSplitUnits.isEmpty || supplementaryID != nil }

    /// Without the lists that stand in the catalogue's own tables, or in the object's note.
    var withoutLists: ObjectInspection {
        var small = self
        small.sources = []
        small.splitUnits = []
        small.heldSplitUnits = []
        return small
    }
}
