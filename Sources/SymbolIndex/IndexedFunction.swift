import Bytes

/// The source language of a function.
public enum IndexedLanguage: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case c = 1
    case cpp = 2
    case objectiveC = 3
    case objectiveCpp = 4
    case swift = 5
    case rust = 6
    case d = 7
    case go = 8
    case zig = 9
    case fortran = 10
    case ada = 11
    case assembler = 12
    case other = 13
}

/// A function of an index.
public struct IndexedFunction: Sendable {
    let storage: IndexStorage
    /// The number of the function in its index: a key for callers that keep what they made of it.
    public let index: UInt32

    init?(storage: IndexStorage, index: UInt32) {
        guard Int(index) < storage.functions.count else { return nil }
        self.storage = storage
        self.index = index
    }

    /// The name as a programmer reads it in a list: demangled, simplified. Empty only when the debug information names
    /// the function nowhere.
    public var name: IndexedString { IndexedString(storage: storage, range: storage.names(of: index).name ?? 0..<0) }
    /// The name with everything: modules, parameter types, results; the same as ``name`` when there is no longer one.
    public var fullName: IndexedString {
        storage.names(of: index).fullName.map { IndexedString(storage: storage, range: $0) } ?? name
    }
    /// The linker's name, mangled; `nil` when the debug information has none and no symbol stands at the entry.
    public var linkageName: IndexedString? {
        storage.names(of: index).linkageName.map { IndexedString(storage: storage, range: $0) }
    }

    /// The language by the mangling of the linkage name, else by the unit.
    public var language: IndexedLanguage { IndexedLanguage(rawValue: storage.marks(of: index).language) ?? .unknown }

    /// The link address of the function's first instruction; `nil` for one that is only known inlined.
    public var entryAddress: UInt64? { storage.entryAddress(of: index) }

    /// The file that declares the function; `nil` when unknown.
    public var declarationFile: IndexedString? { storage.path(of: storage.declaration(of: index).file) }

    /// 1-based; 0 when unknown.
    public var declarationLine: UInt32 { storage.declaration(of: index).line }

    /// Known from the ELF symbol table only: there is no debug information of it.
    public var isFromSymbolTable: Bool { has(.fromSymbolTable) }
    /// Made by the compiler: thunks, witnesses, runtime checks.
    public var isArtificial: Bool { has(.artificial) }
    /// The linkage name looks mangled and no demangler could read it: it is the ``fullName``, and ``name`` is the short
    /// name of the debug information, or the linkage name too.
    public var failedToDemangle: Bool { has(.failedToDemangle) }

    private func has(_ flag: IndexedFunctionFlags) -> Bool { storage.marks(of: index).flags.contains(flag) }
}

/// The flags of a function, one byte in its record.
public struct IndexedFunctionFlags: OptionSet, Sendable, Hashable {
    /// The byte in the record.
    public let rawValue: UInt8
    /// Flags from a byte.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// From the symbol table, not from debug information.
    public static let fromSymbolTable = IndexedFunctionFlags(rawValue: 1)
    /// `DW_AT_artificial`.
    public static let artificial = IndexedFunctionFlags(rawValue: 2)
    /// Looks mangled, could not be demangled.
    public static let failedToDemangle = IndexedFunctionFlags(rawValue: 4)
    /// The record has an entry address.
    public static let hasEntry = IndexedFunctionFlags(rawValue: 8)
}

/// Text in a mapped index; a `String` is made only when asked for.
public struct IndexedString: Sendable, CustomStringConvertible {
    let storage: IndexStorage
    let range: Range<Int>

    /// Bytes of the text in UTF-8.
    public var utf8Count: Int { range.count }

    /// A copy of the text. Bytes that are not UTF-8 become U+FFFD.
    public var string: String {
        withUTF8 { String(decoding: $0, as: UTF8.self) }
    }

    /// The same for people: what is wrong, where, and what to do.
    public var description: String { string }

    /// Runs `body` over the text's bytes in the mapped file, without a copy.
    public func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try storage.file.withUnsafeBytes { all in
            try body(UnsafeRawBufferPointer(rebasing: all[range]))
        }
    }

    /// Compares the bytes, without a copy.
    public static func == (left: IndexedString, right: String) -> Bool {
        var copy = right
        return copy.withUTF8 { text in left.withUTF8 { $0.elementsEqual(UnsafeRawBufferPointer(text)) } }
    }
}
