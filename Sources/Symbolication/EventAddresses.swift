internal import CrashEvent

/// What an event says about addresses as a whole: its images, its processor, the order of its traces.
struct EventAddresses: Sendable {
    let table: ImageTable
    let architecture: ArchitectureFamily
    /// Positions in `event.stackTraces`, the crash first: the order in which limits are spent.
    let traceOrder: [Int]

    init(_ event: CrashEvent) {
        table = ImageTable(
            event.images.compactMap { image in
                // An image at 0 has no absolute addresses: only `rel:` frames can lie in it.
                guard let start = image.imageAddress, start > 0 else { return nil }
                return ImageTable.Claim(image: image.index, start: start, size: image.imageSize)
            })
        architecture = Self.architecture(of: event)
        traceOrder =
            event.stackTraces.indices.filter { event.stackTraces[$0].isCrashed }
            + event.stackTraces.indices.filter { !event.stackTraces[$0].isCrashed }
    }

    /// The image of an address and the offset in it, for a frame whose address means `meaning`.
    struct Place: Hashable, Sendable {
        var image: Int
        /// From the start of the image.
        var offset: UInt64
    }

    /// Where a frame's address lies. `lookup` is the derived address, counted as the frame's own one is.
    func place(
        _ address: UInt64, meaning: AddressMeaning, mode: EventFrame.AddressMode, in event: CrashEvent
    ) -> (lookup: UInt64, place: Place?) {
        let lookup = architecture.lookupAddress(address, meaning: meaning)
        switch mode {
        case .absolute:
            guard let image = table.image(containing: lookup), let start = event.images[image].imageAddress else {
                return (lookup, nil)
            }
            return (lookup, Place(image: image, offset: lookup - start))
        case .relative(let image):
            return (lookup, Place(image: image, offset: lookup))
        case .unresolved:
            return (lookup, nil)
        }
    }

    /// How the trace's addresses are meant.
    static func addressing(of trace: EventStackTrace, in event: CrashEvent) -> TraceAddressing {
        var innermostIsCall = false
        if let ip = instructionPointer(trace.registers), let address = trace.frames.last?.instructionAddress,
            ip != address, let signal = signal(of: trace, in: event)
        {
            innermostIsCall = CrashSignal.numbers.contains(signal)
        }
        return TraceAddressing(
            someFrameAdjusts: trace.frames.contains { $0.adjustInstructionAddress != nil },
            adjustment: trace.instructionAddressAdjustment, innermostIsCall: innermostIsCall)
    }

    private static func instructionPointer(_ registers: [String: UInt64]) -> UInt64? {
        for name in ["rip", "eip", "pc", "srr0"] {
            if let value = registers[name] { return value }
        }
        return nil
    }

    /// The signal of the exception that the trace belongs to, by container or by thread.
    private static func signal(of trace: EventStackTrace, in event: CrashEvent) -> Int? {
        let number: Int64?
        switch trace.container {
        case .exception(let index): number = event.exceptions[index].signalNumber
        case .thread:
            number = trace.threadID.flatMap { id in event.exceptions.last { $0.threadID == id }?.signalNumber }
        case .event: number = event.exceptions.count == 1 ? event.exceptions[0].signalNumber : nil
        }
        return number.flatMap { Int(exactly: $0) }
    }

    /// From `contexts.device.arch`, an image, or the names of the registers.
    private static func architecture(of event: CrashEvent) -> ArchitectureFamily {
        let document = event.document
        if let device = document.node(at: "contexts", "device"), let name = document.string("arch", of: device) {
            return ArchitectureFamily(name: name)
        }
        if let name = event.images.lazy.compactMap({ ImagePatch.ownArchitecture(of: $0, in: document) }).first {
            return ArchitectureFamily(name: name)
        }
        for trace in event.stackTraces {
            let registers = trace.registers
            if registers["rip"] != nil || registers["eip"] != nil { return .x86 }
            if registers["pc"] != nil, registers["x29"] != nil || registers["x0"] != nil { return .arm64 }
        }
        return .other
    }
}

extension EventFrame {
    /// What enrichment does with a frame.
    enum Role {
        /// Copied as it is: another platform's, or a marker.
        case untouched
        /// A native platform's function without a place: only whether it is in-app is to be said.
        case named
        /// Copied as it is: a native frame that somebody else has symbolicated, before the event came here.
        case known
        /// Copied as it is: no object, among the frames of a native platform.
        case unreadable
        /// To be looked up.
        case native
        /// To be looked up by a symbol and an offset: there is no address.
        case symbolic
        /// A native platform's frame without an address.
        case withoutAddress

        /// Whether enrichment writes the frame anew.
        var isLookedUp: Bool { self == .native || self == .symbolic || self == .withoutAddress }
    }

    func role(in event: CrashEvent) -> Role {
        guard event.document.kind(of: node) == .object else {
            let isNative = event.platform.map { Self.nativePlatforms.contains($0) && $0 != "csharp" }
            return isNative ?? !event.images.isEmpty ? .unreadable : .untouched
        }
        guard isNativePlatform, kind != .omitted, kind != .truncated else { return .untouched }
        if kind == .named { return .named }
        // What another tool could not find may be here; what it has found is as good as Symbolist's own answer, whose
        // entries for inlined functions could not be told from physical frames any more.
        if symbolicatorStatus == FrameStatus.symbolicated.rawValue { return .known }
        if hasAddress { return .native }
        if symbolOffset != nil, symbol ?? function != nil { return .symbolic }
        // Managed frames and frames of events that name no platform are nobody's loss.
        guard let platform = platform ?? event.platform, platform != "csharp" else { return .untouched }
        return .withoutAddress
    }

    /// The frame's own statements about its address.
    var statement: TraceAddressing.Statement {
        let meaning: AddressMeaning? =
            switch kind {
            case .programCounter, .asyncResumePoint: .instruction
            case .returnAddress: .returnAddress
            case .omitted, .truncated, .named, nil: nil
            }
        return TraceAddressing.Statement(kind: meaning, adjust: adjustInstructionAddress)
    }
}
