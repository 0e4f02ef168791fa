import Glibc

/// A text in the strings section of an index being written.
public struct IndexText: Hashable, Sendable {
    /// Offset of the first byte in the section.
    public var offset: UInt32
    /// Bytes of UTF-8.
    public var length: UInt32

    /// The empty text.
    public static let empty = IndexText(offset: 0, length: 0)

    /// A place in the strings section; made by ``SymbolIndexEncoder/text(_:)``.
    init(offset: UInt32, length: UInt32) {
        self.offset = offset
        self.length = length
    }
}

/// Where a function is declared: what a ``RangePart`` must know of the functions that its scopes name, because places
/// in the code are stored as differences to it.
public struct FunctionDeclaration: Equatable, Sendable {
    /// Number of the declaring file; `UInt32.max` for none.
    public var file: UInt32
    /// 1-based; 0 unknown.
    public var line: UInt32

    /// A declaration.
    public init(file: UInt32 = .max, line: UInt32 = 0) {
        self.file = file
        self.line = line
    }
}

/// A function as ``SymbolIndexEncoder`` takes it.
public struct EncodedFunction: Sendable {
    /// Simplified name.
    public var name: IndexText
    /// With everything; the same as `name` when there is no longer one.
    public var fullName: IndexText
    /// Mangled; `nil` when there is none.
    public var linkageName: IndexText?
    /// By the mangling, else by the unit.
    public var language: IndexedLanguage
    /// From the symbol table, artificial, failed to demangle.
    public var flags: IndexedFunctionFlags
    /// Where it is declared.
    public var declaration: FunctionDeclaration
    /// Link address of the first instruction; `nil` for one that is only inlined.
    public var entryAddress: UInt64?

    /// A function.
    public init(
        name: IndexText, fullName: IndexText, linkageName: IndexText? = nil, language: IndexedLanguage = .unknown,
        flags: IndexedFunctionFlags = [], declaration: FunctionDeclaration = FunctionDeclaration(),
        entryAddress: UInt64? = nil
    ) {
        self.name = name
        self.fullName = fullName
        self.linkageName = linkageName
        self.language = language
        self.flags = flags
        self.declaration = declaration
        self.entryAddress = entryAddress
    }
}

/// The tables of an index being written: texts, files and functions. Ranges and inline chains are encoded apart, in
/// ``RangePart``s, by as many threads as there are; ``SymbolIndexWriter/write(_:_:parts:to:)`` joins both.
///
///     SymbolIndexEncoder   text ▸ file ▸ function         one thread
///     RangePart            scope ▸ range ▸ hole ▸ encode  one a slice of the address space, any thread
///     SymbolIndexWriter    header, parts in rising order, tables ─▶ file
///
/// Numbers are given in the order of the calls, so the same calls give the same bytes.
public struct SymbolIndexEncoder: Sendable {
    /// The declarations of the functions so far, by number: what ``RangePart`` asks for.
    public private(set) var declarations: [FunctionDeclaration] = []
    /// See ``SymbolIndexHeader/baseAddress``.
    public let baseAddress: UInt64
    var texts = TextTable()
    private(set) var files = ByteWriter()
    private(set) var functions = ByteWriter()
    private(set) var farEntries = ByteWriter()
    /// By the number of the path's text; `IndexLayout.none` for texts that are no paths.
    private var fileNumbers: [UInt32] = []

    /// Files so far.
    public var fileCount: Int { files.bytes.count / FileRecord.size }

    /// Empty tables.
    /// - Parameter baseAddress: See ``SymbolIndexHeader/baseAddress``; entry addresses are stored as differences to it.
    public init(baseAddress: UInt64) {
        self.baseAddress = baseAddress
    }

    /// The place of `bytes`, each distinct text stored once.
    /// - Throws: `SymbolIndexError.invalidContent` beyond 4 GiB of texts.
    public mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(SymbolIndexError) -> IndexText {
        let number = try texts.number(of: bytes)
        return texts.texts[number].text
    }

    /// The places of a full and a simplified name; the simplified one is a slice of the full one where it occurs in it.
    public mutating func names(
        full: UnsafeBufferPointer<UInt8>, simplified: UnsafeBufferPointer<UInt8>
    ) throws(SymbolIndexError) -> (full: IndexText, simplified: IndexText) {
        let fullText = try text(full)
        // A longer slice would need its length before it.
        guard simplified.count < Int(FunctionRecord.longText), let place = Self.place(of: simplified, in: full) else {
            return (fullText, try text(simplified))
        }
        return (
            fullText,
            IndexText(offset: fullText.offset + UInt32(place), length: UInt32(simplified.count))
        )
    }

    /// Where `part` stands in `whole`, from the first place where its first byte does.
    private static func place(of part: UnsafeBufferPointer<UInt8>, in whole: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let start = whole.baseAddress, let pattern = part.baseAddress, let first = part.first else { return nil }
        var position = 0
        while position &+ part.count <= whole.count {
            let left = whole.count &- part.count &+ 1 &- position
            guard let found = memchr(start + position, Int32(first), left) else { return nil }
            position = UnsafeRawPointer(found) - UnsafeRawPointer(start)
            if memcmp(found, pattern, part.count) == 0 { return position }
            position &+= 1
        }
        return nil
    }

    /// The number of the file with this path, the same for the same path.
    public mutating func file(_ path: UnsafeBufferPointer<UInt8>) throws(SymbolIndexError) -> UInt32 {
        let text = try texts.number(of: path)
        while fileNumbers.count <= text { fileNumbers.append(IndexLayout.none) }
        if fileNumbers[text] != IndexLayout.none { return fileNumbers[text] }
        let number = UInt32(truncatingIfNeeded: fileCount)
        guard number < IndexLayout.none - 1 else { throw .invalidContent("more than 4,294,967,294 files") }
        fileNumbers[text] = number
        appendFile(texts.texts[text].text)
        return number
    }

    /// Adds a file whatever others there are, for content that comes with numbers of its own.
    mutating func appendFile(_ text: IndexText) {
        files.append(text.offset)
        files.append(text.length)
    }

    /// Adds a function; numbers count from 0 in the order of the calls.
    /// - Throws: `SymbolIndexError.invalidContent` for a declaring file that was not added, or too many functions.
    public mutating func function(_ function: EncodedFunction) throws(SymbolIndexError) -> UInt32 {
        let number = UInt32(truncatingIfNeeded: declarations.count)
        guard number < IndexLayout.none - 1 else { throw .invalidContent("more than 4,294,967,294 functions") }
        let declaration = function.declaration
        guard declaration.file == IndexLayout.none || Int(declaration.file) < fileCount else {
            throw .invalidContent("function \(number) refers to no file")
        }
        functions.append(function.fullName.offset)
        functions.append(function.name.offset)
        functions.append(function.linkageName?.offset ?? IndexLayout.none)
        functions.append(Self.shortLength(function.fullName))
        functions.append(Self.shortLength(function.name))
        // Without a name, a length that leads nowhere with the offset "none".
        functions.append(function.linkageName.map(Self.shortLength) ?? 1)
        functions.append(function.language.rawValue)
        functions.append(function.flags.subtracting(.hasEntry).rawValue)
        functions.append(declaration.file)
        functions.append(declaration.line)
        functions.append(entry(function.entryAddress, of: number))
        declarations.append(declaration)
        return number
    }

    private static func shortLength(_ text: IndexText) -> UInt16 {
        UInt16(exactly: text.length) ?? FunctionRecord.longText
    }

    private mutating func entry(_ address: UInt64?, of function: UInt32) -> UInt32 {
        guard let address else { return FunctionRecord.noEntry }
        let (difference, isBefore) = address.subtractingReportingOverflow(baseAddress)
        if !isBefore, difference < UInt64(FunctionRecord.farEntry) { return UInt32(difference) }
        farEntries.append(function)
        farEntries.append(UInt32(0))
        farEntries.append(address)
        return FunctionRecord.farEntry
    }
}
