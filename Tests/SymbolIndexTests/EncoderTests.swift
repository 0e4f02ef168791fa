import Bytes
import Testing

@testable import SymbolIndex

/// The encoder against a model: whatever goes in comes out, however it is cut.
@Suite struct EncoderTests {
    private func probes(_ content: SymbolIndexContent) -> [UInt64] {
        var addresses: [UInt64] = [0, .max]
        for range in content.ranges { addresses += [range.address &- 1, range.address, range.address &+ 1] }
        return addresses.sorted()
    }

    private func check(_ bytes: [UInt8], _ content: SymbolIndexContent, _ addresses: [UInt64]) throws {
        let index = try SymbolIndex(mapped(bytes))
        var flat = FlatAnswers(addresses: addresses.count, frames: addresses.count * 12)
        let done = try flat.ask(index, addresses)
        #expect(done == addresses.count)
        var differences = 0
        for (position, address) in addresses.enumerated() {
            let expected = Line.expected(content, address)
            if try Line.chain(index, address) != expected { differences += 1 }
            if flat.chain(position) != expected ?? [] { differences += 1 }
        }
        #expect(differences == 0)
        try index.verifyChecksum()
    }

    @Test(arguments: 0..<24) func everyAddressAnswersAsAModel(_ seed: UInt64) throws {
        let count = [1, 2, 7, 60, 500, 3000][Int(seed % 6)]
        let content = seed % 4 == 0 ? Sample.random(seed: seed, count: count) : Sample.dense(seed: seed, count: count)
        try check(try SymbolIndexWriter.encode(content), content, probes(content))
    }

    /// The same ranges cut into more or fewer parts answer the same, and the same cuts give the same bytes.
    @Test(arguments: [1, 3, 64, 1000]) func partsAnswerAsTheWhole(_ size: Int) throws {
        let content = Sample.dense(seed: 5, count: 2000)
        let bytes = try SymbolIndexWriter.encode(content, rangesPerPart: size)
        try check(bytes, content, probes(content))
        #expect(try SymbolIndexWriter.encode(content, rangesPerPart: size) == bytes)
        #expect(try SymbolIndex(mapped(bytes)).header.rangeCount == UInt64(content.ranges.count))
        var starts: [UInt64] = []
        // Of holes side by side one may be left: a part that knows nothing leaves nothing.
        try SymbolIndex(mapped(bytes)).forEachRange { range, known in
            if known != nil { starts.append(range.lowerBound) }
        }
        let isSame = starts == content.ranges.filter { !$0.isHole }.map(\.address)
        #expect(isSame)
    }

    /// Parts that threads of their own encoded, in any order, against one thread.
    @Test func partsEncodedInParallelGiveTheSameBytes() async throws {
        let encoder = try oneFunction()
        func part(_ number: UInt64) throws -> RangePart {
            var part = RangePart(declarations: encoder.declarations)
            let scope = try part.scope(parent: nil, function: 0)
            for step in 0..<500 {
                try part.range(at: number << 16 + UInt64(step) * 5, scope: scope, file: 0, line: UInt32(step))
            }
            try part.hole(at: number << 16 + 5000)
            return part
        }
        let serial = try bytes(encoder, (0..<8).map { try part($0) })
        var parallel = try (0..<8).map { try part($0) }
        try await withThrowingTaskGroup(of: (Int, RangePart).self) { group in
            for number in (0..<8).reversed() {
                let part = parallel[number]
                group.addTask {
                    var part = part
                    try part.encode()
                    return (number, part)
                }
            }
            for try await (number, part) in group { parallel[number] = part }
        }
        #expect(try bytes(encoder, parallel) == serial)
    }

    @Test func aGapStartsARegion() throws {
        var content = Sample.content
        content.ranges = [
            .init(address: 0x1000, scope: 0, line: 1), .hole(0x1010),
            .init(address: 0x1010 + (4 << 20), scope: 0, line: 2), .hole(0x1020 + (4 << 20)),
            .init(address: 0x1020 + (8 << 20) - 1, scope: 0, line: 3), .hole(.max),
        ]
        let index = try opened(content)
        #expect(index.storage.regions.count == 2)
        try check(try SymbolIndexWriter.encode(content), content, probes(content))
        var ranges: [Range<UInt64>] = []
        try index.forEachRange { range, _ in ranges.append(range) }
        #expect(ranges.map(\.lowerBound) == content.ranges.dropLast().map(\.address))
    }

    @Test func bothEndsOfTheAddressSpaceWork() throws {
        var content = Sample.content
        content.baseAddress = 1 << 63
        content.functions[3].entryAddress = .max - 9
        content.functions[0].entryAddress = 0
        content.ranges = [
            .init(address: 0, scope: 0, line: 1), .init(address: 1, scope: 2, file: 1, line: 5), .hole(2),
            .init(address: (1 << 63) - 1, scope: 0, line: 2), .init(address: 1 << 63, scope: 1, line: 3),
            .init(address: .max - 9, scope: 3, line: .max, column: .max), .hole(.max),
        ]
        try check(try SymbolIndexWriter.encode(content), content, probes(content))
        let index = try opened(content)
        #expect(try index.lookup(.max) == nil)
        #expect(try index.lookup(.max - 1)?.frame(0).line == .max)
        #expect(try index.lookup(.max - 1)?.frame(0).function?.entryAddress == .max - 9)
        #expect(try index.lookup(0)?.frame(0).function?.entryAddress == 0)
    }

    /// Numbers of 32 bits in every field, so that no field fits in one read.
    @Test func theWidestFieldsComeBack() throws {
        var content = Sample.dense(seed: 9, count: 400)
        var generator = SplitMix64(state: 4)
        for number in content.functions.indices {
            content.functions[number].declarationLine = UInt32(truncatingIfNeeded: generator.next())
        }
        for number in content.scopes.indices where content.scopes[number].parent != nil {
            content.scopes[number].callLine = UInt32(truncatingIfNeeded: generator.next())
            content.scopes[number].callColumn = UInt32(truncatingIfNeeded: generator.next())
        }
        for number in content.ranges.indices where !content.ranges[number].isHole {
            content.ranges[number].line = UInt32(truncatingIfNeeded: generator.next())
            content.ranges[number].column = UInt32(truncatingIfNeeded: generator.next())
        }
        try check(try SymbolIndexWriter.encode(content), content, probes(content))
    }

    /// More scopes and files in a bucket than its header can count.
    @Test func bucketsOfThousandsOfScopesAndFilesWork() throws {
        var content = Sample.content
        content.files = (0..<3000).map { "/f\($0)" }
        content.scopes = (0..<3000).map { .init(function: UInt32($0 % 5)) }
        content.ranges = (0..<3000).map {
            .init(address: 0x1000 + UInt64($0), scope: UInt32($0), file: UInt32(2999 - $0), line: 1)
        }
        // One far range makes one bucket of all of them.
        content.ranges.append(.init(address: 1 << 40, scope: 0, line: 1))
        content.ranges.append(.hole(1 << 41))
        try check(try SymbolIndexWriter.encode(content), content, probes(content))
    }

    /// Deep chains are not repeated in every small bucket.
    @Test func deepChainsDoNotBlowUpTheFile() throws {
        var content = Sample.content
        content.scopes = [.init(function: 0)]
        for number in 1..<2000 { content.scopes.append(.init(function: 1, parent: UInt32(number - 1), callLine: 3)) }
        content.ranges = (0..<20_000).map {
            .init(address: 0x1000 + UInt64($0) * 8, scope: 1999, file: 0, line: UInt32($0 % 50))
        }
        content.ranges.append(.hole(0x1000 + 8 * 20_000))
        let bytes = try SymbolIndexWriter.encode(content)
        #expect(bytes.count < 400_000)
        #expect(try SymbolIndex(mapped(bytes)).lookup(0x1000 + 8 * 777)?.frameCount == 2000)
    }

    private func oneFunction() throws -> SymbolIndexEncoder {
        var encoder = SymbolIndexEncoder(baseAddress: 0)
        let path = Array("/a.c".utf8)
        let name = Array("f".utf8)
        let files = try (0..<2).map { _ in try path.withUnsafeBufferPointer { try encoder.file($0) } }
        #expect(files == [0, 0])
        let text = try name.withUnsafeBufferPointer { try encoder.text($0) }
        let number = try encoder.function(
            EncodedFunction(name: text, fullName: text, declaration: FunctionDeclaration(file: 0, line: 3)))
        #expect(number == 0)
        return encoder
    }

    private func bytes(_ encoder: SymbolIndexEncoder, _ parts: [RangePart]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let size = try SymbolIndexWriter.write(
            .init(
                builderRevision: 1, machine: 62, byteOrder: .little, kind: .library, quality: .full, loadSegments: [],
                metadata: Sample.metadata), encoder, parts: parts
        ) { bytes.append(contentsOf: $0) }
        #expect(size == UInt64(bytes.count))
        return bytes
    }

    @Test func partsThatDoNotFitTogetherAreRefused() throws {
        let encoder = try oneFunction()
        func part(
            _ address: UInt64, file: UInt32 = 0, declarations: [FunctionDeclaration]? = nil, ends: Bool = true
        ) throws -> RangePart {
            var part = RangePart(declarations: declarations ?? encoder.declarations)
            let scope = try part.scope(parent: nil, function: 0)
            try part.range(at: address, scope: scope, file: file, line: 3)
            if ends { try part.hole(at: address + 16) }
            return part
        }
        func refused(_ location: SourceLocation = #_sourceLocation, _ parts: () throws -> [RangePart]) {
            #expect(throws: SymbolIndexError.self, sourceLocation: location) { try bytes(encoder, parts()) }
        }
        _ = try bytes(encoder, [part(0x100), part(0x110)])
        refused { [try part(0x100), try part(0x10F)] }
        refused { [try part(0x100), try part(0x80)] }
        refused { [try part(0x100, file: 1)] }
        refused { [try part(0x100, file: .max)] }
        refused { [try part(0x100, ends: false)] }
        refused { [try part(0x100, declarations: [FunctionDeclaration(file: 0, line: 4)])] }
        refused { [try part(0x100, declarations: encoder.declarations + encoder.declarations)] }
    }

    @Test func aPartRefusesWhatItCannotHold() throws {
        var part = RangePart(declarations: [FunctionDeclaration()])
        #expect(throws: SymbolIndexError.self) { try part.scope(parent: nil, function: 1) }
        let scope = try part.scope(parent: nil, function: 0)
        #expect(throws: SymbolIndexError.self) { try part.scope(parent: ScopeReference(index: 1), function: 0) }
        try part.range(at: 5, scope: scope)
        #expect(throws: SymbolIndexError.self) { try part.range(at: 5, scope: scope) }
        #expect(throws: SymbolIndexError.self) { try part.range(at: 9, scope: ScopeReference(index: 1)) }
        #expect(throws: SymbolIndexError.self) { try part.hole(at: 4) }
        #expect(throws: SymbolIndexError.self) { try part.encode() }
        try part.hole(at: 6)
        try part.encode()
        #expect(throws: SymbolIndexError.self) { try part.range(at: 7, scope: scope) }
    }

    @Test func frameBuffersThatAreTooSmallEndTheBatchAtAWholeAddress() throws {
        let index = try opened(Sample.content)
        // 1 + 3 + 1 frames, then a hole.
        let addresses: [UInt64] = [0x1000, 0x1010, 0x1020, 0x1030]
        for (room, expected) in [(0, 0), (1, 1), (3, 1), (4, 2), (5, 4), (99, 4)] {
            var answers = FlatAnswers(addresses: 4, frames: room)
            #expect(try answers.ask(index, addresses) == expected, "\(room)")
            if expected > 1 { #expect(answers.chain(1) == Line.expected(Sample.content, 0x1010)) }
        }
        var short = FlatAnswers(addresses: 2, frames: 99)
        #expect(try short.ask(index, addresses) == 2)
    }
}
