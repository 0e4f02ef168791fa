internal import CrashEvent

/// Writes what one frame of an event becomes: one entry a function, the physical one first, the innermost last.
///
///     came      {"instruction_addr":"0x4011b0","vars":{…},"x":1}
///     becomes   {"instruction_addr":"0x4011b0","vars":{…},"x":1,"function":"outer",…,"data":{…}}      physical
///               {"instruction_addr":"0x4011b0","function":"inner",…,"data":{…,"symbolist":{"inlined":true}}}
///
/// What the frame carried that Symbolist does not write stays, byte for byte, on the physical entry only.
struct FrameGroupWriter {
    let event: CrashEvent
    let chains: ChainTable
    let rules: InAppRules
    private let eventPlatform: String?
    /// Whether the event says of any image where it was loaded.
    private let hasLoadAddress: Bool

    init(_ resolved: ResolvedEvent) {
        event = resolved.event
        chains = resolved.chains
        rules = resolved.rules
        eventPlatform = resolved.event.platform
        hasLoadAddress = resolved.event.images.contains { $0.imageAddress != nil }
    }

    private var document: JSONDocument { event.document }

    /// Where the numbers of a frame count from: an image's start, or 0 for `rel:` addresses.
    private func base(of resolution: FrameResolution, mode: EventFrame.AddressMode) -> UInt64 {
        guard mode == .absolute, let image = resolution.image else { return 0 }
        return event.images[image].imageAddress ?? 0
    }

    // MARK: - Resolved

    /// The entries of a frame with a chain, with commas between them.
    func entries(
        of frame: EventFrame, _ resolution: FrameResolution, chain: Chain, contexts: inout SourceContexts
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 * chain.entries.count)
        let ownInApp = frame.inApp
        let mode = frame.addressMode
        let base = base(of: resolution, mode: mode)
        for position in chain.entries.reversed() {
            let isPhysical = position == chain.entries.upperBound - 1
            writer.beginObject()
            if isPhysical {
                // Only a line is known: the event's own name of the function is better than none.
                let dropped = chains.entries[position].function < 0 ? Self.placingKeys : Self.namingKeys
                copyMembers(of: frame.node, except: dropped, to: &writer)
            } else {
                for key in ["instruction_addr", "addr_mode", "platform", "trust"] {
                    if let value = document.member(key, of: frame.node) {
                        writer.member(key, raw: document.rawBytes(of: value))
                    }
                }
            }
            let entry = chains.entries[position]
            writeNames(entry, to: &writer)
            writer.member("in_app", entry.isInApp && (entry.isFirm || ownInApp != false))
            if isPhysical, let offset = chain.entryOffset { writer.member("symbol_addr", address: base &+ offset) }
            writeImage(resolution, frame, isPhysical: isPhysical, to: &writer)
            let context = contexts.members(ofEntry: position, in: chains)
            if let context { writer.raw(context.members) }
            writeData(
                of: frame, resolution, isPhysical: isPhysical, entry: entry,
                mark: context == nil ? nil : contexts.mark(of: entry, in: chains), column: context?.column, to: &writer)
            writer.endObject()
        }
        return writer.bytes
    }

    private func writeNames(_ entry: ChainEntry, to writer: inout JSONWriter) {
        if entry.function >= 0 {
            let function = chains.functions[Int(entry.function)]
            writer.member("function", function.name)
            writer.member("raw_function", ifPresent: function.fullName)
            writer.member("symbol", ifPresent: function.linkageName)
        }
        if entry.file >= 0 {
            let path = chains.files[Int(entry.file)].path
            writer.member("filename", Self.baseName(path))
            writer.member("abs_path", path)
        }
        if entry.line > 0 {
            writer.member("lineno", entry.line)
            if entry.column > 0 { writer.member("colno", entry.column) }
        }
    }

    // MARK: - Unresolved

    /// The one entry of a frame without a chain: as it came, with its status, and its own names if it has any.
    func unresolved(_ frame: EventFrame, _ resolution: FrameResolution) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        copyMembers(of: frame.node, except: resolution.image == nil ? Self.statusKeys : Self.placeKeys, to: &writer)
        writer.member("in_app", isInApp(frame, resolution))
        writeImage(resolution, frame, isPhysical: true, to: &writer)
        writeData(of: frame, resolution, isPhysical: true, entry: nil, mark: nil, column: nil, to: &writer)
        writer.endObject()
        return writer.bytes
    }

    /// A frame without a place: as it came, with whether it is in-app.
    func named(_ frame: EventFrame, _ resolution: FrameResolution) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        copyMembers(of: frame.node, except: ["in_app"], to: &writer)
        writer.member("in_app", isInApp(frame, resolution))
        writer.endObject()
        return writer.bytes
    }

    /// By the names that the event gives.
    func isInApp(_ frame: EventFrame, _ resolution: FrameResolution) -> Bool {
        let image = resolution.image.flatMap { event.images[$0].codeFile } ?? frame.package
        let symbol = frame.symbol
        let name = frame.rawFunction ?? frame.function ?? symbol
        guard image != nil || name != nil || resolution.image != nil else { return false }
        let path = frame.absPath ?? frame.filename
        let verdict = rules.verdict(
            InAppRules.Subject(
                linkageName: symbol, fullName: name,
                language: FunctionLanguage(reportedName: symbol ?? name ?? "", path: path), path: path,
                image: image, isRuntimeFailure: name.flatMap { RuntimeFailure.text(inName: $0) } != nil))
        return (verdict.isInApp ?? (symbol?.hasPrefix("$s") != true)) && (verdict.isFirm || frame.inApp != false)
    }

    // MARK: - Parts

    private static let statusKeys: Set<String> = ["in_app", "data"]
    private static let placeKeys: Set<String> = ["in_app", "data", "package", "image_addr"]
    /// What is Symbolist's to say about a resolved frame: an old line beside a new function would be a lie.
    private static let placingKeys: Set<String> = [
        "filename", "abs_path", "lineno", "colno", "pre_context", "context_line", "post_context", "in_app",
        "symbol_addr", "package", "image_addr", "data",
    ]
    private static let namingKeys = placingKeys.union(["function", "raw_function", "symbol"])

    /// The keys of `data.symbolist` that are always Symbolist's; a reporter's `runtime_failure` stays where there is no
    /// other.
    private static let ownKeys: Set<String> = [
        "kind", "inlined", "lookup_addr", "compiler_generated", "name_from", "source", "context_column", "reason",
    ]

    private func copyMembers(of node: JSONNode, except dropped: Set<String>, to writer: inout JSONWriter) {
        for (key, value) in document.members(of: node) {
            if let name = document.string(key), dropped.contains(name) { continue }
            // Key, colon and value with whatever white space is between them.
            writer.raw(document.bytes[document.range(of: key).lowerBound..<document.range(of: value).upperBound])
        }
    }

    private func writeImage(
        _ resolution: FrameResolution, _ frame: EventFrame, isPhysical: Bool, to writer: inout JSONWriter
    ) {
        guard let index = resolution.image else { return }
        let image = event.images[index]
        if let path = image.codeFile {
            writer.member("package", path)
        } else if let package = document.member("package", of: frame.node) {
            writer.member("package", raw: document.rawBytes(of: package))
        }
        if let address = image.imageAddress, address > 0 { writer.member("image_addr", address: address) }
    }

    private func writeData(
        of frame: EventFrame, _ resolution: FrameResolution, isPhysical: Bool, entry: ChainEntry?, mark: SourceMark?,
        column: Int?, to writer: inout JSONWriter
    ) {
        writer.key("data")
        writer.beginObject()
        if isPhysical, let data = frame.data {
            copyMembers(of: data, except: ["symbolicator_status", "symbolist"], to: &writer)
        }
        writer.member("symbolicator_status", resolution.status.rawValue)
        var own = JSONWriter()
        own.beginObject()
        let emptyCount = own.bytes.count
        writeOwn(of: frame, resolution, isPhysical: isPhysical, entry: entry, mark: mark, column: column, to: &own)
        if own.bytes.count > emptyCount {
            own.endObject()
            writer.member("symbolist", raw: own.bytes)
        }
        writer.endObject()
    }

    /// The members of `data.symbolist`.
    private func writeOwn(
        of frame: EventFrame, _ resolution: FrameResolution, isPhysical: Bool, entry: ChainEntry?, mark: SourceMark?,
        column: Int?, to own: inout JSONWriter
    ) {
        let function = entry.flatMap { $0.function >= 0 ? chains.functions[Int($0.function)] : nil }
        if isPhysical, let earlier = frame.symbolistData {
            let isReplaced = function?.runtimeFailure != nil
            copyMembers(
                of: earlier, except: isReplaced ? Self.ownKeys.union(["runtime_failure"]) : Self.ownKeys, to: &own)
        }
        own.member("kind", ifPresent: kind(of: frame, resolution)?.rawValue)
        if !isPhysical { own.member("inlined", true) }
        if let lookup = resolution.lookup, lookup != frame.instructionAddress {
            own.member("lookup_addr", address: lookup)
        }
        if entry?.isCompilerGenerated == true { own.member("compiler_generated", true) }
        own.member("runtime_failure", ifPresent: function?.runtimeFailure)
        if function?.isFromSymbolTable == true { own.member("name_from", "symbol_table") }
        own.member("source", ifPresent: mark?.rawValue)
        if let column { own.member("context_column", column) }
        own.member("reason", ifPresent: reason(frame, resolution))
    }

    /// What the address means: the event's own word, else how it was looked up. An address that the reporter has
    /// adjusted already is looked up as it is, and so is a `pc`.
    private func kind(of frame: EventFrame, _ resolution: FrameResolution) -> FrameKind? {
        if let kind = frame.kind { return kind }
        guard let decision = resolution.decision else { return nil }
        switch decision.meaning {
        case .returnAddress: return .returnAddress
        case .instruction: return .programCounter
        }
    }

    private func reason(_ frame: EventFrame, _ resolution: FrameResolution) -> String? {
        if resolution.role == .withoutAddress { return "no instruction_addr" }
        if frame.malformedAddress { return "instruction_addr is no number of at most 64 bits" }
        if case .unresolved = frame.addressMode { return "addr_mode names no image of the event" }
        // gdb, eu-stack and Rust say none: "outside every image" would be the dump's fault.
        if resolution.status == .unknownImage, !hasLoadAddress { return "no load address" }
        return nil
    }

    /// The last component of a path; of a Windows path too.
    static func baseName(_ path: String) -> String {
        let bytes = path.utf8
        let separator = bytes.contains(UInt8(ascii: "/")) ? UInt8(ascii: "/") : UInt8(ascii: "\\")
        guard let slash = bytes.lastIndex(of: separator) else { return path }
        let name = path[bytes.index(after: slash)...]
        return name.isEmpty ? path : String(name)
    }
}
