/// What lldb prints for `bt` and `bt all`, with the `image list` of the same session where there is one.
///
///     * thread #1, name = 'till', stop reason = signal SIGSEGV: invalid address (fault address: 0xe)
///       * frame #0: 0x000055555555530b till`lineTotal [inlined] unitPrice(i=3) at till.c:34:21
///         frame #1: 0x0000555555555308 till`lineTotal(b=0x2, i=3) at till.c:38:17
///         frame #2: 0x00005555555553a3 till`_start + 33
///     [  0] 10A3F16C-…-1D510234 0x0000555555554000 /app/till
///
/// Frames inlined into another have an address of their own, where the inlined code begins; the physical frame's is that of
/// the first of them. The innermost address is exact, as are a signal trampoline's and the one behind it.
enum LLDBFormat: TextFormat {
    static let format = DecodedReport.Format.lldb

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        let line = line.trimmed
        return line.starts(with: "* thread #") || line.starts(with: "frame #0: 0x")
            || line.starts(with: "* frame #0: 0x")
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        var session = LLDBSession()
        var end = lines.position
        var idle = 0
        while let line = lines.line, idle <= 24 {
            if session.take(line.trimmed) { (end, idle) = (lines.position + 1, 0) } else { idle += 1 }
            if session.isOver { break }
            lines.advance()
        }
        guard let crash = session.crash() else {
            throw TextMismatch(line: lines.number, expected: "a frame of lldb's bt", understood: session.understood)
        }
        lines.move(to: session.isOver ? lines.position : end)
        return .crash(crash)
    }
}

/// What an lldb session has said, line by line.
struct LLDBSession {
    private struct Stack {
        var number: UInt64?
        var name: String?
        var isSelected = false
        var lines: [StackLine] = []
        /// The last line was inlined into the next one.
        var isInlined = false
    }

    private struct Image {
        var path: String
        var buildID: String?
        var base: UInt64
    }

    private var stacks: [Stack] = []
    private var images: [Image] = []
    private var stopReason: String?
    private(set) var understood = 0
    /// Whether the last line was the beginning of another report.
    private(set) var isOver = false

    /// Whether a line without space around it is lldb's.
    mutating func take(_ line: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(line)
        let isSelected = scanner.skip("* ")
        if scanner.skip("thread #"), let number = scanner.decimal() {
            guard images.isEmpty else {
                isOver = true
                return false
            }
            add(thread: number, scanner.rest, isSelected: isSelected)
        } else if scanner.skip("frame #"), let frame = Self.frame(scanner) {
            add(frame)
        } else if line.first == UInt8(ascii: "["), !stacks.isEmpty, let image = Self.image(line) {
            if images.count < 20_000 { images.append(image) }
        } else {
            return false
        }
        understood += 1
        return true
    }

    private mutating func add(thread number: UInt64, _ rest: ArraySlice<UInt8>, isSelected: Bool) {
        var stack = Stack(number: number, isSelected: isSelected)
        var scanner = LineScanner(rest)
        if scanner.until("name = '") != nil, let name = scanner.until("'") { stack.name = name.text }
        scanner = LineScanner(rest)
        if isSelected, stopReason == nil, scanner.until("stop reason = ") != nil {
            stopReason = StackLine.text(scanner.rest)
        }
        stacks.append(stack)
    }

    private mutating func add(_ frame: (number: UInt64, line: StackLine, isInlined: Bool)) {
        if stacks.isEmpty || (frame.number == 0 && stacks.last?.lines.isEmpty == false) { stacks.append(Stack()) }
        let last = stacks.count - 1
        var line = frame.line
        let previous = stacks[last].lines.last
        line.belongsToPrevious = stacks[last].isInlined
        let isTrampoline = line.function.map { SignalFrames.isTrampoline($0) } ?? false
        let isBehindTrampoline = previous?.function.map { SignalFrames.isTrampoline($0) } ?? false
        line.kind = previous == nil || isTrampoline || isBehindTrampoline ? .programCounter : .returnAddress
        stacks[last].isInlined = frame.isInlined
        stacks[last].lines.append(line)
    }

    // MARK: - Lines

    /// ``N: 0xADDRESS MODULE`FUNCTION(ARGUMENTS) + OFFSET at FILE:LINE:COLUMN``, behind `frame #`.
    private static func frame(_ start: LineScanner) -> (number: UInt64, line: StackLine, isInlined: Bool)? {
        var scanner = start
        guard let number = scanner.decimal(), scanner.skip(": "), let address = scanner.address() else { return nil }
        var line = StackLine()
        line.address = address
        line.text = "frame #" + StackLine.text(start.rest)
        line.saysMore = true
        scanner.skipSpaces()
        guard !scanner.isAtEnd else { return (number, line, false) }
        guard let module = scanner.until("`"), !module.isEmpty, module.count <= 4096 else { return nil }
        line.package = module.text
        var rest = scanner.rest
        var place = LineScanner(rest)
        if let head = place.untilLast(" at ") {
            var probe = line
            probe.setPlace((place.word() ?? [])[...])
            if probe.line != nil {
                line = probe
                rest = head
            }
        }
        var inlined = LineScanner(rest)
        let isInlined = inlined.until(" [inlined] ") != nil
        if isInlined { rest = inlined.rest }
        var offset = LineScanner(rest)
        if let head = offset.untilLast(" + "), let value = offset.decimal() {
            line.symbolOffset = value
            rest = head
        }
        line.function = name(rest)
        return (number, line, isInlined)
    }

    /// A function's name without its arguments: up to a parenthesis outside of `<…>`.
    private static func name(_ text: ArraySlice<UInt8>) -> String? {
        var depth = 0
        var end = text.endIndex
        for position in text.indices {
            switch text[position] {
            case UInt8(ascii: "<"): depth += 1
            case UInt8(ascii: ">"): depth = max(0, depth - 1)
            case UInt8(ascii: "(") where depth == 0 && position > text.startIndex:
                end = position
            default: break
            }
            if end < text.endIndex { break }
        }
        let name = text[..<end].trimmed
        return name.isEmpty || name.starts(with: "___lldb_unnamed_symbol") ? nil : name.prefix(4096).text
    }

    /// `[  0] UUID 0xBASE PATH`; a UUID as long as a build id is one.
    private static func image(_ line: ArraySlice<UInt8>) -> Image? {
        var scanner = LineScanner(line.dropFirst())
        scanner.skipSpaces()
        guard scanner.decimal() != nil, scanner.skip("] "), let uuid = scanner.word(), scanner.skip(" "),
            let base = scanner.address(), scanner.skip(" ")
        else { return nil }
        let digits = uuid.filter { $0 != UInt8(ascii: "-") }
        guard digits.count <= 128, digits.allSatisfy({ LineScanner.digit($0) != nil }) else { return nil }
        var path = scanner.rest.trimmed
        if path.last == UInt8(ascii: ")"), let open = path.lastIndex(of: UInt8(ascii: "(")) {
            path = path[..<open].trimmed
        }
        guard !path.isEmpty, path.count <= 4096 else { return nil }
        let isBuildID = digits.count >= 16
        return Image(path: path.text, buildID: isBuildID ? digits[...].text.lowercased() : nil, base: base)
    }

    // MARK: - The crash

    /// What was read; `nil` without a frame.
    func crash() -> ReportedCrash? {
        let kept = distinctStacks()
        guard !kept.isEmpty else { return nil }
        var crash = ReportedCrash()
        crash.mechanism = "lldb"
        crash.contextName = "lldb"
        addReason(to: &crash)
        var modules = ModuleOffsets()
        var named: [String: Int] = [:]
        for image in images {
            let module = modules.module(path: image.path, buildID: image.buildID)
            modules.place(module, address: image.base, offset: 0)
            named[image.path.split(separator: "/").last.map(String.init) ?? image.path] = module
        }
        let crashed = kept.firstIndex(where: \.isSelected) ?? 0
        var ids: Set<String> = []
        for (position, stack) in kept.enumerated() {
            var thread = ReportedThread()
            thread.isCrashed = position == crashed
            let id = stack.number.map { String($0) } ?? "stack \(position + 1)"
            thread.id = ids.insert(id).inserted ? id : "\(id), again (\(position + 1))"
            thread.name = stack.name
            var lines = stack.lines
            for index in lines.indices {
                guard let package = lines[index].package else { continue }
                let module = named[package] ?? modules.module(path: package, buildID: nil)
                named[package] = module
                lines[index].module = module
            }
            thread.frames = ReportedFrame.frames(lines, modules)
            crash.threads.append(thread)
        }
        crash.images = modules.images
        crash.notes = modules.notes
        if images.isEmpty {
            crash.notes.append(
                "lldb prints no load addresses with bt: 'image list' does, in the same text the frames can be looked up"
            )
        }
        return crash
    }

    /// `signal SIGSEGV: invalid address (fault address: 0xe)`.
    private func addReason(to crash: inout ReportedCrash) {
        guard let stopReason else { return }
        var scanner = LineScanner(Array(stopReason.utf8)[...])
        guard scanner.skip("signal "), let word = scanner.word() else {
            crash.value = stopReason
            return
        }
        let name = (word.last == UInt8(ascii: ":") ? word.dropLast() : word).text
        var signal = ReportedSignal(name: name, number: SignalNames.number(of: name))
        let text = scanner.rest.trimmed
        if !text.isEmpty { crash.value = text.text }
        if scanner.until("fault address: ") != nil { signal.faultAddress = scanner.address() }
        crash.type = name
        crash.signal = signal
    }

    /// Stacks with frames; of those of one thread the longest. lldb shows where it stopped before `bt` shows all of it.
    private func distinctStacks() -> [Stack] {
        var kept: [Stack] = []
        var positions: [UInt64: Int] = [:]
        for stack in stacks where !stack.lines.isEmpty {
            if let number = stack.number, let known = positions[number],
                kept[known].lines.first?.address == stack.lines.first?.address
            {
                if stack.lines.count > kept[known].lines.count { kept[known] = stack }
                continue
            }
            if let number = stack.number { positions[number] = kept.count }
            kept.append(stack)
        }
        return kept
    }
}
