import Glibc

/// Writes indexes. The same content gives the same bytes.
public enum SymbolIndexWriter {
    /// What stands in the header and beside the tables.
    public struct Facts: Sendable {
        /// See ``SymbolIndexHeader/builderRevision``.
        public var builderRevision: UInt32
        /// ELF `e_machine`.
        public var machine: UInt16
        /// Of the object.
        public var byteOrder: IndexedByteOrder
        /// Of the object.
        public var kind: IndexedObjectKind
        /// How much the index can say.
        public var quality: IndexQuality
        /// In the object's order.
        public var loadSegments: [IndexedLoadSegment]
        /// For relocatable objects: where the sections were laid out.
        public var sections: [IndexedSection]
        /// Provenance.
        public var metadata: IndexMetadata

        /// Facts of an object.
        public init(
            builderRevision: UInt32, machine: UInt16, byteOrder: IndexedByteOrder, kind: IndexedObjectKind,
            quality: IndexQuality, loadSegments: [IndexedLoadSegment], sections: [IndexedSection] = [],
            metadata: IndexMetadata
        ) {
            self.builderRevision = builderRevision
            self.machine = machine
            self.byteOrder = byteOrder
            self.kind = kind
            self.quality = quality
            self.loadSegments = loadSegments
            self.sections = sections
            self.metadata = metadata
        }
    }

    /// Writes a whole index in pieces, in the order of the file, hashing as it goes; nothing is copied into one buffer.
    ///
    /// - Parameters:
    ///   - parts: In rising order of addresses.
    ///   - write: Takes the next bytes of the file.
    /// - Returns: The size of the file in bytes.
    /// - Throws: `SymbolIndexError.invalidContent` when parts overlap, know other declarations than the encoder or name
    ///   files that it lacks, or a table exceeds what its 32-bit references can count; and what `write` throws.
    @discardableResult
    public static func write(
        _ facts: Facts, _ encoder: SymbolIndexEncoder, parts: [RangePart],
        to write: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> UInt64 {
        var parts = parts
        for position in parts.indices { try parts[position].encode() }
        try check(parts, encoder)
        let regions = parts.flatMap(\.regions)
        var texts = encoder.texts
        let objectSections = try Self.objectSections(facts.sections, &texts)
        var metadata = ByteWriter()
        metadata.append(facts.metadata)
        let directoryCount = regions.reduce(0) { $0 + $1.directory.count }
        guard directoryCount < Int(IndexLayout.none) else { throw SymbolIndexError.invalidContent("too many buckets") }
        let regionTable = Self.regionTable(regions)
        let blockBytes = regions.reduce(0) { $0 + $1.blocks.count }
        let sizes = [
            regionTable.count, directoryCount * 4, blockBytes, encoder.functions.bytes.count,
            encoder.farEntries.bytes.count, encoder.files.bytes.count, texts.bytes.count,
            facts.loadSegments.count * LoadSegmentRecord.size, objectSections.count, metadata.bytes.count,
        ]
        var output = HashedOutput()
        func append(_ bytes: UnsafeRawBufferPointer) throws {
            output.note(bytes)
            if bytes.count > 0 { try write(bytes) }
        }
        func pad() throws {
            let zeros = [UInt8](repeating: 0, count: aligned(output.position) - output.position)
            try zeros.withUnsafeBytes { try append($0) }
        }
        func append(section: [UInt8]) throws {
            try section.withUnsafeBytes { try append($0) }
            try pad()
        }
        let (head, fileSize) = head(facts, encoder, parts, sizes)
        try append(section: head)
        try append(section: regionTable)
        for region in regions { try region.littleEndianDirectory.withUnsafeBytes { try append($0) } }
        try pad()
        for region in regions { try region.blocks.withUnsafeBytes { try append($0) } }
        try pad()
        for section in [
            encoder.functions.bytes, encoder.farEntries.bytes, encoder.files.bytes, texts.bytes,
            loadSegments(facts.loadSegments), objectSections, metadata.bytes,
        ] { try append(section: section) }
        try withUnsafeBytes(of: output.hash.value.littleEndian) { try write($0) }
        return fileSize
    }

    /// - Returns: With the position of the first section behind the header and the table, which is a multiple of the
    ///   alignment.
    private static func head(
        _ facts: Facts, _ encoder: SymbolIndexEncoder, _ parts: [RangePart], _ sizes: [Int]
    ) -> (bytes: [UInt8], fileSize: UInt64) {
        var table = ByteWriter()
        var position = aligned(IndexLayout.headerSize + IndexLayout.sectionTableSize)
        for size in sizes {
            table.append(UInt64(position))
            table.append(UInt64(size))
            position = aligned(position + size)
        }
        let fileSize = UInt64(position + IndexLayout.checksumSize)
        var file = ByteWriter()
        file.bytes.append(contentsOf: IndexLayout.magic)
        file.append(IndexLayout.version)
        file.append(facts.builderRevision)
        file.append(fileSize)
        file.append(encoder.baseAddress)
        file.append(rangeCount(parts))
        file.append(facts.machine)
        file.append(facts.byteOrder.rawValue)
        file.append(facts.kind.rawValue)
        file.append(UInt8(truncatingIfNeeded: facts.quality.rawValue))
        file.append(UInt8(truncatingIfNeeded: sizes.count))
        file.pad(to: IndexLayout.scopeCountOffset)
        file.append(parts.reduce(0) { $0 + UInt64($1.scopeCount) })
        file.append(parts.reduce(0) { $0 + $1.regions.reduce(0) { $0 + UInt64($1.blockCount) } })
        file.bytes.append(contentsOf: table.bytes)
        file.pad(to: IndexLayout.alignment)
        return (file.bytes, fileSize)
    }

    static func aligned(_ position: Int) -> Int {
        (position + IndexLayout.alignment - 1) / IndexLayout.alignment * IndexLayout.alignment
    }

    /// Holes included; the one that ends a part is none where the next part begins at once.
    private static func rangeCount(_ parts: [RangePart]) -> UInt64 {
        var count: UInt64 = 0
        var last: UInt64?
        for part in parts where part.rangeCount > 0 {
            if last == part.first { count -= 1 }
            count += UInt64(part.rangeCount)
            last = part.last
        }
        return count
    }

    private static func check(_ parts: [RangePart], _ encoder: SymbolIndexEncoder) throws(SymbolIndexError) {
        var end: UInt64?
        for (number, part) in parts.enumerated() {
            guard part.fileLimit <= encoder.fileCount, part.fileLimit < IndexLayout.none else {
                throw .invalidContent("part \(number) refers to no file")
            }
            guard isPrefix(part.declarations, of: encoder.declarations) else {
                throw .invalidContent("part \(number) knows other declarations than the functions have")
            }
            if let end, let first = part.first, first < end {
                throw .invalidContent("part \(number) does not begin after the one before")
            }
            end = part.last ?? end
        }
    }

    private static func isPrefix(_ some: [FunctionDeclaration], of all: [FunctionDeclaration]) -> Bool {
        some.withUnsafeBytes { some in
            all.withUnsafeBytes { all in
                guard some.count <= all.count else { return false }
                guard let left = some.baseAddress, let right = all.baseAddress else { return true }
                // Mostly the same array.
                return left == right || memcmp(left, right, some.count) == 0
            }
        }
    }

    private static func regionTable(_ regions: [EncodedRegion]) -> [UInt8] {
        var table = ByteWriter()
        var blocks: UInt64 = 0
        var bucket: UInt32 = 0
        for region in regions {
            table.append(region.start)
            table.append(region.end)
            table.append(blocks)
            table.append(UInt32(truncatingIfNeeded: region.blocks.count))
            table.append(bucket)
            table.append(UInt32(truncatingIfNeeded: region.directory.count))
            table.append(UInt8(truncatingIfNeeded: region.bucketShift))
            table.append(UInt8(truncatingIfNeeded: region.unitShift))
            table.append(UInt16(0))
            blocks += UInt64(region.blocks.count)
            bucket &+= UInt32(truncatingIfNeeded: region.directory.count)
        }
        return table.bytes
    }

    private static func loadSegments(_ segments: [IndexedLoadSegment]) -> [UInt8] {
        var section = ByteWriter()
        for segment in segments {
            section.append(segment.fileOffset)
            section.append(segment.address)
            section.append(segment.fileSize)
            section.append(segment.memorySize)
            section.append(segment.flags)
            section.append(UInt32(0))
        }
        return section.bytes
    }

    private static func objectSections(
        _ sections: [IndexedSection], _ texts: inout TextTable
    ) throws(SymbolIndexError) -> [UInt8] {
        var result = ByteWriter()
        for section in sections {
            let name = try texts.text(section.name)
            result.append(section.address)
            result.append(section.size)
            result.append(section.fileOffset)
            result.append(name.offset)
            result.append(name.length)
            result.append(section.number)
            result.append(UInt32(0))
        }
        return result.bytes
    }
}

/// What was written so far.
private struct HashedOutput {
    var hash = XXHash64()
    var position = 0

    mutating func note(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bytes)
        position += bytes.count
    }
}

extension EncodedRegion {
    /// The directory as it stands in the file; a copy on big-endian machines only.
    fileprivate var littleEndianDirectory: [UInt32] {
        UInt32(1).littleEndian == 1 ? directory : directory.map(\.littleEndian)
    }
}
