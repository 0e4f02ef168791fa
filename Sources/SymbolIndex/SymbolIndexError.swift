/// Why an index could not be opened, read, verified or written.
///
/// A damaged index is never repaired: it is a pure function of its inputs, so the holder drops it and builds it again.
public enum SymbolIndexError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file does not begin with the magic number of an index.
    case notAnIndex
    /// The format version is another one than this reader's.
    case unsupportedVersion(found: UInt32, supported: UInt32)
    /// The file is shorter or longer than its header says; sizes in bytes.
    case wrongSize(expected: UInt64, actual: UInt64)
    /// A field of the section or record contradicts the format; `record` counts from 0, or is a byte offset for the
    /// sections that hold no records.
    case damaged(section: IndexSection, record: Int, reason: String)
    /// The bytes do not hash to the checksum at their end.
    case checksumMismatch(stored: UInt64, computed: UInt64)
    /// The writer was given content that the format cannot hold; says which field and limit.
    case invalidContent(String)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .notAnIndex: "not a symbol index: wrong magic number"
        case .unsupportedVersion(let found, let supported):
            "symbol index format \(found) is not the format \(supported) of this reader"
        case .wrongSize(let expected, let actual):
            "symbol index is \(actual) bytes, its header says \(expected)"
        case .damaged(let section, let record, let reason):
            "symbol index is damaged: section \(section), record \(record): \(reason)"
        case .checksumMismatch(let stored, let computed):
            "symbol index is damaged: checksum 0x\(String(computed, radix: 16)), "
                + "the file says 0x\(String(stored, radix: 16))"
        case .invalidContent(let reason): "symbol index cannot be written: \(reason)"
        }
    }
}
