import CLZMA
import Foundation
import Glibc
import ParserTasks
import Testing

@testable import Unwinding

/// Damaged and hostile compressed files: an error, or what they give within the limit.
@Suite("Expanding damaged and hostile files")
struct ExpansionHostileTests {
    private func failure(_ packed: [UInt8], _ packing: Packing, limit: UInt64 = 1 << 30) throws -> DumpError {
        try #require(throws: DumpError.self) { try ExpansionTests.expand(packed, packing, limit: limit) }
    }

    @Test("Cut off anywhere: said, and after how many bytes", arguments: Packing.allCases)
    func truncated(packing: Packing) throws {
        let packed = try packing.pack(Packing.sample())
        let places =
            Array(0..<64) + Array(stride(from: 64, to: packed.count, by: 4096))
            + Array(packed.count - 40..<packed.count)
        for place in places {
            let error = try failure(Array(packed[..<place]), packing)
            #expect(error.kind == .malformed)
            if place == 0 {
                #expect(error.message.contains("the file is empty"))
            } else if place >= 16 {
                #expect(error.message.contains("after \(place) bytes, which gave"), "\(error)")
            }
        }
    }

    @Test("Cut off in the second frame", arguments: Packing.allCases)
    func truncatedLater(packing: Packing) throws {
        let first = try packing.pack(Array("first".utf8))
        let packed = try first + packing.pack(Packing.sample())
        let error = try failure(Array(packed[..<(first.count + 5000)]), packing)
        #expect(error.message.contains("after \(first.count + 5000) bytes"))
    }

    @Test("Another format than was said", arguments: Packing.allCases)
    func wrongFormat(packing: Packing) throws {
        for other in Packing.allCases where other != packing {
            let error = try failure(other.pack(Array("text".utf8)), packing)
            #expect(error.kind == .malformed)
            #expect(error.message.contains("begins otherwise"))
        }
    }

    @Test("3,000 random mutations of each", arguments: Packing.allCases)
    func mutations(packing: Packing) throws {
        var numbers = MinidumpHostileTests.Numbers(state: 77)
        let sample = Array(Packing.sample()[69_000..<180_000])
        let packed = try packing.pack(sample) + packing.pack(Array("second".utf8))
        var refused = 0
        var unchanged = 0
        for round in 0..<3000 {
            var bytes = packed
            for _ in 0...numbers.next(below: 3) {
                // Headers more often than data.
                let place = numbers.next(below: round % 2 == 0 ? bytes.count : 40)
                bytes[place] = UInt8(numbers.next(below: 256))
            }
            do {
                let (result, _) = try ExpansionTests.expand(bytes, packing, limit: 1 << 20)
                if result.starts(with: sample) { unchanged += 1 }
            } catch let error as DumpError {
                #expect(error.message.hasPrefix("core.packed: ") || error.message.hasPrefix("core.packed gives"))
                refused += 1
            }
        }
        #expect(refused > 1500)
        #expect(unchanged < 1000)
    }

    /// A zstd frame of run-length blocks: 4 bytes for each 128 KiB of zeros.
    private func zstdBomb(blocks: Int) -> [UInt8] {
        let block: [UInt8] = [0x02, 0x00, 0x10, 0x00]
        var bytes: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3]
        bytes.reserveCapacity(blocks * 4 + 16)
        for _ in 0..<blocks { bytes += block }
        return bytes + [0x01, 0x00, 0x00]
    }

    @Test("10 GB of zeros from 320 KB stop at the limit, with nothing on disk")
    func bomb() throws {
        let input = try ScratchFile(zstdBomb(blocks: 81_920))
        let output = try ScratchFile()
        let error = try #require(throws: DumpError.self) {
            try DumpExpansion.expand(
                ExpandRequest(compression: "zstd", limit: 1 << 30, name: "bomb"), from: input, to: output)
        }
        #expect(error.kind == .limit("expandedSize"))
        #expect(output.stored == 0)
    }

    @Test("3 GB of zeros that are allowed are a hole")
    func largeHole() throws {
        let input = try ScratchFile(zstdBomb(blocks: 24_576))
        let output = try ScratchFile()
        let reply = try DumpExpansion.expand(
            ExpandRequest(compression: "zstd", limit: 4 << 30, name: "sparse"), from: input, to: output)
        #expect(reply == ExpandReply(size: 3 << 30, written: 0))
        #expect(output.size == 3 << 30)
        #expect(output.stored == 0)
    }

    @Test("Bombs of the other formats", arguments: [Packing.gzip, .lz4, .xz])
    func otherBombs(packing: Packing) throws {
        let packed = try packing.pack([UInt8](repeating: 0, count: 64 << 20))
        let output = try ScratchFile()
        let error = try #require(throws: DumpError.self) {
            try DumpExpansion.expand(
                ExpandRequest(compression: packing.rawValue, limit: 8 << 20, name: "bomb"),
                from: ScratchFile(packed), to: output)
        }
        #expect(error.kind == .limit("expandedSize"))
        #expect(output.stored == 0)
    }

    @Test("A zstd window of 2 GB, an xz dictionary of 4 GB: a limit")
    func hugeWindows() throws {
        var zstd = zstdBomb(blocks: 1)
        zstd[5] = 21 << 3
        let window = try failure(zstd, .zstd)
        #expect(window.kind == .limit("decoderMemory"))
        #expect(window.message.contains("more than the limit of 134217728 bytes"))

        // The block's header: size, flags, filter LZMA2, one byte of properties: the dictionary; then its CRC-32.
        var xz = try Packing.xz.pack(Array("text".utf8))
        let size = (Int(xz[12]) + 1) * 4
        let properties = try #require((12..<12 + size).first { xz[$0] == 0x21 && xz[$0 + 1] == 1 }) + 2
        xz[properties] = 40
        let checksum = lzma_crc32(Array(xz[12..<12 + size - 4]), size - 4, 0)
        xz.replaceSubrange(12 + size - 4..<12 + size, with: MinidumpImage.fields(checksum))
        let dictionary = try failure(xz, .xz)
        #expect(dictionary.kind == .limit("decoderMemory"))
        #expect(dictionary.message.contains("the limit is 134217728 bytes"))
    }

    @Test("Wrong checksums", arguments: Packing.allCases)
    func checksums(packing: Packing) throws {
        var packed = try packing.pack(Packing.sample())
        // gzip: CRC and size at the end; zstd, lz4: a checksum at the end; xz: an index and a footer with theirs.
        packed[packed.count - (packing == .gzip ? 8 : 1)] ^= 0x55
        let error = try failure(packed, packing)
        #expect(error.kind == .malformed)
    }

    @Test("A frame that asks for a dictionary")
    func dictionary() throws {
        // Flags: dictionary id of one byte.
        let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x38, 0x07, 0x01, 0x00, 0x00]
        #expect(try failure(frame, .zstd).kind == .unsupported)
    }
}
