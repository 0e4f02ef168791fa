public import Bytes

/// An immutable file *address → frames* of one ELF object, mapped read-only.
///
///     address ─▶ block starts (binary search) ─▶ block (≤ 16 ranges, decoded) ─▶ file, line, column, innermost scope
///                                                                                              │
///          function ◀─ scope (root)  ◀─parent─  scope (inlined: callee, call site)  ◀──────────╯
///
/// The addresses are the object's *link addresses*, as `nm` and `objdump` show them; see
/// ``SymbolIndexHeader/baseAddress`` for the way from a run-time address. The index holds demangled names and full
/// paths: a look-up copies no text and demangles nothing. It knows neither ELF nor DWARF; `SymbolIndexBuilder` writes
/// it.
///
/// A damaged file gives a typed ``SymbolIndexError`` or wrong but well-formed answers, never a crash or an endless
/// loop: every reference is checked where it is followed, and a scope's parent must have a smaller index than the scope
/// itself. `Documentation/SymbolIndexFormat.md` describes the format byte by byte.
public struct SymbolIndex: Sendable {
    /// The version of the format that this reader reads and the writer writes.
    public static let formatVersion = IndexLayout.version

    let storage: IndexStorage

    /// Opens a mapped index: checks the header and that the sections lie inside the file, nothing more.
    public init(_ file: MappedFile) throws(SymbolIndexError) {
        storage = try IndexStorage(file)
    }

    /// The fixed fields: versions, base address, machine, kind, quality.
    public var header: SymbolIndexHeader { storage.header }

    /// What stands at the link address `address`; `nil` in a hole, where nothing is known.
    ///
    /// Allocates nothing. Costs a binary search over the block starts, half a block decoded, and one step a frame.
    /// - Throws: `SymbolIndexError.damaged` when a record on the way contradicts the format.
    public func lookup(_ address: UInt64) throws(SymbolIndexError) -> IndexedLocation? {
        let bytes = storage.bytes
        guard let block = storage.block(containing: address, from: 0, to: storage.blockStarts.count, bytes) else {
            return nil
        }
        var cursor = try RangeCursor(
            block: block, startingAt: storage.blockStart(block, bytes), storage, bytes)
        try cursor.advance(to: address, bytes)
        return try storage.location(cursor, bytes)
    }

    /// Looks up many addresses in rising order, sharing the searches: neighbours cost a fraction of a ``lookup(_:)``.
    ///
    /// `body` gets the position in `addresses` and what `lookup` would answer. An address smaller than the one before
    /// is answered too, at the price of a full search.
    public func lookup(
        sorted addresses: [UInt64], _ body: (Int, IndexedLocation?) -> Void
    ) throws(SymbolIndexError) {
        let bytes = storage.bytes
        let count = storage.blockStarts.count
        var cursor: RangeCursor?
        var block = 0
        for (position, address) in addresses.enumerated() {
            if let current = cursor, address >= current.address {
                if block + 1 < count, address >= storage.blockStart(block + 1, bytes) {
                    // Gallop: the next address is seldom far.
                    var step = 1
                    while block + step < count, address >= storage.blockStart(block + step, bytes) { step *= 2 }
                    cursor = nil
                    block =
                        storage.block(
                            containing: address, from: block + step / 2, to: min(count, block + step), bytes)
                        ?? block
                }
            } else {
                cursor = nil
                guard let found = storage.block(containing: address, from: 0, to: count, bytes) else {
                    body(position, nil)
                    continue
                }
                block = found
            }
            var next: RangeCursor
            if let current = cursor {
                next = current
            } else {
                next = try RangeCursor(
                    block: block, startingAt: storage.blockStart(block, bytes), storage, bytes)
            }
            try next.advance(to: address, bytes)
            body(position, try storage.location(next, bytes))
            cursor = next
        }
    }

    /// Visits all ranges in rising order, holes (`nil`) between them included, for dumps and tests.
    public func forEachRange(
        _ body: (Range<UInt64>, IndexedLocation?) -> Void
    ) throws(SymbolIndexError) {
        let bytes = storage.bytes
        let count = storage.blockStarts.count
        for block in 0..<count {
            let start = storage.blockStart(block, bytes)
            let limit = block + 1 < count ? storage.blockStart(block + 1, bytes) : nil
            var cursor = try RangeCursor(block: block, startingAt: start, storage, bytes)
            while true {
                let end = cursor.nextAddress ?? limit
                if let end {
                    guard end > cursor.address, end <= limit ?? end else {
                        throw .damaged(section: .blockStarts, record: block, reason: "blocks are not in rising order")
                    }
                    body(cursor.address..<end, try storage.location(cursor, bytes))
                } else if !cursor.isHole {
                    throw .damaged(section: .blocks, record: block, reason: "the last range has no end")
                }
                guard try cursor.advance(bytes) else { break }
            }
        }
    }

    /// Compares the checksum at the end of the file with its bytes. Reads the whole file.
    public func verifyChecksum() throws(SymbolIndexError) {
        let bytes = storage.bytes
        let count = bytes.byteCount - IndexLayout.checksumSize
        let stored = bytes.uint64(at: count)
        let computed = XXHash64.hash(bytes, count: count)
        guard stored == computed else { throw .checksumMismatch(stored: stored, computed: computed) }
    }

    /// Number of functions, scopes and files, for reports.
    public var counts: (functions: Int, scopes: Int, files: Int, blocks: Int) {
        (storage.functions.count, storage.scopes.count, storage.files.count, storage.blockStarts.count)
    }

    /// Bytes of each section, in the order of the file: what takes the room.
    public var sectionSizes: [(section: IndexSection, bytes: Int)] {
        let sections = [
            storage.blockStarts, storage.blockOffsets, storage.blocks, storage.scopes, storage.calls,
            storage.functions, storage.files, storage.strings, storage.loadSegments, storage.metadata,
        ]
        return zip(IndexSection.allCases, sections).map { ($0, $1.byteCount) }
    }
}

extension IndexStorage {
    @inline(__always)
    func blockStart(_ block: Int, _ bytes: RawSpan) -> UInt64 {
        bytes.uint64(at: blockStarts.offset + block * 8)
    }

    /// The last block in `from..<to` that begins at or before `address`; `nil` when none does.
    @inline(__always)
    func block(containing address: UInt64, from: Int, to: Int, _ bytes: RawSpan) -> Int? {
        guard from < to, blockStart(from, bytes) <= address else { return nil }
        var low = from
        var length = to - from
        // Halving with a conditional move instead of a jump: no mispredicted branch.
        while length > 1 {
            let half = length / 2
            low = blockStart(low + half, bytes) <= address ? low + half : low
            length -= half
        }
        return low
    }

    /// The answer of the cursor's range; follows and checks the chain.
    @inline(__always)
    func location(_ cursor: RangeCursor, _ bytes: RawSpan) throws(SymbolIndexError) -> IndexedLocation? {
        if cursor.isHole { return nil }
        var depth = 1
        let innermost = cursor.scope
        if innermost != IndexLayout.none {
            depth = try chainDepth(innermost, bytes)
        }
        return IndexedLocation(
            storage: self, scope: innermost, file: cursor.file, line: cursor.line, column: cursor.column,
            frameCount: depth, rangeStart: cursor.address)
    }

    private func chainDepth(_ innermost: UInt32, _ bytes: RawSpan) throws(SymbolIndexError) -> Int {
        var scope = innermost
        var depth = 1
        while true {
            guard let record = Self.offset(scope, in: scopes, size: ScopeRecord.size) else {
                throw .damaged(section: .scopes, record: Int(scope), reason: "no such scope")
            }
            let parent = bytes.uint32(at: record + ScopeRecord.parent)
            let target = bytes.uint32(at: record + ScopeRecord.target)
            if parent == IndexLayout.none {
                guard Int(target) < functions.count else {
                    throw .damaged(section: .scopes, record: Int(scope), reason: "no such function")
                }
                return depth
            }
            guard let call = Self.offset(target, in: calls, size: CallRecord.size) else {
                throw .damaged(section: .scopes, record: Int(scope), reason: "no such call")
            }
            guard Int(bytes.uint32(at: call + CallRecord.function)) < functions.count else {
                throw .damaged(section: .calls, record: Int(target), reason: "no such function")
            }
            guard parent < scope else {
                throw .damaged(section: .scopes, record: Int(scope), reason: "parent does not come before its child")
            }
            depth += 1
            guard depth <= IndexLayout.maximumDepth else {
                throw .damaged(section: .scopes, record: Int(scope), reason: "chain of more than 4096 frames")
            }
            scope = parent
        }
    }
}
