import CrashEvent

/// One line of a stack as a text dump prints it: a physical frame, or a call that was inlined into one.
struct StackLine {
    var kind = ReportedFrame.Kind.programCounter
    /// Absolute.
    var address: UInt64?
    /// An index of the dump's ``ModuleOffsets``.
    var module: Int?
    /// In the module.
    var offset: UInt64?
    var function: String?
    /// Bytes from the entry of `function` to the address.
    var symbolOffset: UInt64?
    var file: String?
    /// 1-based.
    var line: Int?
    /// 1-based.
    var column: Int?
    /// The image's path or name, where nothing more is known of it.
    var package: String?
    /// For markers.
    var count: Int?
    /// Whether `text` says more than the fields: arguments of a call.
    var saysMore = false
    /// Whether the dump says that the line before was inlined into this one.
    var belongsToPrevious = false
    /// The dump's line, cut.
    var text = ""

    /// Longest text of a line that is kept, in bytes.
    static let textLimit = 1024

    /// `line` without space around it, cut.
    static func text(_ line: ArraySlice<UInt8>) -> String {
        let line = line.trimmed
        return line.count > textLimit ? line.prefix(textLimit).text + "…" : line.text
    }

    /// Splits `FILE:LINE:COLUMN`, `FILE:LINE` or `FILE` and takes it over. `??`, `<null>` and line 0 say nothing.
    mutating func setPlace(_ place: ArraySlice<UInt8>) {
        var numbers: [Int] = []
        var rest = place
        while numbers.count < 2 {
            let digits = rest.reversed().prefix { (0x30...0x39).contains($0) }.count
            let head = rest.dropLast(digits)
            guard digits > 0, digits < 10, head.last == UInt8(ascii: ":"), head.count > 1,
                let number = Int(rest.suffix(digits).text)
            else { break }
            numbers.insert(number, at: 0)
            rest = head.dropLast()
        }
        guard !rest.isEmpty, !rest.elementsEqual("??".utf8), !rest.elementsEqual("<null>".utf8) else { return }
        file = rest.prefix(4096).text
        line = numbers.first.flatMap { $0 > 0 ? $0 : nil }
        column = numbers.count > 1 && numbers[1] > 0 ? numbers[1] : nil
    }
}

extension ReportedFrame {
    /// The physical frames of a stack's lines.
    ///
    /// Lines with one address follow each other where calls were inlined: they are one frame, with the names of the last
    /// one (the physical function) and all lines in `reported`. A call that recurs at one address repeats its names; with
    /// the first repetition the next frame begins. Lines without names say nothing about inlining and are frames.
    static func frames(_ lines: [StackLine], _ modules: ModuleOffsets) -> [ReportedFrame] {
        var frames: [ReportedFrame] = []
        var start = 0
        while start < lines.count {
            var end = start + 1
            var seen: Set<Names> = [Names(lines[start])]
            while end < lines.count, lines[end].belongsToPrevious || isInlined(lines[end - 1], into: lines[end]),
                seen.insert(Names(lines[end])).inserted
            {
                end += 1
            }
            frames.append(frame(lines[start..<end], modules))
            start = end
        }
        return frames
    }

    private struct Names: Hashable {
        var function: String?
        var file: String?
        var line: Int?
        var column: Int?

        init(_ line: StackLine) {
            (function, file, self.line, column) = (line.function, line.file, line.line, line.column)
        }
    }

    private static func isInlined(_ inner: StackLine, into outer: StackLine) -> Bool {
        guard inner.function != nil, outer.function != nil, inner.address == outer.address else { return false }
        return outer.address != nil
            || (outer.offset != nil && inner.offset == outer.offset && inner.module == outer.module)
    }

    /// How many of the dump's lines a frame keeps.
    private static let linesKept = 64

    private static func frame(_ lines: ArraySlice<StackLine>, _ modules: ModuleOffsets) -> ReportedFrame {
        guard let first = lines.first, let last = lines.last else { return ReportedFrame(kind: .omitted) }
        var frame = ReportedFrame(
            kind: first.kind, address: modules.address(first.address, module: first.module, offset: first.offset))
        frame.count = first.count
        frame.function = last.function
        frame.symbol = last.function.flatMap { isMangled($0) ? $0 : nil }
        frame.symbolOffset = last.symbolOffset
        frame.package = last.package
        frame.file = last.file
        frame.line = last.line
        frame.column = last.column
        frame.inlinedCalls = lines.dropLast().prefix(linesKept).map {
            InlinedCall(function: $0.function, file: $0.file, line: $0.line, column: $0.column)
        }
        if lines.count > 1 || first.saysMore {
            frame.reported = lines.prefix(linesKept).map(\.text)
            if lines.count > linesKept { frame.reported.append("… \(lines.count - linesKept) more lines") }
        }
        return frame
    }

    /// Whether a name is one that a linker sees: Swift, C++ or Rust.
    private static func isMangled(_ name: String) -> Bool {
        guard !name.utf8.contains(0x20), !name.utf8.contains(0x28) else { return false }
        return ["$s", "$S", "_$s", "_$S", "$e", "_Z", "_T0", "_R"].contains {
            name.hasPrefix($0) && name.utf8.count > 4
        }
    }
}

extension ReportedCrash {
    /// Adds a fact that is text; nothing when it is empty. Cut at 4,096 bytes.
    mutating func addFact(_ key: String, text: String?) {
        guard let text, !text.isEmpty else { return }
        let cut = text.utf8.count > 4096 ? String(decoding: text.utf8.prefix(4096), as: UTF8.self) + "…" : text
        facts.append(Fact(key: key, json: JSONWriter.string(cut)))
    }

    /// Adds a fact that is a list of texts; nothing when it is empty.
    mutating func addFact(_ key: String, texts: [String]) {
        guard !texts.isEmpty else { return }
        var writer = JSONWriter()
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
        facts.append(Fact(key: key, json: writer.bytes))
    }
}
