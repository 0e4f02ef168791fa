/// The lines that glibc's `backtrace_symbols` and `backtrace_symbols_fd` make, printed by a program about itself.
///
/// All addresses are return addresses, the innermost too: `backtrace` was called there. Behind a signal trampoline the
/// address is that of the interrupted instruction, and the trampoline's own is its entry: both are looked up as they are. One byte
/// less would be the function before.
///
/// There are no build ids. Lines `(+0x…)` of a file tell its base; with symbols only the frames are kept as symbol
/// and offset.
enum BacktraceSymbolsFormat: TextFormat {
    static let format = DecodedReport.Format.backtraceSymbols

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool { BacktraceSymbolsLine.mayBe(line.trimmed) }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        var found: [BacktraceSymbolsLine] = []
        while let line = lines.line, let frame = BacktraceSymbolsLine(line) {
            found.append(frame)
            lines.advance()
        }
        guard found.count > 1 || found.first?.isUnmistakable == true, found.contains(where: \.namesFile) else {
            throw TextMismatch(
                line: lines.number, expected: "a line such as ./till(+0x1b05)[0x560000401b05]", understood: found.count)
        }
        return .crash(crash(found))
    }

    private static func crash(_ found: [BacktraceSymbolsLine]) -> ReportedCrash {
        var modules = ModuleOffsets()
        var stack: [StackLine] = []
        for frame in found {
            var line = StackLine()
            line.kind = .returnAddress
            line.address = frame.address
            line.function = frame.symbol
            if frame.symbol != nil { line.symbolOffset = frame.offset }
            if let path = frame.path {
                let module = modules.module(path: path, buildID: nil)
                line.module = module
                if frame.symbol == nil {
                    // Without offset: the dynamic loader has added nothing to the link address.
                    line.offset = frame.offset ?? frame.address
                    modules.place(module, address: frame.address, offset: line.offset ?? 0)
                }
            }
            stack.append(line)
        }
        var crash = ReportedCrash()
        crash.mechanism = "backtrace_symbols"
        crash.contextName = "backtrace_symbols"
        if let place = trampoline(in: found) {
            stack[place].kind = .programCounter
            stack[place + 1].kind = .programCounter
            if found[place].symbol == nil {
                crash.notes.append(
                    "frame \(place) is taken for the signal trampoline, frame \(place + 1) for the interrupted one")
            }
        }
        var thread = ReportedThread()
        thread.isCrashed = true
        thread.frames = ReportedFrame.frames(stack, modules)
        let images = modules.images
        var unplaced = 0
        for index in thread.frames.indices {
            guard let module = stack[index].module, images[module].address == nil, images[module].linkAddress == nil
            else {
                continue
            }
            thread.frames[index].package = images[module].path
            // Nobody knows where the file was loaded; symbol and offset can be looked up all the same.
            guard stack[index].symbolOffset != nil else { continue }
            thread.frames[index].address = nil
            unplaced += 1
        }
        if unplaced > 0 {
            crash.notes.append(
                "\(unplaced) frames lie in files whose load address no line tells; they are looked up by symbol")
        }
        crash.threads = [thread]
        crash.images = images
        crash.notes += modules.notes
        return crash
    }

    /// The position of the trampoline: by its name, else a frame of the C library without a symbol, called from elsewhere,
    /// at an address as aligned as functions are, and not the one that calls `main`.
    private static func trampoline(in found: [BacktraceSymbolsLine]) -> Int? {
        for (index, frame) in found.dropLast().enumerated() {
            if let symbol = frame.symbol {
                if SignalFrames.isTrampoline(symbol) { return index }
                continue
            }
            guard index > 0, let path = frame.path, SignalFrames.isCLibrary(path), let offset = frame.offset,
                offset & 15 == 0, found[index - 1].path != path,
                found[index + 1].symbol?.hasPrefix("__libc_start_main") != true
            else { continue }
            return index
        }
        return nil
    }
}
