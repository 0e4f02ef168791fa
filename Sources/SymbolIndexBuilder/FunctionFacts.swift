import SymbolIndex

/// What the debug information says about a function; equal facts are the same function.
///
/// Six numbers, so that they can be a key of ``SharedTable`` themselves.
struct FunctionFacts: Equatable, BitwiseCopyable {
    /// Number of a text plus one; 0 for none.
    var linkageName: UInt32 = 0
    /// The short name: number of a text plus one; 0 for none.
    var name: UInt32 = 0
    /// With namespaces, modules and types, where there is no linkage name: number of a text plus one; 0 for none.
    var qualifiedName: UInt32 = 0
    /// Number of a file plus one; 0 for none.
    var declarationFile: UInt32 = 0
    /// 1-based; 0 unknown.
    var declarationLine: UInt32 = 0
    /// `IndexedLanguage`, and 256 for what the compiler made.
    var traits: UInt32 = 0

    var language: IndexedLanguage { IndexedLanguage(rawValue: UInt8(truncatingIfNeeded: traits)) ?? .unknown }
    var isArtificial: Bool { traits & 256 != 0 }

    static func traits(_ language: IndexedLanguage, isArtificial: Bool) -> UInt32 {
        UInt32(language.rawValue) | (isArtificial ? 256 : 0)
    }
}

/// The texts, files and functions of all units, each once.
struct NameTables: Sendable {
    let texts = SharedTable()
    /// Full paths.
    let files = SharedTable()
    /// `FunctionFacts` as bytes.
    let functions = SharedTable()

    /// The number of a function; `nil` when the table is full.
    func number(of facts: FunctionFacts) -> UInt32? {
        withUnsafeBytes(of: facts) { functions.number($0) }
    }

    /// The facts with that number; when all threads have ended.
    func facts(_ number: UInt32) -> FunctionFacts {
        functions.withBytes(number) { $0.loadUnaligned(as: FunctionFacts.self) }
    }
}
