public import CrashEvent
internal import SymbolIndex

/// From an event's frames and the indexes they need to the enriched event. No input or output of its own, no clock, no
/// state: the same event and the same answers give the same bytes.
///
///     event ─ plan ─▶ which images      caller: catalogue, indexes
///           ─ resolve ◀─ answers        frames ─▶ inline chains
///             └ sourcesWanted ─▶        caller: source texts
///             └ patch ◀─ texts          document and summary
///
/// Every stack trace with native frames is enriched; the trace as it came stays under `raw_stacktrace` of the same
/// container, and an event that has one is enriched from it. So enriching twice, also with other answers in between, is
/// the same as enriching once with the last ones.
///
/// `Documentation/EventSchema.md` says what is written, and how addresses are meant.
public struct Symbolicator: Sendable {
    let rules: InAppRules
    let limits: SymbolicationLimits

    /// A symbolicator; copies share nothing and cost nothing.
    public init(inApp rules: InAppRules = InAppRules(), limits: SymbolicationLimits = SymbolicationLimits()) {
        self.rules = rules
        self.limits = limits
    }

    /// Which images the native frames lie in. Linear in frames, times the logarithm of the images.
    public func plan(_ event: CrashEvent) -> SymbolicationPlan {
        let addresses = EventAddresses(event)
        let symbolic = SymbolicFrames(event)
        var referenced = Set<Int>()
        for trace in event.stackTraces {
            let addressing = EventAddresses.addressing(of: trace, in: event)
            for position in trace.frames.indices {
                let frame = trace.frames[position]
                let role = frame.role(in: event)
                if role == .symbolic, let image = symbolic.image(of: frame) { referenced.insert(image) }
                guard role == .native, let address = frame.instructionAddress else { continue }
                let decision = addressing.decide(frame.statement, isInnermost: position == trace.frames.count - 1)
                let mode = frame.addressMode
                if let place = addresses.place(address, meaning: decision.meaning, mode: mode, in: event).place {
                    referenced.insert(place.image)
                }
                // A return address may turn out to be behind a signal trampoline, and then be exact.
                if !decision.isStated, decision.meaning == .returnAddress,
                    let place = addresses.place(address, meaning: .instruction, mode: mode, in: event).place
                {
                    referenced.insert(place.image)
                }
            }
        }
        return SymbolicationPlan(
            images: event.images.compactMap { image in
                guard event.document.kind(of: image.node) == .object else { return nil }
                return ImageRequest(
                    imageIndex: image.index, codeID: image.codeID, debugID: image.debugID, codeFile: image.codeFile,
                    imageAddress: image.imageAddress, isReferenced: referenced.contains(image.index))
            })
    }

    /// Looks up every native frame. `images` has an answer for each referenced image of the plan, by its position; one
    /// without an answer counts as `other`.
    public func resolve(_ event: CrashEvent, images: [Int: ImageAnswer]) -> ResolvedEvent {
        let addresses = EventAddresses(event)
        var resolver = TraceResolver(event: event, addresses: addresses, images: images, rules: rules, limits: limits)
        let traces = addresses.traceOrder.map { resolver.resolve(traceAt: $0) }
        resolver.settle()
        return ResolvedEvent(
            event: event, traces: traces, chains: resolver.chains, answers: images, damaged: resolver.damaged,
            limits: limits, rules: rules)
    }
}

/// `data.symbolicator_status` of a frame.
enum FrameStatus: String, Sendable {
    case symbolicated
    /// The file is there, but says nothing about the address.
    case missingSymbol = "missing_symbol"
    /// The address is in no image.
    case unknownImage = "unknown_image"
    /// There is no file.
    case missing
    /// The address cannot be read, or the file cannot.
    case malformed
}

/// What became of one frame.
struct FrameResolution: Sendable {
    var role: EventFrame.Role
    var status = FrameStatus.malformed
    /// `nil` where the address cannot be read.
    var decision: TraceAddressing.Decision?
    /// The derived address, counted as the frame's own.
    var lookup: UInt64?
    var image: Int?
    /// Position in `ChainTable.chains`.
    var chain: Int?
    /// The limit of chains left the frame as it came.
    var isLeftByLimit = false
}

/// One trace with what became of its frames, in the document's order.
struct TraceResolution: Sendable {
    var trace: EventStackTrace
    var frames: [FrameResolution]
    /// Whether any frame changes.
    var isTouched: Bool
}

/// Resolves the frames of traces from the innermost out, because what a frame is can depend on the one it called.
struct TraceResolver {
    let event: CrashEvent
    let addresses: EventAddresses
    let images: [Int: ImageAnswer]
    private(set) var chains: ChainTable
    private var symbolic: SymbolicFrames
    private let indexes: [Int: SymbolIndex]
    private let links: [Int: LinkAddresses]
    /// Images whose index contradicted itself, with the first reason.
    private(set) var damaged: [Int: String] = [:]

    init(
        event: CrashEvent, addresses: EventAddresses, images: [Int: ImageAnswer], rules: InAppRules,
        limits: SymbolicationLimits
    ) {
        self.event = event
        self.addresses = addresses
        self.images = images
        var indexes: [Int: SymbolIndex] = [:]
        var links: [Int: LinkAddresses] = [:]
        var paths: [Int: String] = [:]
        for image in event.images {
            guard case .found(let index, _, _) = images[image.index] else { continue }
            indexes[image.index] = index
            links[image.index] = LinkAddresses(image, index)
            paths[image.index] = image.codeFile
        }
        self.indexes = indexes
        self.links = links
        symbolic = SymbolicFrames(event)
        chains = ChainTable(
            indexes: indexes, links: links, imagePaths: paths, rules: rules, entryLimit: limits.chainEntries)
    }

    /// To be called behind the last trace.
    mutating func settle() { chains.settle() }

    mutating func resolve(traceAt position: Int) -> TraceResolution {
        let trace = event.stackTraces[position]
        let addressing = EventAddresses.addressing(of: trace, in: event)
        var frames = [FrameResolution](repeating: FrameResolution(role: .untouched), count: trace.frames.count)
        var isBehindTrampoline = false
        var isTouched = false
        for index in frames.indices.reversed() {
            let frame = trace.frames[index]
            let role = frame.role(in: event)
            frames[index].role = role
            guard role.isLookedUp else {
                isBehindTrampoline = (role == .known || role == .named) && isTrampoline(frame)
                if role == .named { isTouched = true }
                continue
            }
            isTouched = true
            if role == .symbolic {
                let decision = addressing.decide(frame.statement, isInnermost: index == frames.count - 1)
                frames[index].decision = decision
                resolve(&frames[index], symbolic: frame, meaning: decision.meaning)
            }
            guard role == .native, let address = frame.instructionAddress else {
                isBehindTrampoline = isTrampoline(frame)
                continue
            }
            var decision = addressing.decide(frame.statement, isInnermost: index == frames.count - 1)
            let mode = frame.addressMode
            if !decision.isStated, decision.meaning == .returnAddress,
                isBehindTrampoline || isTrampolineStart(address, mode)
            {
                decision.meaning = .instruction
            }
            frames[index].decision = decision
            resolve(&frames[index], address: address, meaning: decision.meaning, mode: mode)
            isBehindTrampoline = frames[index].chain.map { chains.chains[$0].isTrampoline } ?? isTrampoline(frame)
        }
        return TraceResolution(trace: trace, frames: frames, isTouched: isTouched)
    }

    private mutating func resolve(
        _ frame: inout FrameResolution, address: UInt64, meaning: AddressMeaning, mode: EventFrame.AddressMode
    ) {
        let (lookup, place) = addresses.place(address, meaning: meaning, mode: mode, in: event)
        frame.lookup = lookup
        guard let place else {
            frame.status = .unknownImage
            return
        }
        resolve(&frame, at: place)
    }

    /// By symbol and offset: the address is counted from the symbol's entry in the image's file.
    private mutating func resolve(
        _ resolution: inout FrameResolution, symbolic frame: EventFrame, meaning: AddressMeaning
    ) {
        guard let image = symbolic.image(of: frame) else {
            resolution.status = .unknownImage
            return
        }
        resolution.image = image
        guard let index = indexes[image], let link = links[image] else {
            resolution.status = .missing
            if case .failed(.malformed, _, _) = images[image] { resolution.status = .malformed }
            return
        }
        guard let entry = symbolic.entry(of: frame, image: image, index: index),
            let address = frame.symbolOffset.map({ entry.addingReportingOverflow($0) }), !address.overflow,
            let offset = link.offset(
                ofAddress: addresses.architecture.lookupAddress(address.partialValue, meaning: meaning))
        else {
            resolution.status = .missingSymbol
            return
        }
        resolve(&resolution, at: EventAddresses.Place(image: image, offset: offset))
    }

    private mutating func resolve(_ frame: inout FrameResolution, at place: EventAddresses.Place) {
        frame.image = place.image
        switch images[place.image] {
        case .found:
            switch chains.answer(place) {
            case .chain(let number):
                frame.chain = number
                frame.status = .symbolicated
            case .hole: frame.status = .missingSymbol
            case .damaged(let reason):
                frame.status = .malformed
                if damaged[place.image] == nil { damaged[place.image] = reason }
            case .limit: frame.isLeftByLimit = true
            }
        case .failed(.malformed, _, _): frame.status = .malformed
        case .failed, nil: frame.status = .missing
        }
    }

    private func isTrampolineStart(_ address: UInt64, _ mode: EventFrame.AddressMode) -> Bool {
        guard let place = addresses.place(address, meaning: .instruction, mode: mode, in: event).place,
            case .found = images[place.image]
        else { return false }
        return chains.trampolineStarts(at: place)
    }

    /// By the names that the event itself gives, for images without an index.
    private func isTrampoline(_ frame: EventFrame) -> Bool {
        (frame.symbol ?? frame.function).map { SignalTrampoline.isOne($0) } ?? false
    }
}
