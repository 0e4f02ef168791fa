public import ParserTasks
public import SymbolIndex

/// An object of the store, as the catalogue knows it.
public struct StoredObject: Sendable, Equatable {
    /// SHA-256.
    public let digest: String
    /// Bytes.
    public let size: Int
    /// Milliseconds since 1970, UTC.
    public let storedAt: Int64
    /// When it last answered, to a few hours; milliseconds since 1970, UTC.
    public let lastUsedAt: Int64?
    /// Whether its blob was missing or damaged when it was last wanted.
    public let isLost: Bool
    /// What the sandboxed child found, without its lists of sources and of split units.
    public let inspection: ObjectInspection
    /// Last component of the path that it was last uploaded from.
    public let name: String?
    /// The projects that it was uploaded to, sorted.
    public let projects: [String]
    /// How many split units it holds.
    public let heldSplitUnits: Int
    /// How many other files its debug information refers to.
    public let wantedFiles: Int
    /// How many of them are not in the store.
    public let missingFiles: Int
    /// Deaths of its parser that this builder counts, the most of one index. From the quarantine limit on it is not tried.
    public let deaths: Int
}

/// Which objects of the store are listed.
public struct ObjectFilter: Sendable {
    /// Build id, debug id, dwo id, supplementary id or digest, or the first digits of one.
    public var id: String?
    /// Only those that this project sees: its own and those of `default`.
    public var project: String?
    /// Only those whose parser died as often as the quarantine limit says.
    public var isQuarantined = false
    /// Only those that refer to files that are not in the store.
    public var isIncomplete = false
    /// Only those stored before this one (the next page), by digest.
    public var after: String?
    /// At most so many, the newest first.
    public var limit = 50

    /// All objects.
    public init() {}
}

/// Everything that is known of one object.
public struct ObjectDetails: Sendable {
    /// One id that it is found by.
    public struct ID: Sendable, Equatable {
        /// In which project.
        public let project: String
        /// The id.
        public let id: CatalogueID
    }

    /// A file that its debug information refers to.
    public struct WantedInput: Sendable, Equatable {
        /// What it is found by.
        public let id: CatalogueID
        /// As the object spells it.
        public let name: String
        /// Digests of the objects that have the id.
        public let holders: [String]
    }

    /// When, where and from which commit it came.
    public struct Upload: Sendable, Equatable {
        /// Which project it was uploaded to.
        public let project: String
        /// Where the uploader found it.
        public let path: String
        /// Milliseconds since 1970, UTC.
        public let uploadedAt: Int64
        /// The machine that it was uploaded from.
        public let host: String
        /// Of its work tree.
        public let gitCommit: String?
        /// Of its work tree.
        public let gitBranch: String?
        /// Whether tracked files differed from the commit.
        public let gitIsDirty: Bool?
        /// Facts that the person gave, a JSON object.
        public let labels: String?
    }

    /// Deaths of the parser over one index of the object.
    public struct Deaths: Sendable, Equatable {
        /// Whether the parser had the object alone, or with the files that it refers to.
        public let isAlone: Bool
        /// Of the builder.
        public let revision: Int
        /// How many.
        public let count: Int
        /// Of the last one.
        public let reason: String
        /// Of the last one; milliseconds since 1970, UTC.
        public let diedAt: Int64?
        /// Whether this builder does not try it any more.
        public let isQuarantined: Bool
    }

    /// The object's index in this machine's cache.
    public struct Index: Sendable {
        /// Whether it is there in this version; else the version of an older one that answers until then.
        public let isCurrent: Bool
        /// The older version that answers meanwhile.
        public let older: IndexVersion?
        /// How much it can say; absent without an index.
        public let quality: IndexQuality?
        /// Bytes.
        public let size: Int?
        /// What it was made from and what it lacks.
        public let metadata: IndexMetadata?
    }

    /// The summary.
    public let object: StoredObject
    /// By project, kind and id.
    public let ids: [ID]
    /// In the order of their ids.
    public let wanted: [WantedInput]
    /// The newest first.
    public let uploads: [Upload]
    /// By revision, the newest first.
    public let deaths: [Deaths]
    /// Source texts that the store has for it.
    public let sources: Int
    /// The index that the `default` project, or the object's own, is answered from.
    public let index: Index
}

/// An id that events or objects wait for, because no file with it is there.
public struct AwaitedFile: Sendable, Equatable {
    /// The id.
    public let id: CatalogueID
    /// A name for it: the image's is not kept, an object's spelling of a file is.
    public let name: String?
    /// Events that lack it.
    public let events: Int
    /// Objects whose debug information refers to it.
    public let objects: Int
    /// The newest event that lacks it.
    public let newestEvent: Int64?
}
