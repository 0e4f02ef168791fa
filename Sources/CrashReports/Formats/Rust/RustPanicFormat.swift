/// A Rust panic as the standard library prints it.
///
///     thread 'main' (4242) panicked at src/main.rs:4:5:          since 1.73; the number since 1.90
///     index out of bounds: the len is 3 but the index is 7
///     stack backtrace:
///        0:     0x560000401b05 - till::unit_price::h0123…       RUST_BACKTRACE=full
///                                at /src/main.rs:6:5
///        1: till::line_total                                    RUST_BACKTRACE=1: names only
///                  at /src/main.rs:11:5
///     note: …
///
/// Before 1.73: `thread 'main' panicked at 'TEXT', src/main.rs:4:5`. Addresses are return addresses. There is no list of
/// images: without the load address from elsewhere nothing can be looked up.
enum RustPanicFormat: TextFormat {
    static let format = DecodedReport.Format.rustPanic

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "thread '") || line.starts(with: "stack backtrace:")
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        let headline = readHeadline(&lines)
        var message: [String] = []
        if let headline {
            message = readMessage(&lines, headline)
        }
        var stack = RustStack()
        var notes: [String] = []
        if lines.line?.trimmed.elementsEqual("stack backtrace:".utf8) == true {
            lines.advance()
            stack.read(&lines)
        }
        guard headline != nil || !stack.lines.isEmpty else {
            throw TextMismatch(
                line: lines.number, expected: "a Rust panic's headline or a numbered frame", understood: 0)
        }
        readEnd(&lines, &notes)
        return .crash(crash(headline, message: message, stack: stack, notes: notes))
    }

    // MARK: - Message

    /// The headline, which in the form before 1.73 holds the message with its line ends.
    private static func readHeadline(_ lines: inout LineCursor) -> RustHeadline? {
        guard let first = lines.line else { return nil }
        if let headline = RustHeadline(first) {
            lines.advance()
            return headline
        }
        guard first.contains(" panicked at '") else { return nil }
        for distance in 1..<messageLimit {
            guard let line = lines.line(ahead: distance), !line.starts(with: "thread '") else { return nil }
            guard RustHeadline.endsMessage(line) else { continue }
            var text = Array(first)
            for index in 1...distance { text += [0x0a] + (lines.line(ahead: index) ?? []) }
            guard let headline = RustHeadline(text[...]) else { return nil }
            lines.move(to: lines.position + distance + 1)
            return headline
        }
        return nil
    }

    private static let messageLimit = 100

    /// The lines up to the backtrace or the note; only the first when neither follows.
    private static func readMessage(_ lines: inout LineCursor, _ headline: RustHeadline) -> [String] {
        let start = lines.position
        var message: [String] = []
        while let line = lines.line, message.count < messageLimit {
            if line.trimmed.elementsEqual("stack backtrace:".utf8)
                || line.starts(with: "note: run with `RUST_BACKTRACE")
            {
                return message
            }
            if line.starts(with: "note: ") || RustHeadline(line) != nil { break }
            message.append(line.prefix(StackLine.textLimit).text)
            lines.advance()
        }
        // Without a backtrace nothing says where the message ends.
        lines.move(to: start)
        guard headline.message == nil, let first = message.first else { return [] }
        lines.advance()
        return [first]
    }

    /// `note: …` lines, and what the runtime says when it gives up.
    private static func readEnd(_ lines: inout LineCursor, _ notes: inout [String]) {
        while let line = lines.line {
            if line.starts(with: "note: Some details are omitted")
                || line.starts(with: "note: run with `RUST_BACKTRACE")
            {
                lines.advance()
            } else if line.starts(with: "thread caused non-unwinding panic. aborting") {
                notes.append("the panic could not unwind and aborted the process")
                lines.advance()
            } else {
                return
            }
        }
    }

    // MARK: - The crash

    private static func crash(
        _ headline: RustHeadline?, message: [String], stack: RustStack, notes: [String]
    ) -> ReportedCrash {
        var crash = ReportedCrash()
        crash.type = "Rust panic"
        crash.isSynthetic = false
        crash.mechanism = "rust-panic"
        crash.contextName = "rust"
        var text = [headline?.message].compactMap { $0 } + message
        while text.last?.allSatisfy(\.isWhitespace) == true { text.removeLast() }
        crash.value = text.isEmpty ? nil : text.joined(separator: "\n")
        crash.addFact("location", text: headline?.location)
        if let id = headline?.threadID { crash.addFact("thread_id", text: id) }
        crash.notes = notes
        var thread = ReportedThread()
        thread.isCrashed = true
        thread.id = headline?.threadID
        thread.name = headline?.thread
        var lines = stack.lines
        if lines.isEmpty, let location = headline?.location {
            var place = StackLine()
            place.setPlace(Array(location.utf8)[...])
            lines = [place]
            crash.notes.append("the panic has no backtrace (RUST_BACKTRACE was not set), only the place of the panic")
        }
        thread.frames = ReportedFrame.frames(lines, ModuleOffsets())
        if stack.lines.contains(where: { $0.address != nil }) {
            crash.notes.append(
                "Rust prints no load addresses: to look the frames up, say which file they are in and where it was loaded"
            )
        } else if !stack.lines.isEmpty {
            crash.notes.append(
                "the backtrace has names only, nothing can be looked up; RUST_BACKTRACE=full prints addresses")
        }
        crash.threads = [thread]
        return crash
    }
}

/// The headline of a panic.
struct RustHeadline {
    var thread: String?
    var threadID: String?
    /// `FILE:LINE:COLUMN`.
    var location: String?
    /// Of the form before 1.73, which has it on the same line.
    var message: String?

    /// The headline in a line; `nil` when it is none.
    init?(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line)
        guard line.count <= 65_536, scanner.skip("thread '"), let name = scanner.until("' "), name.count <= 256 else {
            return nil
        }
        thread = name.elementsEqual("<unnamed>".utf8) ? nil : name.text
        if scanner.skip("("), let id = scanner.decimal() {
            threadID = String(id)
            guard scanner.skip(") ") else { return nil }
        }
        guard scanner.skip("panicked at ") else { return nil }
        var place = scanner.rest.trimmed
        if place.first == UInt8(ascii: "'") {
            var old = LineScanner(place.dropFirst())
            guard let text = old.untilLast("', ") else { return nil }
            message = text.prefix(65_536).text
            place = old.rest
        } else {
            guard place.last == UInt8(ascii: ":") else { return nil }
            place = place.dropLast()
        }
        var line = StackLine()
        line.setPlace(place)
        guard line.line != nil else { return nil }
        location = place.prefix(4096).text
    }

    /// Whether a line ends with `', FILE:LINE:COLUMN`: the end of a message of several lines before 1.73.
    static func endsMessage(_ line: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(line.suffix(4096))
        guard scanner.untilLast("', ") != nil else { return false }
        var place = StackLine()
        place.setPlace(scanner.rest)
        return place.line != nil
    }
}
