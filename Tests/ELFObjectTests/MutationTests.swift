import Bytes
import ELFObject
import Testing

/// A small, well-known generator (SplitMix64), so that a failure can be made again from its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Damaged files: each gives answers or an `ELFError`. A trap or an endless loop would end the test process.
@Suite("Mutations and truncations")
struct MutationTests {
    /// Small limits keep a claim that passes them cheap.
    private static let limits = ELFLimits(
        maximumSectionSize: 1 << 20, maximumTotalSize: 4 << 20, maximumSymbols: 10_000,
        maximumRelocations: 10_000, maximumMiniDebugSize: 1 << 20, maximumSections: 1000)

    struct Outcome: Equatable {
        var refused = 0
        var partial = 0
        var whole = 0
    }

    /// Asks everything that can be asked; throws only what is not an `ELFError`.
    private func exercise(_ bytes: [UInt8], _ outcome: inout Outcome) throws {
        let object: ELFObject
        do {
            object = try ELFObject(MappedFile.holding(bytes), name: "mutant", limits: MutationTests.limits)
        } catch let error as ELFError {
            #expect(error.description.hasPrefix("mutant: "))
            outcome.refused += 1
            return
        }
        var failures = 0
        func attempt(_ body: () throws -> Void) throws {
            do { try body() } catch let error as ELFError {
                #expect(error.description.hasPrefix("mutant: "))
                failures += 1
            }
        }
        _ = (object.kind, object.features, object.architecture, object.baseAddress, object.buildID)
        let id = object.debugID
        #expect(id == nil || id?.count == 36)
        for section in object.sections where section.hasContents {
            try attempt {
                let contents = try object.contents(of: section)
                let sum = contents.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
                #expect(sum >= 0)
                #expect(contents.bytes.byteCount == contents.count)
                #expect(try object.contentSize(of: section) == contents.count)
            }
        }
        for section in object.sections where section.name.contains("debug_") {
            let name = section.name.hasPrefix(".z") ? "." + section.name.dropFirst(2) : section.name
            try attempt {
                guard let section = try object.debugSection(named: name) else { return }
                defer { section.giveBack(before: .max) }
                try section.fill()
                try section.wait(until: .max)
                #expect(section.available == section.count)
                #expect(section.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } } >= 0)
            }
        }
        for placement in object.layout { #expect(object.placement(at: placement.address) != nil) }
        try attempt {
            let symbols = try object.symbols()
            if symbols.problem != nil { failures += 1 }
            for symbol in symbols { try attempt { _ = try symbols.name(of: symbol) } }
        }
        if failures > 0 { outcome.partial += 1 } else { outcome.whole += 1 }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let interesting: [UInt64] = [
            0, 1, 2, 3, 7, 8, 0x7f, 0xff, 0xffff, 0xff00, 0x7fff_ffff, 0xffff_ffff, 1 << 32, 1 << 62, .max, .max - 7,
            UInt64(bytes.count), UInt64(bytes.count - 1),
        ]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            // Half of them where the tables are: at the beginning and at the end.
            let region: Range<Int>
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: region = 0..<160
            case 1: region = bytes.count * 3 / 4..<bytes.count
            default: region = 0..<bytes.count
            }
            let offset = Int.random(in: region, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[offset] = UInt8.random(in: 0 ... .max, using: &generator)
            default:
                let width = [2, 4, 8][Int.random(in: 0..<3, using: &generator)]
                let value = interesting[Int.random(in: 0..<interesting.count, using: &generator)]
                let aligned = offset / width * width
                for index in 0..<width where aligned + index < bytes.count {
                    bytes[aligned + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
                }
            }
        }
    }

    @Test("6,000 mutations in each class and byte order", arguments: allFormats)
    func mutations(is64Bit: Bool, byteOrder: ByteOrder) throws {
        let original = ELFImage.sample(is64Bit: is64Bit, byteOrder: byteOrder).bytes()
        var generator = SeededGenerator(seed: (is64Bit ? 64 : 32) + (byteOrder == .big ? 1000 : 0))
        var outcome = Outcome()
        for _ in 0..<6000 {
            var bytes = original
            mutate(&bytes, &generator)
            try exercise(bytes, &outcome)
        }
        #expect(outcome.refused + outcome.partial + outcome.whole == 6000)
        // The mutations reach all depths, not only the first check.
        #expect(outcome.refused > 300, "\(outcome)")
        #expect(outcome.partial > 300, "\(outcome)")
        #expect(outcome.whole > 300, "\(outcome)")
    }

    @Test("2,000 mutations of a relocatable file of each machine", arguments: RelocationTests.machines)
    func relocatableMutations(machine: RelocationTests.Machine) throws {
        var types = [machine.address, machine.distance, machine.offset, machine.size].flatMap(\.keys).sorted()
        if machine.number == 243 { types += [33, 36, 37, 40, 52, 53, 60, 61] }
        let entries = types.enumerated().flatMap { index, type in
            [0, 2].map { RelocationTests.Entry(offset: UInt64(index), type: type, symbol: $0) }
        }
        let original = RelocationTests.image(machine, entries).bytes()
        var generator = SeededGenerator(seed: UInt64(machine.number) + (machine.is64Bit ? 0 : 1000))
        var outcome = Outcome()
        for _ in 0..<2000 {
            var bytes = original
            mutate(&bytes, &generator)
            try exercise(bytes, &outcome)
        }
        #expect(outcome.refused > 50 && outcome.partial > 50 && outcome.whole > 50, "\(outcome)")
    }

    @Test("4,000 mutations of a file in a file")
    func packedMutations() throws {
        let original = PackedSymbolTests.image().outer.bytes()
        var generator = SeededGenerator(seed: 99)
        var outcome = Outcome()
        for _ in 0..<4000 {
            var bytes = original
            mutate(&bytes, &generator)
            try exercise(bytes, &outcome)
        }
        #expect(outcome.refused > 100 && outcome.partial > 100 && outcome.whole > 100, "\(outcome)")
    }

    @Test("Mutations of a compiler's object file")
    func compilerMutations() throws {
        let workshop = try Workshop()
        let source = try workshop.write(freestandingSource, to: "a.c")
        try workshop.run("gcc", "-g", "-gz=zlib", "-c", source, "-o", workshop.path("a.o"))
        let original = try MappedFile(path: workshop.path("a.o")).allBytes
        var generator = SeededGenerator(seed: 4711)
        var outcome = Outcome()
        for _ in 0..<2000 {
            var bytes = original
            mutate(&bytes, &generator)
            try exercise(bytes, &outcome)
        }
        #expect(outcome.refused > 100, "\(outcome)")
        #expect(outcome.whole > 100, "\(outcome)")
    }

    @Test("Every truncation", arguments: allFormats)
    func truncations(is64Bit: Bool, byteOrder: ByteOrder) throws {
        let original = ELFImage.sample(is64Bit: is64Bit, byteOrder: byteOrder).bytes()
        var outcome = Outcome()
        for length in 0..<original.count { try exercise(Array(original.prefix(length)), &outcome) }
        // The section headers stand last, so no shorter file is whole.
        #expect(outcome == Outcome(refused: original.count))
    }

    @Test("Truncations of a program, at every length of its first 4 KiB and some later")
    func programTruncations() throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        try workshop.run("gcc", "-g", source, "-o", workshop.path("a"))
        let original = try MappedFile(path: workshop.path("a")).allBytes
        var outcome = Outcome()
        let lengths = Array(0...4096) + Array(stride(from: 4097, to: original.count, by: 97))
        for length in lengths { try exercise(Array(original.prefix(length)), &outcome) }
        #expect(outcome == Outcome(refused: lengths.count))
        // The same with the header's pointer to the sections cleared: segments and notes must stand the test alone.
        var headless = original
        headless.replaceSubrange(40..<48, with: zeros(8))
        outcome = Outcome()
        for length in 0...4096 { try exercise(Array(headless.prefix(length)), &outcome) }
        #expect(outcome.whole > 1000, "\(outcome)")
        #expect(outcome.refused > 64, "\(outcome)")
    }
}
