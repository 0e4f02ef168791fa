import Bytes
import Testing

@testable import SymbolIndex

/// Whatever stands in the file: a typed error or an answer, never a crash or a loop.
@Suite struct DamageTests {
    /// Everything a reader can ask; the number keeps the compiler from leaving it out.
    private func readAll(_ bytes: [UInt8], _ addresses: [UInt64]) throws -> (answers: Int, errors: Int) {
        let file = try mapped(bytes)
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
        }
        for address in addresses {
            count { () throws(SymbolIndexError) in visit(try index.lookup(address)) }
        }
        count { () throws(SymbolIndexError) in try index.lookup(sorted: addresses) { visit($1) } }
        count { () throws(SymbolIndexError) in try index.forEachRange { visit($1) } }
        count { () throws(SymbolIndexError) in answers += try index.metadata().problems.count }
        count { () throws(SymbolIndexError) in try index.verifyChecksum() }
        answers += index.loadSegments().count
        return (answers, errors)
    }

    private func addresses(_ content: SymbolIndexContent) -> [UInt64] {
        content.ranges.flatMap { [$0.address, $0.address + 1] } + [.max]
    }

    /// 8 × 3,000 files, each with one to four changed places: bits, bytes, words of special values, copied pieces.
    @Test(arguments: 0..<8) func mutatedFilesGiveErrorsOrAnswers(_ part: UInt64) throws {
        var generator = SplitMix64(state: 0xDA3A_6E00 + part)
        let content = part % 2 == 0 ? Sample.content : Sample.random(seed: part, count: 24, depth: 8)
        let sound = try SymbolIndexWriter.encode(content)
        let addresses = addresses(content)
        var errors = 0
        var answers = 0
        for _ in 0..<3000 {
            var bytes = sound
            for _ in 0...generator.next() % 4 { mutate(&bytes, &generator) }
            let result = try readAll(bytes, addresses)
            errors += result.errors
            answers += result.answers
        }
        #expect(errors > 1000)
        #expect(answers > 1000)
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
        guard bytes.count > 16 else { return }
        // Half of the changes to the header and section table, where few bytes decide much.
        let limit = generator.next() % 2 == 0 ? min(bytes.count, 208) : bytes.count
        let place = Int(generator.next() % UInt64(limit - 8))
        switch generator.next() % 8 {
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
        default:
            if generator.next() % 4 == 0 { bytes.removeLast(Int(generator.next() % 16)) } else { bytes[place] = 0xFF }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let sound = try SymbolIndexWriter.encode(Sample.content)
        for count in 0..<sound.count {
            #expect(throws: SymbolIndexError.self) { try SymbolIndex(mapped(Array(sound.prefix(count)))) }
        }
    }

    @Test func everyChangedByteBreaksTheChecksumOrTheHeader() throws {
        let sound = try SymbolIndexWriter.encode(Sample.content)
        for place in sound.indices {
            var bytes = sound
            bytes[place] ^= 0x40
            #expect(throws: SymbolIndexError.self, "byte \(place)") {
                try SymbolIndex(mapped(bytes)).verifyChecksum()
            }
        }
    }

    @Test func errorsSayWhatIsWrong() throws {
        var bytes = try SymbolIndexWriter.encode(Sample.content)
        #expect(throws: SymbolIndexError.notAnIndex) { try SymbolIndex(mapped(Array("#!/bin/sh".utf8))) }
        #expect(throws: SymbolIndexError.notAnIndex) { try SymbolIndex(mapped([])) }
        bytes[8] = 9
        #expect(throws: SymbolIndexError.unsupportedVersion(found: 9, supported: 1)) {
            try SymbolIndex(mapped(bytes))
        }
        bytes[8] = 1
        bytes.append(0)
        #expect(
            throws: SymbolIndexError.wrongSize(expected: UInt64(bytes.count - 1), actual: UInt64(bytes.count))
        ) { try SymbolIndex(mapped(bytes)) }
    }

    @Test func aCycleOfScopesIsDamage() throws {
        var bytes = try SymbolIndexWriter.encode(Sample.content)
        let scopes = try SymbolIndex(mapped(bytes)).storage.scopes.offset
        // Scope 1 becomes a child of scope 2, whose parent is scope 1.
        bytes[scopes + 8] = 2
        let index = try SymbolIndex(mapped(bytes))
        #expect(
            throws: SymbolIndexError.damaged(
                section: .scopes, record: 1, reason: "parent does not come before its child")
        ) { try index.lookup(0x1010) }
        #expect(try index.lookup(0x1000) != nil)
    }

    @Test func chainsAsDeepAsTheLimitWorkAndDeeperOnesAreRefused() throws {
        var content = Sample.content
        for _ in 0..<IndexLayout.maximumDepth - 1 {
            content.scopes.append(.init(function: 1, parent: UInt32(content.scopes.count - 1), callLine: 1))
        }
        content.ranges[0].scope = UInt32(content.scopes.count - 1)
        #expect(try opened(content).lookup(0x1000)?.frameCount == IndexLayout.maximumDepth)
        content.scopes.append(.init(function: 1, parent: UInt32(content.scopes.count - 1), callLine: 1))
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
