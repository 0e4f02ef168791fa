import Bytes

/// The tables of a file of format version 1, and the reading of them. Nothing here writes; the files stay readable
/// until their successors are built.
///
///     address ─▶ block starts (binary search) ─▶ block (≤ 16 ranges, decoded) ─▶ file, line, column, innermost scope
///          function ◀─ scope (root)  ◀─parent─  scope (inlined: callee, call site)  ◀──────────╯
///
/// The header is that of version 2 up to its 48th byte; load segments and metadata are the same.
struct Version1Sections: Sendable {
    static let version: UInt32 = 1
    static let headerSize = 48
    static let order: [IndexSection] = [
        .blockStarts, .blockOffsets, .blocks, .scopes, .calls, .functions, .files, .strings, .loadSegments, .metadata,
    ]
    static let recordSizes = [8, 4, 1, Scope.size, Call.size, Function.size, 4, 1, LoadSegmentRecord.size, 1]
    static var tableEnd: Int { headerSize + order.count * IndexLayout.sectionEntrySize }
    static var smallestFile: Int { tableEnd + IndexLayout.checksumSize }

    /// `scopes`: the parent is another scope with a smaller number, or none; the target is a call when there is a
    /// parent, the physical function when there is none.
    enum Scope {
        static let size = 8
        static let parent = 0
        static let target = 4
    }

    /// `calls`: callee, then the place in the caller.
    enum Call {
        static let size = 16
        static let function = 0
        static let file = 4
        static let line = 8
        static let column = 12
    }

    /// `functions`: names are offsets of a length and bytes in `strings`.
    enum Function {
        static let size = 32
        static let name = 0
        static let fullName = 4
        static let linkageName = 8
        static let declarationFile = 12
        static let declarationLine = 16
        static let language = 20
        static let flags = 21
        static let entryAddress = 24
    }

    let blockStarts: IndexStorage.Section
    let blockOffsets: IndexStorage.Section
    let blocks: IndexStorage.Section
    let scopes: IndexStorage.Section
    let calls: IndexStorage.Section
    let functions: IndexStorage.Section
    let files: IndexStorage.Section
    let strings: IndexStorage.Section
    let loadSegments: IndexStorage.Section
    let metadata: IndexStorage.Section

    init(_ bytes: RawSpan) throws(SymbolIndexError) {
        var sections: [IndexStorage.Section] = []
        for (number, section) in Self.order.enumerated() {
            sections.append(
                try IndexStorage.section(
                    section, bytes, entry: Self.headerSize + number * IndexLayout.sectionEntrySize,
                    first: Self.tableEnd, recordSize: Self.recordSizes[number]))
        }
        blockStarts = sections[0]
        blockOffsets = sections[1]
        blocks = sections[2]
        scopes = sections[3]
        calls = sections[4]
        functions = sections[5]
        files = sections[6]
        strings = sections[7]
        loadSegments = sections[8]
        metadata = sections[9]
        guard blockStarts.count == blockOffsets.count else {
            throw .damaged(
                section: .blockOffsets, record: blockOffsets.count, reason: "not as many as block starts")
        }
    }

    var sectionSizes: [(section: IndexSection, bytes: Int)] {
        let sections = [
            blockStarts, blockOffsets, blocks, scopes, calls, functions, files, strings, loadSegments, metadata,
        ]
        return zip(Self.order, sections).map { ($0, $1.byteCount) }
    }

    // MARK: - Records

    func names(_ record: Int, _ bytes: RawSpan) -> IndexStorage.NameRanges {
        (
            string(at: bytes.uint32(at: record + Function.name), bytes),
            string(at: bytes.uint32(at: record + Function.fullName), bytes),
            string(at: bytes.uint32(at: record + Function.linkageName), bytes)
        )
    }

    func marks(_ record: Int, _ bytes: RawSpan) -> (language: UInt8, flags: IndexedFunctionFlags) {
        (
            bytes.uint8(at: record + Function.language),
            IndexedFunctionFlags(rawValue: bytes.uint8(at: record + Function.flags))
        )
    }

    func declaration(_ record: Int, _ bytes: RawSpan) -> FunctionDeclaration {
        FunctionDeclaration(
            file: bytes.uint32(at: record + Function.declarationFile),
            line: bytes.uint32(at: record + Function.declarationLine))
    }

    func entryAddress(_ record: Int, _ bytes: RawSpan) -> UInt64? {
        let flags = IndexedFunctionFlags(rawValue: bytes.uint8(at: record + Function.flags))
        return flags.contains(.hasEntry) ? bytes.uint64(at: record + Function.entryAddress) : nil
    }

    /// `index` must be below the number of files.
    func path(_ index: UInt32, _ bytes: RawSpan) -> Range<Int>? {
        string(at: bytes.uint32(at: files.offset + Int(index) * 4), bytes)
    }

    /// `nil` for "none" and for damage.
    private func string(at reference: UInt32, _ bytes: RawSpan) -> Range<Int>? {
        guard reference != IndexLayout.none, Int(reference) < strings.byteCount else { return nil }
        var position = strings.offset + Int(reference)
        guard let length = bytes.unsignedLEB(at: &position, end: strings.end),
            length <= UInt64(strings.end - position)
        else { return nil }
        return position..<position + Int(length)
    }

    /// Where record `index` of the section begins; `nil` when there is none.
    private static func offset(_ index: UInt64, in section: IndexStorage.Section, size: Int) -> Int? {
        index < UInt64(section.count) ? section.offset + Int(index) * size : nil
    }

    // MARK: - Chains

    /// The innermost frame of the cursor's range and the number of frames; `nil` for a hole.
    func chain(
        _ cursor: Version1RangeCursor, _ bytes: RawSpan
    ) throws(SymbolIndexError) -> (ChainPosition, depth: Int)? {
        if cursor.isHole { return nil }
        var chain = ChainPosition(
            view: BlockView(header: BlockHeader(raw: 0), scopes: 0, scopeCount: 0, fileCount: 0), scope: 0, parent: 0,
            function: IndexLayout.none, file: cursor.file, line: cursor.line, column: cursor.column)
        guard cursor.scope != IndexLayout.none else { return (chain, 1) }
        let (parent, function, _) = try scope(UInt64(cursor.scope), bytes)
        chain.scope = UInt64(cursor.scope)
        chain.parent = parent
        chain.function = function
        var (number, next, depth) = (chain.scope, parent, 1)
        while next != number {
            depth += 1
            guard depth <= IndexLayout.maximumDepth else {
                throw .damaged(section: .scopes, record: Int(number), reason: "chain of more than 4096 frames")
            }
            number = next
            next = try scope(number, bytes).parent
        }
        return (chain, depth)
    }

    func goOut(_ chain: inout ChainPosition, _ bytes: RawSpan) {
        guard !chain.isOutermost, let call = (try? scope(chain.scope, bytes))?.call,
            let outer = try? scope(chain.parent, bytes)
        else { return }
        chain.scope = chain.parent
        chain.parent = outer.parent
        chain.function = outer.function
        chain.file = bytes.uint32(at: call + Call.file)
        chain.line = bytes.uint32(at: call + Call.line)
        chain.column = bytes.uint32(at: call + Call.column)
        chain.isCallSite = true
    }

    /// A scope; a physical function is its own parent. `call` is where the record of the call begins.
    private func scope(
        _ number: UInt64, _ bytes: RawSpan
    ) throws(SymbolIndexError) -> (parent: UInt64, function: UInt32, call: Int?) {
        func damaged(_ reason: String) -> SymbolIndexError {
            .damaged(section: .scopes, record: Int(number), reason: reason)
        }
        guard let record = Self.offset(number, in: scopes, size: Scope.size) else { throw damaged("no such scope") }
        let parent = bytes.uint32(at: record + Scope.parent)
        let target = bytes.uint32(at: record + Scope.target)
        if parent == IndexLayout.none {
            guard Int(target) < functions.count else { throw damaged("no such function") }
            return (number, target, nil)
        }
        guard let call = Self.offset(UInt64(target), in: calls, size: Call.size) else { throw damaged("no such call") }
        let function = bytes.uint32(at: call + Call.function)
        guard Int(function) < functions.count else { throw damaged("no such function") }
        guard UInt64(parent) < number else { throw damaged("parent does not come before its child") }
        return (UInt64(parent), function, call)
    }
}
