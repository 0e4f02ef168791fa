/// The numbered lines of a Rust backtrace.
struct RustStack {
    private(set) var lines: [StackLine] = []

    /// Reads frames as far as they go.
    mutating func read(_ cursor: inout LineCursor) {
        while let line = cursor.line?.trimmed {
            if let frame = Self.frame(line) {
                // The last line of a full backtrace, `0x0 - <unknown>`, is the end of the stack.
                if frame.address != 0 { lines.append(frame) }
            } else if line.starts(with: "at "), !lines.isEmpty, lines[lines.count - 1].file == nil {
                lines[lines.count - 1].setPlace(line.dropFirst(3))
                lines[lines.count - 1].text += " " + StackLine.text(line)
            } else if let count = Self.omitted(line) {
                var marker = StackLine()
                marker.kind = .omitted
                marker.count = count
                lines.append(marker)
            } else {
                return
            }
            cursor.advance()
        }
    }

    /// `12:     0x560000401b05 - name` or `12: name`.
    private static func frame(_ line: ArraySlice<UInt8>) -> StackLine? {
        var scanner = LineScanner(line)
        guard let first = line.first, (0x30...0x39).contains(first), scanner.decimal() != nil, scanner.skip(":"),
            scanner.skipSpaces() > 0
        else { return nil }
        var frame = StackLine()
        frame.text = StackLine.text(line)
        if let address = scanner.address() {
            guard scanner.skip(" - ") else { return nil }
            frame.kind = .returnAddress
            frame.address = address
        }
        let name = scanner.rest.trimmed
        guard !name.isEmpty else { return nil }
        if !name.elementsEqual("<unknown>".utf8) { frame.function = name.prefix(4096).text }
        return frame
    }

    /// `[... omitted 3 frames ...]`.
    private static func omitted(_ line: ArraySlice<UInt8>) -> Int? {
        var scanner = LineScanner(line)
        guard scanner.skip("[... omitted "), let count = scanner.decimal(), scanner.skip(" frame") else { return nil }
        return Int(exactly: count)
    }
}
