/// Output of elfutils' `eu-stack`, with whatever options.
///
///     PID 4242 - core                                                   or process
///     TID 4242:
///     #0  0x0000560000401b05     unitPrice - till                       -a: blanks for an exact address, -m: the file
///         [0011…]@0x560000400000+0x1b05                                 -b: build id, base and offset
///         /src/till.c:34:21                                             -s
///     #2  0x0000560000401ba3 - 1 checkout - till                        -a: a return address
///
/// Addresses are as they stand in the frames, offsets are adjusted. Without `-a` the innermost frame and those of a signal
/// trampoline are exact, the others are return addresses. `-i` repeats the address for inlined calls.
enum EuStackFormat: TextFormat {
    static let format = DecodedReport.Format.euStack

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "PID ") ? EuStackLine.process(line) != nil : EuStackLine.thread(line) != nil
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        var stacks = EuStackStacks()
        var end = lines.position
        var idle = 0
        while let line = lines.line, idle <= 16 {
            switch stacks.take(line) {
            case .understood: (end, idle) = (lines.position + 1, 0)
            case .unknown: idle += 1
            case .next: idle = Int.max - 1
            }
            if idle > 16 { break }
            lines.advance()
        }
        guard let crash = stacks.crash() else {
            throw TextMismatch(
                line: lines.number, expected: "a frame of eu-stack", understood: stacks.understood)
        }
        lines.move(to: end)
        return .crash(crash)
    }
}

/// One line of eu-stack.
enum EuStackLine {
    /// `PID 4242 - core`.
    static func process(_ line: ArraySlice<UInt8>) -> (id: UInt64, isCore: Bool)? {
        var scanner = LineScanner(line)
        guard scanner.skip("PID "), let id = scanner.decimal(), scanner.skip(" - ") else { return nil }
        let isCore = scanner.rest.trimmed.elementsEqual("core".utf8)
        guard isCore || scanner.rest.trimmed.elementsEqual("process".utf8) else { return nil }
        return (id, isCore)
    }

    /// `TID 4242:`.
    static func thread(_ line: ArraySlice<UInt8>) -> UInt64? {
        var scanner = LineScanner(line)
        guard scanner.skip("TID "), let id = scanner.decimal(), scanner.skip(":"), scanner.rest.trimmed.isEmpty else {
            return nil
        }
        return id
    }

    /// A frame, and whether `-a` said what its address is.
    static func frame(_ text: ArraySlice<UInt8>) -> (line: StackLine, number: UInt64, isKnown: Bool)? {
        var scanner = LineScanner(text)
        guard scanner.skip("#"), let number = scanner.decimal(), scanner.skipSpaces() > 0,
            let address = scanner.address()
        else { return nil }
        var line = StackLine()
        line.text = StackLine.text(text)
        line.address = address
        var isKnown = false
        if scanner.skip(" - 1") {
            line.kind = .returnAddress
            isKnown = true
        } else if scanner.rest.starts(with: "    ") {
            isKnown = true
        }
        var rest = scanner.rest.trimmed
        // What gdb prints: another format.
        if rest.starts(with: "in ") { return nil }
        var names = LineScanner(rest)
        if let name = names.untilLast(" - "), !names.isAtEnd {
            line.package = names.rest.prefix(4096).text
            rest = name
        } else if rest.starts(with: "- ") {
            line.package = rest.dropFirst(2).prefix(4096).text
            rest = rest.prefix(0)
        }
        if !rest.trimmed.isEmpty { line.function = rest.trimmed.prefix(4096).text }
        return (line, number, isKnown)
    }

    /// `[BUILDID]@0xBASE+0xOFFSET`.
    static func place(_ line: ArraySlice<UInt8>) -> (buildID: String, base: UInt64)? {
        var scanner = LineScanner(line.trimmed)
        guard scanner.skip("["), let digits = scanner.until("]@"), digits.count <= 128,
            digits.allSatisfy({ LineScanner.digit($0) != nil }), let base = scanner.address(), scanner.skip("+0x"),
            scanner.hexadecimal() != nil
        else { return nil }
        return (digits.text.lowercased(), base)
    }
}

/// What eu-stack has said, line by line.
struct EuStackStacks {
    private struct Stack {
        var id: UInt64?
        var lines: [StackLine] = []
        var isTruncated = false
    }

    private var process: (id: UInt64, isCore: Bool)?
    private var stacks: [Stack] = []
    private var modules = ModuleOffsets()
    private var messages: [String] = []
    private(set) var understood = 0

    /// Takes the next line.
    mutating func take(_ line: ArraySlice<UInt8>) -> GDBSession.Answer {
        if let process = EuStackLine.process(line) {
            if self.process != nil || !stacks.isEmpty { return .next }
            self.process = process
            return count()
        }
        if let id = EuStackLine.thread(line) {
            // A process of threads without a single frame is none.
            if stacks.count >= 64, stacks.allSatisfy(\.lines.isEmpty) { return .next }
            stacks.append(Stack(id: id))
            return count()
        }
        if line.starts(with: "eu-stack: ") {
            if line.contains("shown max number of frames"), !stacks.isEmpty {
                stacks[stacks.count - 1].isTruncated = true
            }
            if messages.count < 16 { messages.append(StackLine.text(line)) }
            return .unknown
        }
        guard !stacks.isEmpty else { return .unknown }
        let last = stacks.count - 1
        if line.first == UInt8(ascii: "#"), let frame = EuStackLine.frame(line) {
            add(frame, to: last)
            return count()
        }
        guard line.starts(with: "    "), !stacks[last].lines.isEmpty else { return .unknown }
        let frame = stacks[last].lines.count - 1
        if let place = EuStackLine.place(line) {
            let path = stacks[last].lines[frame].package
            let module = modules.module(path: path, buildID: place.buildID)
            modules.place(module, address: place.base, offset: 0)
            stacks[last].lines[frame].module = module
            return count()
        }
        if stacks[last].lines[frame].file == nil {
            stacks[last].lines[frame].setPlace(line.trimmed)
            stacks[last].lines[frame].text += " " + StackLine.text(line)
            return count()
        }
        return .unknown
    }

    private mutating func count() -> GDBSession.Answer {
        understood += 1
        return .understood
    }

    private mutating func add(_ frame: (line: StackLine, number: UInt64, isKnown: Bool), to stack: Int) {
        var line = frame.line
        if !frame.isKnown, let previous = stacks[stack].lines.last {
            let isBehindTrampoline = previous.function.map { SignalFrames.isTrampoline($0) } ?? false
            let isTrampoline = line.function.map { SignalFrames.isTrampoline($0) } ?? false
            line.kind = isBehindTrampoline || isTrampoline ? .programCounter : .returnAddress
        }
        stacks[stack].lines.append(line)
    }

    /// What was read; `nil` without a frame.
    func crash() -> ReportedCrash? {
        guard stacks.contains(where: { !$0.lines.isEmpty }) else { return nil }
        var crash = ReportedCrash()
        crash.mechanism = "eu-stack"
        crash.contextName = "eu_stack"
        if let process {
            crash.facts.append(.init(key: "process_id", json: Array(String(process.id).utf8)))
            crash.addFact("taken_from", text: process.isCore ? "core" : "process")
        }
        crash.addFact("messages", texts: messages)
        var ids: Set<String> = []
        for (position, stack) in stacks.enumerated() {
            var thread = ReportedThread()
            // The first thread of a core is the one that crashed, of a process its first.
            thread.isCrashed = position == 0
            let id = stack.id.map { String($0) } ?? "stack \(position + 1)"
            thread.id = ids.insert(id).inserted ? id : "\(id), again (\(position + 1))"
            thread.frames = ReportedFrame.frames(stack.lines, modules)
            if stack.isTruncated { thread.frames.append(ReportedFrame(kind: .truncated)) }
            crash.threads.append(thread)
        }
        crash.images = modules.images
        if crash.images.isEmpty {
            crash.notes.append(
                "eu-stack was run without -b: no build ids and no load addresses, nothing can be looked up")
        }
        crash.notes += modules.notes
        return crash
    }
}
