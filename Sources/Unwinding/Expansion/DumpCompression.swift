import CZstd
import Glibc
import ParserTasks

/// Compresses a dump to be kept, as one zstd frame of level 3 with a checksum: the task ``CompressRequest/task``. The
/// dump's bytes are not trusted, so it happens where they are read as well.
///
/// Holes are not read: the file system tells where they are, and the same buffer of zeros stands for them. (A hole of
/// 4 GB costs half a second and 130 KB.) Memory is zstd's for level 3, about 4 MB, and two buffers.
///
/// Descriptors: the dump, a regular file; the file to write, empty.
enum DumpCompression {
    private static let level: Int32 = 3
    private static let piece = 1 << 20

    /// - Throws: `limit` when more than the request's limit would be written, `malformed` when the dump became shorter
    ///   meanwhile, `unavailable` when the system fails.
    static func compress(_ request: CompressRequest, input: Int32, output: Int32) throws(DumpError) -> CompressReply {
        var status = stat()
        guard fstat(input, &status) == 0 else { throw .system("fstat", request.name, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DumpError(.unavailable, "\(printable(request.name)): not a regular file")
        }
        var stream = try ZstdWriter(
            output, name: request.name, limit: request.limit, level: level, size: UInt64(status.st_size))
        try feed(input, UInt64(status.st_size), &stream, request.name)
        try stream.finish()
        return CompressReply(size: UInt64(status.st_size), written: stream.written)
    }

    /// Feeds the whole file.
    private static func feed(
        _ input: Int32, _ size: UInt64, _ stream: inout ZstdWriter, _ name: String
    ) throws(DumpError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 4096)
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 4096)
        defer {
            buffer.deallocate()
            zeros.deallocate()
        }
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        var regions = DataRegions(input, size: size)
        var offset: UInt64 = 0
        while offset < size {
            let data = regions.next(from: offset)
            while offset < data.lowerBound {
                let count = Int(min(UInt64(piece), data.lowerBound - offset))
                try stream.write(UnsafeRawBufferPointer(rebasing: zeros[..<count]))
                offset += UInt64(count)
            }
            while offset < data.upperBound {
                let wanted = Int(min(UInt64(piece), data.upperBound - offset))
                let count = pread(input, buffer.baseAddress, wanted, off_t(clamping: offset))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw .system("read", name, errno) }
                guard count > 0 else {
                    throw .malformed(
                        name, "size", "the file became shorter while it was read: \(offset) of \(size) bytes")
                }
                try stream.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += UInt64(count)
            }
        }
    }
}

/// A zstd frame on its way into a file.
private struct ZstdWriter: ~Copyable {
    private let context: OpaquePointer
    private let descriptor: Int32
    private let name: String
    private let limit: UInt64
    private let buffer: UnsafeMutableRawBufferPointer
    /// Bytes in the file.
    private(set) var written: UInt64 = 0

    init(_ descriptor: Int32, name: String, limit: UInt64, level: Int32, size: UInt64) throws(DumpError) {
        guard let context = ZSTD_createCCtx() else {
            throw DumpError(.unavailable, "\(printable(name)): no memory for the compressor")
        }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setPledgedSrcSize(context, size)
        self.context = context
        self.descriptor = descriptor
        self.name = name
        self.limit = limit
        buffer = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 64)
    }

    deinit {
        ZSTD_freeCCtx(context)
        buffer.deallocate()
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(DumpError) {
        try run(bytes, ZSTD_e_continue)
    }

    mutating func finish() throws(DumpError) {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end)
    }

    private mutating func run(_ bytes: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective) throws(DumpError) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let left = ZSTD_compressStream2(context, &output, &input, directive)
            guard ZSTD_isError(left) == 0 else {
                throw DumpError(.unavailable, "\(printable(name)): zstd: \(String(cString: ZSTD_getErrorName(left)))")
            }
            try put(output.pos)
            if directive == ZSTD_e_end ? left == 0 : input.pos == input.size { return }
        }
    }

    private mutating func put(_ count: Int) throws(DumpError) {
        guard written + UInt64(count) <= limit else {
            throw DumpError(
                .limit("keptDumpSize"),
                "\(printable(name)): compressed it is larger than the limit of \(limit) bytes (keptDumpSize)")
        }
        var done = 0
        while let base = buffer.baseAddress, done < count {
            let result = Glibc.write(descriptor, base + done, count - done)
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw .diskFailure("write", name, result < 0 ? errno : ENOSPC, after: written) }
            done += result
            written += UInt64(result)
        }
    }
}
