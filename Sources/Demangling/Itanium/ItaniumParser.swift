/// Parses C++ names of the Itanium ABI (<https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling>), as GCC and
/// Clang emit them, into nodes that ``ItaniumPrinter`` prints.
///
///     _ZN4shop7largestIiEET_S1_S1_
///       └ function: name nested(shop, template(largest, [int])), returns T_, takes [S1_, S1_]
///
/// Next to libiberty's demangler because it reads what that cannot yet (constrained template arguments, Clang's
/// references to parameters), finds both forms in one pass, and is bounded in memory, depth and time by construction.
/// What the two are known to print differently is marked (``isDoubtful``), and such a name is libiberty's.
///
/// The arenas have a fixed size, are allocated once and used for one name after the other.
struct ItaniumParser: ~Copyable {
    /// More pieces than this make a name unreadable here.
    static let maximumNodes = 4000
    /// Names, types and expressions inside each other.
    static let maximumDepth = 200

    let nodes: UnsafeMutablePointer<ItaniumNode>
    let lists: UnsafeMutablePointer<Int32>
    private let pending: UnsafeMutablePointer<Int32>
    private let substitutions: UnsafeMutablePointer<Int32>
    /// The printer's, kept here so that it allocates nothing.
    let frames: UnsafeMutablePointer<ItaniumPrinter.Frame>
    private var nodeCount = 0
    private var listCount = 0
    var pendingCount = 0
    private var substitutionCount = 0

    var mangled = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    var position = 0
    private var depth = 0
    /// The word that a constructor repeats.
    var lastWord: Int32 = -1
    /// Inside the type of a conversion operator, where `I` begins the arguments of the operator.
    var isInConversion = false
    /// The new node of a type that may also be a known one.
    var lastType: Int32 = -1
    /// libiberty may print this name differently.
    var isDoubtful = false

    init() {
        nodes = .allocate(capacity: Self.maximumNodes)
        lists = .allocate(capacity: Self.maximumNodes)
        pending = .allocate(capacity: Self.maximumNodes)
        substitutions = .allocate(capacity: Self.maximumNodes)
        frames = .allocate(capacity: ItaniumPrinter.maximumDepth)
    }

    deinit {
        nodes.deallocate()
        lists.deallocate()
        pending.deallocate()
        substitutions.deallocate()
        frames.deallocate()
    }

    /// The function or object that `name` names; ``position`` is behind it. `name` must outlive the nodes' use.
    mutating func parse(_ name: UnsafeBufferPointer<UInt8>) throws(ItaniumUnreadable) -> Int32 {
        mangled = name
        position = 0
        nodeCount = 0
        listCount = 0
        pendingCount = 0
        substitutionCount = 0
        depth = 0
        lastWord = -1
        isInConversion = false
        isDoubtful = false
        try expect("_")
        try expect("Z")
        return try encoding(isScope: false)
    }

    // MARK: - Bytes

    /// The byte that comes next, 0 at the end: no mangling has one inside.
    var peek: UInt8 { position < mangled.count ? mangled[position] : 0 }

    var peekNext: UInt8 { position + 1 < mangled.count ? mangled[position + 1] : 0 }

    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek == UInt8(truncatingIfNeeded: byte.value) else { return false }
        position += 1
        return true
    }

    mutating func take(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Bool {
        guard peek == UInt8(truncatingIfNeeded: first.value), peekNext == UInt8(truncatingIfNeeded: second.value) else {
            return false
        }
        position += 2
        return true
    }

    mutating func expect(_ byte: Unicode.Scalar) throws(ItaniumUnreadable) {
        guard take(byte) else { throw ItaniumUnreadable() }
    }

    /// Decimal digits.
    mutating func number() throws(ItaniumUnreadable) -> Int32 {
        guard isDigit(peek) else { throw ItaniumUnreadable() }
        var value: Int32 = 0
        while isDigit(peek) {
            value = value * 10 + Int32(peek - 0x30)
            guard value <= 1_000_000 else { throw ItaniumUnreadable() }
            position += 1
        }
        return value
    }

    /// `_` is 0, `0_` is 1, `1_` is 2: how most numbers are written.
    mutating func shiftedNumber() throws(ItaniumUnreadable) -> Int32 {
        if take("_") { return 0 }
        let value = try number() + 1
        try expect("_")
        return value
    }

    func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    func isLower(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }

    // MARK: - Nodes

    mutating func make(
        _ kind: ItaniumNode.Kind, _ a: Int32 = -1, _ b: Int32 = -1, _ c: Int32 = -1,
        qualifiers: ItaniumQualifiers = [], text: UnsafeBufferPointer<UInt8>? = nil
    ) throws(ItaniumUnreadable) -> Int32 {
        guard nodeCount < Self.maximumNodes else { throw ItaniumUnreadable() }
        nodes[nodeCount] = ItaniumNode(
            kind: kind, qualifiers: qualifiers, length: Int32(text?.count ?? 0), a: a, b: b, c: c,
            text: text?.baseAddress)
        nodeCount += 1
        return Int32(nodeCount - 1)
    }

    mutating func make(
        _ kind: ItaniumNode.Kind, _ a: Int32 = -1, _ b: Int32 = -1, word: StaticString
    ) throws(ItaniumUnreadable) -> Int32 {
        try make(kind, a, b, text: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    /// Keeps an item for the list that is being read.
    mutating func add(_ node: Int32) throws(ItaniumUnreadable) {
        guard pendingCount < Self.maximumNodes else { throw ItaniumUnreadable() }
        pending[pendingCount] = node
        pendingCount += 1
    }

    /// A list of the items added since there were `start` of them.
    mutating func list(from start: Int, _ kind: ItaniumNode.Kind = .list) throws(ItaniumUnreadable) -> Int32 {
        let count = pendingCount - start
        guard listCount + count <= Self.maximumNodes else { throw ItaniumUnreadable() }
        for index in 0..<count { lists[listCount + index] = pending[start + index] }
        let node = try make(kind, Int32(listCount), Int32(count))
        listCount += count
        pendingCount = start
        return node
    }

    mutating func addSubstitution(_ node: Int32) throws(ItaniumUnreadable) {
        guard substitutionCount < Self.maximumNodes else { throw ItaniumUnreadable() }
        substitutions[substitutionCount] = node
        substitutionCount += 1
    }

    /// What `S_`, `S0_`, `S1_` … stands for, behind the `S`.
    mutating func substitution() throws(ItaniumUnreadable) -> Int32 {
        var index = 0
        if peek != UInt8(ascii: "_") {
            while peek != UInt8(ascii: "_") {
                let digit = peek
                guard isDigit(digit) || digit &- 0x41 < 26, index < Self.maximumNodes else { throw ItaniumUnreadable() }
                index = index * 36 + Int(isDigit(digit) ? digit - 0x30 : digit - 0x41 + 10)
                position += 1
            }
            index += 1
        }
        position += 1
        guard index < substitutionCount else { throw ItaniumUnreadable() }
        return substitutions[index]
    }

    // MARK: - Depth

    mutating func enter() throws(ItaniumUnreadable) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw ItaniumUnreadable() }
    }

    mutating func leave() { depth -= 1 }
}
