/// What a task answers: its value, or why there is none.
///
/// A refusal is an answer of a healthy child, told apart from a death; its kind decides what an event's image says
/// (`malformed`, `unsupported`) and whether trying again makes sense.
public enum ParserReply<Value: Codable & Sendable>: Codable, Sendable {
    /// The task's result.
    case value(Value)
    /// Why there is none.
    case refused(ParserRefusal)
}

extension ParserReply: Equatable where Value: Equatable {}

/// Why a task has no result.
public struct ParserRefusal: Codable, Equatable, Sendable {
    /// What kind of reason it is.
    public enum Kind: String, Codable, Sendable {
        /// The file breaks its format's rules.
        case malformed
        /// The file is well-formed, and of a kind that is not read.
        case unsupported
        /// The file asks for more than a limit allows; `limit` names it.
        case limit
        /// The system or the parent failed: says nothing about the file.
        case unavailable
    }

    /// What kind of reason it is.
    public var kind: Kind
    /// The limit's name, such as `sectionSize`, for `limit` only.
    public var limit: String?
    /// A sentence with file, section and field.
    public var message: String

    /// A refusal.
    public init(kind: Kind, limit: String? = nil, message: String) {
        self.kind = kind
        self.limit = limit
        self.message = message
    }
}
