import CZlib
import Glibc
import Testing

@testable import ELFObject

/// The decoders against the libraries that made the data, and against damage.
@Suite("Decompression")
struct DecompressionTests {
    typealias Decoder = @Sendable (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> String?

    static let zlib: Decoder = { inflateExactly($0, into: $1) }
    static let zstd: Decoder = { decompressZstdExactly($0, into: $1) }

    /// Memory whose last byte is followed by a page that cannot be touched: one byte too far ends the test.
    final class Guarded {
        let buffer: UnsafeMutableRawBufferPointer
        private let base: UnsafeMutableRawPointer
        private let size: Int

        init(_ bytes: [UInt8]) throws {
            let size = (bytes.count + pageSize - 1) / pageSize * pageSize
            let mapped = mmap(nil, size + pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            base = try #require(mapped != MAP_FAILED ? mapped : nil)
            self.size = size
            mprotect(base + size, pageSize, PROT_NONE)
            buffer = UnsafeMutableRawBufferPointer(start: base + size - bytes.count, count: bytes.count)
            buffer.copyBytes(from: bytes)
        }

        deinit { munmap(base, size + pageSize) }
    }

    private func decode(
        _ packed: [UInt8], count: Int, _ decoder: Decoder
    ) throws -> (bytes: [UInt8], problem: String?) {
        let source = try Guarded(packed)
        let target = try Guarded(zeros(count))
        let problem = decoder(UnsafeRawBufferPointer(source.buffer), target.buffer)
        return (Array(target.buffer), problem)
    }

    private static let slope = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    /// Text-like, noise-like and empty-like stretches in turn.
    private func sample(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let length = Int.random(in: 1...5000, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                for _ in 0...length / 8 { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
            case 1: bytes += [UInt8](repeating: UInt8.random(in: 0 ... .max, using: &generator), count: length)
            case 2: bytes += DecompressionTests.slope.prefix(length)
            default:
                let start = Int.random(in: 0...bytes.count, using: &generator)
                bytes += bytes[start...].prefix(length)
                bytes.append(0)
            }
        }
        return Array(bytes.prefix(count))
    }

    /// A zlib stream of the given kind, with flushes in between as parallel linkers write them.
    private func deflated(_ bytes: [UInt8], level: Int32, strategy: Int32, flush: Int32, every piece: Int) -> [UInt8] {
        var stream = z_stream()
        guard
            deflateInit2_(&stream, level, Z_DEFLATED, 15, 9, strategy, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
                == Z_OK
        else { return [] }
        defer { deflateEnd(&stream) }
        var result = zeros(bytes.count + bytes.count / 100 + 1000 + (bytes.count / piece + 1) * 16)
        var source = bytes
        let size = result.count
        result.withUnsafeMutableBufferPointer { output in
            source.withUnsafeMutableBufferPointer { input in
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(size)
                for start in stride(from: 0, to: max(1, bytes.count), by: piece) {
                    let end = min(start + piece, bytes.count)
                    stream.next_in = input.baseAddress.map { $0 + start }
                    stream.avail_in = UInt32(end - start)
                    deflate(&stream, end == bytes.count ? Z_FINISH : flush)
                }
            }
        }
        return Array(result.prefix(size - Int(stream.avail_out)))
    }

    @Test("zlib streams of every level, strategy and flush", arguments: [0, 1, 6, 9] as [Int32])
    func zlibKinds(level: Int32) throws {
        var generator = SeededGenerator(seed: UInt64(level))
        for strategy in [Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED] {
            for flush in [Z_NO_FLUSH, Z_SYNC_FLUSH] {
                for count in [0, 1, 300, 65_537, (1 << 20) - 1, 1 << 20, (1 << 20) + 1] {
                    let bytes = sample(count, &generator)
                    let packed = deflated(bytes, level: level, strategy: strategy, flush: flush, every: 131_072)
                    let result = try decode(packed, count: count, DecompressionTests.zlib)
                    #expect(result.problem == nil, "\(strategy) \(flush) \(count)")
                    #expect(same(result.bytes, bytes), "\(strategy) \(flush) \(count)")
                }
            }
        }
    }

    @Test("Streams that stand one after another")
    func joined() throws {
        var generator = SeededGenerator(seed: 77)
        for _ in 0..<100 {
            let pieces = (0..<Int.random(in: 2...6, using: &generator)).map { _ in
                sample(Int.random(in: 0...40_000, using: &generator), &generator)
            }
            let all = Array(pieces.joined())
            let padding = zeros(Int.random(in: 0...20, using: &generator))
            let zlib = try decode(
                Array(pieces.map { compressedZlib($0) }.joined()) + padding, count: all.count, DecompressionTests.zlib)
            #expect(zlib.problem == nil && same(zlib.bytes, all))
            let zstd = try decode(
                Array(pieces.filter { !$0.isEmpty }.map { compressedZstd($0) }.joined()) + padding, count: all.count,
                DecompressionTests.zstd)
            #expect(zstd.problem == nil && same(zstd.bytes, all))
        }
    }

    @Test("Every shorter stream ends early, every longer one is too long")
    func truncated() throws {
        var generator = SeededGenerator(seed: 3)
        let bytes = sample(5000, &generator)
        for (packed, decoder) in [
            (compressedZlib(bytes), DecompressionTests.zlib), (compressedZstd(bytes), DecompressionTests.zstd),
        ] {
            for length in 0..<packed.count {
                let result = try decode(Array(packed.prefix(length)), count: bytes.count, decoder)
                #expect(result.problem != nil, "\(length) of \(packed.count)")
            }
            for count in stride(from: 0, to: bytes.count, by: 37) {
                let result = try decode(packed, count: count, decoder)
                #expect(result.problem == "the data gives more than the \(count) bytes claimed")
                #expect(result.bytes == Array(bytes.prefix(count)))
            }
            let result = try decode(packed + [7], count: bytes.count, decoder)
            #expect(result.problem == "1 unknown bytes follow the data")
        }
    }

    @Test("A megabyte of data, truncated at every 4 KB")
    func truncatedLarge() throws {
        var generator = SeededGenerator(seed: 4)
        let bytes = sample(3 << 19, &generator)
        for (packed, decoder) in [
            (compressedZlib(bytes), DecompressionTests.zlib), (compressedZstd(bytes), DecompressionTests.zstd),
        ] {
            #expect(packed.count > 250_000)
            for length in stride(from: 0, to: packed.count, by: 4096) {
                let result = try decode(Array(packed.prefix(length)), count: bytes.count, decoder)
                #expect(result.problem?.contains("data") == true, "\(length): \(result.problem ?? "accepted")")
            }
        }
    }

    @Test("4,000 damaged streams are refused, or give what zlib gives", arguments: [true, false])
    func damaged(isZlib: Bool) throws {
        var generator = SeededGenerator(seed: isZlib ? 11 : 12)
        var refused = 0
        for round in 0..<4_000 {
            let bytes = sample(Int.random(in: 1...2000, using: &generator), &generator)
            var packed =
                isZlib
                ? deflated(
                    bytes, level: Int32(round % 10), strategy: round % 3 == 0 ? Z_FIXED : 0, flush: Z_SYNC_FLUSH,
                    every: 1000) : compressedZstd(bytes)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                packed[Int.random(in: 0..<packed.count, using: &generator)] ^= UInt8.random(
                    in: 1...255, using: &generator)
            }
            let result = try decode(
                packed, count: bytes.count, isZlib ? DecompressionTests.zlib : DecompressionTests.zstd)
            guard result.problem == nil else {
                refused += 1
                continue
            }
            // The checksum of zlib's format makes an undetected change of the content as good as impossible; frames
            // of zstd have none here, so there only the size can be relied on.
            if isZlib { #expect(same(result.bytes, bytes)) }
        }
        #expect(refused > (isZlib ? 3_950 : 1_000))
    }

    @Test("Streams with a preset dictionary, and other formats, are refused")
    func foreign() throws {
        let dictionary: [UInt8] = [0x78, 0xbb, 1, 2, 3, 4, 5, 6]
        #expect(try decode(dictionary, count: 10, DecompressionTests.zlib).problem?.hasPrefix("zlib: ") == true)
        let gzip: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(try decode(gzip, count: 10, DecompressionTests.zlib).problem == "zlib: invalid header near byte 2")
        #expect(try decode(gzip, count: 10, DecompressionTests.zstd).problem?.hasPrefix("zstd: ") == true)
        #expect(try decode([], count: 10, DecompressionTests.zstd).problem == "the data ends after 0 of 10 bytes")
        #expect(try decode([], count: 0, DecompressionTests.zlib).problem != nil)
    }
}

private func same(_ bytes: [UInt8], _ expected: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { ELFObjectTests.same($0, expected[...]) }
}
