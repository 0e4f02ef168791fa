import ParserTasks

/// The kinds of ids that the catalogue knows objects by. Raw values are the schema's.
public enum CatalogueKind: String, Sendable, Codable {
    /// The whole GNU build id, lower-case hexadecimal; Sentry's `code_id`.
    case buildID = "build_id"
    /// Sentry's debug id: a lower-case GUID with dashes.
    case debugID = "debug_id"
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
        let id = text.lowercased()
        guard id.utf8.allSatisfy(isHexadecimal), id.utf8.contains(where: { $0 != 0x30 }) else { return nil }
        return CatalogueID(.buildID, id)
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

    /// The ids that an object is found by.
    static func all(of inspection: ObjectInspection) -> [CatalogueID] {
        [inspection.buildID.flatMap(buildID), inspection.debugID.flatMap(debugID)].compactMap { $0 }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}
