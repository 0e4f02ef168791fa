import Bytes
import Testing

@testable import SymbolIndex

/// What format version 2 is, byte by byte. A test here that has to change means a new version.
@Suite struct FormatTests {
    @Test func theHeaderStandsAtFixedOffsets() throws {
        let bytes = try SymbolIndexWriter.encode(Sample.content)
        #expect(SymbolIndex.formatVersion == 2)
        #expect(Array(bytes[0..<8]) == [0x89] + Array("SYMIDX\n".utf8))
        #expect(Array(bytes[8..<12]) == [2, 0, 0, 0])
        #expect(Array(bytes[12..<16]) == [7, 0, 0, 0])
        #expect(little(bytes[16..<24]) == UInt64(bytes.count))
        #expect(little(bytes[24..<32]) == 0x1000)
        #expect(little(bytes[32..<40]) == 8)
        #expect(Array(bytes[40..<48]) == [62, 0, 1, 1, 3, 10, 0, 0])
        #expect(little(bytes[48..<56]) == 5)
        #expect(little(bytes[56..<64]) == UInt64(try SymbolIndex(mapped(bytes)).counts.blocks))
    }

    @Test func theSectionTableListsTenSectionsInOrder() throws {
        let bytes = try SymbolIndexWriter.encode(Sample.content)
        var table: [(offset: UInt64, size: UInt64)] = []
        for number in 0..<10 {
            let entry = 64 + number * 16
            table.append((little(bytes[entry..<entry + 8]), little(bytes[entry + 8..<entry + 16])))
        }
        #expect(table[0].offset == 256)
        // One region of two buckets, 5 functions, 1 far entry, 3 files, 1 segment, 2 sections.
        #expect([0, 1, 3, 4, 5, 7, 8].map { table[$0].size } == [40, 8, 160, 16, 24, 40, 80])
        for (earlier, later) in zip(table, table.dropFirst()) {
            #expect(later.offset == (earlier.offset + earlier.size + 63) / 64 * 64)
        }
        #expect(UInt64(bytes.count) == (table[9].offset + table[9].size + 63) / 64 * 64 + 8)
        #expect(
            try SymbolIndex(mapped(bytes)).sectionSizes.map(\.section) == [
                .regions, .directory, .blocks, .functions, .farEntries, .files, .strings, .loadSegments,
                .objectSections, .metadata,
            ])
    }

    @Test func aRegionHasItsFieldsAtFixedOffsets() throws {
        let index = try opened(Sample.content)
        let bytes = index.storage.bytes
        let first = index.storage.regions.offset
        #expect([0, 8, 16].map { bytes.uint64(at: first + $0) } == [0x1000, Sample.far + 0x100, 0])
        #expect(Int(bytes.uint32(at: first + 24)) == index.storage.blocks.byteCount)
        #expect([28, 32].map { bytes.uint32(at: first + $0) } == [0, 2])
        // Seven ranges on 2⁴⁸ bytes: buckets of eight average ranges, to a power of two; starts are multiples of 16.
        #expect([36, 37, 38, 39].map { bytes.uint8(at: first + $0) } == [48, 4, 0, 0])
        #expect(bytes.uint32(at: index.storage.directory.offset) == 0)
    }

    @Test func aBucketInWhichNothingBeginsNamesTheBlockBefore() throws {
        var content = Sample.content
        content.ranges = [.init(address: 0x40, scope: 0, file: 0, line: 1)]
        for step in 0..<16 { content.ranges.append(.init(address: 0x100 + UInt64(step), scope: 0, line: UInt32(step))) }
        content.ranges.append(.hole(0x180))
        let index = try opened(content)
        let storage = index.storage
        #expect(storage.region(0).bucketShift == 7)
        let entries = (0..<Int(storage.region(0).bucketCount)).map { storage.uint32(storage.directory.offset + $0 * 4) }
        #expect(entries.count == 3)
        #expect(entries[0] == 0 && entries[1] == 1 << 31 && entries[2] > 0 && entries[2] < 1 << 31)
        #expect(try index.lookup(0xC0)?.frame(0).line == 1)
        #expect(try index.lookup(0xC0)?.rangeStart == 0x40)
        #expect(try index.lookup(0x10F)?.rangeStart == 0x10F)
        #expect(try index.lookup(0x17F)?.rangeStart == 0x10F)
    }

    /// A block of one function: header, bitmap of starts, scopes, no files, entries.
    @Test func aBlockIsPackedFieldsBehindAHeader() throws {
        let content = SymbolIndexContent(
            metadata: Sample.metadata, files: ["/a", "/b"],
            functions: [
                .init(name: "f", declarationFile: 0, declarationLine: 10),
                .init(name: "g", declarationFile: 0, declarationLine: 4),
            ],
            scopes: [.init(function: 0), .init(function: 1, parent: 0, callFile: 1, callLine: 9, callColumn: 5)],
            ranges: [
                .init(address: 0x100, scope: 0, file: 0, line: 12, column: 3),
                .init(address: 0x101, scope: 1, file: 0, line: 4, column: 0),
                .init(address: 0x107, scope: 0, file: 1, line: 0, column: 7), .hole(0x120),
            ])
        let index = try opened(content)
        let storage = index.storage
        #expect(index.counts.blocks == 1)
        #expect(storage.uint32(storage.directory.offset) == 0)
        let header = BlockHeader(raw: storage.uint64(storage.blocks.offset))
        // Entries: 2 lines behind the declaration is 3, column 7. The call: line 9 is one before line 10.
        #expect([header.lineWidth, header.columnWidth, header.callLineWidth, header.callColumnWidth] == [2, 3, 2, 3])
        #expect([header.functionWidth, header.fileWidth] == [1, 2])
        #expect([header.shortScopeCount, header.shortFileCount] == [2, 1])
        #expect(!header.hasList && !header.hasBareEntries && !header.hasSignedLines && header.hasSignedCallLines)
        // Starts at bytes 0, 1 and 7 of a bucket of 64 (31 bytes a range, nearer to 32 than to 16: 128 ÷ 2).
        let shift = storage.region(0).bucketShift
        #expect(shift == 6)
        #expect(storage.uint64(storage.blocks.offset + 8) == 0b1000_0011)
        // Low bits first. Scopes: parent (1 bit), function (1), file (1), line (2), column (3).
        // f: 0 0 0 00 000. g: parent 0, function 1, file 1, line code 2 (−1), column 5.
        // The file: 2 bits, number 1 plus one. Entries: scope (1), file (1), line (2), column (3).
        let expected: [(value: UInt64, width: UInt64)] = [
            (0, 1), (0, 1), (0, 1), (0, 2), (0, 3), (0, 1), (1, 1), (1, 1), (2, 2), (5, 3), (2, 2), (0, 1), (0, 1),
            (3, 2), (3, 3), (1, 1), (0, 1), (1, 2), (0, 3), (0, 1), (1, 1), (0, 2), (7, 3),
        ]
        var bit = UInt64(storage.blocks.offset + 16) * 8
        for (number, field) in expected.enumerated() {
            #expect(bits(storage.base, bit, field.width) == field.value, "field \(number)")
            bit += field.width
        }
        #expect(storage.blocks.byteCount == 16 + (2 * 8 + 2 + 3 * 7 + 7) / 8)
    }

    @Test func recordsHaveTheirFieldsAtFixedOffsets() throws {
        let index = try opened(Sample.content)
        let bytes = index.storage.bytes
        let function = index.storage.functions.offset
        // Full and simplified name are the same text; there is no linkage name.
        #expect(bytes.uint32(at: function) == bytes.uint32(at: function + 4))
        #expect(bytes.uint32(at: function + 8) == UInt32.max)
        #expect([12, 14].map { bytes.uint16(at: function + $0) } == [4, 4])
        #expect([18, 19].map { bytes.uint8(at: function + $0) } == [1, 0])
        #expect([20, 24, 28].map { bytes.uint32(at: function + $0) } == [0, 9, 0])
        let helper = function + 32
        // The simplified name is a slice of the full one.
        #expect(bytes.uint32(at: helper) == bytes.uint32(at: helper + 4))
        #expect([12, 14, 16].map { bytes.uint16(at: helper + $0) } == [11, 6, 10])
        #expect([1, 2, 3].map { bytes.uint8(at: function + $0 * 32 + 19) } == [0, 2 + 4, 1])
        #expect([1, 2, 3, 4].map { bytes.uint32(at: function + $0 * 32 + 28) } == [.max, .max, 0x1000, .max - 1])
        let far = index.storage.farEntries.offset
        #expect(bytes.uint32(at: far) == 4 && bytes.uint64(at: far + 8) == Sample.far)
        let segment = index.storage.loadSegments.offset
        #expect([0, 8, 16, 24].map { bytes.uint64(at: segment + $0) } == [0, 0x1000, 0x800, 0x900])
        #expect(bytes.uint32(at: segment + 32) == 5)
        let section = index.storage.objectSections.offset + 40
        #expect([0, 8, 16].map { bytes.uint64(at: section + $0) } == [0x2000, 0x40, 0x140])
        #expect([28, 32].map { bytes.uint32(at: section + $0) } == [10, 7])
        let file = index.storage.files.offset
        #expect(bytes.uint32(at: file + 4) == 11)
        let path = index.storage.strings.offset + Int(bytes.uint32(at: file))
        #expect(bytes.uint8(at: path) == UInt8(ascii: "/"))
    }

    @Test func aStringIsStoredOnce() throws {
        var content = Sample.content
        let once = try opened(content).storage.strings.byteCount
        content.functions.append(.init(name: "main", fullName: "helper(int)", linkageName: "/src/main.c"))
        content.functions.append(.init(name: "per(int", fullName: "helper(int)"))
        #expect(try opened(content).storage.strings.byteCount == once)
    }

    /// 65,535 bytes and more have their length before them.
    @Test(arguments: [65_533, 65_534, 65_535, 65_536, 200_000]) func longNamesComeBackWhole(_ count: Int) throws {
        var content = Sample.content
        let long = String(repeating: "T", count: count)
        content.functions[0].fullName = "n::" + long + "()"
        content.functions[0].name = long
        content.functions[0].linkageName = "_Z" + long
        let function = try #require(try opened(content).lookup(0x1000)?.frame(0).function)
        #expect(function.fullName.string == "n::" + long + "()")
        #expect(function.name.string == long)
        #expect(function.linkageName?.string == "_Z" + long)
    }

    @Test func canonicallyEquivalentTextsStayApart() throws {
        var content = Sample.content
        content.files = ["/caf\u{E9}.c", "/cafe\u{301}.c", "/x"]
        let index = try opened(content)
        #expect(index.storage.path(of: 0)?.utf8Count == 8)
        #expect(index.storage.path(of: 1)?.utf8Count == 9)
    }

    /// Vectors of the xxHash project and of its Python binding's documentation.
    @Test(
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)])
    func theChecksumIsXXH64(_ text: String, _ expected: UInt64) {
        var hash = XXHash64()
        Array(text.utf8).withUnsafeBytes { hash.update($0) }
        #expect(hash.value == expected)
    }

    @Test func theChecksumDoesNotDependOnThePieces() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 2) }
        var whole = XXHash64()
        bytes.withUnsafeBytes { whole.update($0) }
        for size in [1, 7, 31, 32, 33, 64, 999] {
            var pieces = XXHash64()
            for start in stride(from: 0, to: bytes.count, by: size) {
                bytes.withUnsafeBytes {
                    pieces.update(UnsafeRawBufferPointer(rebasing: $0[start..<min(start + size, bytes.count)]))
                }
            }
            #expect(pieces.value == whole.value)
        }
    }

    private func little(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
