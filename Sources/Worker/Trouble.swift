import DebugFiles
public import JobTable

/// A failure of what every event needs. No event is to blame for it, and none pays for it with an attempt.
///
/// A worker gives back what it holds and pauses, longer each time. Were it to count attempts, five of them in 85
/// seconds would make dead letters of everything that came during an outage.
///
/// The other mistake would be as bad: an event whose own blob is damaged, taken for an outage, would be leased first
/// and released for ever, and hold up all behind it. So a failure of the store is believed to be everyone's only after
/// a probe that has nothing to do with the event failed too (``SymbolSource/checkAvailability()``).
public enum Trouble: Error, Sendable, Equatable, CustomStringConvertible {
    /// The debug-file store or its catalogue cannot be used; the text names call and place.
    case store(String)
    /// The job table cannot be used.
    case jobTable(JobTableError)

    /// A sentence for a person and for the log; no part of an event is in it.
    public var description: String {
        switch self {
        case .store(let reason): "the debug files are not available: \(reason)"
        case .jobTable(let error): error.description
        }
    }

    /// Whether waiting may help. A damaged table is for people to mend.
    var isPassing: Bool {
        switch self {
        case .store, .jobTable(.unavailable), .jobTable(.storageFull): true
        case .jobTable: false
        }
    }
}

extension BlobStorage {
    /// Whether a small blob can be put and removed again: what is full, unmounted or read-only fails.
    func checkAvailability() async throws(BlobStorageError) {
        // A name that is there already would be answered without writing.
        let token = UInt64.random(in: .min ... .max)
        let blob = try await put(Array("Symbolist asks whether this store takes blobs: \(token)\n".utf8))
        try await remove(blob.digest)
    }
}
