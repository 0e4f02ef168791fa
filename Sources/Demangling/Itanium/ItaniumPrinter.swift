/// Prints what an ``ItaniumParser`` read, as libiberty's demangler (GDB, `c++filt`, `addr2line`) prints it.
///
/// A type is printed in two halves, around the name that it belongs to:
///
///     int (*chooser<int>(int))(int)
///     └─left──┘└─name──┘└params┘└right
///
/// Template parameters are looked up while printing, in the arguments of the function that is printed.
struct ItaniumPrinter {
    /// More pieces than this make a name unreadable: substitutions can double a text that prints nothing.
    static let maximumSteps = 200_000
    static let maximumDepth = 500

    /// Template arguments, and the frame of those in force outside.
    struct Frame {
        var list: Int32
        var next: Int
    }

    let nodes: UnsafePointer<ItaniumNode>
    let lists: UnsafePointer<Int32>
    let output: UnsafeMutableBufferPointer<UInt8>
    /// How many bytes are printed.
    private(set) var count = 0
    /// The output was too small.
    private(set) var isFull = false
    /// Where the name without return type and parameters lies, when it is a function's.
    private(set) var nameRange: Range<Int>?

    var last: UInt8 = 0
    private var steps = 0
    private var depth = 0
    private let frames: UnsafeMutablePointer<Frame>
    private var frameCount = 0
    /// The template arguments in force, -1 for none.
    private var frame = -1
    /// The template whose arguments a conversion operator inside it may name.
    private var currentTemplate: Int32 = -1
    var packIndex = -1
    var lambdas = 0

    init(_ parser: borrowing ItaniumParser, into output: UnsafeMutableBufferPointer<UInt8>) {
        nodes = UnsafePointer(parser.nodes)
        lists = UnsafePointer(parser.lists)
        frames = parser.frames
        self.output = output
    }

    subscript(_ node: Int32) -> ItaniumNode {
        unsafeAddress { nodes + Int(node) }
    }

    /// The whole name, and ``nameRange``.
    mutating func printWhole(_ node: Int32) throws(ItaniumUnreadable) {
        guard self[node].kind == .function else { return try print(node) }
        try printFunction(node, isWhole: true)
    }

    // MARK: - Output

    mutating func append(_ byte: UInt8) throws(ItaniumUnreadable) {
        guard count < output.count else {
            isFull = true
            throw ItaniumUnreadable()
        }
        output[count] = byte
        count += 1
        last = byte
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) throws(ItaniumUnreadable) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        guard bytes.count <= output.count - count, let target = output.baseAddress else {
            isFull = true
            throw ItaniumUnreadable()
        }
        (target + count).update(from: start, count: bytes.count)
        count += bytes.count
        last = bytes[bytes.count - 1]
    }

    mutating func append(_ text: StaticString) throws(ItaniumUnreadable) {
        try append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(number: Int32) throws(ItaniumUnreadable) {
        if number >= 10 { try append(number: number / 10) }
        try append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }

    /// Takes back the comma of an argument that printed nothing. ``last`` stays what it was, as libiberty has it.
    private mutating func removeComma() { count -= 2 }

    // MARK: - Limits

    mutating func enter() throws(ItaniumUnreadable) {
        steps += 1
        depth += 1
        guard steps <= Self.maximumSteps, depth <= Self.maximumDepth else { throw ItaniumUnreadable() }
    }

    mutating func leave() { depth -= 1 }

    // MARK: - Lists

    /// Arguments with commas, where those that print nothing at the end take their commas with them.
    mutating func printList(_ node: Int32) throws(ItaniumUnreadable) {
        let (start, length) = (Int(self[node].a), Int(self[node].b))
        var empty = 0
        for index in 0..<length {
            if index > 0 { try append(", ") }
            let before = count
            try print(lists[start + index])
            empty = count == before && index > 0 ? empty + 1 : 0
        }
        for _ in 0..<empty { removeComma() }
    }

    // MARK: - Template parameters

    /// What template parameter `node` stands for; `body` runs with the arguments that are in force outside.
    mutating func withArgument<Result>(
        _ node: Int32, _ body: (inout Self, Int32) throws(ItaniumUnreadable) -> Result
    ) throws(ItaniumUnreadable) -> Result {
        let argument = try argument(node, inPack: packIndex)
        let outer = frame
        frame = frames[frame].next
        defer { frame = outer }
        try enter()
        defer { leave() }
        return try body(&self, argument)
    }

    /// The argument itself, or the one at `inPack` of a pack.
    func argument(_ node: Int32, inPack: Int?) throws(ItaniumUnreadable) -> Int32 {
        guard frame >= 0 else { throw ItaniumUnreadable() }
        let arguments = self[frames[frame].list]
        let index = self[node].a
        guard index < arguments.b else { throw ItaniumUnreadable() }
        let argument = lists[Int(arguments.a + index)]
        guard self[argument].kind == .pack, let inPack else { return argument }
        guard inPack >= 0, inPack < self[argument].b else { throw ItaniumUnreadable() }
        return lists[Int(self[argument].a) + inPack]
    }

    private mutating func withFrame(
        _ template: Int32, _ body: (inout Self) throws(ItaniumUnreadable) -> Void
    ) throws(ItaniumUnreadable) {
        guard template >= 0, self[template].kind == .template else { return try body(&self) }
        guard frameCount < Self.maximumDepth else { throw ItaniumUnreadable() }
        let outer = frame
        frames[frameCount] = Frame(list: self[template].b, next: outer)
        frame = frameCount
        frameCount += 1
        defer {
            frame = outer
            frameCount -= 1
        }
        try body(&self)
    }

    // MARK: - Names

    private mutating func printFunction(_ node: Int32, isWhole: Bool) throws(ItaniumUnreadable) {
        let function = self[node]
        // The last component's arguments are those that the types speak of.
        let entity = self[function.a].kind == .local ? self[function.a].b : function.a
        if function.b >= 0 {
            try withFrame(entity) { (printer) throws(ItaniumUnreadable) in
                try printer.printLeft(function.b)
                if try !printer.hasRight(function.b) { try printer.append(UInt8(ascii: " ")) }
            }
        }
        let start = count
        try print(function.a)
        if isWhole { nameRange = start..<count }
        try withFrame(entity) { (printer) throws(ItaniumUnreadable) in
            try printer.append(UInt8(ascii: "("))
            try printer.printList(function.c)
            try printer.append(UInt8(ascii: ")"))
            try printer.printQualifiers(function.qualifiers)
            if function.b >= 0 { try printer.printRight(function.b) }
        }
    }

    /// Anything: a name, a type as a whole, an expression.
    mutating func print(_ node: Int32) throws(ItaniumUnreadable) {
        try enter()
        defer { leave() }
        let piece = self[node]
        switch piece.kind {
        case .word, .standard: try append(piece.bytes)
        case .nested, .local:
            try print(piece.a)
            try append("::")
            try print(piece.b)
        case .template: try printTemplate(node)
        case .tagged:
            try print(piece.a)
            try append("[abi:")
            try print(piece.b)
            try append(UInt8(ascii: "]"))
        case .structor:
            if piece.b == 1 { try append(UInt8(ascii: "~")) }
            try print(piece.a)
        case .operatorName:
            try append("operator")
            if let first = piece.bytes.first, first &- 0x61 < 26 { try append(UInt8(ascii: " ")) }
            try append(piece.bytes)
        case .conversion:
            try append("operator ")
            try withFrame(currentTemplate) { (printer) throws(ItaniumUnreadable) in try printer.print(piece.a) }
        case .literalOperator:
            try append("operator\"\" ")
            try print(piece.a)
        case .lambda:
            try append("{lambda(")
            lambdas += 1
            defer { lambdas -= 1 }
            try printList(piece.a)
            try append(")#")
            try append(number: piece.b)
            try append(UInt8(ascii: "}"))
        case .unnamedType:
            try append("{unnamed type#")
            try append(number: piece.a)
            try append(UInt8(ascii: "}"))
        case .special:
            try append(piece.bytes)
            try print(piece.a)
        case .referenceTemporary:
            try append("reference temporary #")
            try append(number: piece.b)
            try append(" for ")
            try print(piece.a)
        case .function: try printFunction(node, isWhole: false)
        case .list, .pack: try printList(node)
        case .literal: try printLiteral(piece)
        case .qualified, .pointer, .reference, .rvalueReference, .memberPointer, .functionType, .array, .vector,
            .postfixed, .packExpansion, .templateParameter, .builtin:
            try printLeft(node)
            try printRight(node)
        case .decltype, .unary, .binary, .ternary, .call, .wrapped, .cast, .functionParameter, .braced, .namedCast:
            try printExpression(piece)
        }
    }

    private mutating func printTemplate(_ node: Int32) throws(ItaniumUnreadable) {
        let outer = currentTemplate
        currentTemplate = node
        defer { currentTemplate = outer }
        try print(self[node].a)
        if last == UInt8(ascii: "<") { try append(UInt8(ascii: " ")) }
        try append(UInt8(ascii: "<"))
        try printList(self[node].b)
        // Not two of them in a row, which once was a shift.
        if last == UInt8(ascii: ">") { try append(UInt8(ascii: " ")) }
        try append(UInt8(ascii: ">"))
    }

    /// What stands behind a type, or behind the parameters of a function.
    mutating func printQualifiers(_ qualifiers: ItaniumQualifiers) throws(ItaniumUnreadable) {
        guard !qualifiers.isEmpty else { return }
        if qualifiers.contains(.const) { try append(" const") }
        if qualifiers.contains(.volatile) { try append(" volatile") }
        if qualifiers.contains(.restrict) { try append(" restrict") }
        if qualifiers.contains(.reference) { try append(" &") }
        if qualifiers.contains(.rvalueReference) { try append(" &&") }
        if qualifiers.contains(.noexcept) { try append(" noexcept") }
    }
}
