import Bytes
import Testing

@testable import SymbolIndex

/// Whatever stands in the file: a typed error or an answer, never a crash or a loop.
@Suite struct DamageTests {
    /// Everything a reader can ask; the number keeps the compiler from leaving it out.
    private func readAll(_ file: MappedFile, _ addresses: [UInt64]) -> (answers: Int, errors: Int) {
        let index: SymbolIndex
        do throws(SymbolIndexError) {
            index = try SymbolIndex(file)
        } catch {
            return (0, 1)
        }
        var answers = 0
        var errors = 0
        func count(_ body: () throws(SymbolIndexError) -> Void) {
            do throws(SymbolIndexError) { try body() } catch {
                errors += error.description.isEmpty ? 0 : 1
            }
        }
        func visit(_ location: IndexedLocation?) {
            guard let location else { return }
            for frame in location.frames {
                answers += frame.file?.withUTF8(\.count) ?? 0
                guard let function = frame.function else { continue }
                answers += function.name.withUTF8(\.count) + function.fullName.utf8Count
                answers += (function.linkageName?.utf8Count ?? 0) + Int(function.language.rawValue)
                answers += function.entryAddress == nil ? 0 : 1
                answers += function.declarationFile?.withUTF8(\.count) ?? 0
            }
            answers += location.frame(location.frameCount - 1).isInlined ? 1 : 0
            answers += location.rangeStart == 0 ? 0 : 1
        }
        for address in addresses {
            count { () throws(SymbolIndexError) in visit(try index.lookup(address)) }
        }
        count { () throws(SymbolIndexError) in answers += try flatBytes(index, addresses) }
        count { () throws(SymbolIndexError) in try index.forEachRange { visit($1) } }
        count { () throws(SymbolIndexError) in answers += try index.metadata().problems.count }
        count { () throws(SymbolIndexError) in try index.verifyChecksum() }
        answers += index.loadSegments().count + index.objectSections().count
        return (answers, errors)
    }

    /// Reads every byte that the flat frames point to.
    private func flatBytes(_ index: SymbolIndex, _ addresses: [UInt64]) throws(SymbolIndexError) -> Int {
        var answers = FlatAnswers(addresses: addresses.count, frames: 4096)
        try answers.ask(index, addresses)
        var sum = 0
        for frame in answers.frames[..<Int(answers.ends.last ?? 0)] {
            for (text, length) in [
                (frame.name, frame.nameLength), (frame.fullName, frame.fullNameLength),
                (frame.linkageName, frame.linkageNameLength), (frame.file, frame.fileLength),
            ] {
                guard let text else { continue }
                sum += UnsafeBufferPointer(start: text, count: Int(length)).reduce(0) { $0 + Int($1) }
            }
        }
        return sum
    }

    /// Addresses on both sides of each range's start, at most some dozens.
    private func addresses(_ content: SymbolIndexContent) -> [UInt64] {
        Array(content.ranges.flatMap { [$0.address, $0.address + 1] }.prefix(24)) + [
            content.ranges.last?.address ?? 0, .max,
        ]
    }

    /// 8 × 12,500 files of both versions, each with one to four changed places: bits, bytes, words of special values,
    /// pieces copied, cut out or put in; the checksum made right again in most, so that nothing else finds the damage.
    @Test(arguments: 0..<8) func mutatedFilesGiveErrorsOrAnswers(_ part: UInt64) throws {
        var generator = SplitMix64(state: 0xDA3A_6E00 + part)
        let scratch = try Scratch()
        let content: SymbolIndexContent
        var sound: [UInt8]
        switch part % 4 {
        case 0: content = Sample.content
        case 1: content = Sample.random(seed: part, count: 24, depth: 8)
        case 2: content = Sample.dense(seed: part, count: 60)
        default: content = Sample.content
        }
        sound = part % 4 == 3 ? try Fixture.bytes("version1-sample") : try SymbolIndexWriter.encode(content)
        let addresses = addresses(content)
        var errors = 0
        var answers = 0
        for _ in 0..<12_500 {
            var bytes = sound
            for _ in 0...generator.next() % 4 { mutate(&bytes, &generator) }
            if generator.next() % 8 != 0 { repair(&bytes) }
            let result = readAll(try scratch.mapped(bytes), addresses)
            errors += result.errors
            answers += result.answers
        }
        #expect(errors > 1000)
        #expect(answers > 1000)
    }

    /// The size in the header and the checksum, as a forger would write them.
    private func repair(_ bytes: inout [UInt8]) {
        guard bytes.count > 64 else { return }
        for byte in 0..<8 { bytes[16 + byte] = UInt8(truncatingIfNeeded: bytes.count >> (8 * byte)) }
        var hash = XXHash64()
        bytes.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<($0.count - 8)])) }
        for byte in 0..<8 {
            bytes[bytes.count - 8 + byte] = UInt8(truncatingIfNeeded: hash.value >> (8 * UInt64(byte)))
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
        guard bytes.count > 16 else { return }
        // Half of the changes where few bytes decide much: header, table, regions, directory, headers of blocks.
        let limit = generator.next() % 2 == 0 ? min(bytes.count, 512) : bytes.count
        let place = Int(generator.next() % UInt64(limit - 8))
        switch generator.next() % 10 {
        case 0, 1: bytes[place] ^= 1 << UInt8(generator.next() % 8)
        case 2, 3: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 4:
            let special: [UInt64] = [0, 1, .max, .max - 1, 1 << 63, UInt64(UInt32.max), UInt64(bytes.count)]
            let value = special[Int(generator.next() % UInt64(special.count))]
            for byte in 0..<8 { bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte))) }
        case 5:
            let value = UInt32(truncatingIfNeeded: generator.next() % 40)
            for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
        case 6:
            let source = Int(generator.next() % UInt64(bytes.count - 8))
            for byte in 0..<8 { bytes[place + byte] = bytes[source + byte] }
        case 7: bytes.removeLast(Int(generator.next() % 16))
        case 8: bytes.removeSubrange(place..<place + Int(generator.next() % 8))
        default:
            let source = Int(generator.next() % UInt64(bytes.count - 8))
            bytes.insert(contentsOf: Array(bytes[source..<source + Int(generator.next() % 8)]), at: place)
        }
    }

    @Test(arguments: ["version1-sample", "version2"]) func everyTruncationIsRefused(_ name: String) throws {
        let sound = name == "version2" ? try SymbolIndexWriter.encode(Sample.content) : try Fixture.bytes(name)
        let scratch = try Scratch()
        for count in 0..<sound.count {
            let file = try scratch.mapped(Array(sound.prefix(count)))
            #expect(throws: SymbolIndexError.self) { try SymbolIndex(file) }
        }
    }

    @Test func everyChangedByteBreaksTheChecksumOrTheHeader() throws {
        let sound = try SymbolIndexWriter.encode(Sample.content)
        let scratch = try Scratch()
        for place in sound.indices {
            var bytes = sound
            bytes[place] ^= 0x40
            let file = try scratch.mapped(bytes)
            #expect(throws: SymbolIndexError.self, "byte \(place)") { try SymbolIndex(file).verifyChecksum() }
        }
    }

    @Test func errorsSayWhatIsWrong() throws {
        var bytes = try SymbolIndexWriter.encode(Sample.content)
        #expect(throws: SymbolIndexError.notAnIndex) { try SymbolIndex(mapped(Array("#!/bin/sh".utf8))) }
        #expect(throws: SymbolIndexError.notAnIndex) { try SymbolIndex(mapped([])) }
        bytes[8] = 9
        #expect(throws: SymbolIndexError.unsupportedVersion(found: 9, supported: 2)) {
            try SymbolIndex(mapped(bytes))
        }
        bytes[8] = 2
        bytes.append(0)
        #expect(
            throws: SymbolIndexError.wrongSize(expected: UInt64(bytes.count - 1), actual: UInt64(bytes.count))
        ) { try SymbolIndex(mapped(bytes)) }
    }

    @Test func regionsThatContradictTheFileAreRefusedWhenItIsOpened() throws {
        let sound = try SymbolIndexWriter.encode(Sample.content)
        let region = try SymbolIndex(mapped(sound)).storage.regions.offset
        // The high bytes of: end, blocks, block bytes, first bucket, bucket count; then both shifts.
        for (place, value) in [(15, 0), (8 + 15, 1), (27, 1), (31, 1), (35, 0), (36, 64), (37, 49)] {
            var bytes = sound
            bytes[region + place] = UInt8(value)
            if place == 35 { for byte in 32..<36 { bytes[region + byte] = 0 } }
            if place == 15 { for byte in 8..<16 { bytes[region + byte] = 0 } }
            #expect(throws: SymbolIndexError.self, "byte \(place)") { try SymbolIndex(mapped(bytes)) }
        }
    }

    /// Scope 1 of a block becomes its own child's child.
    @Test func aParentBehindItsChildIsDamage() throws {
        var content = Sample.content
        content.ranges = [.init(address: 0x1000, scope: 2, file: 0, line: 1), .hole(0x1010)]
        var bytes = try SymbolIndexWriter.encode(content)
        let index = try SymbolIndex(mapped(bytes))
        let storage = index.storage
        let place = try #require(BucketPlace(0x1000, storage.region(0), storage))
        let (view, _) = try storage.entry(at: place, storage.blockHeader(place))
        // Three scopes of two bits for the parent: make that of the second one 2.
        let bit = Int(view.scopes + view.scopeWidth)
        bytes[bit / 8] |= 2 << UInt8(bit % 8)
        #expect(bit % 8 < 6)
        let damaged = try SymbolIndex(mapped(bytes))
        #expect(throws: SymbolIndexError.self) { try damaged.lookup(0x1000) }
        var answers = FlatAnswers(addresses: 1, frames: 16)
        #expect(throws: SymbolIndexError.self) { try answers.ask(damaged, [0x1000]) }
        #expect(try index.lookup(0x1000)?.frameCount == 3)
    }

    @Test func chainsAsDeepAsTheLimitWorkAndDeeperOnesAreRefused() throws {
        var content = Sample.content
        for _ in 0..<IndexLayout.maximumDepth - 1 {
            content.scopes.append(.init(function: 1, parent: UInt32(content.scopes.count - 1), callLine: 1))
        }
        content.ranges[0].scope = UInt32(content.scopes.count - 1)
        let index = try opened(content)
        #expect(try index.lookup(0x1000)?.frameCount == IndexLayout.maximumDepth)
        var answers = FlatAnswers(addresses: 1, frames: IndexLayout.maximumDepth)
        try answers.ask(index, [0x1000])
        #expect(answers.ends[0] == IndexLayout.maximumDepth)
        content.scopes.append(.init(function: 1, parent: UInt32(content.scopes.count - 1), callLine: 1))
        content.ranges[0].scope = UInt32(content.scopes.count - 1)
        #expect(throws: SymbolIndexError.self) { try SymbolIndexWriter.encode(content) }
    }

    @Test func contentThatContradictsItselfIsNotWritten() {
        func refused(_ change: (inout SymbolIndexContent) -> Void, _ location: SourceLocation = #_sourceLocation) {
            var content = Sample.content
            change(&content)
            #expect(throws: SymbolIndexError.self, sourceLocation: location) {
                try SymbolIndexWriter.encode(content)
            }
        }
        refused { $0.ranges.removeLast() }
        refused { $0.ranges[1].address = $0.ranges[0].address }
        refused { $0.ranges[0].scope = 99 }
        refused { $0.ranges[0].file = 3 }
        refused { $0.scopes[1].parent = 1 }
        refused { $0.scopes[1].function = 5 }
        refused { $0.scopes[1].callFile = 3 }
        refused { $0.functions[0].declarationFile = 3 }
    }
}
