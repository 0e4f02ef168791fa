/// A separate debug file, as its program names it (GDB manual, "Debugging Information in Separate Files").
public struct DebugLink: Sendable, Equatable {
    /// A file name, usually without folders. Text from the file: to be looked up in a catalogue, never to be opened.
    public let name: String
    /// The CRC-32 of the whole debug file.
    public let checksum: UInt32

    /// A link with this name and checksum.
    public init(name: String, checksum: UInt32) {
        self.name = name
        self.checksum = checksum
    }
}

/// A file that holds debug information common to several others, made by `dwz -m`.
public struct AlternateLink: Sendable, Equatable {
    /// A path on the machine that made it. Text from the file: never to be opened.
    public let path: String
    /// The other file's build id.
    public let buildID: [UInt8]

    /// A link with this path and build id.
    public init(path: String, buildID: [UInt8]) {
        self.path = path
        self.buildID = buildID
    }
}

/// What a file says of the split of debug information in two (DWARF 5, section 7.3.6, `.debug_sup`): a debug file names
/// its supplementary file, which in turn says that it is one. Both carry the same checksum.
public struct SupplementaryLink: Sendable, Equatable {
    /// This file is the supplementary one.
    public let isSupplementary: Bool
    /// The supplementary file's path on the machine that made it; empty in that file itself. Text from the file: never
    /// to be opened.
    public let name: String
    /// Bytes that are equal in both files.
    public let checksum: [UInt8]

    /// A link with these values.
    public init(isSupplementary: Bool, name: String, checksum: [UInt8]) {
        self.isSupplementary = isSupplementary
        self.name = name
        self.checksum = checksum
    }
}

/// The longest name in a link: Linux has no longer paths.
private let longestPath = 4096

/// `.gnu_debuglink`: name, NUL, zeros up to a multiple of 4, then the CRC in the file's byte order.
func readDebugLink(
    _ reader: borrowing FieldReader, sections: [ELFSection], file: String, warnings: inout [ELFError]
) -> DebugLink? {
    guard let section = sections.first(where: { $0.name == ".gnu_debuglink" && $0.hasContents }) else { return nil }
    func damaged(_ problem: String) -> DebugLink? {
        warnings.append(.malformed(file: file, place: ".gnu_debuglink", problem: problem))
        return nil
    }
    guard !section.isCompressed, let link = reader.record(at: section.fileOffset, size: section.size) else {
        return damaged("is compressed or outside the file")
    }
    guard case .found(let range) = cString(in: link.bytes, at: 0, limit: longestPath), !range.isEmpty else {
        return damaged("has no name of 1 to \(longestPath) bytes")
    }
    let checksumOffset = (range.upperBound + 1 + 3) & ~3
    guard let checksum = link.record(at: UInt64(checksumOffset), size: 4) else {
        return damaged("ends before the checksum")
    }
    return DebugLink(name: text(link.bytes, range), checksum: checksum.u32(0))
}

/// `.gnu_debugaltlink`: path, NUL, then the build id up to the end of the section.
func readAlternateLink(
    _ reader: borrowing FieldReader, sections: [ELFSection], file: String, warnings: inout [ELFError]
) -> AlternateLink? {
    guard let section = sections.first(where: { $0.name == ".gnu_debugaltlink" && $0.hasContents }) else { return nil }
    func damaged(_ problem: String) -> AlternateLink? {
        warnings.append(.malformed(file: file, place: ".gnu_debugaltlink", problem: problem))
        return nil
    }
    guard !section.isCompressed, let link = reader.record(at: section.fileOffset, size: section.size) else {
        return damaged("is compressed or outside the file")
    }
    guard case .found(let range) = cString(in: link.bytes, at: 0, limit: longestPath), !range.isEmpty else {
        return damaged("has no path of 1 to \(longestPath) bytes")
    }
    let identifier = range.upperBound + 1..<link.bytes.byteCount
    guard (1...256).contains(identifier.count) else { return damaged("has no build id of 1 to 256 bytes") }
    return AlternateLink(
        path: text(link.bytes, range),
        buildID: link.bytes.extracting(identifier).withUnsafeBytes { Array($0) })
}

/// `.debug_sup`: version, whether this is the supplementary file, name, NUL, length of the checksum (ULEB128), checksum.
func readSupplementaryLink(
    _ reader: borrowing FieldReader, sections: [ELFSection], file: String, warnings: inout [ELFError]
) -> SupplementaryLink? {
    guard let section = sections.first(where: { $0.name == ".debug_sup" && $0.hasContents }) else { return nil }
    func damaged(_ problem: String) -> SupplementaryLink? {
        warnings.append(.malformed(file: file, place: ".debug_sup", problem: problem))
        return nil
    }
    guard !section.isCompressed, let link = reader.record(at: section.fileOffset, size: section.size) else {
        return damaged("is compressed or outside the file")
    }
    guard let head = link.record(at: 0, size: 3) else { return damaged("ends inside its header") }
    guard head.u16(0) == 5, head.u8(2) <= 1 else {
        return damaged("has version \(head.u16(0)) and kind \(head.u8(2)), which are not known")
    }
    guard case .found(let range) = cString(in: link.bytes, at: 3, limit: longestPath) else {
        return damaged("has no name of at most \(longestPath) bytes")
    }
    var end = range.upperBound + 1
    var length = 0
    var shift = 0
    while true {
        guard shift < 14, let byte = link.record(at: UInt64(end), size: 1)?.u8(0) else {
            return damaged("has no checksum length")
        }
        length |= Int(byte & 0x7f) << shift
        shift += 7
        end += 1
        if byte & 0x80 == 0 { break }
    }
    guard (1...256).contains(length), let checksum = link.record(at: UInt64(end), size: UInt64(length)) else {
        return damaged("has no checksum of 1 to 256 bytes")
    }
    return SupplementaryLink(
        isSupplementary: head.u8(2) == 1, name: text(link.bytes, range),
        checksum: checksum.bytes.withUnsafeBytes { Array($0) })
}
