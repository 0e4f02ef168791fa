/// A scope of a ``RangePart``; means nothing in another part.
public struct ScopeReference: Hashable, Sendable {
    let index: UInt32
}

/// One slice of the address space being encoded: its ranges in rising order, and the inline tree that they refer to.
///
/// Parts are independent: each can be filled and encoded on its own thread. The cuts decide about the bytes of the
/// file, so a builder cuts by content (addresses, numbers of ranges), never by the number of threads. Some ten thousand
/// ranges make a good part.
///
///     part 1  ├─────┼──┼────hole     part 2  ├──┼──hole      the last entry of a part is a hole: its end
///
/// The next part may begin at that very address.
public struct RangePart: Sendable {
    /// Where a range begins and what it is.
    struct Start {
        var address: UInt64
        /// Position in `scopes`, `noScope` or `hole`.
        var scope: UInt32
        var file: UInt32
        var line: UInt32
        var column: UInt32

        static let noScope = UInt32.max
        static let hole = UInt32.max - 1
    }

    struct Scope {
        /// Position in `scopes`; the scope's own for a physical function.
        var parent: UInt32
        var function: UInt32
        var callFile: UInt32
        var callLine: UInt32
        var callColumn: UInt32
        var depth: UInt32
    }

    let declarations: [FunctionDeclaration]
    private var starts: [Start] = []
    private var scopes: [Scope] = []
    private var isEncoded = false
    /// The bytes, once encoded.
    private(set) var regions: [EncodedRegion] = []
    /// One more than the largest number of a file, for the check against the table.
    private(set) var fileLimit: UInt32 = 0
    private(set) var first: UInt64?
    private(set) var last: UInt64?
    /// Ranges and holes, once the part is encoded; 0 before.
    public private(set) var rangeCount = 0
    /// Scopes, once encoded.
    private(set) var scopeCount = 0
    private var endsWithHole = true

    /// - Parameter declarations: Of all functions that scopes of this part will name, by number:
    ///   ``SymbolIndexEncoder/declarations``, or the same facts known earlier. They are compared when the file is
    ///   written.
    public init(declarations: [FunctionDeclaration]) {
        self.declarations = declarations
    }

    /// Makes room for this many, for callers that know.
    public mutating func reserve(ranges: Int, scopes: Int) {
        starts.reserveCapacity(ranges)
        self.scopes.reserveCapacity(scopes)
    }

    /// Adds a physical function (`parent` is `nil`, the call has no meaning) or a call inlined into `parent`.
    /// - Throws: `SymbolIndexError.invalidContent` for an unknown function or parent, and for a chain that is too deep.
    public mutating func scope(
        parent: ScopeReference?, function: UInt32, callFile: UInt32? = nil, callLine: UInt32 = 0,
        callColumn: UInt32 = 0
    ) throws(SymbolIndexError) -> ScopeReference {
        let number = UInt32(truncatingIfNeeded: scopes.count)
        guard number < Start.hole else { throw .invalidContent("more than 4,294,967,293 scopes in a part") }
        guard Int(function) < declarations.count else {
            throw .invalidContent("scope \(number) refers to no function")
        }
        guard let parent else {
            scopes.append(
                Scope(parent: number, function: function, callFile: .max, callLine: 0, callColumn: 0, depth: 1))
            return ScopeReference(index: number)
        }
        guard parent.index < number else {
            throw .invalidContent("scope \(number) does not come after its parent")
        }
        let depth = scopes[Int(parent.index)].depth + 1
        guard depth <= IndexLayout.maximumDepth else {
            throw .invalidContent("scope \(number) is nested more than \(IndexLayout.maximumDepth) deep")
        }
        note(file: callFile)
        scopes.append(
            Scope(
                parent: parent.index, function: function, callFile: callFile ?? .max, callLine: callLine,
                callColumn: callColumn, depth: depth))
        return ScopeReference(index: number)
    }

    /// From `address` on, until the next call of `range` or `hole`, the code is at this place. Lines and columns are
    /// 1-based; 0 unknown or compiler-generated.
    /// - Throws: `SymbolIndexError.invalidContent` for an unknown scope, and for an address that is not above the last.
    public mutating func range(
        at address: UInt64, scope: ScopeReference?, file: UInt32? = nil, line: UInt32 = 0, column: UInt32 = 0
    ) throws(SymbolIndexError) {
        if let scope, Int(scope.index) >= scopes.count {
            throw .invalidContent("range at 0x\(String(address, radix: 16)) refers to no scope")
        }
        note(file: file)
        try append(
            Start(
                address: address, scope: scope?.index ?? Start.noScope, file: file ?? .max, line: line,
                column: column))
        endsWithHole = false
    }

    /// From `address` on nothing is known.
    /// - Throws: `SymbolIndexError.invalidContent` for an address that is not above the last one.
    public mutating func hole(at address: UInt64) throws(SymbolIndexError) {
        try append(Start(address: address, scope: Start.hole, file: .max, line: 0, column: 0))
        endsWithHole = true
    }

    @inline(__always)
    private mutating func note(file: UInt32?) {
        // "None" would be taken for no file; the writer refuses it with the other numbers that are too large.
        if let file, file >= fileLimit { fileLimit = file == .max ? .max : file + 1 }
    }

    @inline(__always)
    private mutating func append(_ start: Start) throws(SymbolIndexError) {
        guard !isEncoded else { throw .invalidContent("a part grew after it was encoded") }
        if let last {
            guard start.address > last else {
                throw .invalidContent(
                    "range at 0x\(String(start.address, radix: 16)) does not begin after the one before")
            }
        } else {
            first = start.address
        }
        last = start.address
        starts.append(start)
    }

    /// Ends the part: makes its bytes and frees what it was made from. The writer does it when the caller has not;
    /// callers do it on their own threads, for here is most of the work.
    /// - Throws: `SymbolIndexError.invalidContent` when the last entry is not a hole, or the bytes exceed 2 GiB.
    public mutating func encode() throws(SymbolIndexError) {
        guard !isEncoded else { return }
        guard endsWithHole else { throw .invalidContent("the last range is not a hole") }
        rangeCount = starts.count
        scopeCount = scopes.count
        isEncoded = true
        defer {
            starts = []
            scopes = []
        }
        regions = try starts.withUnsafeBufferPointer { starts throws(SymbolIndexError) in
            try scopes.withUnsafeBufferPointer { scopes throws(SymbolIndexError) in
                try declarations.withUnsafeBufferPointer { declarations throws(SymbolIndexError) in
                    var encoder = RegionEncoder(starts: starts, scopes: scopes, declarations: declarations)
                    return try encoder.regions()
                }
            }
        }
    }
}
