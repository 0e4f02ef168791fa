import Demangling
import SymbolIndex

/// What the debug information says about a function; equal facts are the same function.
struct FunctionFacts: Hashable {
    var linkageName: ByteText?
    /// The short name.
    var name: ByteText?
    /// With namespaces, modules and types, where there is no linkage name.
    var qualifiedName: ByteText?
    /// The file's number; `Place.noFile` for none.
    var declarationFile: UInt32
    var declarationLine: UInt32
    var isArtificial: Bool
    /// The unit's language.
    var language: IndexedLanguage
}

/// Makes the names people read out of linkage names and debug information. Each linkage name is demangled once.
struct FunctionNames {
    private let demangler = Demangler()
    private var cache: [ByteText: DemangledName] = [:]
    /// Linkage names that look mangled and could not be demangled.
    private(set) var failures = 0

    /// A function of the debug information; `declarationFile` is left for the caller to fill in.
    ///
    /// - Parameters:
    ///   - entry: The first instruction, for a function with code of its own.
    ///   - symbols: The symbols that begin there.
    mutating func function(
        _ facts: FunctionFacts, entry: UInt64?, symbols: [SymbolRanges.Symbol] = []
    ) -> SymbolIndexContent.Function {
        let linkageName = facts.linkageName?.string ?? symbolName(facts, symbols)
        let ownName = Self.ownName(of: facts)
        var result = SymbolIndexContent.Function(
            name: ownName ?? linkageName ?? "", linkageName: linkageName, language: facts.language,
            entryAddress: entry, declarationLine: facts.declarationLine, isArtificial: facts.isArtificial)
        if let linkageName { fill(&result, from: linkageName, else: ownName) }
        return result
    }

    /// A function that only the symbol table knows.
    mutating func function(_ symbol: SymbolRanges.Symbol) -> SymbolIndexContent.Function {
        var result = SymbolIndexContent.Function(
            name: symbol.name, linkageName: symbol.name, entryAddress: symbol.address, isFromSymbolTable: true)
        fill(&result, from: symbol.name, else: nil)
        return result
    }

    private mutating func fill(
        _ function: inout SymbolIndexContent.Function, from linkageName: String, else ownName: String?
    ) {
        let demangled = demangle(linkageName)
        switch demangled.language {
        case .none:
            function.name = ownName ?? linkageName
            function.fullName = function.name
            return
        case .swift: function.language = .swift
        case .cpp:
            // `extern "Rust"`, Zig and others borrow the mangling; the unit knows better.
            if function.language == .unknown || function.language == .c { function.language = .cpp }
        case .rust: function.language = .rust
        case .d: function.language = .d
        }
        // The short name of the debug information says more than a mangled one.
        function.name = demangled.failed ? ownName ?? linkageName : demangled.simplified
        function.fullName = demangled.full
        function.failedToDemangle = demangled.failed
    }

    private mutating func demangle(_ linkageName: String) -> DemangledName {
        if let known = cache[ByteText(linkageName)] { return known }
        let demangled = demangler.demangle(linkageName)
        if demangled.failed { failures += 1 }
        cache[ByteText(linkageName)] = demangled
        return demangled
    }

    /// The name that needs no demangler. `Swift runtime failure: Index out of range` is a whole name: the module that
    /// it was inlined from says nothing.
    private static func ownName(of facts: FunctionFacts) -> String? {
        if let name = facts.name?.string, name.hasPrefix(runtimeFailure) { return name }
        return facts.qualifiedName?.string ?? facts.name?.string
    }

    /// How the Swift compiler names the traps that it inlines.
    static let runtimeFailure = "Swift runtime failure: "

    /// Under `-gline-tables-only`, and for functions of anonymous namespaces, the full name stands in the symbol table
    /// only. A symbol at the entry is taken when it is mangled and speaks of the same function: identical code folding
    /// may have put another function's symbol there.
    private mutating func symbolName(_ facts: FunctionFacts, _ symbols: [SymbolRanges.Symbol]) -> String? {
        guard let name = facts.name?.string ?? facts.qualifiedName?.string else { return symbols.first?.name }
        let base = name.prefix { $0 != "<" && $0 != "(" }
        for symbol in symbols {
            if symbol.name == name { return name }
            let demangled = demangle(symbol.name)
            if demangled.language != .none, !demangled.failed, demangled.full.contains(base) { return symbol.name }
        }
        return nil
    }
}
