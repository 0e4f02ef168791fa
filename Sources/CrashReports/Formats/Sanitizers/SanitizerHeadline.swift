/// The line that a sanitizer's report begins with.
///
///     ==4242==ERROR: AddressSanitizer: heap-use-after-free on address 0x… at pc 0x… bp 0x… sp 0x…
///     WARNING: ThreadSanitizer: data race (pid=4242)
///     ==4242== ERROR: libFuzzer: deadly signal
///     a.cpp:5:14: runtime error: signed integer overflow: …
struct SanitizerHeadline {
    /// `AddressSanitizer`, …, `libFuzzer`.
    var tool: String
    /// Behind the tool's name.
    var text: String
    var processID: UInt64?
    /// `FILE:LINE:COLUMN` of a runtime error.
    var place: StackLine?

    private static let undefined = "UndefinedBehaviorSanitizer"

    /// The headline in a line without space around it; `nil` when it is none.
    init?(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line)
        if scanner.skip("==") {
            guard let id = scanner.decimal(), scanner.skip("==") else { return nil }
            processID = id
            scanner.skipSpaces()
        }
        if scanner.skip("ERROR: ") || scanner.skip("WARNING: ") || scanner.skip("FATAL: ") {
            guard let name = scanner.until(": "), name.count < 40, !name.contains(0x20), !scanner.isAtEnd,
                name.text.hasSuffix("Sanitizer") || name.elementsEqual("libFuzzer".utf8)
            else { return nil }
            tool = name.text
            text = StackLine.text(scanner.rest)
            var tail = LineScanner(scanner.rest)
            if processID == nil, tail.until("(pid=") != nil { processID = tail.decimal() }
            return
        }
        // The tool is silent about itself: only a place right at the line's start counts, with a path that looks like one.
        guard processID == nil, let location = scanner.until(": runtime error: "), !scanner.isAtEnd,
            !location.starts(with: "//"), location.first == UInt8(ascii: "/") || !location.contains(0x20)
        else { return nil }
        var place = StackLine()
        place.setPlace(location)
        guard place.file != nil, place.line != nil, location.count < 4096 else { return nil }
        tool = Self.undefined
        text = StackLine.text(scanner.rest)
        self.place = place
    }

    /// Whether a line may be a headline.
    static func mayBe(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "==") || line.starts(with: "WARNING: ") || line.contains(": runtime error: ")
    }

    /// Whether the stack is optional: a runtime error without one is one of UBSan's.
    var isRuntimeError: Bool { place != nil }

    /// The headline's text as the exception's value, where it says more than the type.
    var sentence: String? {
        let text = text.hasSuffix(":") ? String(text.dropLast()) : text
        return text.utf8.contains { (0x30...0x39).contains($0) } || text.utf8.contains(0x28) ? text : nil
    }

    /// The exception's type. `summary` is what the `SUMMARY:` line says behind the tool's name.
    func type(summary: String?) -> String {
        if isRuntimeError { return tool + ": undefined-behavior" }
        var kind = text
        for end in [" on ", " (", ": "] {
            if let place = kind.utf8.firstRange(of: end)?.lowerBound { kind = String(kind[..<place]) }
        }
        while kind.hasSuffix(":") { kind.removeLast() }
        // A sentence (`attempting double-free`, `requested allocation size 0x…`): the summary has the kind's name.
        if kind.utf8.contains(0x20), tool != "ThreadSanitizer", tool != "LeakSanitizer", tool != "libFuzzer",
            let name = summary?.split(separator: " ").first, name.utf8.contains(0x2d) || kind.hasPrefix("attempting ")
        {
            kind = String(name)
        }
        if kind.hasPrefix("attempting ") { kind.removeFirst("attempting ".count) }
        return "\(tool): \(kind.prefix(200))"
    }

    private static let signals: [String: (name: String, number: Int)] = [
        "SEGV": ("SIGSEGV", 11), "stack-overflow": ("SIGSEGV", 11), "BUS": ("SIGBUS", 7), "FPE": ("SIGFPE", 8),
        "ILL": ("SIGILL", 4), "TRAP": ("SIGTRAP", 5), "ABRT": ("SIGABRT", 6),
    ]

    /// The signal that the tool's handler caught, with the address that could not be accessed.
    var signal: ReportedSignal? {
        guard !isRuntimeError, let word = text.split(separator: " ").first, let known = Self.signals[String(word)]
        else {
            return nil
        }
        var signal = ReportedSignal(name: known.name, number: known.number)
        var scanner = LineScanner(Array(text.utf8)[...])
        if scanner.until("address ") != nil { signal.faultAddress = scanner.address() }
        return signal
    }

    /// `T1` of `thread T1`, `main thread`.
    static func thread(in text: String) -> String? {
        var scanner = LineScanner(Array(text.utf8)[...])
        if scanner.until("thread T") != nil, let number = scanner.decimal() { return "T\(number)" }
        if text.contains("main thread") { return "main thread" }
        // `(pc 0x… bp 0x… sp 0x… T0)`.
        scanner = LineScanner(Array(text.utf8)[...])
        if scanner.until("(pc 0x") != nil, scanner.untilLast(" T") != nil, let number = scanner.decimal() {
            return "T\(number)"
        }
        return nil
    }
}

extension String.UTF8View {
    /// The first place of `text`.
    fileprivate func firstRange(of text: String) -> Range<String.Index>? {
        let needle = Array(text.utf8)
        var start = startIndex
        while start < endIndex {
            if self[start...].starts(with: needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
