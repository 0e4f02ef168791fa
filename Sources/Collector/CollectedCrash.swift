/// A crash on its way to the job table: the bytes that tell it, and what is known about it from elsewhere.
///
/// The first mile, from a dying process to the table:
///
///     program ──stderr──▶ Supervisor ──┐
///        └──Swift's report──▶ folder ──┤                          ┌──────────────┐
///                                      ├─▶ CollectedCrash ─▶ Spool ─▶ CrashReceiver │─▶ job table
///     crash folder ──▶ FolderWatch ────┘ (a file each, durable)   └──────────────┘
///
/// Nothing here knows a database: a receiver is whoever takes crashes, and one that is away costs nothing but time.
public struct CollectedCrash: Equatable, Sendable {
    /// Names the crash for ever: 1 to 64 of `a-z A-Z 0-9 . _ -`. A receiver that is given the same id twice keeps one.
    public var id: String
    /// The project it belongs to.
    public var project: String
    /// A dump that ``CrashReports`` reads.
    public var payload: [UInt8]
    /// A JSON object, see ``ReportContext``; empty for none.
    public var context: [UInt8]
    /// Higher is enriched first.
    public var priority: Int
    /// The key under which the job table recognises the crash.
    public var dedupKey: String

    /// A crash; only id and payload have no defaults.
    public init(
        id: String, project: String = "default", payload: [UInt8], context: [UInt8] = [], priority: Int = 0,
        dedupKey: String? = nil
    ) {
        self.id = id
        self.project = project
        self.payload = payload
        self.context = context
        self.priority = priority
        self.dedupKey = dedupKey ?? "crash-\(id)"
    }

    /// Whether `id` may name a crash, and so a file.
    public static func isValidID(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 64 && id.utf8.first != UInt8(ascii: ".")
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 0x61...0x7a, 0x41...0x5a, 0x30...0x39, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }
}

/// Whoever takes crashes: the job table, or a test.
public protocol CrashReceiver: Sendable {
    /// Takes a crash durably. One whose id was taken before is not taken again, and no error.
    func receive(_ crash: CollectedCrash) async throws(CrashReceiverError)
}

/// Why a crash was not taken.
public enum CrashReceiverError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The receiver is away, busy or full; later may help.
    case unavailable(String)
    /// It will never take this one.
    case refused(String)

    /// The same for people.
    public var description: String {
        switch self {
        case .unavailable(let reason), .refused(let reason): reason
        }
    }
}
