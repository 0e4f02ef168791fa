/// What a sanitizer's report says behind its headline, line by line.
struct SanitizerBody {
    /// What a line was.
    enum Answer {
        /// Part of the report.
        case understood
        /// Nothing that is known: part of the report when something known follows.
        case unknown
        /// The report's last line.
        case last
        /// The beginning of another report.
        case next
    }

    private struct Stack {
        var heading: String?
        var lines: [StackLine] = []
        /// The sanitizer could not restore the stack of this heading.
        var isLost = false
    }

    private enum State {
        case stacks
        /// Behind the summary: memory dumps and last words.
        case tail
        case legend
    }

    private let headline: SanitizerHeadline
    private var state = State.stacks
    private var modules = ModuleOffsets()
    private var stacks: [Stack] = []
    private var isInStack = false
    /// Lines of which it is not known yet what they are: a heading, when a frame follows.
    private var pending: [String] = []
    /// How many of them belong to the report whatever follows.
    private var confirmed = 0
    private var wasBlank = false
    private var summary: String?
    private var hints: [String] = []
    private var hintsLeftOut = 0
    private var registers: [ReportedThread.Register] = []
    private var value: String?

    /// Lines without a place in the event that are kept.
    private static let hintLimit = 64

    init(_ headline: SanitizerHeadline) { self.headline = headline }

    /// Takes the next line; `next` is the one behind it.
    mutating func take(_ line: ArraySlice<UInt8>, next: ArraySlice<UInt8>?) -> Answer {
        let isIndented = line.first == 0x20 || line.first == 0x09
        let line = line.trimmed
        if line.isEmpty {
            isInStack = false
            wasBlank = true
            return .unknown
        }
        defer { wasBlank = false }
        if SanitizerHeadline(line) != nil { return .next }
        if SanitizerFormat.isRule(line) {
            if let next, SanitizerHeadline(next) != nil { return .next }
            return state == .stacks && summary == nil ? .next : .last
        }
        if state != .stacks { return takeTail(line, isIndented: isIndented) }
        if line.first == UInt8(ascii: "#"), let frame = SanitizerFrame(line) {
            add(frame)
            return .understood
        }
        isInStack = false
        var scanner = LineScanner(line)
        if scanner.skip("SUMMARY: ") {
            flush()
            if let tool = scanner.until(": "), tool.count < 40 { summary = StackLine.text(scanner.rest) }
            state = .tail
            return headline.isRuntimeError ? .last : .understood
        }
        if headline.isRuntimeError, !isNote(line, isIndented: isIndented) { return .next }
        if line.elementsEqual("<empty stack>".utf8) || line.starts(with: "[failed to restore the stack]") {
            stacks.append(Stack(heading: heading(), isLost: true))
            return .understood
        }
        if takeRegisters(line) || line.suffix(16).elementsEqual("Register values:".utf8) { return .understood }
        if pending.count < 4 * Self.hintLimit { pending.append(StackLine.text(line)) } else { hintsLeftOut += 1 }
        guard headline.isRuntimeError || isFromProcess(line) else { return .unknown }
        confirmed = pending.count
        return .understood
    }

    // MARK: - Stacks

    private mutating func add(_ frame: SanitizerFrame) {
        if !isInStack || frame.number == 0 {
            // A stack that does not begin at 0 goes on with the one before, unless a heading says otherwise.
            if frame.number == 0 || stacks.isEmpty || !pending.isEmpty {
                stacks.append(Stack(heading: heading()))
            }
        }
        isInStack = true
        var line = frame.line
        if let module = frame.module {
            let index = modules.module(path: module.path, buildID: module.buildID)
            line.module = index
            line.offset = module.offset
            if let address = line.address { modules.place(index, address: address, offset: module.offset) }
        }
        stacks[stacks.count - 1].lines.append(line)
    }

    /// The line right before a stack; what stands before that are hints. The first stack's lines are the value.
    private mutating func heading() -> String? {
        defer { (pending, confirmed) = ([], 0) }
        if stacks.isEmpty, !pending.isEmpty, !isLeak {
            value = pending.map { Self.withoutProcess($0) }.prefix(4).joined(separator: " ")
            let own = pending.last.map { Self.withoutProcess($0) }
            for line in pending.dropFirst(4) { hint(line) }
            return own
        }
        let own = wasBlank ? nil : pending.popLast()
        for line in pending { hint(line) }
        return own
    }

    private var isLeak: Bool { headline.tool == "LeakSanitizer" || headline.text.hasPrefix("detected memory leaks") }

    private mutating func flush() {
        for line in pending { hint(line) }
        (pending, confirmed) = ([], 0)
    }

    private mutating func hint(_ line: String) {
        if hints.count < Self.hintLimit { hints.append(line) } else { hintsLeftOut += 1 }
    }

    /// `==4242==Hint: …` without the process.
    private static func withoutProcess(_ text: String) -> String {
        var scanner = LineScanner(Array(text.utf8)[...])
        guard scanner.skip("=="), scanner.decimal() != nil, scanner.skip("==") else {
            return text.hasSuffix(":") ? String(text.dropLast()) : text
        }
        scanner.skipSpaces()
        return scanner.rest.text
    }

    /// Whether the line is marked with the process of the headline.
    private func isFromProcess(_ line: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(line)
        guard scanner.skip("=="), let id = scanner.decimal(), scanner.skip("==") else { return false }
        return id == headline.processID
    }

    /// What stands between a runtime error and its stack: `a.c:3:1: note: …`, the bytes there, and a caret.
    private func isNote(_ line: ArraySlice<UInt8>, isIndented: Bool) -> Bool {
        guard stacks.isEmpty else { return false }
        if line.contains(": note: ") { return true }
        return isIndented && !pending.isEmpty
            && line.allSatisfy { $0 == 0x20 || LineScanner.digit($0) != nil || $0 == 0x5e || $0 == 0x3f || $0 == 0x7e }
    }

    /// `rax = 0x…  rbx = 0x…`: of the crashed thread.
    private mutating func takeRegisters(_ line: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(line)
        var found: [ReportedThread.Register] = []
        while !scanner.isAtEnd {
            guard found.count < 16, let name = scanner.word(), name.count < 8, scanner.skip(" = "),
                let value = scanner.address()
            else { return false }
            found.append(.init(name: name.text, value: value))
            scanner.skipSpaces()
        }
        if registers.count < 64 { registers += found }
        return true
    }

    // MARK: - Behind the summary

    private mutating func takeTail(_ line: ArraySlice<UInt8>, isIndented: Bool) -> Answer {
        if line.starts(with: "Shadow byte legend") {
            state = .legend
            return .understood
        }
        if line.starts(with: "Shadow bytes around") || line.starts(with: "=>0x") { return .understood }
        if isIndented, state == .legend || line.starts(with: "0x") { return .understood }
        if line.starts(with: "ThreadSanitizer: reported ") { return .last }
        guard isFromProcess(line) else {
            if line.starts(with: "Command: ") {
                hint(StackLine.text(line))
                return .understood
            }
            return .next
        }
        if line.suffix(10).elementsEqual("==ABORTING".utf8) || line.contains("END OF ADDITIONAL INFO") { return .last }
        if !line.contains("ADDITIONAL INFO"), !line.contains("Note: Please include") { hint(StackLine.text(line)) }
        return .understood
    }

    // MARK: - The crash

    /// What was read; `nil` without a stack or a place.
    mutating func crash() -> ReportedCrash? {
        pending = Array(pending.prefix(confirmed))
        flush()
        // Other tools say `FILE:LINE: runtime error`, too.
        if stacks.isEmpty, let place = headline.place, place.column != nil || summary != nil {
            stacks.append(Stack(lines: [place]))
        }
        guard !stacks.isEmpty else { return nil }
        var crash = ReportedCrash()
        crash.mechanism = "sanitizer"
        crash.contextName = "sanitizer"
        crash.isSynthetic = false
        crash.type = headline.type(summary: summary)
        crash.signal = headline.signal
        crash.value = headline.isRuntimeError ? headline.text : isLeak ? summary : value ?? headline.sentence
        if headline.tool == "libFuzzer", Self.returnTheByte(&stacks[0].lines) {
            crash.notes.append(
                "the stack was taken in a signal handler: the frame behind the trampoline was exact and got the byte back "
                    + "that the report takes off")
        }
        for (index, stack) in stacks.enumerated() {
            var thread = ReportedThread()
            thread.isCrashed = index == 0
            thread.frames = ReportedFrame.frames(stack.lines, modules)
            if stack.isLost { thread.frames.append(ReportedFrame(kind: .truncated)) }
            thread.name = stack.heading.map { $0.hasSuffix(":") ? String($0.dropLast()) : $0 }
            if index == 0 {
                thread.registers = registers
                if !isLeak {
                    thread.name =
                        SanitizerHeadline.thread(in: value ?? "") ?? SanitizerHeadline.thread(in: headline.text)
                }
            }
            crash.threads.append(thread)
        }
        if registers.contains(where: { $0.name == "rip" || $0.name == "rax" }) { crash.architecture = "x86_64" }
        crash.images = modules.images
        crash.notes += modules.notes
        addFacts(to: &crash)
        return crash
    }

    private func addFacts(to crash: inout ReportedCrash) {
        crash.addFact("headline", text: headline.text)
        if let id = headline.processID { crash.facts.append(.init(key: "process_id", json: Array(String(id).utf8))) }
        crash.addFact("summary", text: summary)
        crash.addFact("hints", texts: hints)
        if hintsLeftOut > 0 { crash.notes.append("\(hintsLeftOut) further lines of the report were left out") }
        if summary == nil, !headline.isRuntimeError {
            crash.notes.append("the report has no SUMMARY line: its end is missing")
        }
        if crash.images.isEmpty, stacks.contains(where: { $0.lines.contains { $0.address != nil } }) {
            crash.notes.append(
                "the report names no files, so nothing can be looked up: with symbolize=0 among the sanitizer's options it does"
            )
        }
        if stacks.contains(where: \.isLost) { crash.notes.append("the sanitizer could not restore a stack") }
    }

    /// Adds 1 to the trampoline and the frame behind it. The handler's frames are the program's; the first frame in the
    /// C library, or by name, is the trampoline: with less one it lies before the symbol and has no name.
    private static func returnTheByte(_ lines: inout [StackLine]) -> Bool {
        guard
            let place = lines.firstIndex(where: { line in
                if let name = line.function, SignalFrames.isTrampoline(name) { return true }
                // Trampolines are aligned: less one, all low bits are set.
                return (line.offset ?? 0) & 15 == 15 && SignalFrames.isCLibrary(inLine: line.text)
            }), place > 0, place + 1 < lines.count
        else { return false }
        let interrupted = lines[place + 1].address
        for index in place..<lines.count {
            // All lines inlined at the interrupted instruction.
            if index > place + 1, lines[index].address != interrupted { break }
            lines[index].address = lines[index].address.map { $0 &+ 1 }
            lines[index].offset = lines[index].offset.map { $0 &+ 1 }
        }
        return true
    }
}
