import CLZ4
import CLZMA
import CZlib
import CZstd
import Foundation
import Glibc
import ParserTasks
import Testing

@testable import Unwinding

/// A temporary file without a name.
final class ScratchFile {
    let descriptor: Int32

    init(_ bytes: [UInt8] = []) throws {
        var template = Array("\(NSTemporaryDirectory())symbolist-expansion-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        unlink(template)
        try put(bytes, at: 0)
        lseek(descriptor, 0, SEEK_SET)
    }

    /// Something else than a temporary file.
    init(opening path: String, _ flags: Int32) throws {
        descriptor = open(path, flags)
        try #require(descriptor >= 0)
    }

    deinit { close(descriptor) }

    func put(_ bytes: [UInt8], at offset: Int) throws {
        guard !bytes.isEmpty else { return }
        try #require(bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, offset) } == bytes.count)
    }

    func resize(_ size: Int) throws {
        try #require(ftruncate(descriptor, size) == 0)
    }

    var status: stat {
        var status = stat()
        fstat(descriptor, &status)
        return status
    }

    var size: Int { Int(status.st_size) }
    /// Bytes that the file system keeps of it.
    var stored: Int { Int(status.st_blocks) * 512 }

    func contents() throws -> [UInt8] {
        let size = size
        return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let read = pread(descriptor, buffer.baseAddress.map { $0 + count }, size - count, off_t(count))
                try #require(read > 0)
                count += read
            }
        }
    }
}

extension DumpExpansion {
    static func expand(
        _ request: ExpandRequest, from input: ScratchFile, to output: ScratchFile, capacity: Int = 256 << 10
    ) throws(DumpError) -> ExpandReply {
        // A file that nobody uses any more would be closed before.
        defer { withExtendedLifetime((input, output)) {} }
        return try expand(
            request, input: input.descriptor, output: output.descriptor, inputCapacity: capacity)
    }
}

extension DumpCompression {
    static func compress(
        _ request: CompressRequest, from input: ScratchFile, to output: ScratchFile
    ) throws(DumpError) -> CompressReply {
        defer { withExtendedLifetime((input, output)) {} }
        return try compress(request, input: input.descriptor, output: output.descriptor)
    }
}

/// Compressors, for what the tests expand.
enum Packing: String, CaseIterable {
    case gzip
    case zstd
    case lz4
    case xz

    func pack(_ bytes: [UInt8]) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: bytes.count + bytes.count / 8 + 65_536) { buffer, count in
            count = try bytes.withUnsafeBytes { source in
                try pack(source, into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    private func pack(_ source: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        switch self {
        case .gzip:
            var stream = z_stream()
            // 31: a gzip header.
            try #require(
                deflateInit2_(&stream, 1, 8, 31, 8, 0, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK)
            defer { deflateEnd(&stream) }
            stream.next_in = UnsafeMutablePointer(
                mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(source.count)
            stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(buffer.count)
            try #require(deflate(&stream, Z_FINISH) == Z_STREAM_END)
            return buffer.count - Int(stream.avail_out)
        case .zstd:
            let context = try #require(ZSTD_createCCtx())
            defer { ZSTD_freeCCtx(context) }
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
            let size = ZSTD_compress2(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
            try #require(ZSTD_isError(size) == 0)
            return size
        case .lz4:
            var preferences = LZ4F_preferences_t()
            preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
            let size = LZ4F_compressFrame(
                buffer.baseAddress, buffer.count, source.baseAddress, source.count, &preferences)
            try #require(LZ4F_isError(size) == 0)
            return size
        case .xz:
            var size = 0
            let result = lzma_easy_buffer_encode(
                1, LZMA_CHECK_CRC64, nil, source.baseAddress?.assumingMemoryBound(to: UInt8.self), source.count,
                buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &size, buffer.count)
            try #require(result == LZMA_OK)
            return size
        }
    }

    /// A dump in small: text, zeros of all alignments, noise.
    static func sample() -> [UInt8] {
        var state: UInt64 = 42
        func noise(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
        }
        let zeros = [UInt8](repeating: 0, count: 300_000)
        var bytes = noise(70_000) + zeros + Array("one byte".utf8) + zeros + zeros + zeros
        bytes += (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 300) }
        return bytes + noise(1234) + zeros + zeros
    }
}
