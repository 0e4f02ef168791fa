public import SymbolIndex

/// What a debug file has to offer; the words of Sentry's `features`.
public struct ImageFeatures: Equatable, Sendable {
    /// DWARF.
    public var hasDebugInformation: Bool
    /// Call-frame tables.
    public var hasUnwindInformation: Bool
    /// A symbol table.
    public var hasSymbols: Bool
    /// Source texts, at least some.
    public var hasSources: Bool

    /// Features; nothing unless told otherwise.
    public init(
        hasDebugInformation: Bool = false, hasUnwindInformation: Bool = false, hasSymbols: Bool = false,
        hasSources: Bool = false
    ) {
        self.hasDebugInformation = hasDebugInformation
        self.hasUnwindInformation = hasUnwindInformation
        self.hasSymbols = hasSymbols
        self.hasSources = hasSources
    }
}

/// How an image of an event fared: Sentry's `debug_status`.
public enum ImageStatus: String, Equatable, Sendable {
    /// There is an index.
    case found
    /// No native frame of the event lies in it, so nothing was looked for.
    case unused
    /// No source of debug files has it.
    case missing
    /// It is there and damaged.
    case malformed
    /// A source could not be asked.
    case fetchingFailed = "fetching_failed"
    /// Finding or indexing it took too long.
    case timeout
    /// A kind of file that Symbolist does not read.
    case unsupported
    /// Something else; the reason says what.
    case other
}

/// What the caller found for one image.
public enum ImageAnswer: Sendable {
    /// An index, and what the file it was made from has. `matchedByName`: the image has no id; a file of its name answers.
    case found(SymbolIndex, features: ImageFeatures, matchedByName: Bool = false)
    /// No index: `status` is one of the failures, `reason` a sentence for people that names the file and the limit or
    /// field. `candidates`: builds of an image without an id, of which nobody can say which one ran; newest first.
    case failed(ImageStatus, reason: String, candidates: [ImageCandidate] = [])
}

/// A build that may be an image's.
public struct ImageCandidate: Equatable, Sendable {
    /// Lower-case hexadecimal; of a build without one its debug id.
    public let id: String
    /// The name that it was uploaded under, or its path.
    public let name: String?

    /// A candidate.
    public init(id: String, name: String?) {
        self.id = id
        self.name = name
    }
}

/// An image of an event as far as finding its debug file goes.
public struct ImageRequest: Equatable, Sendable {
    /// Position in `debug_meta.images`.
    public let imageIndex: Int
    /// The GNU build id, lower-case hexadecimal.
    public let codeID: String?
    /// Sentry's debug id, normalised.
    public let debugID: String?
    /// The path in the process that crashed: a label, never to be opened without a check of the build id.
    public let codeFile: String?
    /// `image_addr`.
    public let imageAddress: UInt64?
    /// Whether a native frame's address lies in the image. Answers for the others are not needed.
    public let isReferenced: Bool
}

/// What to fetch before `Symbolicator.resolve`.
public struct SymbolicationPlan: Equatable, Sendable {
    /// Every entry of `debug_meta.images` that is an object, in order.
    public let images: [ImageRequest]

    /// The images that frames lie in.
    public var referenced: [ImageRequest] { images.filter(\.isReferenced) }
}

/// A source file that frames of an event lie in.
public struct SourceRequest: Hashable, Sendable {
    /// Position in `debug_meta.images`.
    public let imageIndex: Int
    /// The path as the debug information spells it: the frame's `abs_path`.
    public let path: String

    /// A request for one file; equal requests have the same answer.
    public init(imageIndex: Int, path: String) {
        self.imageIndex = imageIndex
        self.path = path
    }
}

/// How sure it is that a text is the one that was compiled.
public enum SourceMark: String, Equatable, Sendable {
    /// Its checksum is the line table's, or it was embedded in the debug information.
    case exact
    /// There is no checksum to compare.
    case unchecked
    /// The line table's checksum is another one.
    case differs
    /// It is newer than the object.
    case newer
}

/// The text of a source file.
public struct SourceText: Sendable {
    /// UTF-8; what is none is shown as U+FFFD.
    public let text: [UInt8]
    /// How sure it is that this is what was compiled.
    public let mark: SourceMark

    /// A text as it was stored.
    public init(text: [UInt8], mark: SourceMark) {
        self.text = text
        self.mark = mark
    }
}
