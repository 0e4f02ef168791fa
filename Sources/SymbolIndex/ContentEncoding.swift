extension SymbolIndexWriter {
    /// The whole file of a content that is there as values: the simple way, for tests and small objects.
    /// - Throws: `SymbolIndexError.invalidContent` when a number refers to nothing, the ranges are not in strictly
    ///   rising order or do not end with a hole, or a table exceeds what its 32-bit references can count.
    public static func encode(_ content: SymbolIndexContent) throws(SymbolIndexError) -> [UInt8] {
        try encode(content, rangesPerPart: 1 << 16)
    }

    /// The same, cut into parts of as many ranges.
    static func encode(_ content: SymbolIndexContent, rangesPerPart: Int) throws(SymbolIndexError) -> [UInt8] {
        var encoder = SymbolIndexEncoder(baseAddress: content.baseAddress)
        for file in content.files { encoder.appendFile(try encoder.texts.text(file)) }
        for function in content.functions { try add(function, to: &encoder) }
        try check(content.scopes, files: content.files.count)
        guard content.ranges.last?.isHole ?? true else { throw .invalidContent("the last range is not a hole") }
        var parts: [RangePart] = []
        var first = 0
        while first < content.ranges.count {
            let end = min(first + rangesPerPart, content.ranges.count)
            parts.append(try part(content, first..<end, encoder.declarations))
            first = end
        }
        let facts = Facts(
            builderRevision: content.builderRevision, machine: content.machine, byteOrder: content.byteOrder,
            kind: content.kind, quality: content.quality, loadSegments: content.loadSegments,
            sections: content.sections, metadata: content.metadata)
        var bytes: [UInt8] = []
        do {
            try write(facts, encoder, parts: parts) { bytes.append(contentsOf: $0) }
        } catch let error as SymbolIndexError {
            throw error
        } catch {
            throw .invalidContent("\(error)")
        }
        return bytes
    }

    private static func add(
        _ function: SymbolIndexContent.Function, to encoder: inout SymbolIndexEncoder
    ) throws(SymbolIndexError) {
        let names = try encoder.names(full: function.fullName, simplified: function.name)
        var linkageName: IndexText?
        if let name = function.linkageName { linkageName = try encoder.texts.text(name) }
        var flags: IndexedFunctionFlags = []
        if function.isFromSymbolTable { flags.insert(.fromSymbolTable) }
        if function.isArtificial { flags.insert(.artificial) }
        if function.failedToDemangle { flags.insert(.failedToDemangle) }
        _ = try encoder.function(
            EncodedFunction(
                name: names.simplified, fullName: names.full, linkageName: linkageName, language: function.language,
                flags: flags,
                declaration: FunctionDeclaration(
                    file: function.declarationFile ?? IndexLayout.none, line: function.declarationLine),
                entryAddress: function.entryAddress))
    }

    /// The ranges from one number to another, ended where the next one begins, with the scopes that they use.
    private static func part(
        _ content: SymbolIndexContent, _ range: Range<Int>, _ declarations: [FunctionDeclaration]
    ) throws(SymbolIndexError) -> RangePart {
        var part = RangePart(declarations: declarations)
        var references: [UInt32: ScopeReference] = [:]
        for position in range {
            let start = content.ranges[position]
            guard !start.isHole else {
                try part.hole(at: start.address)
                continue
            }
            var scope: ScopeReference?
            if let number = start.scope {
                guard Int(number) < content.scopes.count else {
                    throw .invalidContent("range \(position) refers to no scope")
                }
                scope = try reference(to: number, content, &part, &references)
            }
            try part.range(
                at: start.address, scope: scope, file: start.file, line: start.line, column: start.column)
        }
        if range.upperBound < content.ranges.count, !content.ranges[range.upperBound - 1].isHole {
            try part.hole(at: content.ranges[range.upperBound].address)
        }
        return part
    }

    private static func reference(
        to scope: UInt32, _ content: SymbolIndexContent, _ part: inout RangePart,
        _ references: inout [UInt32: ScopeReference]
    ) throws(SymbolIndexError) -> ScopeReference? {
        var missing: [UInt32] = []
        var current: UInt32? = scope
        while let next = current, references[next] == nil {
            missing.append(next)
            current = content.scopes[Int(next)].parent
        }
        for next in missing.reversed() {
            let record = content.scopes[Int(next)]
            references[next] = try part.scope(
                parent: record.parent.flatMap { references[$0] }, function: record.function,
                callFile: record.callFile, callLine: record.callLine, callColumn: record.callColumn)
        }
        return references[scope]
    }

    /// Also the scopes that no range uses: a content that contradicts itself is not written.
    private static func check(
        _ scopes: [SymbolIndexContent.Scope], files: Int
    ) throws(SymbolIndexError) {
        for (position, scope) in scopes.enumerated() {
            guard let parent = scope.parent else { continue }
            guard Int(parent) < position else {
                throw .invalidContent("scope \(position) does not come after its parent")
            }
            if let file = scope.callFile, Int(file) >= files {
                throw .invalidContent("scope \(position) refers to no file")
            }
        }
    }
}

extension TextTable {
    /// The place of a text.
    mutating func text(_ text: String) throws(SymbolIndexError) -> IndexText {
        var copy = text
        let result: Result<Int, SymbolIndexError> = copy.withUTF8 { bytes in
            do throws(SymbolIndexError) { return .success(try number(of: bytes)) } catch { return .failure(error) }
        }
        let position = try result.get()
        return texts[position].text
    }
}

extension SymbolIndexEncoder {
    /// See ``names(full:simplified:)``.
    mutating func names(
        full: String, simplified: String
    ) throws(SymbolIndexError) -> (full: IndexText, simplified: IndexText) {
        var (full, simplified) = (full, simplified)
        let result: Result<(full: IndexText, simplified: IndexText), SymbolIndexError> = full.withUTF8 { full in
            simplified.withUTF8 { simplified in
                do throws(SymbolIndexError) {
                    return .success(try names(full: full, simplified: simplified))
                } catch { return .failure(error) }
            }
        }
        return try result.get()
    }
}
