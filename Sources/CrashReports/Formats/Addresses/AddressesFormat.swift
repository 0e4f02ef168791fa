/// Addresses, one a line, as `addr2line` takes them.
///
///     # comments and empty lines are passed over
///     0x1139
///     1b04
///     #2 0x000000000000152a <main+0x1a>
///
/// The whole input has to look like it: every line is an optional `#N`, a hexadecimal number and, optionally, a symbol in
/// angle brackets. So that a column of counts is not taken for one, a number without `0x` counts only where some line
/// has `0x`, or where a number has a letter, or where all numbers have 16 digits.
///
/// The addresses are exact and count from the start of a file that the input does not name: the event has one image
/// without id and path, for which the caller names a file or a build id.
enum AddressesFormat: TextFormat {
    static let format = DecodedReport.Format.addresses

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        line.trimmed.isEmpty || line.trimmed.starts(with: "#") || AddressLine(line) != nil
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        guard lines.position == 0, lines.text.streams.count == 1 else {
            throw TextMismatch(line: lines.number, expected: "nothing but addresses in the whole input", understood: 0)
        }
        var frames: [ReportedFrame] = []
        var evidence = Evidence()
        while let line = lines.line {
            let text = line.trimmed
            if let address = AddressLine(text) {
                evidence.add(address)
                var frame = ReportedFrame(kind: .programCounter, address: .relative(image: 0, address.value))
                if let symbol = address.symbol { frame.reported = [symbol] }
                frames.append(frame)
            } else if !text.isEmpty, !AddressLine.isComment(text) {
                throw TextMismatch(
                    line: lines.number, expected: "a hexadecimal address alone in its line", understood: frames.count)
            }
            lines.advance()
        }
        guard !frames.isEmpty, evidence.isEnough else {
            throw TextMismatch(
                line: lines.number,
                expected: frames.isEmpty ? "an address" : "numbers that are hexadecimal, with 0x", understood: 0)
        }
        var crash = ReportedCrash()
        crash.type = "Addresses"
        crash.mechanism = "addresses"
        crash.contextName = "addresses"
        crash.images = [ReportedImage()]
        var thread = ReportedThread()
        thread.isCrashed = true
        thread.frames = frames
        crash.threads = [thread]
        return .crash(crash)
    }

    /// Whether numbers are meant as hexadecimal ones.
    private struct Evidence {
        private var isMarked = false
        private var hasLetter = false
        private var widths: Set<Int> = []

        mutating func add(_ line: AddressLine) {
            isMarked = isMarked || line.isMarked
            hasLetter = hasLetter || line.hasLetter
            widths.insert(line.digits)
        }

        var isEnough: Bool {
            if isMarked || hasLetter { return true }
            return widths == [16]
        }
    }
}

/// One line that is an address.
struct AddressLine: Equatable {
    var value: UInt64
    /// With `0x`.
    var isMarked: Bool
    var hasLetter: Bool
    var digits: Int
    /// `<main+0x1a>`.
    var symbol: String?

    init?(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line.trimmed)
        if scanner.skip("#") {
            guard scanner.decimal() != nil else { return nil }
            _ = scanner.skip(":")
            guard scanner.skipSpaces() > 0 else { return nil }
        }
        isMarked = scanner.skip("0x") || scanner.skip("0X")
        let start = scanner.rest
        guard let value = scanner.hexadecimal() else { return nil }
        self.value = value
        let text = start[..<scanner.rest.startIndex]
        digits = text.count
        hasLetter = text.contains { $0 > UInt8(ascii: "9") }
        // One word of letters is a word: `face`, `added`.
        guard isMarked || text.contains(where: { $0 <= UInt8(ascii: "9") }) else { return nil }
        let rest = scanner.rest.trimmed
        guard !rest.isEmpty else { return }
        guard scanner.skipSpaces() > 0, rest.first == UInt8(ascii: "<"), rest.last == UInt8(ascii: ">"),
            rest.count <= 1024
        else { return nil }
        symbol = rest.text
    }

    /// `# anything`, but not `#2 0x1139`.
    static func isComment(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.first == UInt8(ascii: "#") else { return false }
        return text.count == 1 || !(0x30...0x39).contains(text[text.startIndex + 1])
    }
}
