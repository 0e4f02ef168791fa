import FoundationEssentials
public import ParserTasks

/// How much an object can say, in rising order; the best one with an id answers for it.
public enum ObjectQuality: Int, Sendable, Codable, Comparable {
    /// Neither debug information nor symbols.
    case other = 0
    /// A symbol table, whole or compressed: names of functions, no lines.
    case symbols = 1
    /// DWARF of which parts cannot be read.
    case partialDebugInformation = 2
    /// DWARF.
    case debugInformation = 3

    /// What the inspection promises.
    public init(_ inspection: ObjectInspection) {
        if inspection.hasDebugInformation {
            self = inspection.problems.isEmpty ? .debugInformation : .partialDebugInformation
        } else {
            self = inspection.hasSymbolTable || inspection.hasMiniDebugInformation ? .symbols : .other
        }
    }

    /// By raw value.
    public static func < (left: ObjectQuality, right: ObjectQuality) -> Bool { left.rawValue < right.rawValue }
}

/// The note *object*: what the blob is. The same for every upload of it.
struct ObjectNote: Codable, Equatable {
    var version = 1
    var digest: String
    var size: Int
    /// Revision of the parser that inspected it.
    var inspectedBy: Int
    var inspection: ObjectInspection
}

/// The note *upload*: when, where and from which commit a build came.
struct UploadNote: Codable, Equatable {
    var version = 1
    var project: String
    var path: String
    /// Milliseconds since 1970, UTC.
    var uploadedAt: Int64
    var host: String
    var git: GitProvenance?
    var labels: [String: String]
}

/// The note *sources*: where the texts of source paths stand. Several notes of one object add up; the better mark wins.
struct SourcesNote: Codable, Equatable {
    var version = 1
    var sources: [SourceEntry]
}

/// One source path of an object and where its text stands.
struct SourceEntry: Codable, Equatable, Sendable {
    /// As the line table spells it.
    var path: String
    /// SHA-256 of the text.
    var textDigest: String
    /// SHA-256 of the pack, a blob.
    var pack: String
    /// Bytes into the pack.
    var offset: Int
    /// Bytes.
    var length: Int
    var mark: SourceMark
}

/// Whether a stored source text is known to be the one that was compiled. Raw values are the schema's.
public enum SourceMark: String, Sendable, Codable, CaseIterable {
    /// The MD5 in the line table is the text's, or the text stood in the debug information itself.
    case exact
    /// The line table has no MD5 to compare with.
    case unchecked
    /// No MD5, and the file was changed after the object was written.
    case newer
    /// The MD5 in the line table is another text's.
    case differs

    /// Higher is more trustworthy; a text with a better mark replaces one with a worse.
    var rank: Int {
        switch self {
        case .exact: 3
        case .unchecked: 2
        case .newer: 1
        case .differs: 0
        }
    }
}

/// Notes as JSON with sorted keys, so that the same note has the same bytes and the same name.
enum NoteCoding {
    static func encode(_ note: some Encodable) throws(DebugFilesError) -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(note))
        } catch {
            throw .storage("a note cannot be written as JSON: \(error)")
        }
    }

    static func decode<Note: Decodable>(_ type: Note.Type, _ bytes: [UInt8]) throws(DebugFilesError) -> Note {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .storage("a note is not the JSON of its kind: \(error)")
        }
    }
}

extension BlobStorage {
    /// Adds a note, as JSON. Not an overload of `putNote`: bytes are encodable, too.
    func putJSON(
        _ note: some Encodable & Sendable, kind: BlobNoteKind, of digest: String
    ) async throws(BlobStorageError) {
        let bytes: [UInt8]
        do throws(DebugFilesError) {
            bytes = try NoteCoding.encode(note)
        } catch {
            throw .unavailable(error.description)
        }
        try await putNote(bytes, kind: kind, of: digest)
    }
}
