/// A crash as a dump tells it, before it becomes an event: what every decoder of text and every unwound dump fills in.
///
///     lines of a report ─▶ TextFormat ──┐
///                                       ├─▶ ReportedCrash ─▶ CrashEventWriter ─▶ event in Sentry's JSON
///     core, minidump ─▶ child ──────────┘
///
/// A decoder invents nothing: what the dump does not say stays `nil` or empty. Frames are **innermost first**, as
/// dumps print them; the event turns them round.
struct ReportedCrash: Equatable, Sendable {
    /// The exception's type: `SIGSEGV`, `AddressSanitizer: heap-use-after-free`, `Swift runtime failure`.
    var type: String?
    /// The exception's value: a sentence of the dump, such as `READ of size 4 at 0x… thread T0`.
    var value: String?
    /// The signal, where there was one.
    var signal: ReportedSignal?
    /// Whether the type says nothing about the cause (a bare signal): Sentry then takes the function as title.
    var isSynthetic = true
    /// `exception.mechanism.type`: who wrote the dump, `swift-backtrace`, `sanitizer`, `core`, `kernel`, ….
    var mechanism = "generic"
    /// The event's `level`; `nil` for a stack that nothing went wrong with.
    var level: String? = "fatal"
    /// A reason that is better than the type: becomes `contexts.symbolist.crash_reason`.
    var reason: String?
    /// ISO 8601 with zone, or a number of seconds since 1970 as text.
    var timestamp: String?
    /// The machine.
    var serverName: String?
    /// As the dump spells it: `Linux (Debian GNU/Linux 12 (bookworm))`.
    var operatingSystem: String?
    /// `x86_64`, `arm64`, …
    var architecture: String?
    /// The crash's thread, if any is, has `isCrashed`; its trace goes to the exception.
    var threads: [ReportedThread] = []
    /// In the order of the dump.
    var images: [ReportedImage] = []
    /// Facts without a place in Sentry's event: raw JSON by key, under `contexts.<contextName>`.
    var facts: [Fact] = []
    /// The context that `facts` and the lines of frames go to: `sanitizer`, `kernel`, `core`, ….
    var contextName = "report"
    /// Text around the report that belongs to it, such as what the process printed before: goes to `extra.stderr`.
    var standardError = ""
    /// What was odd about the dump and what was done about it, for people.
    var notes: [String] = []

    /// Whether any frame can be looked up: gdb and Rust say neither build ids nor load addresses.
    var hasPlacedImage: Bool {
        images.contains { $0.address != nil || $0.codeID != nil || $0.linkAddress != nil }
            || threads.contains { thread in
                thread.frames.contains { if case .relative = $0.address { true } else { $0.symbolOffset != nil } }
            }
    }

    /// One fact: raw JSON under a key.
    struct Fact: Equatable, Sendable {
        var key: String
        var json: [UInt8]
    }
}

/// A signal.
struct ReportedSignal: Equatable, Sendable {
    /// `SIGSEGV`.
    var name: String
    /// Its number on the dump's system.
    var number: Int?
    /// `si_code`, where the dump has it.
    var code: Int?
    /// The address that could not be accessed, or where the trap stands.
    var faultAddress: UInt64?
}

/// One stack of a dump: a thread's, or one of the several that a sanitizer prints.
struct ReportedThread: Equatable, Sendable {
    /// As the dump has it, unique among the threads; `nil` takes the position.
    var id: String?
    /// The thread's name, or what a stack is: `freed by thread T0 here`.
    var name: String?
    /// Whether it is the stack that the report is about.
    var isCrashed = false
    /// Whether it is the thread that wrote the dump, where none crashed.
    var isCurrent = false
    /// Values by name, in the dump's order.
    var registers: [Register] = []
    /// Innermost first.
    var frames: [ReportedFrame] = []
    /// The id of the thread whose physical frames these are, below its async frames: see ``UnwoundThread/ranOn``.
    var ranOnOf: String?

    /// One register.
    struct Register: Equatable, Sendable {
        var name: String
        var value: UInt64
    }
}

/// One frame, or a marker where frames are missing.
struct ReportedFrame: Equatable, Sendable {
    /// What the address is.
    enum Kind: String, Equatable, Sendable {
        /// The instruction itself: a fault, an interrupted instruction, or an address that its writer has adjusted.
        case programCounter = "pc"
        /// The instruction behind a call.
        case returnAddress = "return"
        /// The entry of an async continuation.
        case asyncResumePoint = "async"
        /// No address: `count` frames were left out here.
        case omitted
        /// No address: the writer stopped here.
        case truncated
    }

    /// What an address is counted from.
    enum Address: Equatable, Sendable {
        /// An address of the process.
        case absolute(UInt64)
        /// An offset from the start of `images[image]` (its `image_addr`), which for an executable linked at 0 is the link
        /// address.
        case relative(image: Int, UInt64)
    }

    var kind: Kind
    /// `nil` for markers and for frames that a dump gives names for only.
    var address: Address?
    /// For markers, where known.
    var count: Int?
    /// The function as the dump has it, demangled or not known to be mangled.
    var function: String?
    /// The linkage (mangled) name.
    var symbol: String?
    /// Bytes from the entry of `symbol` (else `function`) to the address.
    var symbolOffset: UInt64?
    /// The path or name of the image.
    var package: String?
    /// The source file as the dump spells it.
    var file: String?
    /// 1-based.
    var line: Int?
    /// 1-based.
    var column: Int?
    /// How an unwinder found the frame: Sentry's `context`, `cfi`, `fp`, `scan`.
    var trust: String?
    /// Whether the dump flags it as an inlined call. Of lines with one address a decoder keeps the **outermost** (the
    /// physical frame) and puts all of them into `reported`: the chain is looked up again.
    var isInlined = false
    /// The calls that the dump says were inlined at the address, innermost first. They become entries of the event only
    /// where nothing can be looked up: see ``ReportedCrash/hasPlacedImage``.
    var inlinedCalls: [InlinedCall] = []
    /// What trapped, without the words `Swift runtime failure: `, where the dump names it at this address.
    var runtimeFailure: String?
    /// The dump's own lines for this frame where they say more than the fields above; they are kept, not believed.
    var reported: [String] = []

    init(kind: Kind, address: Address? = nil) {
        self.kind = kind
        self.address = address
    }

    /// A call that was inlined, as the dump has it.
    struct InlinedCall: Equatable, Sendable {
        var function: String?
        var file: String?
        /// 1-based.
        var line: Int?
        /// 1-based.
        var column: Int?
    }
}

/// A file that was mapped.
struct ReportedImage: Equatable, Sendable {
    /// The build id in lower-case hexadecimal digits.
    var codeID: String?
    /// The path or name.
    var path: String?
    /// Where the lowest mapping of the file starts; `nil` when only offsets are known.
    var address: UInt64?
    /// Bytes.
    var size: UInt64?
    /// The link address that relative addresses are counted from, when the dump tells it (`image_vmaddr`): 0 for an
    /// executable that is not position independent, whose addresses are link addresses. Goes without `address`.
    var linkAddress: UInt64?
    /// Where `address` is the start of a mapping other than the file's first one: that mapping's offset in the **file**
    /// (`debug_meta.images[].symbolist.mapping_offset`). Symbolication goes through the load segments then.
    var mappingOffset: UInt64?
    /// Whether `address` is the start of the file's executable mapping, with nobody saying at which offset that is.
    var isExecutableMapping = false
    /// Bytes of the program at an address (a kernel log's `Code:` line): a debug file whose bytes differ is not the one.
    var code: Code?

    struct Code: Equatable, Sendable {
        /// Absolute address of the first byte.
        var address: UInt64
        var bytes: [UInt8]
    }
}
