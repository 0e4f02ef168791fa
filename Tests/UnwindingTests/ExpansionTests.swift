import Foundation
import Glibc
import ParserTasks
import Testing

@testable import Unwinding

/// Expanding compressed dumps, and compressing dumps that are kept.
@Suite("Expanding and compressing dumps")
struct ExpansionTests {
    static func expand(
        _ packed: [UInt8], _ packing: Packing, limit: UInt64 = 1 << 30, capacity: Int = 256 << 10
    ) throws -> (bytes: [UInt8], reply: ExpandReply) {
        let output = try ScratchFile()
        let reply = try DumpExpansion.expand(
            ExpandRequest(compression: packing.rawValue, limit: limit, name: "core.packed"),
            from: ScratchFile(packed), to: output, capacity: capacity)
        #expect(UInt64(output.size) == reply.size)
        return (try output.contents(), reply)
    }

    @Test(
        "What was packed comes out, whatever the size of the reads", arguments: Packing.allCases,
        [1, 5, 4096, 256 << 10])
    func roundTrip(packing: Packing, capacity: Int) throws {
        let sample = capacity > 100 ? Packing.sample() : Array(Packing.sample()[69_000..<372_000])
        let packed = try packing.pack(sample)
        let (bytes, reply) = try Self.expand(packed, packing, capacity: capacity)
        #expect(bytes == sample)
        #expect(reply.notes == [])
        #expect(reply.written < reply.size)
    }

    @Test("Zeros become holes")
    func holes() throws {
        let sample = Packing.sample()
        let output = try ScratchFile()
        let request = ExpandRequest(compression: "zstd", limit: 1 << 30, name: "core.zst")
        let reply = try DumpExpansion.expand(
            request, from: ScratchFile(Packing.zstd.pack(sample)), to: output)
        let blocks = stride(from: 0, to: sample.count, by: SparseOutput.blockSize).map {
            Array(sample[$0..<min($0 + SparseOutput.blockSize, sample.count)])
        }
        let written = blocks.filter { $0.contains { $0 != 0 } }.reduce(0) { $0 + $1.count }
        #expect(reply == ExpandReply(size: UInt64(sample.count), written: UInt64(written)))
        #expect(output.stored <= written + 65_536)
        #expect(try output.contents() == sample)
    }

    @Test("Frames one after another, empty ones, padding", arguments: Packing.allCases)
    func concatenated(packing: Packing) throws {
        let parts: [[UInt8]] = [Array("first ".utf8), [], Packing.sample(), Array("last".utf8)]
        var packed: [UInt8] = []
        for part in parts { packed += try packing.pack(part) }
        for capacity in [3, 64, 256 << 10] {
            let (bytes, reply) = try Self.expand(packed + [0, 0, 0, 0, 0, 0, 0, 0], packing, capacity: capacity)
            #expect(bytes == Array(parts.joined()))
            #expect(reply.notes == [])
        }
    }

    @Test("Frames that are to be skipped", arguments: [Packing.zstd, .lz4])
    func skippable(packing: Packing) throws {
        let skipped: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]
        let packed = try skipped + packing.pack(Array("text".utf8)) + skipped + packing.pack(Array(" more".utf8))
        #expect(try Self.expand(packed, packing).bytes == Array("text more".utf8))
    }

    @Test("Bytes behind the end are noted", arguments: Packing.allCases)
    func garbage(packing: Packing) throws {
        let packed = try packing.pack(Array("text".utf8))
        let (bytes, reply) = try Self.expand(packed + Array("what is this?".utf8), packing, capacity: 20)
        #expect(bytes == Array("text".utf8))
        let note = try #require(reply.notes.first)
        #expect(note.hasPrefix("13 bytes behind the last \(packing.rawValue) "))
        #expect(note.contains("from byte \(packed.count) on"))
    }

    @Test("Exactly the limit is allowed, a byte more is not", arguments: Packing.allCases)
    func limit(packing: Packing) throws {
        let sample = Packing.sample()
        let packed = try packing.pack(sample)
        #expect(try Self.expand(packed, packing, limit: UInt64(sample.count)).bytes == sample)
        let error = try #require(throws: DumpError.self) {
            try Self.expand(packed, packing, limit: UInt64(sample.count) - 1)
        }
        #expect(error.kind == .limit("expandedSize"))
        #expect(error.message.contains("the limit of \(sample.count - 1) bytes"))
    }

    @Test("An unknown compression is named")
    func unknown() throws {
        let error = try #require(throws: DumpError.self) {
            try DumpExpansion.expand(
                ExpandRequest(compression: "rar", limit: 1, name: "x"), from: ScratchFile(), to: ScratchFile())
        }
        #expect(error.kind == .unsupported)
        #expect(error.message.contains("rar"))
    }

    @Test("A full disk, a descriptor that cannot be read")
    func systemErrors() throws {
        let full = try ScratchFile(opening: "/dev/full", O_RDWR)
        let packed = try ScratchFile(Packing.zstd.pack(Packing.sample()))
        let request = ExpandRequest(compression: "zstd", limit: 1 << 30, name: "core.zst")
        let noSpace = try #require(throws: DumpError.self) {
            try DumpExpansion.expand(request, from: packed, to: full)
        }
        #expect(noSpace.kind == .unavailable)
        #expect(noSpace.message.contains("No space left on device after 0 bytes"))

        let folder = try ScratchFile(opening: "/tmp", O_RDONLY | O_DIRECTORY)
        let unreadable = try #require(throws: DumpError.self) {
            try DumpExpansion.expand(request, from: folder, to: ScratchFile())
        }
        #expect(unreadable.kind == .unavailable)
        #expect(unreadable.message.contains("core.zst: read: Is a directory"))

        let dump = try ScratchFile(Packing.sample())
        let keeping = try #require(throws: DumpError.self) {
            try DumpCompression.compress(
                CompressRequest(limit: 1 << 30, name: "core"), from: dump, to: full)
        }
        #expect(keeping.message.contains("No space left on device"))
    }

    @Test("A dump that is kept comes back, holes and all")
    func keep() throws {
        let dump = try ScratchFile()
        let sample = Packing.sample()
        try dump.put(sample, at: 1 << 20)
        try dump.put(Array("end of data".utf8), at: 300 << 20)
        try dump.resize((700 << 20) + 13)
        let kept = try ScratchFile()
        let reply = try DumpCompression.compress(
            CompressRequest(limit: 1 << 20, name: "core"), from: dump, to: kept)
        #expect(reply.size == UInt64((700 << 20) + 13))
        #expect(reply.written == UInt64(kept.size))
        #expect(kept.size < 200_000)

        lseek(kept.descriptor, 0, SEEK_SET)
        let back = try ScratchFile()
        let expanded = try DumpExpansion.expand(
            ExpandRequest(compression: "zstd", limit: 1 << 30, name: "kept"), from: kept, to: back)
        #expect(expanded.size == reply.size)
        #expect(back.stored < 3 << 20)
        var text = [UInt8](repeating: 0, count: 11)
        #expect(pread(back.descriptor, &text, 11, 300 << 20) == 11)
        #expect(text == Array("end of data".utf8))
        var middle = [UInt8](repeating: 1, count: sample.count)
        #expect(pread(back.descriptor, &middle, sample.count, 1 << 20) == sample.count)
        #expect(middle == sample)
    }

    @Test("An empty dump, a dump above the limit, no file")
    func keepOddities() throws {
        let kept = try ScratchFile()
        let reply = try DumpCompression.compress(
            CompressRequest(limit: 100, name: "core"), from: ScratchFile(), to: kept)
        #expect(reply.size == 0)
        #expect(try Self.expand(kept.contents(), .zstd).bytes == [])

        let large = try #require(throws: DumpError.self) {
            try DumpCompression.compress(
                CompressRequest(limit: 1000, name: "core"), from: ScratchFile(Packing.sample()), to: ScratchFile())
        }
        #expect(large.kind == .limit("keptDumpSize"))
        let folder = try ScratchFile(opening: "/tmp", O_RDONLY | O_DIRECTORY)
        let none = try #require(throws: DumpError.self) {
            try DumpCompression.compress(
                CompressRequest(limit: 1000, name: "core"), from: folder, to: ScratchFile())
        }
        #expect(none.message == "core: not a regular file")
    }

    @Test("Regions of data are those that were written; a pipe of data has no holes")
    func regions() throws {
        let file = try ScratchFile()
        try file.put([1], at: 1 << 20)
        try file.resize(3 << 20)
        var regions = DataRegions(file.descriptor, size: 3 << 20)
        let data = regions.next(from: 0)
        #expect(data.contains(1 << 20))
        let behind = regions.next(from: data.upperBound)
        #expect(behind.upperBound == 3 << 20)
        #expect(regions.next(from: 3 << 20).isEmpty)

        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var unseekable = DataRegions(ends[0], size: 100)
        #expect(unseekable.next(from: 10) == 10..<100)
    }
}
