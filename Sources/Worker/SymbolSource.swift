public import JobTable
public import Symbolication

/// Where an event's debug files and source texts come from: the store for a worker, the store and named files for
/// `symbolize`.
public protocol SymbolSource: Sendable {
    /// Answers for the images that frames lie in.
    func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers

    /// The texts that exist of what is wanted.
    /// - Parameter answers: What ``answers(for:project:)`` gave for the same event.
    func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: SourceText]

    /// The index of an object turned out to be damaged: the next question builds it again.
    func discardIndex(ofObject digest: String) async
}

/// What is known of an event's images.
public struct SymbolAnswers: Sendable {
    /// By position in `debug_meta.images`.
    public var images: [Int: ImageAnswer] = [:]
    /// SHA-256 of the object that answered, by the same position.
    public var objects: [Int: String] = [:]
    /// Ids under which a later upload would answer better.
    public var awaited: [AwaitedID] = []
    /// The newest change of the catalogue that the answers can know of.
    public var catalogueSequence: Int64 = 0

    public init() {}
}

/// Why an event could not be enriched.
public enum EnrichmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The payload is nothing that can be enriched, now or later: the reason says what was recognised.
    case notUnderstood(String)
    /// Something that the event is not to blame for; later it may work.
    case temporary(String)

    public var description: String {
        switch self {
        case .notUnderstood(let reason), .temporary(let reason): reason
        }
    }
}
