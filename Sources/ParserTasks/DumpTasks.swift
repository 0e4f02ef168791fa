/// A core or minidump, as far as it can be told without unwinding: the reply of the task `inspect-dump`, whose descriptor
/// is the dump and whose request is a ``DumpRequest``.
///
///     dump ─▶ inspect-dump ─▶ DumpInspection ─▶ parent: files by build id ─▶ unwind ─▶ UnwoundDump
///
/// Everything in it comes from the dump and is as untrusted as the dump; paths are labels, never to be opened without a
/// check of the build id.
public struct DumpInspection: Codable, Sendable, Equatable {
    /// The name of the task.
    public static let task = "inspect-dump"

    /// `elf-core` or `minidump`.
    public var format: String
    /// `x86_64`, `aarch64`.
    public var architecture: String
    /// Files that were mapped, by address.
    public var modules: [DumpModule]
    /// Threads in the dump.
    public var threadCount: Int
    /// Whether the thread's memory can be enough to unwind: a core whose segments are missing says so in `notes`.
    public var notes: [String]

    /// An inspection.
    public init(format: String, architecture: String, modules: [DumpModule], threadCount: Int, notes: [String]) {
        self.format = format
        self.architecture = architecture
        self.modules = modules
        self.threadCount = threadCount
        self.notes = notes
    }
}

/// A file that was mapped in the process.
public struct DumpModule: Codable, Sendable, Equatable {
    /// As the dump has it; a label.
    public var path: String
    /// Lower-case hexadecimal; `nil` when neither the dump's records nor its memory have it.
    public var buildID: String?
    /// Where the lowest mapping of the file starts, absolute.
    public var start: UInt64
    /// Behind the highest mapping, absolute.
    public var end: UInt64
    /// Whether any of its mappings was executable, where the dump says so.
    public var isExecutable: Bool

    /// A module.
    public init(path: String, buildID: String?, start: UInt64, end: UInt64, isExecutable: Bool) {
        self.path = path
        self.buildID = buildID
        self.start = start
        self.end = end
        self.isExecutable = isExecutable
    }
}

/// The request of `inspect-dump` and `unwind`. Descriptors of `unwind`: the dump, then the files in the request's order.
public struct DumpRequest: Codable, Sendable, Equatable {
    /// The name of the task that unwinds.
    public static let unwindTask = "unwind"

    /// The dump's name, for messages.
    public var name: String
    /// The files for the modules; empty for `inspect-dump`.
    public var files: [ModuleFile]
    /// What may come out.
    public var limits: UnwindLimits

    /// A request; without files it can only inspect.
    public init(name: String, files: [ModuleFile] = [], limits: UnwindLimits = UnwindLimits()) {
        self.name = name
        self.files = files
        self.limits = limits
    }

    /// A file that goes with a module: the executable or library itself (call-frame information is there), or its
    /// separate debug file (`.debug_frame`, the symbol table). A module may have one of each.
    public struct ModuleFile: Codable, Sendable, Equatable {
        /// Position in ``DumpInspection/modules``.
        public var module: Int
        /// Whether it is a separate debug file.
        public var isDebugFile: Bool
        /// For messages.
        public var name: String

        /// A file of a module.
        public init(module: Int, isDebugFile: Bool, name: String) {
            self.module = module
            self.isDebugFile = isDebugFile
            self.name = name
        }
    }
}

/// What unwinding may cost and produce; a limit that was reached is told in ``UnwoundThread/end`` or in the notes.
public struct UnwindLimits: Codable, Sendable, Equatable {
    /// Frames of one thread: the innermost ones stay.
    public var framesPerThread: Int
    /// Frames of all threads, the crashed one first.
    public var frames: Int
    /// Threads, the crashed one first.
    public var threads: Int
    /// Modules.
    public var modules: Int

    /// Limits; those of the product unless told otherwise.
    public init(framesPerThread: Int = 2048, frames: Int = 100_000, threads: Int = 10_000, modules: Int = 20_000) {
        self.framesPerThread = framesPerThread
        self.frames = frames
        self.threads = threads
        self.modules = modules
    }
}

/// A dump's threads as addresses: the reply of `unwind`.
public struct UnwoundDump: Codable, Sendable, Equatable {
    /// What it is and what was mapped.
    public var inspection: DumpInspection
    /// Number of the signal; `nil` for a dump without a crash.
    public var signal: Int?
    /// `si_code`.
    public var signalCode: Int?
    /// `si_addr`, for the signals that have one.
    public var faultAddress: UInt64?
    /// The process.
    public var processID: Int?
    /// The executable's name as the kernel had it, else the first module's.
    public var processName: String?
    /// The command line, as far as the dump has it.
    public var arguments: String?
    /// Seconds since 1970, where the dump says when.
    public var timestamp: Double?
    /// `Linux …`, where the dump says so.
    public var operatingSystem: String?
    /// The crashed thread first, then in the dump's order.
    public var threads: [UnwoundThread]
    /// What was odd, and limits that were reached, for people.
    public var notes: [String]

    /// A dump whose crash is not known yet.
    public init(inspection: DumpInspection, threads: [UnwoundThread] = [], notes: [String] = []) {
        self.inspection = inspection
        self.threads = threads
        self.notes = notes
    }
}

/// One thread.
public struct UnwoundThread: Codable, Sendable, Equatable {
    /// The kernel's thread id.
    public var id: UInt64
    /// Where the dump has it.
    public var name: String?
    /// Whether it got the signal.
    public var isCrashed: Bool
    /// By name (`rip`, `x29`, …), in the processor's usual order.
    public var registers: [UnwoundRegister]
    /// The logical stack, innermost first: physical frames down to the first async piece, then the async callers.
    public var frames: [UnwoundFrame]
    /// The physical frames below an async piece: the job runner that it ran on. Empty for threads without one.
    public var ranOn: [UnwoundFrame]
    /// Why unwinding ended: `outermost` or a sentence about what was missing or damaged.
    public var end: String
    /// Why the async chain ended, for threads that have one.
    public var asyncEnd: String?

    /// A thread.
    public init(
        id: UInt64, name: String? = nil, isCrashed: Bool = false, registers: [UnwoundRegister] = [],
        frames: [UnwoundFrame] = [], ranOn: [UnwoundFrame] = [], end: String = "outermost", asyncEnd: String? = nil
    ) {
        self.id = id
        self.name = name
        self.isCrashed = isCrashed
        self.registers = registers
        self.frames = frames
        self.ranOn = ranOn
        self.end = end
        self.asyncEnd = asyncEnd
    }

    /// ``end`` of a stack that was unwound to its outermost frame.
    public static let outermost = "outermost"
}

/// A register.
public struct UnwoundRegister: Codable, Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: UInt64

    /// A register.
    public init(name: String, value: UInt64) {
        self.name = name
        self.value = value
    }
}

/// One frame: an address and what it means.
public struct UnwoundFrame: Codable, Sendable, Equatable {
    /// What the address is.
    public enum Kind: String, Codable, Sendable, Equatable {
        /// The instruction itself: the innermost frame, the one a signal interrupted, a trampoline.
        case programCounter = "pc"
        /// The instruction behind a call.
        case returnAddress = "return"
        /// The entry of an async continuation.
        case asyncResumePoint = "async"
    }

    /// Absolute.
    public var address: UInt64
    /// What the address is.
    public var kind: Kind
    /// How it was found: `context` (registers), `cfi`, `fp`, `async`.
    public var trust: String

    /// A frame.
    public init(address: UInt64, kind: Kind, trust: String) {
        self.address = address
        self.kind = kind
        self.trust = trust
    }
}

/// The request of the task `expand`: the compressed dump and the file for its contents are the descriptors, zero blocks
/// become holes.
public struct ExpandRequest: Codable, Sendable, Equatable {
    /// The name of the task.
    public static let task = "expand"

    /// `gzip`, `zstd`, `lz4`, `xz`.
    public var compression: String
    /// The most bytes that may come out.
    public var limit: UInt64
    /// For messages.
    public var name: String

    /// A request.
    public init(compression: String, limit: UInt64, name: String) {
        self.compression = compression
        self.limit = limit
        self.name = name
    }
}

/// The reply of `expand`.
public struct ExpandReply: Codable, Sendable, Equatable {
    /// Bytes that came out, holes included.
    public var size: UInt64
    /// Bytes that were written: the rest are holes.
    public var written: UInt64
    /// What was odd, for people: bytes behind the compressed data.
    public var notes: [String]

    /// A reply.
    public init(size: UInt64, written: UInt64, notes: [String] = []) {
        self.size = size
        self.written = written
        self.notes = notes
    }
}
