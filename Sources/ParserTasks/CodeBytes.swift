/// Asks for the machine code at an address of an object: the task `code`, whose descriptor is the object. A kernel log
/// quotes bytes of the program that crashed; a file whose bytes differ is another build.
public struct CodeRequest: Codable, Sendable, Equatable {
    /// The name of the task.
    public static let task = "code"
    /// The most bytes that one request may ask for.
    public static let limit = 4096

    /// For messages.
    public var objectName: String
    /// Link address of the first byte.
    public var address: UInt64
    /// Bytes.
    public var count: Int

    /// Asks for `count` bytes.
    public init(objectName: String, address: UInt64, count: Int) {
        self.objectName = objectName
        self.address = address
        self.count = count
    }
}

/// The reply to a ``CodeRequest``.
public struct CodeReply: Codable, Sendable, Equatable {
    /// `nil` when the object does not hold the code: a separate debug file, or an address outside.
    public var bytes: [UInt8]?

    /// A reply.
    public init(bytes: [UInt8]?) { self.bytes = bytes }
}
