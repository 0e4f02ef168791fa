/// Why debug information, or a part of it, could not be read.
public struct DWARFError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong.
    public enum Reason: Equatable, Sendable {
        /// A value runs past the end of its section or unit.
        case truncated
        /// A field holds a value that the standard does not allow; the text names field and value.
        case malformed(String)
        /// Valid, but not read by Symbolist; the text names field and value.
        case unsupported(String)
        /// A number in the file is above a limit of ``DWARFLimits``.
        case limit(name: String, maximum: Int)
        /// The ELF container could not give a section; its own message.
        case container(String)
        /// The file has no `.debug_info`.
        case noDebugInformation
    }

    /// The file's name as given by the caller.
    public let file: String
    /// The section, such as `.debug_line`.
    public let section: String
    /// Where in the (decompressed) section: a unit's, table's or entry's offset in bytes.
    public let offset: UInt64?
    /// What was wrong.
    public let reason: Reason

    /// An error at `offset` of `section`.
    public init(file: String, section: String, offset: UInt64?, reason: Reason) {
        self.file = file
        self.section = section
        self.offset = offset
        self.reason = reason
    }

    /// What the person who owns the file can do.
    public var remedy: String {
        switch reason {
        case .truncated, .malformed, .container:
            "the file is damaged or its producer is: build or upload it again"
        case .unsupported:
            "rebuild with DWARF 4 or 5 (-gdwarf-5)"
        case .limit:
            "split the program, or read it with a higher limit"
        case .noDebugInformation:
            "build with -g, or upload the separate debug file"
        }
    }

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        let place = offset.map { "\(section)+0x\(String($0, radix: 16))" } ?? section
        return "\(file): \(place): \(reason); \(remedy)"
    }
}

extension DWARFError.Reason: CustomStringConvertible {
    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .truncated: "ends in the middle of a value"
        case .malformed(let what): "malformed: \(what)"
        case .unsupported(let what): "not supported: \(what)"
        case .limit(let name, let maximum): "more than the limit \(name) = \(maximum)"
        case .container(let message): message
        case .noDebugInformation: "no debug information"
        }
    }
}
