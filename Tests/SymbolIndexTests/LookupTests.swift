import Bytes
import SymbolIndex
import Testing

@Suite struct LookupTests {
    private func chain(_ index: SymbolIndex, _ address: UInt64) throws -> [String]? {
        try Line.chain(index, address)
    }

    @Test func aChainIsInnermostFirstWithCallSites() throws {
        let index = try opened(Sample.content)
        #expect(
            try chain(index, 0x1010) == [
                "max /src/max.h:3:9 inlined", "helper /src/main.c:5:70000 inlined call", "main /src/main.c:11:5 call",
            ])
        let location = try #require(try index.lookup(0x101F))
        #expect(location.frameCount == 3)
        #expect(location.rangeStart == 0x1010)
        #expect(location.frame(1).function?.fullName.string == "helper(int)")
        #expect(location.physicalFunction?.name.string == "main")
    }

    @Test func everyKindOfRangeIsToldApart() throws {
        let index = try opened(Sample.content)
        #expect(try chain(index, 0xFFF) == nil)
        #expect(try chain(index, 0x1000) == ["main /src/main.c:10:3"])
        #expect(try chain(index, 0x100F) == ["main /src/main.c:10:3"])
        #expect(try chain(index, 0x1020) == ["main /src/main.c:0:0 generated"])
        #expect(try chain(index, 0x1030) == nil)
        #expect(try chain(index, 0x1FFF) == nil)
        #expect(try chain(index, 0x2000) == ["_start ?:0:0"])
        #expect(try chain(index, 0x2010) == ["? /src/boot.s:7:0"])
        #expect(try chain(index, Sample.far - 1) == ["? /src/boot.s:7:0"])
        #expect(try chain(index, Sample.far) == ["far /src/main.c:4000000000:70000"])
        #expect(try chain(index, Sample.far + 0x100) == nil)
        #expect(try chain(index, .max) == nil)
        #expect(try chain(index, 0) == nil)
    }

    @Test func functionsCarryTheirFacts() throws {
        let index = try opened(Sample.content)
        let main = try #require(try index.lookup(0x1000)?.frame(0).function)
        #expect(main.fullName.string == "main" && main.linkageName == nil && main.language == .c)
        #expect(main.entryAddress == 0x1000 && main.declarationLine == 9)
        #expect(main.declarationFile?.string == "/src/main.c")
        #expect(!main.isFromSymbolTable && !main.isArtificial && !main.failedToDemangle)
        let max = try #require(try index.lookup(0x1010)?.frame(0).function)
        #expect(max.entryAddress == nil && max.isArtificial && max.failedToDemangle && max.language == .cpp)
        #expect(max.linkageName?.string == "_Z3broken" && max.declarationFile == nil)
        let start = try #require(try index.lookup(0x2000)?.frame(0).function)
        #expect(start.isFromSymbolTable && start.entryAddress == 0x2000)
    }

    @Test func anAddressOfARelocatableObjectIsASectionAndAnOffset() throws {
        let index = try opened(Sample.content)
        #expect(index.objectSections() == Sample.content.sections)
        let place = try #require(index.objectSection(holding: 0x2010))
        #expect(place.section.name == ".text.cold" && place.section.number == 7 && place.offset == 0x10)
        #expect(index.objectSection(holding: 0x10FF)?.offset == 0xFF)
        for address: UInt64 in [0, 0xFFF, 0x1100, 0x2040, .max] {
            #expect(index.objectSection(holding: address) == nil)
        }
    }

    @Test func headerMetadataAndSegmentsComeBack() throws {
        let index = try opened(Sample.content)
        #expect(try index.metadata() == Sample.metadata)
        #expect(index.loadSegments() == Sample.content.loadSegments)
        #expect(index.header.baseAddress == 0x1000)
        #expect(index.header.builderRevision == 7)
        #expect(index.header.machine == 62)
        #expect(index.header.quality == .full)
        #expect(index.header.kind == .executable)
        #expect(index.header.rangeCount == 8)
        try index.verifyChecksum()
    }

    @Test func anEmptyIndexAnswersNothing() throws {
        let index = try opened(SymbolIndexContent(quality: .none, metadata: IndexMetadata(architecture: "")))
        #expect(try index.lookup(0) == nil)
        #expect(try index.lookup(.max) == nil)
        var visits = 0
        try index.forEachRange { _, _ in visits += 1 }
        try index.lookup(sorted: [1, 2]) { _, location in visits += location == nil ? 0 : 1 }
        #expect(visits == 0)
    }

    /// Contents against a search by hand, for single, sorted and unsorted batch look-ups and the iteration.
    @Test(arguments: [1, 15, 16, 17, 333, 4000])
    func everyContentComesBackWhole(_ count: Int) throws {
        let content = Sample.random(seed: UInt64(count), count: count)
        let index = try opened(content)
        var addresses: [UInt64] = [0, .max]
        for range in content.ranges { addresses += [range.address &- 1, range.address, range.address + 1] }
        addresses.sort()
        let expected = addresses.map { Line.expected(content, $0) }
        for (address, expected) in zip(addresses, expected) {
            #expect(try chain(index, address) == expected, "at \(address)")
        }
        var batch: [[String]?] = Array(repeating: ["unvisited"], count: addresses.count)
        try index.lookup(sorted: addresses) { batch[$0] = $1.map { $0.frames.map { Line($0).text } } }
        #expect(batch == expected)
        let falling = Array(addresses.reversed())
        try index.lookup(sorted: falling) { batch[$0] = $1.map { $0.frames.map { Line($0).text } } }
        #expect(batch == expected.reversed())
        let sparse = addresses.enumerated().filter { $0.offset % 97 == 0 }
        try index.lookup(sorted: sparse.map(\.element)) { position, location in
            #expect(location.map { $0.frames.map { Line($0).text } } == expected[sparse[position].offset])
        }
        var starts: [UInt64] = []
        var end = content.ranges[0].address
        try index.forEachRange { range, location in
            #expect(range.lowerBound == end)
            end = range.upperBound
            starts.append(range.lowerBound)
            #expect(location.map { $0.frames.map { Line($0).text } } == Line.expected(content, range.lowerBound))
        }
        #expect(starts == content.ranges.dropLast().map(\.address))
    }
}
