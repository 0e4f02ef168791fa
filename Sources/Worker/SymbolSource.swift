public import DebugFiles
public import JobTable
public import ParserTasks
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
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText]

    /// The machine code at a link address of the object that answered for an image; `nil` when that holds none.
    func code(ofImage image: Int, at address: UInt64, count: Int, in answers: SymbolAnswers) async -> [UInt8]?

    /// The files that modules of a dump can be unwound with, by their build ids; none where a source has no such files.
    func unwindingFiles(for modules: [DumpModule], project: String) async throws(EnrichmentError) -> UnwindingFiles

    /// The index of an object turned out to be damaged: the next question builds it again.
    func discardIndex(ofObject digest: String) async

    /// Throws ``EnrichmentError/unavailable(_:)`` when no event could be answered now, whatever it asks for.
    func checkAvailability() async throws(EnrichmentError)
}

/// What is known of an event's images.
public struct SymbolAnswers: Sendable {
    /// By position in `debug_meta.images`.
    public var images: [Int: ImageAnswer] = [:]
    /// SHA-256 of the object that answered, by the same position.
    public var objects: [Int: String] = [:]
    /// Path of the file on this machine that answered, by the same position; none for objects of the store.
    public var paths: [Int: String] = [:]
    /// The ids that the catalogue knows the image's objects by, by the same position; none for an image without ids.
    public var ids: [Int: [CatalogueID]] = [:]
    /// Ids under which a later upload would bring an object or debug information. Sources are no matter of an image
    /// alone: ``EventEnricher`` adds those whose texts it missed.
    public var awaited: [AwaitedID] = []
    /// The newest change of the catalogue that the answers can know of.
    public var catalogueSequence: Int64 = 0

    /// Nothing is known.
    public init() {}
}

/// Why an event could not be enriched. The reasons stand in the table, never in the log: one may quote the beginning of
/// a payload.
public enum EnrichmentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The payload is nothing that can be enriched, now or later: the reason says what was recognised.
    case notUnderstood(String)
    /// Something about this event failed that may work later; counts as an attempt.
    case temporary(String)
    /// The store, the catalogue or the job table did not answer, or the task was cancelled: nothing that the event is
    /// known to be to blame for.
    case unavailable(String)

    /// The reason.
    public var description: String {
        switch self {
        case .notUnderstood(let reason), .temporary(let reason), .unavailable(let reason): reason
        }
    }
}
