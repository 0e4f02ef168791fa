import ELFObject
import Glibc
import Testing

/// Sections that are read while they are being decompressed.
@Suite("Debug sections")
struct DebugSectionTests {
    /// 5 MB that compress about fivefold, different everywhere.
    static let large: [UInt8] = {
        var generator = SeededGenerator(seed: 5)
        var words: [UInt8] = []
        while words.count < 5_000_000 {
            let word = UInt64.random(in: 0..<3000, using: &generator)
            words += withUnsafeBytes(of: word &* 0x9e37_79b9_7f4a_7c15) { Array($0) }
        }
        words.removeLast(3)
        return words
    }()

    enum Packing: CaseIterable { case zlib, zstd, zdebug }

    /// An image with `.debug_info` packed so.
    private func image(_ packing: Packing, _ bytes: [UInt8], claim: UInt64? = nil) -> ELFImage {
        var image = ELFImage(type: 3)
        let claim = claim ?? UInt64(bytes.count)
        switch packing {
        case .zlib:
            image.sections = [
                .init(
                    name: ".debug_info", type: 1, flags: 0x800,
                    data: image.compressionHeader(1, claim) + compressedZlib(bytes))
            ]
        case .zstd:
            image.sections = [
                .init(
                    name: ".debug_info", type: 1, flags: 0x800,
                    data: image.compressionHeader(2, claim) + compressedZstd(bytes))
            ]
        case .zdebug:
            let size = withUnsafeBytes(of: claim.bigEndian) { Array($0) }
            image.sections = [
                .init(name: ".zdebug_info", type: 1, data: Array("ZLIB".utf8) + size + compressedZlib(bytes))
            ]
        }
        return image
    }

    private func section(_ image: ELFImage, limits: ELFLimits = .default) throws -> DebugSection {
        try #require(try ELFObject(bytes: image.bytes(), limits: limits).debugSection(named: ".debug_info"))
    }

    @Test("A plain section is the file's bytes, there from the start")
    func plain() throws {
        var image = ELFImage(type: 3)
        image.sections = [
            .init(name: ".debug_info", type: 1, data: DebugSectionTests.large),
            .init(name: ".debug_line.dwo", type: 1, data: [1, 2, 3]),
            .init(name: ".debug_str", type: 8, size: 99),
        ]
        let object = try ELFObject(bytes: image.bytes())
        let section = try #require(try object.debugSection(named: ".debug_info"))
        #expect(section.available == section.count)
        #expect(section.count == DebugSectionTests.large.count)
        try section.wait(until: .max)
        try section.fill()
        // The file's bytes are read again where they have been given back.
        section.giveBack(before: section.count)
        #expect(section.withUnsafeBytes { same($0, DebugSectionTests.large[...]) })
        let split = try #require(try object.debugSection(named: ".debug_line.dwo"))
        #expect(split.name == ".debug_line.dwo")
        #expect(split.withUnsafeBytes { Array($0) } == [1, 2, 3])
        #expect(try object.debugSection(named: ".debug_str") == nil)
        #expect(try object.debugSection(named: ".debug_abbrev") == nil)
    }

    @Test("A packed section is filled once, then whole, then followed by zeros", arguments: Packing.allCases)
    func packed(packing: Packing) throws {
        let section = try section(image(packing, DebugSectionTests.large))
        #expect(section.name == ".debug_info")
        #expect(section.count == DebugSectionTests.large.count)
        #expect(section.available == 0)
        try section.fill()
        try section.fill()
        #expect(section.available == section.count)
        try section.wait(until: section.count)
        #expect(section.bytes.byteCount == section.count)
        section.withUnsafeBytes { bytes in
            #expect(same(bytes, DebugSectionTests.large[...]))
            let beyond = UnsafeRawBufferPointer(start: bytes.baseAddress.map { $0 + bytes.count }, count: 4096)
            #expect(beyond.allSatisfy { $0 == 0 })
        }
    }

    @Test("Readers follow the decompressor and give memory back behind them", arguments: Packing.allCases)
    func streaming(packing: Packing) throws {
        let section = try section(image(packing, DebugSectionTests.large))
        let wrong = Findings<Int>()
        let first = Findings<Int>()
        // Started before there is anything to read.
        let readers = (0..<3).map { reader in
            Thread {
                do {
                    for end in stride(from: 100_000 * (reader + 1), to: section.count + 400_000, by: 400_000) {
                        try section.wait(until: end)
                        let end = min(end, section.count)
                        if section.available < end { wrong.add(end) }
                        if first.all.isEmpty { first.add(section.available) }
                        let range = max(0, end - 90_000)..<end
                        let equal = section.withUnsafeBytes {
                            same(.init(rebasing: $0[range]), DebugSectionTests.large[range])
                        }
                        if !equal, reader == 0 || range.lowerBound > 1_500_000 { wrong.add(end) }
                        if reader == 0 { section.giveBack(before: min(end - 1_000_000, 1_500_000)) }
                    }
                } catch { wrong.add(-1) }
            }
        }
        let fillers = (0..<2).map { _ in Thread { do { try section.fill() } catch { wrong.add(-2) } } }
        readers.forEach { $0.join() }
        fillers.forEach { $0.join() }
        #expect(wrong.all.isEmpty)
        #expect(first.all.count >= 1)
        // Given back: zeros, but only behind where it was asked for, and only where something was available.
        section.giveBack(before: 4096 * 700)
        section.giveBack(before: -5)
        section.withUnsafeBytes { bytes in
            #expect(bytes[..<4_000].allSatisfy { $0 == 0 })
            #expect(same(.init(rebasing: bytes[3_000_000...]), DebugSectionTests.large[3_000_000...]))
        }
        section.giveBack(before: .max)
        section.withUnsafeBytes { #expect($0[..<(section.count - 4096)].allSatisfy { $0 == 0 }) }
    }

    @Test("A failure wakes those who wait, and stays", arguments: Packing.allCases)
    func failure(packing: Packing) throws {
        var image = image(packing, DebugSectionTests.large)
        let size = image.sections[0].data.count
        image.sections[0].data.removeSubrange((size / 2)...)
        let section = try section(image)
        let errors = Findings<ELFError>()
        let reached = Findings<Int>()
        let waiters = (0..<4).map { waiter in
            Thread {
                do throws(ELFError) {
                    try section.wait(until: waiter == 0 ? 1000 : section.count)
                    reached.add(waiter)
                } catch { errors.add(error) }
            }
        }
        let filler = Thread {
            do throws(ELFError) { try section.fill() } catch { errors.add(error) }
        }
        waiters.forEach { $0.join() }
        filler.join()
        #expect(errors.all.count == 4)
        #expect(reached.all == [0])
        #expect(errors.all.allSatisfy { $0 == errors.all[0] })
        #expect(reason(errors.all[0])?.contains("the data ends after") == true, "\(errors.all[0])")
        #expect(errors.all[0].description.contains(packing == .zdebug ? ".zdebug_info" : ".debug_info"))
        #expect(throws: errors.all[0]) { try section.fill() }
        #expect(throws: errors.all[0]) { try section.wait(until: section.count) }
        // What was right before stays readable.
        let available = section.available
        #expect(available > 1_000_000 && available < section.count)
        try section.wait(until: available)
        section.withUnsafeBytes {
            #expect(same(.init(rebasing: $0[..<available]), DebugSectionTests.large[..<available]))
        }
    }

    @Test("A wrong claim is an error: more, less, nothing", arguments: Packing.allCases)
    func claims(packing: Packing) throws {
        let bytes = Array(DebugSectionTests.large.prefix(3_000_000))
        for claim in [0, 1, 1 << 20, 2_999_999, 3_000_001, 4 << 20] as [UInt64] {
            let section = try section(image(packing, bytes, claim: claim))
            #expect(section.count == Int(claim))
            let error = try #require(#expect(throws: ELFError.self) { try section.fill() })
            if claim < 3_000_000 {
                #expect(reason(error) == "the data gives more than the \(claim) bytes claimed")
            } else {
                #expect(reason(error) == "the data ends after 3000000 of \(claim) bytes")
            }
            if claim > 0 { #expect(throws: error) { try section.wait(until: section.count + 1) } }
        }
    }

    @Test("Bombs are refused before address space is taken", arguments: Packing.allCases)
    func bombs(packing: Packing) throws {
        let limits = ELFLimits(maximumSectionSize: 4 << 20, maximumTotalSize: 6 << 20)
        #expect(throws: ELFError.self) {
            try section(image(packing, [UInt8](repeating: 0, count: 5 << 20)), limits: limits)
        }
        // Four gigabytes claimed by four kilobytes.
        let claimed = self.image(packing, [1, 2, 3], claim: 4 << 30)
        let error = #expect(throws: ELFError.self) { try self.section(claimed) }
        #expect(setting(error) == "ELFLimits.maximumSectionSize")
        let trusting = ELFLimits(maximumSectionSize: 8 << 30, maximumTotalSize: 8 << 30)
        let refused = #expect(throws: ELFError.self) { try self.section(claimed, limits: trusting).fill() }
        #expect(reason(refused) != nil)
    }

    @Test("What is reserved counts against the total while the section lives")
    func budget() throws {
        var image = ELFImage.sample()
        image.type = 3
        let object = try ELFObject(bytes: image.bytes(), limits: ELFLimits(maximumTotalSize: 6000))
        do {
            let first = try #require(try object.debugSection(named: ".debug_info"))
            let second = try #require(try object.debugSection(named: ".debug_line"))
            let error = #expect(throws: ELFError.self) { try object.debugSection(named: ".debug_str") }
            #expect(setting(error) == "ELFLimits.maximumTotalSize")
            try first.fill()
            try second.fill()
            #expect(first.withUnsafeBytes { Array($0) } == second.withUnsafeBytes { Array($0) })
        }
        let third = try #require(try object.debugSection(named: ".debug_str"))
        try third.fill()
        #expect(third.withUnsafeBytes { Array($0) } == ELFImage.sampleDebug)
    }

    @Test("The object may go before its sections")
    func lifetime() throws {
        var section: DebugSection?
        do {
            let object = try ELFObject(bytes: image(.zstd, DebugSectionTests.large).bytes())
            section = try object.debugSection(named: ".debug_info")
        }
        try section?.fill()
        let equal = section?.withUnsafeBytes { same($0, DebugSectionTests.large[...]) }
        #expect(equal == true)
    }
}
