import Glibc
import Testing

@testable import DebugFiles

/// Room for dumps: files that nobody can find, under a cap.
@Suite struct DumpSpoolTests {
    private func stream(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> FileDescriptor {
        try FileDescriptor.openForReading(try folder.write(bytes, "stream"))
    }

    @Test func filesHaveNoName() async throws {
        let folder = try TemporaryFolder()
        let spool = DumpSpool(cacheFolder: folder.path + "/cache")
        let file = try await spool.file(of: Array("core".utf8))
        #expect(try await file.beginning(100, name: "core") == Array("core".utf8))
        #expect(try await file.beginning(2, name: "core") == Array("co".utf8))
        #expect(try FileSystem.names(inFolder: spool.folder).isEmpty)
        #expect(file.isRegularFile)
        #expect(try FileStatus(of: file, path: "core").mode & 0o777 == 0o600)
    }

    @Test func aStreamIsWrittenWithHoles() async throws {
        let folder = try TemporaryFolder()
        let spool = DumpSpool(cacheFolder: folder.path)
        let data = [UInt8](repeating: 7, count: 100_000)
        let zeros = [UInt8](repeating: 0, count: 4 << 20)
        let file = try await spool.file(beginning: Array("head".utf8), then: try stream(data + zeros, in: folder))
        #expect(try file.size(name: "file") == 4 + data.count + zeros.count)
        #expect(try await file.beginning(100_004, name: "file") == Array("head".utf8) + data)
        #expect(try file.read(at: 100_004, count: 5 << 20, path: "file") == zeros)
        var status = stat()
        #expect(fstat(file.rawValue, &status) == 0)
        #expect(status.st_blocks * 512 < 1 << 20, "zeros are holes")
    }

    @Test func theCapHolds() async throws {
        let folder = try TemporaryFolder()
        let spool = DumpSpool(cacheFolder: folder.path, byteLimit: 100_000)
        await #expect(throws: DumpSpoolError.tooLarge(limit: 100_000)) {
            _ = try await spool.file(
                beginning: [1], then: try stream([UInt8](repeating: 0, count: 100_000), in: folder))
        }
        await #expect(throws: DumpSpoolError.tooLarge(limit: 100_000)) {
            _ = try await spool.file(of: [UInt8](repeating: 0, count: 100_001))
        }
        let whole = try await spool.file(
            beginning: [1], then: try stream([UInt8](repeating: 0, count: 99_999), in: folder))
        #expect(try whole.size(name: "file") == 100_000)
        #expect(DumpSpoolError.tooLarge(limit: 3 << 20).description.contains("3 MiB"))
    }

    @Test func aFolderThatCannotBeMadeIsAnError() async throws {
        let folder = try TemporaryFolder()
        try folder.write("text", "cache")
        await #expect(throws: DumpSpoolError.self) {
            _ = try await DumpSpool(cacheFolder: folder.path + "/cache").file()
        }
    }

    /// The digest does not depend on how the file lies on disk, and not on what the position was.
    @Test func dumpsAreToldApart() async throws {
        let folder = try TemporaryFolder()
        func digest(_ bytes: [UInt8], _ name: String) async throws -> String {
            let file = try FileDescriptor.openForReading(try folder.write(bytes, name))
            lseek(file.rawValue, 3, SEEK_SET)
            return try await file.dumpDigest(name: name)
        }
        let first = try await digest([1, 2, 3], "a")
        #expect(try await digest([1, 2, 3], "b") == first)
        #expect(try await digest([1, 2, 4], "c") != first)
        #expect(try await digest([1, 2, 3, 0], "d") != first)
        #expect(first.utf8.count == 64)
    }
}
