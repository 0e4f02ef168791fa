import CISAL
import CZstd
import Glibc

// The decoders below fill `destination` to its last byte or return the reason why not: a size that differs from the
// claimed one would shift every offset that other sections have into this one. After each piece they tell `progress` how
// many bytes have been written and read, so that others can begin with what is there.

/// How much is decompressed between two reports of progress: small beside a section worth streaming, large beside the
/// cost of a report and of zlib's 32 KiB window, which igzip copies at every piece.
let decompressionPiece = 1 << 20

/// The largest piece of input that is given to a decoder at once: ISA-L counts in 32 bits.
private let largestInput = 1 << 30

/// Decompresses one or more zlib streams that stand one after another (`ld -r` of older binutils joins them so).
///
/// ISA-L's igzip takes 0.45 of zlib's time (libjvm's `.debug_info`, 124 MB to 257 MB: 0.66 s, zlib 1.5 s) and, other
/// than libdeflate (0.67 s), works in pieces.
func inflateExactly(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer,
    prepare: (Range<Int>) -> Void = { _ in }, progress: (_ written: Int, _ read: Int) -> Void = { _, _ in }
) -> String? {
    guard let state = cisal_make_state() else { return "ISA-L has no memory" }
    defer { free(state) }
    let input = source.assumingMemoryBound(to: UInt8.self)
    let output = destination.assumingMemoryBound(to: UInt8.self)
    guard let inputBase = input.baseAddress else { return "there is no compressed data" }
    var read = 0
    var written = 0
    while true {
        let given = min(source.count - read, largestInput)
        let room = min(destination.count - written, decompressionPiece)
        let step: cisal_step
        if room > 0, let outputBase = output.baseAddress {
            prepare(written..<written + room)
            step = cisal_continue(state, inputBase + read, UInt32(given), outputBase + written, UInt32(room))
            written += Int(step.produced)
        } else {
            // All bytes are there: only the end of the stream may follow, which a byte of room must not get.
            var beyond: UInt8 = 0
            step = cisal_continue(state, inputBase + read, UInt32(given), &beyond, 1)
            if step.produced > 0 { return "the data gives more than the \(destination.count) bytes claimed" }
        }
        read += Int(step.consumed) - Int(step.unread)
        if step.code != 0 { return "zlib: \(inflateProblem(step.code)) near byte \(read)" }
        progress(written, read)
        if step.is_finished != 0 {
            if written == destination.count { return trailingData(source, from: read) }
            if read == source.count { return "the data ends after \(written) of \(destination.count) bytes" }
            cisal_begin_stream(state)
        } else if step.consumed == 0, step.produced == 0 {
            return "the data ends after \(written) of \(destination.count) bytes"
        }
    }
}

private func inflateProblem(_ code: Int32) -> String {
    switch code {
    case ISAL_NEED_DICT: "a preset dictionary is needed"
    case ISAL_INVALID_BLOCK: "invalid block"
    case ISAL_INVALID_SYMBOL: "invalid symbol"
    case ISAL_INVALID_LOOKBACK: "a match begins before the data"
    case ISAL_INVALID_WRAPPER, ISAL_UNSUPPORTED_METHOD: "invalid header"
    case ISAL_INCORRECT_CHECKSUM: "wrong checksum"
    default: "invalid data (\(code))"
    }
}

/// Decompresses one or more zstd frames.
///
/// Memory beside `destination` is the frame's window, at most 128 MiB (libzstd's default limit; 8 MiB for the levels
/// that compilers and objcopy use).
func decompressZstdExactly(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer,
    prepare: (Range<Int>) -> Void = { _ in }, progress: (_ written: Int, _ read: Int) -> Void = { _, _ in }
) -> String? {
    guard let decoder = ZSTD_createDCtx() else { return "zstd has no memory" }
    defer { ZSTD_freeDCtx(decoder) }
    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
    var written = 0
    var isComplete = false
    while true {
        let room = min(destination.count - written, decompressionPiece)
        var beyond: UInt8 = 0
        let before = input.pos
        let (result, produced): (Int, Int)
        if room > 0, let base = destination.baseAddress {
            prepare(written..<written + room)
            var output = ZSTD_outBuffer(dst: base + written, size: room, pos: 0)
            result = ZSTD_decompressStream(decoder, &output, &input)
            produced = output.pos
            written += produced
        } else {
            (result, produced) = withUnsafeMutableBytes(of: &beyond) { beyond in
                var output = ZSTD_outBuffer(dst: beyond.baseAddress, size: 1, pos: 0)
                return (ZSTD_decompressStream(decoder, &output, &input), output.pos)
            }
        }
        if ZSTD_isError(result) != 0 { return "zstd: " + String(cString: ZSTD_getErrorName(result)) }
        if room == 0, produced > 0 { return "the data gives more than the \(destination.count) bytes claimed" }
        progress(written, input.pos)
        let isStuck = input.pos == before && produced == 0
        // 0 says that a frame has ended and all of it has been written; a call with nothing left to read says otherwise.
        if !isStuck { isComplete = result == 0 }
        if isComplete, written == destination.count { return trailingData(source, from: input.pos) }
        if isStuck || (isComplete && input.pos == source.count) {
            return "the data ends after \(written) of \(destination.count) bytes"
        }
    }
}

/// Zeros after the end are padding; anything else was not understood.
private func trailingData(_ source: UnsafeRawBufferPointer, from offset: Int) -> String? {
    source[offset...].allSatisfy { $0 == 0 } ? nil : "\(source.count - offset) unknown bytes follow the data"
}
