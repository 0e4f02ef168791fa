/// Encodes content as the bytes of an index. The same content gives the same bytes.
public enum SymbolIndexWriter {
    /// The whole file.
    /// - Throws: `SymbolIndexError.invalidContent` when a number refers to nothing, the ranges are not in strictly
    ///   rising order or do not end with a hole, or a table exceeds what its 32-bit references can count.
    public static func encode(_ content: SymbolIndexContent) throws(SymbolIndexError) -> [UInt8] {
        try checkReferences(content)
        var strings = StringTable()
        let files = try fileSection(content.files, &strings)
        let functions = try functionSection(content.functions, &strings)
        let (scopes, calls) = try scopeSections(content.scopes)
        let blocks = try BlockSections(content.ranges)
        var segments = ByteWriter()
        for segment in content.loadSegments {
            segments.append(segment.fileOffset)
            segments.append(segment.address)
            segments.append(segment.fileSize)
            segments.append(segment.memorySize)
            segments.append(segment.flags)
            segments.append(UInt32(0))
        }
        var metadata = ByteWriter()
        metadata.append(content.metadata)
        return assemble(
            content,
            sections: [
                blocks.starts.bytes, blocks.offsets.bytes, blocks.blocks.bytes, scopes, calls, functions, files,
                strings.bytes.bytes, segments.bytes, metadata.bytes,
            ])
    }

    private static func assemble(_ content: SymbolIndexContent, sections: [[UInt8]]) -> [UInt8] {
        var table: [(offset: Int, size: Int)] = []
        var position = IndexLayout.headerSize + IndexLayout.sectionTableSize
        for section in sections {
            table.append((position, section.count))
            position += section.count
            position += (IndexLayout.alignment - position % IndexLayout.alignment) % IndexLayout.alignment
        }
        var file = ByteWriter()
        file.bytes.reserveCapacity(position + IndexLayout.checksumSize)
        file.bytes.append(contentsOf: IndexLayout.magic)
        file.append(IndexLayout.version)
        file.append(content.builderRevision)
        file.append(UInt64(position + IndexLayout.checksumSize))
        file.append(content.baseAddress)
        file.append(UInt64(content.ranges.count))
        file.append(content.machine)
        file.append(content.byteOrder.rawValue)
        file.append(content.kind.rawValue)
        file.append(UInt8(truncatingIfNeeded: content.quality.rawValue))
        file.append(UInt8(truncatingIfNeeded: sections.count))
        file.pad(to: IndexLayout.headerSize)
        for (offset, size) in table {
            file.append(UInt64(offset))
            file.append(UInt64(size))
        }
        for section in sections {
            file.bytes.append(contentsOf: section)
            file.pad(to: IndexLayout.alignment)
        }
        file.append(XXHash64.hash(file.bytes.span.bytes, count: file.bytes.count))
        return file.bytes
    }

    private static func fileSection(
        _ files: [String], _ strings: inout StringTable
    ) throws(SymbolIndexError) -> [UInt8] {
        var section = ByteWriter()
        for file in files { section.append(try strings.reference(to: file)) }
        return section.bytes
    }

    private static func functionSection(
        _ functions: [SymbolIndexContent.Function], _ strings: inout StringTable
    ) throws(SymbolIndexError) -> [UInt8] {
        var section = ByteWriter()
        section.bytes.reserveCapacity(functions.count * FunctionRecord.size)
        for function in functions {
            section.append(try strings.reference(to: function.name))
            section.append(try strings.reference(to: function.fullName))
            section.append(try strings.reference(to: function.linkageName))
            section.append(function.declarationFile ?? IndexLayout.none)
            section.append(function.declarationLine)
            var flags: IndexedFunctionFlags = []
            if function.isFromSymbolTable { flags.insert(.fromSymbolTable) }
            if function.isArtificial { flags.insert(.artificial) }
            if function.failedToDemangle { flags.insert(.failedToDemangle) }
            if function.entryAddress != nil { flags.insert(.hasEntry) }
            section.append(function.language.rawValue)
            section.append(flags.rawValue)
            section.append(UInt16(0))
            section.append(function.entryAddress ?? 0)
        }
        return section.bytes
    }

    private struct Call: Hashable {
        var function: UInt32
        var file: UInt32
        var line: UInt32
        var column: UInt32
    }

    /// Many scopes share callee and call site: the calls inside a function that is itself inlined in a thousand places.
    private static func scopeSections(
        _ scopes: [SymbolIndexContent.Scope]
    ) throws(SymbolIndexError) -> (scopes: [UInt8], calls: [UInt8]) {
        var section = ByteWriter()
        section.bytes.reserveCapacity(scopes.count * ScopeRecord.size)
        var callSection = ByteWriter()
        var known: [Call: UInt32] = [:]
        for scope in scopes {
            section.append(scope.parent ?? IndexLayout.none)
            guard scope.parent != nil else {
                section.append(scope.function)
                continue
            }
            let call = Call(
                function: scope.function, file: scope.callFile ?? IndexLayout.none, line: scope.callLine,
                column: scope.callColumn)
            if let index = known[call] {
                section.append(index)
                continue
            }
            let index = UInt32(truncatingIfNeeded: known.count)
            known[call] = index
            section.append(index)
            callSection.append(call.function)
            callSection.append(call.file)
            callSection.append(call.line)
            callSection.append(call.column)
        }
        return (section.bytes, callSection.bytes)
    }

    private static func checkReferences(_ content: SymbolIndexContent) throws(SymbolIndexError) {
        let limit = Int(IndexLayout.none)
        guard content.files.count < limit, content.functions.count < limit, content.scopes.count < limit else {
            throw .invalidContent("more than 4,294,967,294 files, functions or scopes")
        }
        for (position, function) in content.functions.enumerated() {
            if let file = function.declarationFile, Int(file) >= content.files.count {
                throw .invalidContent("function \(position) refers to no file")
            }
        }
        var depths: [UInt16] = []
        depths.reserveCapacity(content.scopes.count)
        for (position, scope) in content.scopes.enumerated() {
            guard Int(scope.function) < content.functions.count else {
                throw .invalidContent("scope \(position) refers to no function")
            }
            var depth = 1
            if let parent = scope.parent {
                guard Int(parent) < position else {
                    throw .invalidContent("scope \(position) does not come after its parent")
                }
                depth = Int(depths[Int(parent)]) + 1
                if let file = scope.callFile, Int(file) >= content.files.count {
                    throw .invalidContent("scope \(position) refers to no file")
                }
            }
            guard depth <= IndexLayout.maximumDepth else {
                throw .invalidContent("scope \(position) is nested more than \(IndexLayout.maximumDepth) deep")
            }
            depths.append(UInt16(depth))
        }
        for (position, range) in content.ranges.enumerated() where !range.isHole {
            if let scope = range.scope, Int(scope) >= content.scopes.count {
                throw .invalidContent("range \(position) refers to no scope")
            }
            if let file = range.file, Int(file) >= content.files.count {
                throw .invalidContent("range \(position) refers to no file")
            }
        }
    }
}

/// Each text once, in the order of first use.
private struct StringTable {
    var bytes = ByteWriter()
    private var references: [Text: UInt32] = [:]

    /// Swift compares strings by canonical equivalence; a path is its bytes.
    private struct Text: Hashable {
        let string: String
        static func == (left: Text, right: Text) -> Bool { left.string.utf8.elementsEqual(right.string.utf8) }
        func hash(into hasher: inout Hasher) {
            var copy = string
            copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    mutating func reference(to text: String?) throws(SymbolIndexError) -> UInt32 {
        guard let text else { return IndexLayout.none }
        if let known = references[Text(string: text)] { return known }
        guard bytes.bytes.count < Int(IndexLayout.none) else {
            throw .invalidContent("more than 4 GiB of strings")
        }
        let reference = UInt32(bytes.bytes.count)
        bytes.append(text: text)
        references[Text(string: text)] = reference
        return reference
    }
}

/// The three sections of ranges.
private struct BlockSections {
    var starts = ByteWriter()
    var offsets = ByteWriter()
    var blocks = ByteWriter()

    init(_ ranges: [SymbolIndexContent.RangeStart]) throws(SymbolIndexError) {
        guard ranges.last?.isHole ?? true else { throw .invalidContent("the last range is not a hole") }
        var previous = SymbolIndexContent.RangeStart(address: 0)
        for (position, range) in ranges.enumerated() {
            guard position == 0 || range.address > previous.address else {
                throw .invalidContent("range \(position) does not begin after the one before")
            }
            if position % IndexLayout.rangesPerBlock == 0 {
                guard blocks.bytes.count <= Int(UInt32.max) else {
                    throw .invalidContent("more than 4 GiB of ranges")
                }
                starts.append(range.address)
                offsets.append(UInt32(blocks.bytes.count))
                previous = SymbolIndexContent.RangeStart(address: range.address)
            } else {
                blocks.appendLEB(range.address - previous.address)
            }
            if range.isHole {
                blocks.append(RangeFlags.hole)
            } else {
                appendFields(of: range, after: previous)
                previous = range
            }
            previous.address = range.address
        }
    }

    private mutating func appendFields(
        of range: SymbolIndexContent.RangeStart, after previous: SymbolIndexContent.RangeStart
    ) {
        var flags: UInt8 = 0
        if range.scope != previous.scope { flags |= RangeFlags.scope }
        if range.file != previous.file { flags |= RangeFlags.file }
        if range.line != previous.line { flags |= RangeFlags.line }
        if range.column != previous.column { flags |= RangeFlags.column }
        blocks.append(flags)
        if flags & RangeFlags.scope != 0 {
            blocks.appendDelta(from: plusOne(previous.scope), to: plusOne(range.scope))
        }
        if flags & RangeFlags.file != 0 {
            blocks.appendDelta(from: plusOne(previous.file), to: plusOne(range.file))
        }
        if flags & RangeFlags.line != 0 {
            blocks.appendDelta(from: UInt64(previous.line), to: UInt64(range.line))
        }
        if flags & RangeFlags.column != 0 { blocks.appendLEB(UInt64(range.column)) }
    }

    private func plusOne(_ index: UInt32?) -> UInt64 {
        index.map { UInt64($0) + 1 } ?? 0
    }
}
