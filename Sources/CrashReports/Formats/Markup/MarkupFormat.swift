import CrashEvent

/// LLVM's symbolizer markup, as Fuchsia and the sanitizers with `enable_symbolizer_markup=1` write it.
///
///     {{{reset}}}
///     {{{module:0:till:elf:8f2c…}}}
///     {{{mmap:0x55d0c0de1000:0x3000:load:0:rx:0x1000}}}
///     the drawer is stuck: {{{pc:0x55d0c0de1120}}}
///     {{{bt:0:0x55d0c0de1139:pc}}}
///     {{{bt:1:0x55d0c0de1200:ra}}}
///
/// One report is what one process says, from `reset` to the next: modules and mappings hold for all stacks behind them.
/// A stack begins with frame 0; the first is the crash's. Where an element does not say what its address is, a frame's is
/// a return address, the innermost one's too, and one in a sentence is exact: the format's description wants it so, and
/// llvm-symbolizer does it. Addresses in sentences are a stack of their own, which comes last.
enum MarkupFormat: TextFormat {
    static let format = DecodedReport.Format.llvmMarkup
    /// No frame up to the next process's `reset`, wherever one begins to look.
    static let failsForAllItRead = true

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool { MarkupElement.mayOccur(in: line) }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        var process = MarkupProcess()
        var end = lines.position
        let start = end
        while let line = lines.line {
            let (elements, malformed) = MarkupElement.elements(of: line)
            if lines.position > start, elements.contains(where: { $0.kind == .reset }) { break }
            process.malformed += malformed
            for element in elements { process.take(element.kind) }
            lines.advance()
            if !elements.isEmpty { end = lines.position }
        }
        guard process.hasFrames else {
            throw TextMismatch(
                line: lines.number, expected: "a frame ({{{bt:0:0x…}}} or {{{pc:0x…}}})", understood: end - start)
        }
        lines.move(to: end)
        return .crash(process.crash())
    }
}

/// What one process says in markup.
private struct MarkupProcess {
    private var modules = MarkupModules()
    private var stacks: [[ReportedFrame]] = []
    private var sentences: [ReportedFrame] = []
    private var data: [UInt64] = []
    private var symbols: [String] = []
    private var dumpFiles: [(type: String, name: String)] = []
    var malformed = 0

    /// Facts of one kind that are kept.
    private static let maximumFacts = 64
    private static let maximumSentences = 4096

    var hasFrames: Bool { !stacks.isEmpty || !sentences.isEmpty }

    mutating func take(_ kind: MarkupElement.Kind) {
        switch kind {
        case .reset: break
        case .module(let id, let name, let buildID): modules.add(module: id, name: name, buildID: buildID)
        case .mapping(let start, let size, let module, let link):
            modules.add(start: start, size: size, module: module, linkAddress: link)
        case .frame(let number, let address, let isReturn):
            if number == 0 || stacks.isEmpty { stacks.append([]) }
            stacks[stacks.count - 1].append(
                ReportedFrame(
                    kind: isReturn ?? true ? .returnAddress : .programCounter, address: .absolute(address)))
        case .code(let address, let isReturn):
            guard sentences.count < Self.maximumSentences else { return }
            sentences.append(
                ReportedFrame(kind: isReturn ?? false ? .returnAddress : .programCounter, address: .absolute(address)))
        case .data(let address): if data.count < Self.maximumFacts { data.append(address) }
        case .symbol(let name): if symbols.count < Self.maximumFacts { symbols.append(name) }
        case .dumpFile(let type, let name):
            if dumpFiles.count < Self.maximumFacts { dumpFiles.append((type, name)) }
        }
    }

    func crash() -> ReportedCrash {
        var crash = ReportedCrash()
        crash.mechanism = "llvm-markup"
        crash.contextName = "llvm_markup"
        crash.images = modules.images
        crash.threads = stacks.enumerated().map { position, frames in
            var thread = ReportedThread()
            thread.isCrashed = position == 0
            thread.frames = frames
            return thread
        }
        if !sentences.isEmpty {
            var thread = ReportedThread()
            thread.name = "addresses in the text"
            thread.isCrashed = stacks.isEmpty
            thread.frames = sentences
            crash.threads.append(thread)
        }
        addFacts(to: &crash)
        crash.notes = modules.notes
        if malformed > 0 { crash.notes.append("\(malformed) malformed markup elements were passed over") }
        return crash
    }

    private func addFacts(to crash: inout ReportedCrash) {
        func add(_ key: String, _ values: [[UInt8]]) {
            guard !values.isEmpty else { return }
            var writer = JSONWriter()
            writer.beginArray()
            for value in values { writer.raw(value) }
            writer.endArray()
            crash.facts.append(ReportedCrash.Fact(key: key, json: writer.bytes))
        }
        add("data", data.map { JSONWriter.address($0) })
        add("symbols", symbols.map { JSONWriter.string($0) })
        add("dump_files", dumpFiles.map { JSONWriter.string("\($0.type): \($0.name)") })
    }
}
