/// Why the job table did not do what it was asked. No text holds any part of a payload.
public enum JobTableError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The database cannot be reached or is locked for too long; trying again later may help.
    case unavailable(String)
    /// The disk is full, or a quota is.
    case storageFull(String)
    /// A value breaks a rule of the public contract, such as a context that is not a JSON object.
    case rejected(String)
    /// There is no event of this id.
    case noSuchEvent(Int64)
    /// The payload is larger than the caller wants to hold; both in bytes.
    case payloadTooLarge(size: Int, limit: Int)
    /// Anything else: a damaged file, an error of the disk.
    case failed(String)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unavailable(let reason): "the job table is not available: \(reason)"
        case .storageFull(let reason): "the job table's disk is full: \(reason)"
        case .rejected(let reason): "the job table refuses the event: \(reason)"
        case .noSuchEvent(let id): "there is no event \(id)"
        case .payloadTooLarge(let size, let limit): "the payload has \(size) bytes, over the limit of \(limit)"
        case .failed(let reason): "the job table failed: \(reason)"
        }
    }
}
