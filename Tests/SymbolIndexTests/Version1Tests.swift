import Bytes
import Testing

@testable import SymbolIndex

/// Files that an earlier release wrote stay readable until their successors are built.
@Suite struct Version1Tests {
    private func compare(_ name: String, _ content: SymbolIndexContent) throws {
        let index = try SymbolIndex(mapped(try Fixture.bytes(name)))
        #expect(index.header.formatVersion == 1)
        var addresses: [UInt64] = [0, .max]
        for range in content.ranges { addresses += [range.address &- 1, range.address, range.address + 1] }
        addresses.sort()
        var flat = FlatAnswers(addresses: addresses.count, frames: addresses.count * 12)
        #expect(try flat.ask(index, addresses) == addresses.count)
        var batch: [[String]?] = Array(repeating: ["unvisited"], count: addresses.count)
        try index.lookup(sorted: addresses) { batch[$0] = $1.map { $0.frames.map { Line($0).text } } }
        for (position, address) in addresses.enumerated() {
            let expected = Line.expected(content, address)
            #expect(try Line.chain(index, address) == expected)
            #expect(batch[position] == expected)
            #expect(flat.chain(position) == expected ?? [])
        }
        var starts: [UInt64] = []
        try index.forEachRange { range, location in
            starts.append(range.lowerBound)
            if let location { #expect(location.rangeStart == range.lowerBound) }
        }
        #expect(starts == content.ranges.dropLast().map(\.address))
        try index.verifyChecksum()
        #expect(index.counts.functions == content.functions.count && index.counts.scopes == content.scopes.count)
        #expect(index.counts.files == content.files.count)
    }

    @Test func aFileOfVersion1AnswersAsItsContent() throws {
        try compare("version1-sample", Sample.content)
        try compare("version1-random", Sample.random(seed: 1, count: 300))
    }

    @Test func functionsFactsAndMetadataComeBack() throws {
        let index = try SymbolIndex(mapped(try Fixture.bytes("version1-sample")))
        #expect(try index.metadata() == Sample.metadata)
        #expect(index.loadSegments() == Sample.content.loadSegments)
        #expect(index.objectSections().isEmpty)
        #expect(index.header.builderRevision == 7 && index.header.baseAddress == 0x1000)
        #expect(index.sectionSizes.map(\.section).contains(.scopes))
        let main = try #require(try index.lookup(0x1000)?.frame(0).function)
        #expect(main.fullName.string == "main" && main.linkageName == nil && main.language == .c)
        #expect(main.entryAddress == 0x1000 && main.declarationLine == 9)
        #expect(main.declarationFile?.string == "/src/main.c")
        let max = try #require(try index.lookup(0x1010)?.frame(0).function)
        #expect(max.entryAddress == nil && max.isArtificial && max.failedToDemangle && max.language == .cpp)
        #expect(try index.lookup(0x2000)?.frame(0).function?.isFromSymbolTable == true)
    }

    @Test func aCycleOfScopesIsDamage() throws {
        var bytes = try Fixture.bytes("version1-sample")
        let scopes = try #require(try SymbolIndex(mapped(bytes)).storage.version1).scopes.offset
        // Scope 1 becomes a child of scope 2, whose parent is scope 1.
        bytes[scopes + 8] = 2
        let index = try SymbolIndex(mapped(bytes))
        #expect(
            throws: SymbolIndexError.damaged(
                section: .scopes, record: 1, reason: "parent does not come before its child")
        ) { try index.lookup(0x1010) }
        #expect(try index.lookup(0x1000) != nil)
    }
}
