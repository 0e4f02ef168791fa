import Bytes

/// What the address of a frame that a decoder wrote means (`data.symbolist.kind`).
public enum FrameKind: String, Equatable, Sendable {
    /// The instruction that faulted or was interrupted.
    case programCounter = "pc"
    /// The instruction behind a call.
    case returnAddress = "return"
    /// The entry of the continuation of an async function.
    case asyncResumePoint = "async"
    /// No address: frames that the reporter left out here.
    case omitted
    /// No address: the reporter stopped here, older frames are unknown.
    case truncated
    /// No address: the reporter gave names only, so there is nothing to look up.
    case named
}

/// One frame of a stack trace: a place in the document, read when asked.
public struct EventFrame: Sendable {
    /// What `instruction_addr` is counted from.
    public enum AddressMode: Equatable, Sendable {
        /// An address of the process.
        case absolute
        /// An offset from the start of the image at this position in `debug_meta.images`.
        case relative(imageIndex: Int)
        /// `addr_mode` names an image that is not in the event, or cannot be read.
        case unresolved(String)
    }

    /// The platforms whose frames carry addresses of machine code.
    public static let nativePlatforms: Set<String> = ["native", "c", "objc", "cocoa", "swift", "csharp"]

    /// The frame object. An entry of `frames` that is no object has a view too: everything in it is `nil`.
    public let node: JSONNode
    private let context: EventContext
    private var document: JSONDocument { context.document }

    init(node: JSONNode, context: EventContext) {
        self.node = node
        self.context = context
    }

    /// True when the frame is to be looked up: its platform, else the event's, is a native one, and it has an address.
    /// Frames of other platforms in the same trace pass through untouched.
    public var isNative: Bool { hasAddress && isNativePlatform }

    /// True when the frame's platform, else the event's, is one of `nativePlatforms`. An event that names no platform
    /// at all counts as native: an address has no other meaning.
    public var isNativePlatform: Bool {
        guard document.kind(of: node) == .object else { return false }
        guard let platform = platform ?? context.platform else { return true }
        return Self.nativePlatforms.contains(platform)
    }

    /// True when there is an `instruction_addr` other than `null`, readable or not.
    public var hasAddress: Bool { addressNode != nil }

    /// True when there is an `instruction_addr` and it is no number.
    public var malformedAddress: Bool {
        guard let addressNode else { return false }
        return document.unsignedInteger(addressNode) == nil
    }

    /// The address as it stands in the event: absolute, or relative to an image (`addressMode`); not adjusted.
    public var instructionAddress: UInt64? { addressNode.flatMap { document.unsignedInteger($0) } }

    private var addressNode: JSONNode? {
        document.member("instruction_addr", of: node).flatMap { document.kind(of: $0) == .null ? nil : $0 }
    }

    /// What the address is counted from: `addr_mode` is `abs` (or missing), `rel:<index>` or `rel:<debug id>`.
    public var addressMode: AddressMode {
        guard let mode = document.string("addr_mode", of: node), !mode.isEmpty, mode != "abs" else { return .absolute }
        guard mode.hasPrefix("rel:") else { return .unresolved(mode) }
        let reference = String(mode.dropFirst(4))
        if let index = Int(reference) {
            return index >= 0 && index < context.images.count ? .relative(imageIndex: index) : .unresolved(mode)
        }
        guard let id = DebugIdentifier.normalized(reference), let index = context.image(debugID: id) else {
            return .unresolved(mode)
        }
        return .relative(imageIndex: index)
    }

    /// Whether the address is one behind a call (true) or exact (false), where the frame says so.
    public var adjustInstructionAddress: Bool? { document.bool("adjust_instruction_addr", of: node) }

    /// The frame's own platform.
    public var platform: String? { document.string("platform", of: node) }

    /// The function's name as the event has it.
    public var function: String? { document.string("function", of: node) }

    /// The full form of `function`.
    public var rawFunction: String? { document.string("raw_function", of: node) }

    /// The linkage (mangled) name.
    public var symbol: String? { document.string("symbol", of: node) }

    /// The path of the image.
    public var package: String? { document.string("package", of: node) }

    /// The module of a managed language.
    public var module: String? { document.string("module", of: node) }

    /// The source file's base name.
    public var filename: String? { document.string("filename", of: node) }

    /// The source file's path.
    public var absPath: String? { document.string("abs_path", of: node) }

    /// The line, 1-based.
    public var line: UInt64? { document.unsignedInteger("lineno", of: node) }

    /// The column, 1-based.
    public var column: UInt64? { document.unsignedInteger("colno", of: node) }

    /// Whether it is the program's own code, where the event says so.
    public var inApp: Bool? { document.bool("in_app", of: node) }

    /// How the unwinder found the frame: `context`, `cfi`, `fp`, `scan`, ….
    public var trust: String? { document.string("trust", of: node) }

    /// The address of the function's entry.
    public var symbolAddress: UInt64? { document.unsignedInteger("symbol_addr", of: node) }

    /// The start of the image.
    public var imageAddress: UInt64? { document.unsignedInteger("image_addr", of: node) }

    /// The frame's `data` object.
    public var data: JSONNode? { document.object("data", of: node) }

    /// The frame's `data.symbolist` object.
    public var symbolistData: JSONNode? { data.flatMap { document.object("symbolist", of: $0) } }

    /// What the address means, where a decoder of Symbolist wrote it.
    public var kind: FrameKind? {
        symbolistData.flatMap { document.string("kind", of: $0) }.flatMap { FrameKind(rawValue: $0) }
    }

    /// How many frames an `omitted` or `truncated` marker stands for, where known.
    public var count: Int? {
        symbolistData.flatMap { document.unsignedInteger("count", of: $0) }.flatMap { Int(exactly: $0) }
    }

    /// Bytes from the entry of the frame's function to its instruction, where the reporter wrote a symbol and an offset
    /// instead of an address (`data.symbolist.symbol_offset`).
    public var symbolOffset: UInt64? { symbolistData.flatMap { document.unsignedInteger("symbol_offset", of: $0) } }

    /// The reporter's own statement of what failed (`data.symbolist.runtime_failure`).
    public var runtimeFailure: String? { symbolistData.flatMap { document.string("runtime_failure", of: $0) } }

    /// `data.symbolicator_status`, where the frame was processed before.
    public var symbolicatorStatus: String? { data.flatMap { document.string("symbolicator_status", of: $0) } }
}
