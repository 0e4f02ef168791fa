/// The request of the task `compress-dump`: the dump and the empty file for its zstd frame are the descriptors. Holes and
/// zero blocks cost next to nothing, and `expand` makes holes of them again.
public struct CompressRequest: Codable, Sendable, Equatable {
    /// The name of the task.
    public static let task = "compress-dump"

    /// The most bytes that may be written.
    public var limit: UInt64
    /// For messages.
    public var name: String

    /// A request.
    public init(limit: UInt64, name: String) {
        self.limit = limit
        self.name = name
    }
}

/// The reply of `compress-dump`.
public struct CompressReply: Codable, Sendable, Equatable {
    /// Bytes of the dump, holes included.
    public var size: UInt64
    /// Bytes that were written.
    public var written: UInt64

    /// A reply.
    public init(size: UInt64, written: UInt64) {
        self.size = size
        self.written = written
    }
}
