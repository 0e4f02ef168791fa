import Bytes
import Testing

@testable import SymbolIndex

/// What format version 1 is, byte by byte. A test here that has to change means a new version.
@Suite struct FormatTests {
    @Test func theHeaderStandsAtFixedOffsets() throws {
        let bytes = try SymbolIndexWriter.encode(Sample.content)
        #expect(SymbolIndex.formatVersion == 1)
        #expect(Array(bytes[0..<8]) == [0x89] + Array("SYMIDX\n".utf8))
        #expect(Array(bytes[8..<12]) == [1, 0, 0, 0])
        #expect(Array(bytes[12..<16]) == [7, 0, 0, 0])
        #expect(little(bytes[16..<24]) == UInt64(bytes.count))
        #expect(little(bytes[24..<32]) == 0x1000)
        #expect(little(bytes[32..<40]) == 8)
        #expect(Array(bytes[40..<48]) == [62, 0, 1, 1, 3, 10, 0, 0])
    }

    @Test func theSectionTableListsTenSectionsInOrder() throws {
        let bytes = try SymbolIndexWriter.encode(Sample.content)
        var table: [(offset: UInt64, size: UInt64)] = []
        for number in 0..<10 {
            let entry = 48 + number * 16
            table.append((little(bytes[entry..<entry + 8]), little(bytes[entry + 8..<entry + 16])))
        }
        #expect(table[0].offset == 208)
        // 8 ranges are one block; 5 scopes, 2 distinct calls, 5 functions, 3 files, 1 segment.
        #expect(
            table.map(\.size).enumerated().filter { ![2, 7, 9].contains($0.offset) }.map(\.element) == [
                8, 4, 40, 32, 160, 12, 40,
            ])
        for (earlier, later) in zip(table, table.dropFirst()) {
            #expect(later.offset == (earlier.offset + earlier.size + 7) / 8 * 8)
            #expect(later.offset % 8 == 0)
        }
        #expect(UInt64(bytes.count) == (table[9].offset + table[9].size + 7) / 8 * 8 + 8)
    }

    @Test func rangesAreDifferencesToTheOneBefore() throws {
        let index = try opened(Sample.content)
        let section = index.storage.blocks
        let bytes = index.storage.bytes.extracting(section.offset..<section.end).withUnsafeBytes { Array($0) }
        let start: [UInt8] =
            [0x0F, 2, 2, 20, 3]  // scope +1, file +1, line +10, column 3
            + [0x10, 0x0F, 4, 2, 13, 9]  // 16 bytes on: scope +2, file +1, line −7, column 9
            + [0x10, 0x0F, 3, 1, 5, 0]  // scope −2, file −1, line −3, column 0
            + [0x10, 0x10]  // hole
            + [0xD0, 0x1F, 0x03, 6, 1]  // 0xFD0 on: scope +3, file −1
        #expect(Array(bytes.prefix(start.count)) == start)
    }

    @Test func recordsHaveTheirFieldsAtFixedOffsets() throws {
        let index = try opened(Sample.content)
        let bytes = index.storage.bytes
        let scope = index.storage.scopes.offset + 2 * 8
        #expect(bytes.uint32(at: scope) == 1)
        #expect(bytes.uint32(at: scope + 4) == 1)
        #expect(bytes.uint32(at: index.storage.scopes.offset) == UInt32.max)
        let call = index.storage.calls.offset + 16
        #expect([0, 4, 8, 12].map { bytes.uint32(at: call + $0) } == [2, 0, 5, 70000])
        let function = index.storage.functions.offset
        #expect(bytes.uint32(at: function) == bytes.uint32(at: function + 4))
        #expect(bytes.uint32(at: function + 8) == UInt32.max)
        #expect([12, 16].map { bytes.uint32(at: function + $0) } == [0, 9])
        #expect([20, 21].map { bytes.uint8(at: function + $0) } == [1, 8])
        #expect(bytes.uint64(at: function + 24) == 0x1000)
        #expect([1, 2, 3].map { bytes.uint8(at: function + $0 * 32 + 21) } == [0, 2 + 4, 1 + 8])
        let segment = index.storage.loadSegments.offset
        #expect([0, 8, 16, 24].map { bytes.uint64(at: segment + $0) } == [0, 0x1000, 0x800, 0x900])
        #expect(bytes.uint32(at: segment + 32) == 5)
        let strings = index.storage.strings.offset
        #expect(bytes.uint8(at: strings) == 11)
        #expect(bytes.uint8(at: strings + 1) == UInt8(ascii: "/"))
    }

    @Test func aStringIsStoredOnce() throws {
        var content = Sample.content
        let once = try SymbolIndexWriter.encode(content).count
        content.functions.append(.init(name: "main", fullName: "helper(int)", linkageName: "/src/main.c"))
        #expect(try SymbolIndexWriter.encode(content).count == once + 32)
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
        let bytes = Array(text.utf8)
        #expect(XXHash64.hash(bytes.span.bytes, count: bytes.count) == expected)
    }

    private func little(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
