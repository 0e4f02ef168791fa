import CZlib
import CZstd

// Both functions fill `destination` to its last byte or return the reason why not: a size that differs from the claimed
// one would shift every offset that other sections have into this one.

/// Decompresses one or more zlib streams that stand one after another (`ld -r` of older binutils joins them so).
func inflateExactly(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) -> String? {
    // zlib keeps a pointer to the stream: it must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        return "zlib has no memory"
    }
    defer { inflateEnd(stream) }
    var read = 0
    var written = 0
    // zlib wants an address even where there is nothing to write.
    var nowhere: UInt8 = 0
    return withUnsafeMutableBytes(of: &nowhere) { nowhere -> String? in
        while true {
            // zlib counts in 32 bits; pieces of 1 GiB keep larger sections possible.
            let input = min(source.count - read, 1 << 30)
            let room = min(destination.count - written, 1 << 30)
            let from = source.baseAddress.map { $0 + read }
            stream.pointee.next_in = from.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self)) }
            stream.pointee.avail_in = UInt32(input)
            stream.pointee.next_out = (destination.baseAddress.map { $0 + written } ?? nowhere.baseAddress)?
                .assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let result = inflate(stream, Z_NO_FLUSH)
            let consumed = input - Int(stream.pointee.avail_in)
            let produced = room - Int(stream.pointee.avail_out)
            read += consumed
            written += produced
            switch result {
            case Z_STREAM_END:
                if written == destination.count { return trailingData(source, from: read) }
                guard inflateReset(stream) == Z_OK else { return "zlib cannot start the next stream" }
            case Z_OK where consumed > 0 || produced > 0:
                continue
            case Z_OK, Z_BUF_ERROR:
                return written == destination.count
                    ? "the data gives more than the \(destination.count) bytes claimed"
                    : "the data ends after \(written) of \(destination.count) bytes"
            case Z_MEM_ERROR: return "zlib has no memory"
            default: return "zlib: invalid data at byte \(read)"
            }
        }
    }
}

/// Decompresses one or more zstd frames.
func decompressZstdExactly(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
) -> String? {
    let result = ZSTD_decompress(destination.baseAddress, destination.count, source.baseAddress, source.count)
    if ZSTD_isError(result) != 0 { return "zstd: " + String(cString: ZSTD_getErrorName(result)) }
    guard result == destination.count else {
        return "the data gives \(result) of the \(destination.count) bytes claimed"
    }
    return nil
}

/// Zeros after the end are padding; anything else was not understood.
private func trailingData(_ source: UnsafeRawBufferPointer, from offset: Int) -> String? {
    source[offset...].allSatisfy { $0 == 0 } ? nil : "\(source.count - offset) unknown bytes follow the data"
}
