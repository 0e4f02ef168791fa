/// An object and at most one file beside it, packed into one input.
///
///     "FZPAIR" | role: s supplementary, d split | 0 | length of the object, 4 bytes LE | object | other file
///
/// Anything else is an object alone.
public struct ObjectInput: Sendable, Equatable {
    /// What the second file is for.
    public enum Role: UInt8, Sendable {
        case supplementary = 0x73
        case split = 0x64
    }

    private static let magic: [UInt8] = Array("FZPAIR".utf8)
    private static let headerSize = 12

    /// The object's bytes.
    public var object: [UInt8]
    /// The other file's bytes and what it is for.
    public var other: (role: Role, bytes: [UInt8])?

    /// Takes an input apart. Total: a length beyond the end means all that is there.
    public init(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerSize, bytes.starts(with: Self.magic), let role = Role(rawValue: bytes[6]) else {
            object = bytes
            return
        }
        let length = (8..<12).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
        let middle = min(bytes.count, Self.headerSize + length)
        object = Array(bytes[Self.headerSize..<middle])
        other = (role, Array(bytes[middle...]))
    }

    /// The input that stands for the files.
    public init(object: [UInt8], role: Role, other: [UInt8]) {
        self.object = object
        self.other = (role, other)
    }

    /// The packed form.
    public var packed: [UInt8] {
        guard let other else { return object }
        let length = (0..<4).map { UInt8(truncatingIfNeeded: object.count >> ($0 * 8)) }
        return Self.magic + [other.role.rawValue, 0] + length + object + other.bytes
    }

    /// The same files.
    public static func == (left: Self, right: Self) -> Bool { left.packed == right.packed }
}
