/// One function of the kernel's stack, in every spelling that it had.
///
/// | line | |
/// |---|---|
/// | `do_sys_open+0x57/0x80` | name, offset in it, its size |
/// | `? vfs_read+0x10/0x20` | found by scanning the stack: may be stale |
/// | `drawer_open+0x12/0x40 [till]` | of a module |
/// | `drawer_open+0x12/0x40 [till 8f2c…]` | of a module with its build id |
/// | `[<ffffffff81012345>] ? func+0x12/0x40 [till]` | before Linux 4.11 |
/// | `func (fs/open.c:123) till` | through the kernel's `decode_stacktrace.sh` |
/// | `0xffffffffa0012345` | no symbol |
struct KernelFrameLine: Equatable {
    var name: String?
    var offset: UInt64?
    var address: UInt64?
    var isUnreliable = false
    /// `nil` for the kernel itself.
    var module: String?
    var buildID: String?
    var file: String?
    var line: Int?

    /// `nil` for any other line.
    init?(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line.trimmed)
        if scanner.skip("[<") {
            guard let value = scanner.hexadecimal(), scanner.skip(">]") else { return nil }
            address = value
            scanner.skipSpaces()
        }
        if scanner.skip("? ") {
            isUnreliable = true
            scanner.skipSpaces()
        }
        if address == nil, let value = scanner.address() {
            guard scanner.isAtEnd else { return nil }
            address = value
            return
        }
        guard let word = scanner.word(), word.count <= 1024 else { return nil }
        guard let plus = word.lastPlace(of: Array("+0x".utf8)) else {
            // `func (file:line)`.
            guard Self.isName(word), scanner.skip(" ("), let place = scanner.until(")") else { return nil }
            guard readPlace(place) else { return nil }
            name = word.text
            readModule(scanner.rest)
            return
        }
        var numbers = LineScanner(word[(plus + 3)...])
        guard Self.isName(word[..<plus]), let offset = numbers.hexadecimal(), numbers.skip("/0x"),
            numbers.hexadecimal() != nil, numbers.isAtEnd
        else { return nil }
        name = word[..<plus].text
        self.offset = offset
        readModule(scanner.rest)
    }

    /// The form behind `RIP: 0010:` and `pc : `, where the address may stand alone.
    init?(programCounter text: ArraySlice<UInt8>) {
        var scanner = LineScanner(text.trimmed)
        // Two times the address in old kernels.
        while scanner.skip("[<") {
            guard let value = scanner.hexadecimal(), scanner.skip(">]") else { return nil }
            address = value
            scanner.skipSpaces()
        }
        if scanner.isAtEnd { return }
        let known = address
        guard let inner = KernelFrameLine(scanner.rest) else {
            if known != nil { return }
            return nil
        }
        self = inner
        if let known { address = known }
    }

    private mutating func readPlace(_ place: ArraySlice<UInt8>) -> Bool {
        // Several places where functions were inlined: the innermost one is first.
        var words = LineScanner(place)
        guard let first = words.word() else { return false }
        var scanner = LineScanner(first)
        guard let file = scanner.untilLast(":"), !file.isEmpty else { return false }
        let line = scanner.decimal()
        guard line != nil || scanner.skip("?") else { return false }
        self.file = file.text
        self.line = line.flatMap { Int(exactly: $0) }
        return true
    }

    private mutating func readModule(_ text: ArraySlice<UInt8>) {
        var scanner = LineScanner(text.trimmed)
        // Behind a place of decode_stacktrace.sh, which may end in ` (discriminator 3))`, the module stands bare.
        if scanner.skip(")") { scanner.skipSpaces() }
        guard scanner.skip("[") else {
            if file != nil, let word = scanner.word(), Self.isName(word), scanner.isAtEnd { module = word.text }
            return
        }
        guard let inside = scanner.until("]") else { return }
        var words = LineScanner(inside)
        guard let name = words.word(), Self.isName(name) else { return }
        module = name.text
        words.skipSpaces()
        if let id = words.word(), id.count >= 16, id.count <= 128, id.allSatisfy({ LineScanner.digit($0) != nil }) {
            buildID = id.text
        }
    }

    /// What a symbol's or a module's name is made of.
    private static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, !(0x30...0x39).contains(first) else { return false }
        return text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "$"),
                UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
    }

    /// The frame that it becomes.
    func frame(_ kind: ReportedFrame.Kind) -> ReportedFrame {
        var frame = ReportedFrame(kind: kind, address: address.map { .absolute($0) })
        frame.function = name
        frame.symbol = name
        frame.symbolOffset = offset
        frame.package = name == nil ? nil : module ?? "vmlinux"
        frame.file = file
        frame.line = line
        frame.trust = isUnreliable ? "scan" : nil
        return frame
    }
}
