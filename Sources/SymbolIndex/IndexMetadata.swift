import Bytes

/// What an index was made from and how completely: its provenance. Parsed from the file only when asked for.
public struct IndexMetadata: Equatable, Sendable {
    /// An input that the builder read.
    public struct Input: Equatable, Sendable {
        /// What the input was for.
        public enum Role: UInt8, Sendable {
            /// The object itself.
            case object = 0
            /// A dwz or DWARF 5 supplementary file.
            case supplementary = 1
            /// A `.dwo` or `.dwp`.
            case split = 2
        }
        /// What the input was for.
        public var role: Role
        /// SHA-256, lower-case hexadecimal.
        public var digest: String
        /// An input.
        public init(role: Role, digest: String) {
            self.role = role
            self.digest = digest
        }
    }

    /// An input that would make a better index.
    public struct MissingInput: Equatable, Sendable {
        /// What the input would be for.
        public var role: Input.Role
        /// Build id or dwo id, lower-case hexadecimal.
        public var id: String
        /// The name that the object gives it; for messages, never opened.
        public var name: String
        /// A missing input.
        public init(role: Input.Role, id: String, name: String) {
            self.role = role
            self.id = id
            self.name = name
        }
    }

    /// A unit of the debug information that could not be read.
    public struct SkippedUnit: Equatable, Sendable {
        /// Offset of the unit's header in `.debug_info`.
        public var offset: UInt64
        /// Why, with section and offset.
        public var reason: String
        /// A skipped unit.
        public init(offset: UInt64, reason: String) {
            self.offset = offset
            self.reason = reason
        }
    }

    /// The whole GNU build id, lower-case hexadecimal.
    public var buildID: String?
    /// Sentry's debug id.
    public var debugID: String?
    /// `x86_64`, `aarch64`, …
    public var architecture: String
    /// What the builder read; the object itself first.
    public var inputs: [Input]
    /// What was asked for and not there; the first of them, the rest is one of `problems`.
    public var missingInputs: [MissingInput]
    /// Units whose functions and lines are in the index.
    public var unitsRead: UInt64
    /// All units that could not be read; `skippedUnits` lists the first of them.
    public var skippedUnitCount: UInt64
    /// The first of the skipped units, in the order of the file.
    public var skippedUnits: [SkippedUnit]
    /// Symbols of code in the symbol tables.
    public var symbolsRead: UInt64
    /// Linkage names that look mangled and could not be demangled.
    public var demanglingFailures: UInt64
    /// Ranges of code that no live section holds: discarded by the linker, reversed or empty.
    public var deadRanges: UInt64
    /// What could not be read, each with section and reason.
    public var problems: [String]

    /// Provenance with these facts; what is left out is none.
    public init(
        buildID: String? = nil, debugID: String? = nil, architecture: String, inputs: [Input] = [],
        missingInputs: [MissingInput] = [], unitsRead: UInt64 = 0, skippedUnitCount: UInt64 = 0,
        skippedUnits: [SkippedUnit] = [], symbolsRead: UInt64 = 0, demanglingFailures: UInt64 = 0,
        deadRanges: UInt64 = 0, problems: [String] = []
    ) {
        self.buildID = buildID
        self.debugID = debugID
        self.architecture = architecture
        self.inputs = inputs
        self.missingInputs = missingInputs
        self.unitsRead = unitsRead
        self.skippedUnitCount = skippedUnitCount
        self.skippedUnits = skippedUnits
        self.symbolsRead = symbolsRead
        self.demanglingFailures = demanglingFailures
        self.deadRanges = deadRanges
        self.problems = problems
    }
}

/// Where a piece of the file is mapped: ELF `PT_LOAD`.
public struct IndexedLoadSegment: Equatable, Sendable {
    /// Offset in the object file in bytes.
    public var fileOffset: UInt64
    /// Link address.
    public var address: UInt64
    /// Bytes taken from the file.
    public var fileSize: UInt64
    /// Bytes in memory; those beyond `fileSize` are zero.
    public var memorySize: UInt64
    /// ELF `PF_…`: 1 execute, 2 write, 4 read.
    public var flags: UInt32
    /// A segment.
    public init(fileOffset: UInt64, address: UInt64, fileSize: UInt64, memorySize: UInt64, flags: UInt32) {
        self.fileOffset = fileOffset
        self.address = address
        self.fileSize = fileSize
        self.memorySize = memorySize
        self.flags = flags
    }
}

extension SymbolIndex {
    /// The provenance. Parses its section at every call.
    /// - Throws: `SymbolIndexError.damaged` when the section does not hold what it claims.
    public func metadata() throws(SymbolIndexError) -> IndexMetadata {
        let bytes = storage.bytes
        var reader = MetadataReader(position: storage.metadata.offset, section: storage.metadata)
        let buildID = try reader.optionalText(bytes)
        let debugID = try reader.optionalText(bytes)
        var result = IndexMetadata(buildID: buildID, debugID: debugID, architecture: try reader.text(bytes))
        for _ in 0..<(try reader.count(bytes)) {
            let role = try reader.role(bytes)
            result.inputs.append(.init(role: role, digest: try reader.text(bytes)))
        }
        for _ in 0..<(try reader.count(bytes)) {
            let role = try reader.role(bytes)
            let id = try reader.text(bytes)
            result.missingInputs.append(.init(role: role, id: id, name: try reader.text(bytes)))
        }
        result.unitsRead = try reader.number(bytes)
        result.skippedUnitCount = try reader.number(bytes)
        for _ in 0..<(try reader.count(bytes)) {
            let offset = try reader.number(bytes)
            result.skippedUnits.append(.init(offset: offset, reason: try reader.text(bytes)))
        }
        result.symbolsRead = try reader.number(bytes)
        result.demanglingFailures = try reader.number(bytes)
        result.deadRanges = try reader.number(bytes)
        for _ in 0..<(try reader.count(bytes)) { result.problems.append(try reader.text(bytes)) }
        guard reader.position == storage.metadata.end else { throw reader.damage("bytes behind the last field") }
        return result
    }

    /// The load segments, in the object's order.
    public func loadSegments() -> [IndexedLoadSegment] {
        let bytes = storage.bytes
        return (0..<storage.loadSegments.count).map { index in
            let record = storage.loadSegments.offset + index * LoadSegmentRecord.size
            return IndexedLoadSegment(
                fileOffset: bytes.uint64(at: record + LoadSegmentRecord.fileOffset),
                address: bytes.uint64(at: record + LoadSegmentRecord.address),
                fileSize: bytes.uint64(at: record + LoadSegmentRecord.fileSize),
                memorySize: bytes.uint64(at: record + LoadSegmentRecord.memorySize),
                flags: bytes.uint32(at: record + LoadSegmentRecord.flags))
        }
    }
}

/// Reads the metadata section field by field.
private struct MetadataReader {
    var position: Int
    let section: IndexStorage.Section

    func damage(_ reason: String) -> SymbolIndexError {
        .damaged(section: .metadata, record: position - section.offset, reason: reason)
    }

    mutating func number(_ bytes: RawSpan) throws(SymbolIndexError) -> UInt64 {
        guard let value = bytes.unsignedLEB(at: &position, end: section.end) else {
            throw damage("number does not end")
        }
        return value
    }

    /// A number of entries; each takes at least a byte, so more than the bytes left is damage.
    mutating func count(_ bytes: RawSpan) throws(SymbolIndexError) -> Int {
        let value = try number(bytes)
        guard value <= UInt64(section.end - position) else { throw damage("more entries than bytes") }
        return Int(value)
    }

    mutating func text(_ bytes: RawSpan) throws(SymbolIndexError) -> String {
        let length = try count(bytes)
        let text = bytes.extracting(position..<position + length).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        position += length
        return text
    }

    mutating func optionalText(_ bytes: RawSpan) throws(SymbolIndexError) -> String? {
        switch try number(bytes) {
        case 0: nil
        case 1: try text(bytes)
        default: throw damage("flag is neither 0 nor 1")
        }
    }

    mutating func role(_ bytes: RawSpan) throws(SymbolIndexError) -> IndexMetadata.Input.Role {
        guard let role = IndexMetadata.Input.Role(rawValue: UInt8(truncatingIfNeeded: try number(bytes))) else {
            throw damage("unknown role")
        }
        return role
    }
}

extension ByteWriter {
    /// The bytes of the metadata section.
    mutating func append(_ metadata: IndexMetadata) {
        for text in [metadata.buildID, metadata.debugID] {
            appendLEB(text == nil ? 0 : 1)
            if let text { append(text: text) }
        }
        append(text: metadata.architecture)
        appendLEB(UInt64(metadata.inputs.count))
        for input in metadata.inputs {
            appendLEB(UInt64(input.role.rawValue))
            append(text: input.digest)
        }
        appendLEB(UInt64(metadata.missingInputs.count))
        for input in metadata.missingInputs {
            appendLEB(UInt64(input.role.rawValue))
            append(text: input.id)
            append(text: input.name)
        }
        appendLEB(metadata.unitsRead)
        appendLEB(metadata.skippedUnitCount)
        appendLEB(UInt64(metadata.skippedUnits.count))
        for unit in metadata.skippedUnits {
            appendLEB(unit.offset)
            append(text: unit.reason)
        }
        appendLEB(metadata.symbolsRead)
        appendLEB(metadata.demanglingFailures)
        appendLEB(metadata.deadRanges)
        appendLEB(UInt64(metadata.problems.count))
        for problem in metadata.problems { append(text: problem) }
    }
}
