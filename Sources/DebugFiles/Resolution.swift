public import ParserTasks
public import SymbolIndex

/// An image of an event for which a debug file is wanted.
public struct ImageQuery: Sendable, Hashable {
    /// Sentry's `code_id`: the whole build id, any case.
    public var codeID: String?
    /// Any of the forms of a debug id.
    public var debugID: String?
    /// Path or name of the image. Its base name finds the debug file of an image without any id
    /// (``ResolvedImage/matchedByName``).
    public var codeFile: String?

    /// An image by what the event says of it.
    public init(codeID: String?, debugID: String?, codeFile: String?) {
        self.codeID = codeID
        self.debugID = debugID
        self.codeFile = codeFile
    }
}

/// What a later upload could bring. Raw values are the schema's.
public enum Lack: String, Sendable, Hashable, CaseIterable {
    /// No usable object with the image's id.
    case object
    /// The best object has symbols only, or debug information with parts missing.
    case debugInformation = "debug_information"
    /// No source text of the object is stored.
    case sources
}

/// The debug file that answers for an image.
public struct ResolvedObject: Sendable {
    /// SHA-256; with a path it names a source text.
    public let digest: String
    /// Ids, architecture and features; its list of sources is empty.
    public let inspection: ObjectInspection
    /// The index, mapped.
    public let index: SymbolIndex
    /// How much the index can say.
    public let quality: IndexQuality
    /// Whether any source text of the object is stored.
    public let hasSources: Bool
    /// Why a file that is there and that the object refers to was not used, in a sentence.
    public let problem: String?
}

/// The answer for one image.
public struct ResolvedImage: Sendable {
    /// What was asked.
    public let query: ImageQuery
    /// How it was resolved.
    public let status: ImageStatus
    /// Why it was not found, in a sentence.
    public let reason: String?
    /// Present exactly when `status` is `found`.
    public let object: ResolvedObject?
    /// What would make the answer better.
    public let lacks: Set<Lack>
    /// The ids under which a later upload would bring what it lacks: the image's, or those of the build that its name
    /// found. Empty for an image without an id that nothing was found for: a later upload does not wake its event.
    public let ids: [CatalogueID]
    /// The files that the object refers to and that are not there: split units, a supplementary or a separate debug file.
    /// An upload of any of them wakes whoever waits for `ids` too, so that this list may be cut off.
    public let awaited: [CatalogueID]
    /// The most that are listed in ``awaited``.
    public static let awaitedLimit = 64
    /// The image has no id; the object is of the only build that was uploaded under its name. Nothing proves that it is
    /// the build that ran.
    public let matchedByName: Bool
    /// For an image without an id whose name several builds have: the newest ones.
    public var candidates: [CatalogueID] = []
}

/// Names of images.
public enum ImageName {
    /// What follows the last slash; `nil` for nothing, and for what cannot be a file's name (NAME_MAX).
    public static func base(of path: String) -> String? {
        let name = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).last.map { Substring($0) } ?? ""
        return name.isEmpty || name.utf8.count > 255 || name.utf8.contains(0) ? nil : String(name)
    }
}

/// The answers for the images of one event.
public struct Resolution: Sendable {
    /// One for each query, in their order.
    public let images: [ResolvedImage]
    /// The newest change of the catalogue that the answers can know of; read before the look-ups. A result made of
    /// these answers is stale when a higher sequence exists for an id it lacked something of.
    public let catalogueSequence: Int64
}
