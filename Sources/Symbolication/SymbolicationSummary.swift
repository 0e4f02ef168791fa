/// How an enrichment went: what a job table keeps beside the document.
public struct SymbolicationSummary: Equatable, Sendable {
    /// Whether something is missing that could make the result better.
    public enum Status: String, Equatable, Sendable {
        /// Every native frame has its function, from complete debug information or from the tool that had symbolicated it
        /// before; or there is none. Missing source texts do not count.
        case complete
        /// Something is missing, or could not be read, or was left out by a limit.
        case partial
    }

    /// What an image lacks.
    public enum Lack: String, Equatable, Hashable, Sendable {
        /// No usable file at all.
        case object
        /// A file without debug information, or with parts of it missing.
        case debugInformation = "debug_information"
        /// Texts of source files that frames lie in.
        case sources
    }

    /// An id whose arrival in the catalogue makes the event worth enriching again.
    public struct AwaitedID: Equatable, Hashable, Sendable {
        /// What an id identifies.
        public enum Kind: String, Equatable, Hashable, Sendable {
            /// A GNU build id, also of a supplementary file.
            case buildID = "build_id"
            /// Sentry's debug id.
            case debugID = "debug_id"
            /// The 64-bit id of a split unit.
            case splitUnitID = "dwo_id"
        }
        /// Position in `debug_meta.images`.
        public let imageIndex: Int
        /// What `id` identifies.
        public let kind: Kind
        /// Lower-case.
        public let id: String
        /// What its arrival would bring.
        public let lacks: Lack
    }

    /// One image that frames lie in.
    public struct ImageOutcome: Equatable, Sendable {
        /// Position in `debug_meta.images`.
        public let imageIndex: Int
        /// `malformed` also for an index that turned out damaged on the way: rebuild it.
        public let status: ImageStatus
        /// Why, for every status but `found`.
        public let reason: String?
    }

    /// Numbers of frames.
    public struct Counts: Equatable, Sendable {
        /// Frames that were to be looked up.
        public var native = 0
        /// With a function or line.
        public var symbolicated = 0
        /// In a known file that says nothing about them.
        public var missingSymbol = 0
        /// In no image.
        public var unknownImage = 0
        /// In an image without a file.
        public var missing = 0
        /// With an address or in a file that cannot be read, or entries that are no frames at all.
        public var malformed = 0
        /// Entries added for inlined functions.
        public var inlined = 0
        /// Native frames that a limit left as they came.
        public var leftByLimits = 0

        /// No frames.
        public init() {}
    }

    /// Whether anything could still be better.
    public internal(set) var status: Status
    /// One line for lists, at most 256 bytes.
    public internal(set) var title: String
    /// The innermost in-app function of the crash, simplified.
    public internal(set) var culprit: String?
    /// `Swift runtime failure: …` or `Fatal error: …`, when the event says so.
    public internal(set) var crashReason: String?
    /// Without duplicates, by image.
    public internal(set) var awaited: [AwaitedID]
    /// The images that frames lie in, by position.
    public internal(set) var images: [ImageOutcome]
    /// Numbers of frames over all traces.
    public internal(set) var counts: Counts
    /// Limits that were reached, each with its number; they are in the document too.
    public internal(set) var limits: [String]
}

/// An enriched event.
public struct EnrichedEvent: Sendable {
    /// The document. All bytes that enrichment does not concern are those of the event.
    public let document: [UInt8]
    /// How it went.
    public let summary: SymbolicationSummary
}

/// What one event may cost. The document that comes out is never larger than twice the event plus `addedBytes`, plus 64
/// KiB, plus 200 bytes and a reason (at most 1 KiB) for each of at most `annotatedImages` images.
///
/// Limits take from the frames that matter least: the crash comes first, in a trace the innermost 128 frames, then the
/// outermost 128, then the rest from the inside out. What was left out is said in the summary and in
/// `contexts.symbolist`.
public struct SymbolicationLimits: Equatable, Sendable {
    /// Bytes of new frames; frames beyond it stay as they came.
    public var addedBytes: Int
    /// Bytes of source context among them; frames beyond it have none.
    public var contextBytes: Int
    /// Entries of distinct inline chains kept in memory, 40 bytes each.
    public var chainEntries: Int
    /// Images of which a status is written.
    public var annotatedImages: Int

    /// 64 MiB, 16 MiB, two million entries, 65,536 images unless told otherwise.
    public init(
        addedBytes: Int = 64 << 20, contextBytes: Int = 16 << 20, chainEntries: Int = 2_000_000,
        annotatedImages: Int = 65_536
    ) {
        self.addedBytes = addedBytes
        self.contextBytes = contextBytes
        self.chainEntries = chainEntries
        self.annotatedImages = annotatedImages
    }
}
