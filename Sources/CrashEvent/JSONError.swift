/// Why bytes are no JSON document: what was expected, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// Nothing but white space.
        case empty
        /// The bytes end in the middle; the text says what was expected next.
        case truncated(expected: String)
        /// Another byte stands where the text says what was expected.
        case unexpected(expected: String, found: UInt8)
        /// A complete value, then something else than white space.
        case trailing(found: UInt8)
        /// Arrays and objects are nested deeper than the limit.
        case tooDeep(limit: Int)
        /// More bytes than the limit.
        case tooLarge(limit: Int)
        /// More values and keys than the limit.
        case tooManyNodes(limit: Int)
    }

    /// What is wrong.
    public let reason: Reason
    /// Where, in bytes from the start, 0-based; the document's length for a truncated one.
    public let offset: Int
    /// The line, 1-based, counted by line feeds.
    public let line: Int

    /// An error at a place.
    public init(_ reason: Reason, offset: Int, line: Int) {
        self.reason = reason
        self.offset = offset
        self.line = line
    }

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        let place = "at byte \(offset), line \(line)"
        return switch reason {
        case .empty: "no JSON value, the input is empty"
        case .truncated(let expected): "the JSON ends \(place), expected \(expected)"
        case .unexpected(let expected, let found): "\(Self.name(found)) \(place), expected \(expected)"
        case .trailing(let found): "\(Self.name(found)) \(place), behind the end of the JSON value"
        case .tooDeep(let limit): "nested deeper than \(limit) levels \(place)"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .tooManyNodes(let limit): "more than \(limit) values and keys \(place)"
        }
    }

    private static func name(_ byte: UInt8) -> String {
        byte >= 0x20 && byte < 0x7f ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }
}

/// What a document may cost; hostile input meets these before it meets memory.
public struct JSONLimits: Equatable, Sendable {
    /// Bytes of a document; at most 4 GiB − 1, because positions are 32 bits.
    public var maximumBytes: Int
    /// Nesting of arrays and objects.
    public var maximumDepth: Int
    /// Values and keys; each takes 16 bytes of memory.
    public var maximumNodes: Int

    /// Limits far above every event that Sentry's own servers accept.
    public static let `default` = JSONLimits()

    /// 256 MiB, 256 levels and 16 million nodes unless told otherwise.
    public init(maximumBytes: Int = 256 << 20, maximumDepth: Int = 256, maximumNodes: Int = 16_000_000) {
        self.maximumBytes = min(maximumBytes, Int(UInt32.max))
        self.maximumDepth = maximumDepth
        self.maximumNodes = min(maximumNodes, Int(UInt32.max))
    }
}
