import Bytes
import Foundation
import Testing

@Suite struct BytesTests {
    @Test func hexadecimalRoundTrips() {
        #expect(Hexadecimal.string([0, 0xab, 0xff]) == "00abff")
        #expect(Hexadecimal.bytes("00ABff") == [0, 0xab, 0xff])
        #expect(Hexadecimal.bytes("0") == nil)
        #expect(Hexadecimal.bytes("zz") == nil)
        #expect(Hexadecimal.address(0x1b04) == "0x1b04")
    }

    @Test func digestsMatchPublishedVectors() {
        #expect(
            Digest.sha256(Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Hexadecimal.string(Digest.md5([])) == "d41d8cd98f00b204e9800998ecf8427e")
    }

    @Test func mapsRegularFilesOnly() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bytes-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "data")
        try Data([1, 2, 3]).write(to: file)
        let mapped = try MappedFile(path: file.path)
        #expect(mapped.count == 3)
        #expect(mapped.bytes.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == 2)
        let empty = folder.appending(path: "empty")
        try Data().write(to: empty)
        #expect(try MappedFile(path: empty.path).count == 0)

        let fifo = folder.appending(path: "fifo").path
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(throws: MappedFileError.notARegularFile(path: fifo)) { try MappedFile(path: fifo) }
        #expect(throws: MappedFileError.self) { try MappedFile(path: folder.path) }
        #expect(throws: MappedFileError.self) { try MappedFile(path: folder.path + "/none") }
    }
}
