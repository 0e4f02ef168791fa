/// One address in a line that says enough to be looked up by itself.
///
/// | line | what it names |
/// |---|---|
/// | `#1 0x… (/app/till+0x1b04) (BuildId: HEX)`, `#0 <null> <null> (till+0x1b04)` | a sanitizer's: the address is adjusted already |
/// | `./till(+0x1b05)[0x…]`, `./till(lineTotal+0x5) [0x…]` | glibc's `backtrace_symbols` |
/// | `till[7]: segfault at 10 ip … in till[8a0,…+1000]`, `traps: …` | the kernel's |
/// | `#1  0x… middle (libdrawer.so + 0x1113)` | systemd-coredump's |
/// | `{{{bt:0:0x…}}}`, `{{{pc:0x…}}}` behind `{{{module:…}}}` and `{{{mmap:…}}}` | LLVM's symbolizer markup |
struct StackReference: Equatable {
    /// Relative to the image, or a name with an offset.
    var frame: ReportedFrame
    var image: ReportedImage
    /// In the line: what its answer takes the place of. `nil` for an answer at the line's end.
    var place: Range<Int>?
    /// What stays of what is replaced, in front of the answer: `#1 0x… `.
    var lead = ""

    init(
        _ kind: ReportedFrame.Kind, offset: UInt64, path: String?, buildID: String? = nil, place: Range<Int>? = nil,
        lead: String = ""
    ) {
        frame = ReportedFrame(kind: kind, address: .relative(image: 0, offset))
        frame.package = path
        image = ReportedImage()
        image.path = path
        image.codeID = buildID
        self.place = place
        self.lead = lead
    }

    // MARK: - Lines that need no other

    /// The reference of a line, whose log prefix is gone.
    static func alone(_ line: ArraySlice<UInt8>, buildIDs: [String: String]) -> StackReference? {
        if line.contains("+0x") { return sanitizer(line) ?? glibc(line) }
        if line.contains(" + 0x") { return systemd(line, buildIDs: buildIDs) }
        return UserFault.mayBegin(line) ? kernel(line) : nil
    }

    /// `    #1 0x560000401b04 in f (/app/till+0x1b04) (BuildId: HEX)`.
    private static func sanitizer(_ line: ArraySlice<UInt8>) -> StackReference? {
        var scanner = LineScanner(line)
        scanner.skipSpaces()
        guard scanner.skip("#"), scanner.decimal() != nil, scanner.skipSpaces() > 0 else { return nil }
        var text = scanner.rest.trimmed
        var buildID: String?
        if let place = text.lastPlace(of: Array("(BuildId: ".utf8)), text.last == UInt8(ascii: ")") {
            buildID = text[(place + 10)...].dropLast().text
            text = text[..<place].trimmed
        }
        guard text.last == UInt8(ascii: ")"), let plus = text.lastPlace(of: Array("+0x".utf8)) else { return nil }
        var offset = LineScanner(text[(plus + 3)...])
        guard let value = offset.hexadecimal(), offset.skip(")"), offset.isAtEnd,
            // A path may have brackets; other brackets are a function's parameters, and no path is absolute in them.
            let open = text[..<plus].lastPlace(of: Array(" (/".utf8)) ?? text[..<plus].lastPlace(of: Array(" (".utf8)),
            plus - open > 2, plus - open < 4096
        else { return nil }
        return StackReference(
            .programCounter, offset: value, path: text[(open + 2)..<plus].text, buildID: buildID)
    }

    /// `./till(+0x1b05)[0x560000401b05]`.
    private static func glibc(_ line: ArraySlice<UInt8>) -> StackReference? {
        let text = line.trimmed
        guard text.last == UInt8(ascii: "]"), let bracket = text.lastPlace(of: Array("[0x".utf8)) else { return nil }
        var address = LineScanner(text[(bracket + 3)...])
        guard address.hexadecimal() != nil, address.skip("]"), address.isAtEnd else { return nil }
        let head = text[..<bracket].trimmed
        guard head.last == UInt8(ascii: ")"), let open = head.lastIndex(of: UInt8(ascii: "(")), open > head.startIndex,
            let plus = head.lastPlace(of: Array("+0x".utf8)), plus > open
        else { return nil }
        // The path is what is before, back to a space: other text may stand in front.
        var path = head[..<open]
        if let space = path.lastIndex(of: 0x20) { path = path[(space + 1)...] }
        var offset = LineScanner(head[(plus + 3)...])
        guard !path.isEmpty, path.count < 4096, let value = offset.hexadecimal(), offset.skip(")"), offset.isAtEnd
        else { return nil }
        var reference = StackReference(.returnAddress, offset: value, path: path.text)
        let name = head[(open + 1)..<plus]
        if !name.isEmpty {
            reference.frame.address = nil
            reference.frame.symbol = name.text
            reference.frame.symbolOffset = value
        }
        return reference
    }

    /// The kernel's line about a process.
    private static func kernel(_ line: ArraySlice<UInt8>) -> StackReference? {
        guard let fault = UserFault(line), let mapping = fault.mapping else { return nil }
        let crash = fault.crash
        guard let frame = crash.threads.first?.frames.first, let image = crash.images.first else { return nil }
        var reference = StackReference(frame.kind, offset: fault.instruction &- mapping.start, path: mapping.name)
        reference.image = image
        return reference
    }

    /// `#1  0x00007ffff7fbc113 middle (libdrawer.so + 0x1113)`.
    private static func systemd(_ line: ArraySlice<UInt8>, buildIDs: [String: String]) -> StackReference? {
        var scanner = LineScanner(line)
        scanner.skipSpaces()
        guard scanner.skip("#"), let number = scanner.decimal(), scanner.skipSpaces() > 0, scanner.address() != nil,
            scanner.untilLast(" (") != nil, let name = scanner.untilLast(" + 0x"), !name.isEmpty,
            !name.elementsEqual("n/a".utf8), let offset = scanner.hexadecimal(), scanner.skip(")"),
            scanner.rest.trimmed.isEmpty
        else { return nil }
        return StackReference(
            number == 0 ? .programCounter : .returnAddress, offset: offset, path: name.text,
            buildID: buildIDs[name.text])
    }
}
