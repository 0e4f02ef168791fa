/// The lines of a text report, one grammar each. Nothing here knows what came before.
enum SwiftTextLine {
    /// U+1F4A3 and a space: how the coloured form begins.
    private static let bomb: [UInt8] = [0xf0, 0x9f, 0x92, 0xa3]

    // MARK: - Headline and platform

    /// Why the program crashed.
    struct Headline {
        /// `Illegal instruction`, `Swift runtime failure: Index out of range`.
        var description: String
        /// The fault's address; the sender's process id for signals that were sent.
        var address: UInt64?
    }

    /// Whether the line begins as a headline does.
    static func isHeadline(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "*** Program crashed: ") || line.starts(with: "*** Swift runtime failure: ")
            || (line.starts(with: bomb) && headline(line) != nil)
    }

    /// `*** Program crashed: REASON at 0x… ***`, `*** Swift runtime failure: TEXT ***`, or the coloured form of either.
    static func headline(_ line: ArraySlice<UInt8>) -> Headline? {
        // Without its terminal escapes the coloured form may have both of its messages in the line: the last one counts.
        let start = line.lastPlace(of: bomb).map { $0 + bomb.count } ?? line.startIndex
        var text = line[start...].trimmed
        if text.starts(with: "*** ") { text = text.dropFirst(4) }
        var scanner = LineScanner(text)
        let isCrash = scanner.skip("Program crashed: ")
        guard isCrash || text.starts(with: "Swift runtime failure: ") else { return nil }
        text = scanner.rest
        if text.starts(with: "Signal "), text.contains(": Backtracing from 0x") { return nil }
        if text.suffix(4).elementsEqual(" ***".utf8) { text = text.dropLast(4) }
        var headline = Headline(description: text.prefix(1024).text)
        if let place = text.lastPlace(of: Array(" at 0x".utf8)) {
            var end = LineScanner(text[(place + 4)...])
            if let address = end.address(), end.isAtEnd {
                headline.address = address
                headline.description = text[..<place].prefix(1024).text
            }
        }
        return headline
    }

    /// `Platform: x86_64 Linux (Debian GNU/Linux 12 (bookworm))`.
    static func platform(_ line: ArraySlice<UInt8>) -> (architecture: String, operatingSystem: String?)? {
        var scanner = LineScanner(line)
        guard scanner.skip("Platform: "), let architecture = scanner.word(), architecture.count <= 64 else {
            return nil
        }
        let system = scanner.rest.trimmed.prefix(256)
        return (architecture.text, system.isEmpty ? nil : system.text)
    }

    // MARK: - Threads

    /// `Thread 2 "oot.default-qos" crashed:`. The name may hold quotes itself.
    static func thread(_ line: ArraySlice<UInt8>) -> SwiftTextThread? {
        var scanner = LineScanner(line.trimmed)
        guard scanner.skip("Thread "), let number = scanner.decimal(), scanner.rest.last == UInt8(ascii: ":") else {
            return nil
        }
        var rest = scanner.rest.dropLast()
        var thread = SwiftTextThread(number: number)
        if rest.suffix(8).elementsEqual(" crashed".utf8) {
            thread.isCrashed = true
            rest = rest.dropLast(8)
        }
        if rest.isEmpty { return thread }
        guard rest.count >= 3, rest.count < 256, rest.starts(with: " \""), rest.last == UInt8(ascii: "\"") else {
            return nil
        }
        thread.name = rest.dropFirst(2).dropLast().text
        return thread
    }

    /// `12 [ra] [inlined] 0x… SYMBOL + 5 in IMAGE at FILE:1:2`, or without an address, or a gap `12 ...`.
    ///
    /// An address has all its `digits`: one with fewer was cut off, and would be another address.
    static func frame(_ line: ArraySlice<UInt8>, digits: Int) -> SwiftTextFrame? {
        var scanner = LineScanner(line)
        scanner.skipSpaces()
        if scanner.rest.trimmed.elementsEqual("...".utf8) { return SwiftTextFrame(isGap: true) }
        guard let index = scanner.decimal(), scanner.skipSpaces() > 0 else { return nil }
        var frame = SwiftTextFrame(index: index)
        if scanner.rest.trimmed.elementsEqual("...".utf8) {
            frame.isGap = true
            return frame
        }
        while scanner.skip("[") {
            guard let name = scanner.until("]"), let attribute = SwiftTextFrame.Attributes(name) else { return nil }
            frame.attributes.insert(attribute)
            scanner.skipSpaces()
        }
        let start = scanner.rest
        if let address = scanner.address() {
            guard scanner.rest.startIndex - start.startIndex == digits + 2, scanner.isAtEnd || scanner.skip(" ") else {
                return nil
            }
            frame.address = address
        } else if !start.contains(" at ") || start.starts(with: "0x") {
            // A frame without an address has a place in the source, or it is no frame.
            return nil
        }
        frame.text = scanner.rest.trimmed
        return frame
    }

    /// A line of the source that some presets print below a frame: `  *   6| let a = b[1]`, `       |         ^`.
    static func isSource(_ line: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(line)
        guard scanner.skipSpaces() > 0 else { return false }
        if scanner.skip("*") { scanner.skipSpaces() }
        _ = scanner.decimal()
        // U+2502 in the coloured form.
        return scanner.skip("|") || scanner.skip("\u{2502}")
    }

    // MARK: - Registers and images

    /// `rax 0x…  <16 bytes of memory>`, or several `cs 0x0033  fs 0x0000`; none when the line is something else.
    ///
    /// A segment register has four digits, every other `digits`: with fewer it was cut off.
    static func registers(_ line: ArraySlice<UInt8>, digits: Int) -> [ReportedThread.Register] {
        var scanner = LineScanner(line)
        var result: [ReportedThread.Register] = []
        while result.count < 8 {
            scanner.skipSpaces()
            guard let first = scanner.rest.first, (0x61...0x7a).contains(first), let name = scanner.word(),
                name.count <= 8,
                name.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }),
                scanner.skipSpaces() == 1
            else { break }
            let start = scanner.rest.startIndex
            guard let value = scanner.address(), scanner.isAtEnd || scanner.rest.first == 0x20 else { break }
            let isSegment = name.count == 2 && name.last == UInt8(ascii: "s")
            guard scanner.rest.startIndex - start == 2 + (isSegment ? 4 : digits) else { break }
            result.append(ReportedThread.Register(name: name.text, value: value))
        }
        return result
    }

    /// `Images:`, `Images (12 omitted):`, `Images (only mentioned):`.
    static func imagesHeading(_ line: ArraySlice<UInt8>) -> (isHeading: Bool, omitted: UInt64?) {
        var scanner = LineScanner(line.trimmed)
        guard scanner.skip("Images") else { return (false, nil) }
        if scanner.skip(":"), scanner.isAtEnd { return (true, nil) }
        guard scanner.skip(" (") else { return (false, nil) }
        if scanner.skip("only mentioned):") { return (true, nil) }
        let omitted = scanner.decimal()
        return (omitted != nil && scanner.skip(" omitted):"), omitted)
    }

    /// `0xBASE–0xEND BUILDID NAME PATH`; the dash is U+2013, or whatever a conversion made of it.
    static func image(_ line: ArraySlice<UInt8>, digits: Int) -> SwiftTextImage? {
        var scanner = LineScanner(line.trimmed)
        guard let start = scanner.fullAddress(digits: digits) else { return nil }
        guard let gap = scanner.rest.prefix(9).firstIndex(of: UInt8(ascii: "0")), gap > scanner.rest.startIndex else {
            return nil
        }
        scanner = LineScanner(scanner.rest[gap...])
        guard let end = scanner.fullAddress(digits: digits), end > start else { return nil }
        var image = SwiftTextImage(start: start, end: end)
        scanner.skipSpaces()
        let hasNoID = scanner.skip("<no build ID>")
        let id = hasNoID ? nil : scanner.word()
        // A build id that nothing follows may be a part of one.
        guard scanner.skipSpaces() > 0, !scanner.isAtEnd, scanner.rest.count <= 8192 else { return image }
        if let id, id.count >= 4, id.count <= 128, id.count % 2 == 0, id.allSatisfy({ LineScanner.digit($0) != nil }) {
            image.codeID = id.text.lowercased()
        }
        (image.name, image.path) = nameAndPath(scanner.rest)
        return image
    }

    /// The path ends in the name: where several places could part them, that decides.
    private static func nameAndPath(_ text: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, path: String?) {
        var position = text.startIndex
        var tries = 0
        var first: (name: ArraySlice<UInt8>, path: String?)?
        while tries < 16, let place = ByteSearch.first(of: [0x20, 0x2f], in: text, from: position) {
            let name = text[..<place].trimmed
            let path = text[(place + 1)...]
            if path.count > name.count, path.suffix(name.count).elementsEqual(name),
                path[path.endIndex - name.count - 1] == 0x2f
            {
                return (name, path.text)
            }
            if first == nil { first = (name, path.text) }
            position = place + 2
            tries += 1
        }
        return first ?? (text.trimmed, nil)
    }
}

extension LineScanner {
    /// An address with just so many digits.
    mutating func fullAddress(digits: Int) -> UInt64? {
        var copy = self
        guard let value = copy.address(), copy.rest.startIndex - rest.startIndex == digits + 2 else { return nil }
        self = copy
        return value
    }
}
