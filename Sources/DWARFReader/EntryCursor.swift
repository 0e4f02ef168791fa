/// Where the value of one attribute stands. `form` 0 means that the entry has no such attribute.
struct AttributeValue {
    var form: UInt16 = 0
    /// In `.debug_info`; for a `DW_FORM_implicit_const` the value itself.
    var position = 0

    var isPresent: Bool { form != 0 }
    /// The value stands in the entry: `position` is a place and not the value.
    var hasBytes: Bool { form != 0 && form != Form.implicitConst && form != Form.flagPresent }
}

/// The attributes that the walk wants, found in one pass over an entry.
struct EntryAttributes {
    var name = AttributeValue()
    var linkageName = AttributeValue()
    var lowPC = AttributeValue()
    var highPC = AttributeValue()
    var ranges = AttributeValue()
    var entryPC = AttributeValue()
    var abstractOrigin = AttributeValue()
    var specification = AttributeValue()
    var declarationFile = AttributeValue()
    var declarationLine = AttributeValue()
    var callFile = AttributeValue()
    var callLine = AttributeValue()
    var callColumn = AttributeValue()
    var artificial = AttributeValue()
    // Of units only:
    var compilationDirectory = AttributeValue()
    var producer = AttributeValue()
    var language = AttributeValue()
    var statementList = AttributeValue()
    var dwoName = AttributeValue()
    var dwoID = AttributeValue()

    mutating func set(_ attribute: UInt16, _ value: AttributeValue) {
        switch attribute {
        case Attribute.name: name = value
        case Attribute.linkageName, Attribute.mipsLinkageName: linkageName = value
        case Attribute.lowPC: lowPC = value
        case Attribute.highPC: highPC = value
        case Attribute.ranges: ranges = value
        case Attribute.entryPC: entryPC = value
        case Attribute.abstractOrigin: abstractOrigin = value
        case Attribute.specification: specification = value
        case Attribute.declarationFile: declarationFile = value
        case Attribute.declarationLine: declarationLine = value
        case Attribute.callFile: callFile = value
        case Attribute.callLine: callLine = value
        case Attribute.callColumn: callColumn = value
        case Attribute.artificial: artificial = value
        case Attribute.compilationDirectory: compilationDirectory = value
        case Attribute.producer: producer = value
        case Attribute.language: language = value
        case Attribute.statementList: statementList = value
        case Attribute.dwoName, Attribute.gnuDwoName: dwoName = value
        case Attribute.gnuDwoID: dwoID = value
        default: break
        }
    }
}

/// An entry (DIE) that the walk is interested in.
struct Entry {
    /// In `.debug_info`.
    var offset: Int
    /// 0 = the unit's root.
    var depth: Int
    /// The smallest depth since the interesting entry before, this one included: everything open at that depth or deeper
    /// has ended, by a boring entry if not by this one.
    var closes: Int
    var tag: UInt16
    var interest: EntryInterest
}

/// Steps through the entries of one unit in the order of the file, which is pre-order: one pass, each byte once, no
/// recursion. (libdw's `dwarf_siblingof` reads all children of an entry again when the compiler wrote no
/// `DW_AT_sibling`, as clang and swiftc do, so that every level of nesting would cost another pass.)
///
/// Every entry takes at least one byte and the cursor only moves forward, so that no damaged tree can loop.
struct EntryCursor: ~Escapable {
    private var reader: ByteReader
    private let table: AbbreviationTable
    private let sizes: FormSizes
    private let maximumDepth: Int
    private var current: AbbreviationTable.Abbreviation?
    private var depth = 0
    /// Entries below the depth limit were stepped over.
    private(set) var isTooDeep = false
    /// Entries seen, boring ones too.
    private(set) var count = 0
    /// Offset of the entry being read, for errors.
    private(set) var entryOffset: Int

    /// A cursor that starts with the unit's root, or, to look at single entries, with the one at `offset`.
    @_lifetime(copy info)
    init(
        _ info: RawSpan, unit: UnitHeader, table: AbbreviationTable, bigEndian: Bool, limits: DWARFLimits,
        at offset: Int? = nil
    ) throws(ReadFailure) {
        reader = ByteReader(info, bigEndian: bigEndian)
        let start = offset ?? unit.firstEntry
        try reader.seek(to: UInt64(start))
        try reader.limit(toNext: UInt64(max(0, unit.end - start)))
        self.table = table
        sizes = unit.sizes
        maximumDepth = limits.depth
        entryOffset = start
    }

    /// The next interesting entry; `nil` behind the last. Its attributes must be read with ``attributes()`` before the
    /// next step, or are skipped.
    @_lifetime(self: copy self)
    mutating func next() throws(ReadFailure) -> Entry? {
        if current != nil { try finishEntry(skip: true) }
        if count > 0, depth == 0 { return nil }  // A root without children is the whole tree.
        var closes = Int.max
        while !reader.isAtEnd {
            entryOffset = reader.position
            let code = try reader.uleb()
            if code == 0 {
                depth -= 1
                if depth <= 0 { return nil }
                continue
            }
            guard let abbreviation = table.abbreviation(code) else {
                throw .malformed("abbreviation code \(code) is not in the unit's table")
            }
            count += 1
            current = abbreviation
            closes = min(closes, depth)
            if abbreviation.interest != .none {
                if depth <= maximumDepth {
                    return Entry(
                        offset: entryOffset, depth: depth, closes: closes, tag: abbreviation.tag,
                        interest: abbreviation.interest)
                }
                isTooDeep = true
            }
            try finishEntry(skip: true)
            if depth == 0 { return nil }
        }
        // A unit may end without the null entries that close its tree.
        return nil
    }

    /// The entry under a cursor made with an offset, whatever its tag; `nil` when there is none.
    @_lifetime(self: copy self)
    mutating func single() throws(ReadFailure) -> EntryAttributes? {
        let code = try reader.uleb()
        guard code != 0, let abbreviation = table.abbreviation(code) else { return nil }
        current = abbreviation
        return try attributes()
    }

    /// The attributes of the entry that ``next()`` gave.
    @_lifetime(self: copy self)
    mutating func attributes() throws(ReadFailure) -> EntryAttributes {
        var result = EntryAttributes()
        try read(into: &result)
        return result
    }

    @_lifetime(self: copy self)
    private mutating func read(into result: inout EntryAttributes) throws(ReadFailure) {
        guard let abbreviation = current else { return }
        for index in abbreviation.attributes {
            let specification = table.attributes[Int(index)]
            var form = specification.form
            if form == Form.indirect { form = try reader.indirectForm() }
            result.set(
                specification.name,
                AttributeValue(
                    form: form,
                    position: form == Form.implicitConst ? Int(specification.constant) : reader.position))
            try reader.skip(form: form, sizes)
        }
        try finishEntry(skip: false)
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func finishEntry(skip: Bool) throws(ReadFailure) {
        guard let abbreviation = current else { return }
        current = nil
        if skip {
            if abbreviation.fixedSize >= 0 {
                try reader.skip(UInt64(abbreviation.fixedSize))
            } else {
                for index in abbreviation.attributes {
                    try reader.skip(form: table.attributes[Int(index)].form, sizes)
                }
            }
        }
        if abbreviation.hasChildren { depth += 1 }
    }
}
