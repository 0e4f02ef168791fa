import ELFObject
import Testing

/// Compressed sections that lie about what is in them.
@Suite("Hostile compressed sections")
struct HostileCompressionTests {
    @Test("Claims of decompressed size are refused before memory is taken")
    func claims() throws {
        var image = ELFImage.sample()
        for size: UInt64 in [.max, 1 << 62, (2 << 30) + 1] {
            let header = image.compressionHeader(2, size)
            image.change(".debug_line") { $0.data.replaceSubrange(0..<24, with: header) }
            #expect(
                refusal(image.bytes())
                    == .limitExceeded(
                        file: file, place: "section .debug_line, decompressed size", value: size, limit: 2 << 30,
                        setting: "ELFLimits.maximumSectionSize"))
        }
        image = .sample()
        let impossible = image.compressionHeader(1, 1 << 30)
        image.change(".debug_info") { $0.data.replaceSubrange(0..<24, with: impossible) }
        #expect(reason(refusal(image.bytes()))?.contains("cannot hold") == true)
    }

    @Test("The limit of the total counts what is alive")
    func total() throws {
        let limits = ELFLimits(maximumTotalSize: 6000)
        let object = try ELFObject(bytes: ELFImage.sample().bytes(), limits: limits)
        func open(_ name: String) throws -> SectionContents {
            try object.contents(of: try #require(object.section(named: name)))
        }
        do {
            let first = try open(".debug_info")
            let second = try open(".debug_line")
            #expect(first.count + second.count == 6000)
            #expect(
                throws: ELFError.limitExceeded(
                    file: file, place: "section .zdebug_str and those decompressed before", value: 9000, limit: 6000,
                    setting: "ELFLimits.maximumTotalSize")
            ) { try open(".zdebug_str") }
            // Slices of the file are free.
            #expect(try open(".text").count == 600)
            withExtendedLifetime((first, second)) {}
        }
        #expect(try open(".zdebug_str").count == 3000)
    }

    @Test("What a failed decompression took is given back")
    func failureGivesBack() throws {
        var image = ELFImage.sample()
        image.change(".debug_info") { $0.data[30] ^= 0xff }
        let object = try ELFObject(bytes: image.bytes(), limits: ELFLimits(maximumTotalSize: 3000))
        for _ in 0..<3 { #expect(throws: ELFError.self) { try object.bytes(of: ".debug_info") } }
        #expect(try object.bytes(of: ".debug_line") == ELFImage.sampleDebug)
    }

    @Test(
        "Compressed data that is damaged, short, long, or followed by more", arguments: [".debug_info", ".debug_line"])
    func compressedData(name: String) throws {
        let type: UInt32 = name == ".debug_info" ? 1 : 2
        for claim in [2999, 3001, 0] as [UInt64] {
            var image = ELFImage.sample()
            let header = image.compressionHeader(type, claim)
            image.change(name) { $0.data.replaceSubrange(0..<24, with: header) }
            #expect(reason(refusal(image.bytes())) != nil, "claims \(claim)")
        }
        var image = ELFImage.sample()
        image.change(name) { $0.data.removeLast(6) }
        #expect(reason(refusal(image.bytes())) != nil)
        image = .sample()
        image.change(name) { $0.data += [1, 2, 3] }
        #expect(reason(refusal(image.bytes())) != nil)
        image = .sample()
        image.change(name) { $0.data.removeLast($0.data.count - 20) }
        #expect(reason(refusal(image.bytes())) == "it ends inside its header")
        image = .sample()
        let unknown = image.compressionHeader(77, 3000)
        image.change(name) { $0.data.replaceSubrange(0..<24, with: unknown) }
        #expect(refusal(image.bytes()) == .unsupportedCompression(file: file, section: name, type: 77))
        image = .sample()
        image.change(name) { $0.data[30] ^= 0xff }
        #expect(reason(refusal(image.bytes())) != nil)
    }

    @Test("Old compressed sections without their magic; joined streams; padding")
    func oldCompression() throws {
        var image = ELFImage.sample()
        image.change(".zdebug_str") { $0.data[0] = 0 }
        #expect(reason(refusal(image.bytes())) == "it does not begin with ZLIB")
        image.change(".zdebug_str") { $0.data = Array("ZLIB".utf8) }
        #expect(reason(refusal(image.bytes())) == "it does not begin with ZLIB")
        let halves =
            compressedZlib(Array(ELFImage.sampleDebug.prefix(1000)))
            + compressedZlib(Array(ELFImage.sampleDebug.dropFirst(1000)))
        image.change(".zdebug_str") {
            $0.data = Array("ZLIB".utf8) + [0, 0, 0, 0, 0, 0, 0x0b, 0xb8] + halves + zeros(5)
        }
        #expect(try ELFObject(bytes: image.bytes()).bytes(of: ".zdebug_str") == ELFImage.sampleDebug)
    }

    @Test("An empty compressed section is empty")
    func emptyCompressed() throws {
        var image = ELFImage.sample()
        let headers = (image.compressionHeader(1, 0), image.compressionHeader(2, 0))
        image.change(".debug_info") { $0.data = headers.0 + compressedZlib([]) }
        image.change(".debug_line") { $0.data = headers.1 + compressedZstd([]) }
        let object = try ELFObject(bytes: image.bytes())
        #expect(try object.bytes(of: ".debug_info").isEmpty)
        #expect(try object.bytes(of: ".debug_line").isEmpty)
    }
}
