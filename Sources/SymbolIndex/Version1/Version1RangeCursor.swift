/// Decodes the entries of one block, only as far as needed: the address of the next entry is read, the fields of an
/// entry only when its address has been reached.
///
///     block:  fields · Δaddress fields · Δaddress fields · …
///             ╰ at the block's start address
///
/// `fields` is a byte of flags and, for each flag set, a zigzag LEB128 difference to the entry before (column:
/// the value itself). The first entry differs from "no scope, no file, line 0, column 0". Scope and file are stored
/// plus one, so that 0 is "none".
struct Version1RangeCursor {
    /// First byte of every entry: which fields follow.
    private enum Flags {
        static let scope: UInt8 = 1
        static let file: UInt8 = 2
        static let line: UInt8 = 4
        static let column: UInt8 = 8
        /// Nothing is known here until the next entry; stands alone.
        static let hole: UInt8 = 16
        static let known: UInt8 = 31
    }

    /// The start of the current range.
    private(set) var address: UInt64
    private(set) var isHole = false
    private var scopePlusOne: UInt64 = 0
    private var filePlusOne: UInt64 = 0
    private(set) var line: UInt32 = 0
    private(set) var column: UInt32 = 0
    /// The start of the following range of this block; `nil` in the last one.
    private(set) var nextAddress: UInt64?
    private var position: Int
    private let end: Int
    /// Offset of the section, for errors.
    private let base: Int

    /// Index of the innermost scope, `IndexLayout.none` for none.
    var scope: UInt32 { UInt32(truncatingIfNeeded: scopePlusOne &- 1) }
    /// Index of the file, `IndexLayout.none` for none.
    var file: UInt32 { UInt32(truncatingIfNeeded: filePlusOne &- 1) }

    /// Starts at block `index`, whose first range begins at `address`.
    @inline(__always)
    init(block index: Int, startingAt address: UInt64, _ sections: Version1Sections, _ bytes: RawSpan)
        throws(SymbolIndexError)
    {
        let offsets = sections.blockOffsets.offset
        let begin = Int(bytes.uint32(at: offsets + index * 4))
        let end =
            index + 1 < sections.blockOffsets.count
            ? Int(bytes.uint32(at: offsets + (index + 1) * 4)) : sections.blocks.byteCount
        guard begin < end, end <= sections.blocks.byteCount else {
            throw .damaged(section: .blockOffsets, record: index, reason: "block lies outside its section")
        }
        self.address = address
        base = sections.blocks.offset
        position = base + begin
        self.end = base + end
        try readFields(bytes)
        try readNextAddress(bytes)
    }

    /// Goes to the last range of the block that begins at or before `target`.
    @inline(__always)
    mutating func advance(to target: UInt64, _ bytes: RawSpan) throws(SymbolIndexError) {
        while let next = nextAddress, next <= target {
            address = next
            try readFields(bytes)
            try readNextAddress(bytes)
        }
    }

    /// Goes to the next range; `false` in the last one.
    mutating func advance(_ bytes: RawSpan) throws(SymbolIndexError) -> Bool {
        guard let next = nextAddress else { return false }
        try advance(to: next, bytes)
        return true
    }

    @inline(__always)
    private mutating func readNextAddress(_ bytes: RawSpan) throws(SymbolIndexError) {
        guard position < end else {
            nextAddress = nil
            return
        }
        guard let difference = bytes.unsignedLEB(at: &position, end: end), difference > 0 else {
            throw damage("address difference is not a positive number")
        }
        let (next, overflow) = address.addingReportingOverflow(difference)
        guard !overflow else { throw damage("address beyond 64 bits") }
        nextAddress = next
    }

    @inline(__always)
    private mutating func readFields(_ bytes: RawSpan) throws(SymbolIndexError) {
        guard position < end else { throw damage("entry without fields") }
        let flags = bytes.uint8(at: position)
        position += 1
        isHole = flags & Flags.hole != 0
        if isHole {
            guard flags == Flags.hole else { throw damage("hole with fields") }
            return
        }
        guard flags & ~Flags.known == 0 else { throw damage("unknown flags") }
        if flags & Flags.scope != 0 {
            scopePlusOne = try sum(scopePlusOne, bytes)
        }
        if flags & Flags.file != 0 {
            filePlusOne = try sum(filePlusOne, bytes)
        }
        if flags & Flags.line != 0 {
            line = UInt32(truncatingIfNeeded: try sum(UInt64(line), bytes))
        }
        if flags & Flags.column != 0 {
            guard let value = bytes.unsignedLEB(at: &position, end: end), value <= UInt64(UInt32.max) else {
                throw damage("column beyond 32 bits")
            }
            column = UInt32(truncatingIfNeeded: value)
        }
    }

    @inline(__always)
    private mutating func sum(_ old: UInt64, _ bytes: RawSpan) throws(SymbolIndexError) -> UInt64 {
        guard let coded = bytes.unsignedLEB(at: &position, end: end) else {
            throw damage("number does not end")
        }
        let difference = coded >> 1 ^ (0 &- (coded & 1))
        let value = old &+ difference
        guard value <= UInt64(UInt32.max) else { throw damage("number beyond 32 bits") }
        return value
    }

    private func damage(_ reason: String) -> SymbolIndexError {
        .damaged(section: .blocks, record: position - base, reason: reason)
    }
}
