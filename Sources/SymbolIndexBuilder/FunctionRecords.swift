import Demangling
import SymbolIndex

/// Writes the names that people read, out of linkage names and debug information, into the index's tables.
struct FunctionRecords {
    private let tables: NameTables
    private let symbols: SymbolRanges
    private let names: DemangledNames
    private let numbering: IndexNumbering
    /// By text of the tables: what has been written already.
    private var written: [UInt32: Names] = [:]
    private var buffer = DemangledNames.Chunk()
    /// Linkage names that look mangled and could not be demangled.
    private(set) var failures = 0

    /// The names of a function, as places in the index.
    private struct Names {
        var linkageName: IndexText
        var full: IndexText
        var simplified: IndexText
        var language: NameLanguage
        var failed: Bool
    }

    init(_ tables: NameTables, _ symbols: SymbolRanges, _ names: DemangledNames, _ numbering: IndexNumbering) {
        self.tables = tables
        self.symbols = symbols
        self.names = names
        self.numbering = numbering
    }

    /// The texts that have to be demangled for these functions.
    static func linkageNames(
        _ functions: [NumberedFunction], _ tables: NameTables
    ) -> [UInt32] {
        var seen = [Bool](repeating: false, count: tables.texts.limit)
        var result: [UInt32] = []
        for function in functions {
            guard case .debugInformation(let number) = function.source, number != .max else { continue }
            let text = tables.facts(number).linkageName
            guard text > 0, !seen[Int(text - 1)] else { continue }
            seen[Int(text - 1)] = true
            result.append(text - 1)
        }
        return result
    }

    /// Adds all functions to `encoder`, in the order of their numbers.
    mutating func run(_ encoder: inout SymbolIndexEncoder) throws(SymbolIndexError) {
        for (index, function) in numbering.functions.enumerated() {
            let declaration = numbering.declarations[index]
            switch function.source {
            case .debugInformation(let number):
                let facts = number == .max ? FunctionFacts() : tables.facts(number)
                try add(facts, function.entryAddress, declaration, &encoder)
            case .symbol(let symbol): try add(symbol, &encoder)
            }
        }
    }

    private mutating func add(
        _ facts: FunctionFacts, _ entryAddress: UInt64?, _ declaration: FunctionDeclaration,
        _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) {
        var known: Names?
        if facts.linkageName > 0 {
            known = try names(ofText: facts.linkageName - 1, &encoder)
        } else if let entryAddress, let name = symbolName(facts, symbols.functions(at: entryAddress)) {
            known = try names(ofSymbol: name, &encoder)
        }
        let own = try ownName(of: facts, &encoder)
        var record = EncodedFunction(
            name: own ?? known?.linkageName ?? .empty, fullName: own ?? known?.linkageName ?? .empty,
            linkageName: known?.linkageName, language: facts.language, declaration: declaration,
            entryAddress: entryAddress)
        if facts.isArtificial { record.flags.insert(.artificial) }
        if let known { fill(&record, known, own: own) }
        _ = try encoder.function(record)
    }

    /// A function that only the symbol table knows.
    private mutating func add(_ symbol: UInt32, _ encoder: inout SymbolIndexEncoder) throws(SymbolIndexError) {
        let source = symbols.symbols[Int(symbol)]
        let known = try names(ofSymbol: source.name, &encoder)
        var record = EncodedFunction(
            name: known.linkageName, fullName: known.linkageName, linkageName: known.linkageName,
            flags: .fromSymbolTable, entryAddress: source.address)
        fill(&record, known, own: nil)
        _ = try encoder.function(record)
    }

    private func fill(_ record: inout EncodedFunction, _ names: Names, own: IndexText?) {
        switch names.language {
        case .none: return
        case .swift: record.language = .swift
        case .cpp:
            // `extern "Rust"`, Zig and others borrow the mangling; the unit knows better.
            if record.language == .unknown || record.language == .c { record.language = .cpp }
        case .rust: record.language = .rust
        case .d: record.language = .d
        }
        record.fullName = names.full
        // The short name of the debug information says more than a mangled one.
        record.name = names.failed ? own ?? names.linkageName : names.simplified
        if names.failed { record.flags.insert(.failedToDemangle) }
    }

    private mutating func names(
        ofText text: UInt32, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> Names {
        if let known = written[text] { return known }
        let linkageName = try tables.texts.withBytes(text) { bytes throws(SymbolIndexError) in
            try encoder.text(bytes.assumingMemoryBound(to: UInt8.self))
        }
        let result: Names
        if let place = names.place(of: text) {
            result = try write(linkageName, names.chunks[place.chunk], place.entry, &encoder)
        } else {
            result = Names(
                linkageName: linkageName, full: linkageName, simplified: linkageName, language: .none, failed: false)
        }
        written[text] = result
        return result
    }

    private mutating func names(
        ofSymbol name: String, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> Names {
        demangle(name)
        let linkageName = try Self.text(name, &encoder)
        return try write(linkageName, buffer, 0, &encoder)
    }

    private mutating func write(
        _ linkageName: IndexText, _ chunk: DemangledNames.Chunk, _ index: Int, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> Names {
        let entry = chunk.entries[index]
        if entry.failed { failures += 1 }
        guard entry.isDemangled else {
            return Names(
                linkageName: linkageName, full: linkageName, simplified: linkageName, language: entry.language,
                failed: entry.failed)
        }
        let places = try chunk.bytes.withUnsafeBufferPointer { bytes throws(SymbolIndexError) in
            try encoder.names(
                full: UnsafeBufferPointer(rebasing: bytes[Int(entry.full.lowerBound)..<Int(entry.full.upperBound)]),
                simplified: UnsafeBufferPointer(
                    rebasing: bytes[Int(entry.simplified.lowerBound)..<Int(entry.simplified.upperBound)]))
        }
        return Names(
            linkageName: linkageName, full: places.full, simplified: places.simplified, language: entry.language,
            failed: false)
    }

    /// One name into `buffer`.
    private mutating func demangle(_ name: String) {
        buffer.bytes.removeAll(keepingCapacity: true)
        buffer.entries.removeAll(keepingCapacity: true)
        var bytes = DemangledBytes()
        var name = name
        name.withUTF8 { buffer.append(UnsafeRawBufferPointer($0), Demangler(), &bytes) }
    }

    private static func text(
        _ text: String, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> IndexText {
        try Array(text.utf8).withUnsafeBufferPointer { bytes throws(SymbolIndexError) in try encoder.text(bytes) }
    }

    /// The name that needs no demangler. `Swift runtime failure: Index out of range` is a whole name: the module that it
    /// was inlined from says nothing.
    private func ownName(
        of facts: FunctionFacts, _ encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) -> IndexText? {
        var text = facts.qualifiedName > 0 ? facts.qualifiedName : facts.name
        if facts.name > 0, tables.texts.withBytes(facts.name - 1, { $0.starts(with: Self.runtimeFailure) }) {
            text = facts.name
        }
        guard text > 0 else { return nil }
        return try tables.texts.withBytes(text - 1) { bytes throws(SymbolIndexError) in
            try encoder.text(bytes.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// How the Swift compiler names the traps that it inlines.
    private static let runtimeFailure = Array("Swift runtime failure: ".utf8)

    /// Under `-gline-tables-only`, and for functions of anonymous namespaces, the full name stands in the symbol table
    /// only. A symbol at the entry is taken when it is mangled and speaks of the same function: identical code folding
    /// may have put another function's symbol there.
    private mutating func symbolName(_ facts: FunctionFacts, _ symbols: [SymbolRanges.Symbol]) -> String? {
        let text = facts.name > 0 ? facts.name : facts.qualifiedName
        guard text > 0 else { return symbols.first?.name }
        let name = tables.texts.withBytes(text - 1) { String(decoding: $0, as: UTF8.self) }
        let base = name.prefix { $0 != "<" && $0 != "(" }
        for symbol in symbols {
            if symbol.name == name { return name }
            demangle(symbol.name)
            let entry = buffer.entries[0]
            guard entry.isDemangled else { continue }
            let full = buffer.bytes[Int(entry.full.lowerBound)..<Int(entry.full.upperBound)]
            if String(decoding: full, as: UTF8.self).contains(base) { return symbol.name }
        }
        return nil
    }
}
