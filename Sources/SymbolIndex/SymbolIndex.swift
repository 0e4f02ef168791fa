public import Bytes

/// An immutable file *address → frames* of one ELF object, mapped read-only.
///
///     address ─▶ region ─shift─▶ bucket ─▶ block: place and inline chain, as numbers ─▶ functions, files ─▶ texts
///
/// The addresses are the object's *link addresses*, as `nm` and `objdump` show them; see
/// ``SymbolIndexHeader/baseAddress`` for the way from a run-time address. The index holds demangled names and full
/// paths: a look-up copies no text and demangles nothing. It knows neither ELF nor DWARF; `SymbolIndexBuilder` writes
/// it.
///
/// A damaged file gives a typed ``SymbolIndexError`` or wrong but well-formed answers, never a crash or an endless
/// loop: every reference is checked where it is followed, and a scope's parent must have a smaller number than the
/// scope itself. `Documentation/SymbolIndexFormat.md` describes the format byte by byte.
///
/// Files of format version 1 are read too, slower: after an upgrade an old index serves until its successor is built.
public struct SymbolIndex: Sendable {
    /// The version of the format that the writer writes. The reader reads this and ``readableVersions``.
    public static let formatVersion = IndexLayout.version
    /// The versions of the format that this reader opens.
    public static let readableVersions = Version1Sections.version...IndexLayout.version

    let storage: IndexStorage

    /// Opens a mapped index: checks the header and that sections and regions lie inside the file, nothing more.
    public init(_ file: MappedFile) throws(SymbolIndexError) {
        storage = try IndexStorage(file)
    }

    /// The fixed fields: versions, base address, machine, kind, quality.
    public var header: SymbolIndexHeader { storage.header }

    /// What stands at the link address `address`; `nil` in a hole, where nothing is known.
    ///
    /// Allocates nothing. Touches one entry of the directory, one block, and a record for each frame's function.
    /// - Throws: `SymbolIndexError.damaged` when a record on the way contradicts the format.
    public func lookup(_ address: UInt64) throws(SymbolIndexError) -> IndexedLocation? {
        if let version1 = storage.version1 { return try version1.lookup(address, storage) }
        guard let region = storage.regionNumber(of: address),
            let place = BucketPlace(address, storage.region(region), storage)
        else { return nil }
        return try storage.location(place, address)
    }

    /// Looks up many addresses, best in rising order: neighbours share what they touch, and the waits for memory
    /// overlap.
    ///
    /// `body` gets the position in `addresses` and what `lookup` would answer, in rising order of positions. See
    /// ``lookup(sorted:frames:ends:)`` for the fastest way to frames.
    public func lookup(
        sorted addresses: [UInt64], _ body: (Int, IndexedLocation?) -> Void
    ) throws(SymbolIndexError) {
        for (position, address) in addresses.enumerated() { body(position, try lookup(address)) }
    }

    /// Visits all ranges in rising order, holes (`nil`) between them included, for dumps and tests.
    public func forEachRange(
        _ body: (Range<UInt64>, IndexedLocation?) -> Void
    ) throws(SymbolIndexError) {
        if let version1 = storage.version1 { return try version1.forEachRange(storage, body) }
        try storage.forEachRange(body)
    }

    /// Compares the checksum at the end of the file with its bytes. Reads the whole file.
    public func verifyChecksum() throws(SymbolIndexError) {
        let bytes = storage.bytes
        let count = bytes.byteCount - IndexLayout.checksumSize
        let stored = bytes.uint64(at: count)
        var hash = XXHash64()
        storage.file.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        let computed = hash.value
        guard stored == computed else { throw .checksumMismatch(stored: stored, computed: computed) }
    }

    /// Number of functions, scopes, files and blocks, for reports.
    public var counts: (functions: Int, scopes: Int, files: Int, blocks: Int) {
        let header = storage.header
        if let version1 = storage.version1 {
            return (version1.functions.count, version1.scopes.count, version1.files.count, version1.blockStarts.count)
        }
        return (
            storage.functions.count, Int(clamping: header.scopeCount), storage.files.count,
            Int(clamping: header.blockCount)
        )
    }

    /// Bytes of each section, in the order of the file: what takes the room.
    public var sectionSizes: [(section: IndexSection, bytes: Int)] {
        if let version1 = storage.version1 { return version1.sectionSizes }
        let sections = [
            storage.regions, storage.directory, storage.blocks, storage.functions, storage.farEntries, storage.files,
            storage.strings, storage.loadSegments, storage.objectSections, storage.metadata,
        ]
        return zip(IndexLayout.sections, sections).map { ($0, $1.byteCount) }
    }
}

extension IndexStorage {
    /// The answer at a place of a bucket; follows and checks the chain.
    @inline(__always)
    func location(_ place: BucketPlace, _ address: UInt64) throws(SymbolIndexError) -> IndexedLocation? {
        let (view, number) = try entry(at: place, blockHeader(place))
        let entry = blockEntry(view, number)
        guard let chain = try chain(view, entry) else { return nil }
        let depth = try depth(view, from: entry.scope)
        return IndexedLocation(storage: self, first: chain, address: address, frameCount: depth)
    }
}
