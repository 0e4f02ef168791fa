import CISAL
import CLZ4
import CLZMA
import CZstd
import Glibc

/// What one call of a decoder did.
struct DecoderStep {
    /// Bytes of the input; negative when a decoder that had read too far gives bytes back.
    var consumed: Int
    var produced: Int
    /// The frame (member, stream) has ended, its checksum was right and all of it has come out.
    var isFrameComplete: Bool
}

/// Why a decoder stopped: told with file and place by ``DumpExpansion``.
enum DecoderProblem: Error {
    case damaged(String)
    case unsupported(String)
    /// The header asks for more memory than is allowed; `needed` is 0 when the decoder does not say.
    case memory(needed: UInt64, limit: UInt64)
    case noMemory
}

/// A decoder of one compression, frame by frame, piece by piece, with bounded memory.
protocol StreamDecoder: ~Copyable {
    /// `gzip member`, `zstd frame`.
    static var frame: String { get }

    /// Whether a further frame begins with these bytes (as many as the file has, at most 16).
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool

    /// Makes ready for a frame.
    mutating func begin() throws(DecoderProblem)

    /// Continues the frame.
    mutating func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecoderProblem) -> DecoderStep
}

/// gzip, by ISA-L's igzip; 88 KB of memory.
struct GzipDecoder: StreamDecoder, ~Copyable {
    static let frame = "gzip member"
    private let state: UnsafeMutableRawPointer

    init() throws(DecoderProblem) {
        guard let state = cisal_make_state() else { throw .noMemory }
        self.state = state
    }

    deinit { free(state) }

    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8
    }

    mutating func begin() { cisal_begin_gzip_member(state) }

    mutating func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecoderProblem) -> DecoderStep {
        var none: UInt8 = 0
        let step = withUnsafePointer(to: &none) { none in
            let from = input.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? none
            guard let to = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return cisal_step() }
            return cisal_continue(state, from, UInt32(clamping: input.count), to, UInt32(clamping: output.count))
        }
        switch step.code {
        case 0: break
        case ISAL_INVALID_BLOCK: throw .damaged("invalid block")
        case ISAL_INVALID_SYMBOL: throw .damaged("invalid symbol")
        case ISAL_INVALID_LOOKBACK: throw .damaged("a match begins before the data")
        case ISAL_INCORRECT_CHECKSUM: throw .damaged("wrong checksum")
        case ISAL_UNSUPPORTED_METHOD: throw .unsupported("unknown compression method")
        default: throw .damaged("invalid header (\(step.code))")
        }
        let isComplete = step.is_finished != 0
        return DecoderStep(
            consumed: Int(step.consumed) - (isComplete ? Int(step.unread) : 0), produced: Int(step.produced),
            isFrameComplete: isComplete)
    }
}

/// zstd; the window of a frame is the memory, at most 128 MiB (`zstd --long=27`; levels up to 19 have 8 MiB).
struct ZstdDecoder: StreamDecoder, ~Copyable {
    static let frame = "zstd frame"
    static let windowLog: Int32 = 27
    private let context: OpaquePointer

    init() throws(DecoderProblem) {
        guard let context = ZSTD_createDCtx() else { throw .noMemory }
        self.context = context
        _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit { ZSTD_freeDCtx(context) }

    /// A frame, or one to be skipped.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 4 else { return false }
        let magic = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        return magic == 0xfd2f_b528 || magic & 0xffff_fff0 == 0x184d_2a50
    }

    mutating func begin() { ZSTD_DCtx_reset(context, ZSTD_reset_session_only) }

    mutating func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecoderProblem) -> DecoderStep {
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(context, &to, &from)
        if ZSTD_isError(result) != 0 {
            switch ZSTD_getErrorCode(result) {
            case ZSTD_error_frameParameter_windowTooLarge: throw .memory(needed: 0, limit: 1 << UInt64(Self.windowLog))
            case ZSTD_error_memory_allocation: throw .noMemory
            case ZSTD_error_dictionary_wrong: throw .unsupported("it needs a dictionary")
            default: throw .damaged(String(cString: ZSTD_getErrorName(result)))
            }
        }
        return DecoderStep(consumed: from.pos, produced: to.pos, isFrameComplete: result == 0)
    }
}

/// lz4's frame format; blocks of at most 4 MiB, so at most 8 MiB of memory.
struct LZ4Decoder: StreamDecoder, ~Copyable {
    static let frame = "lz4 frame"
    private let context: OpaquePointer

    init() throws(DecoderProblem) {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0, let context else {
            throw .noMemory
        }
        self.context = context
    }

    deinit { LZ4F_freeDecompressionContext(context) }

    /// A frame, or one to be skipped.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 4 else { return false }
        let magic = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        return magic == 0x184d_2204 || magic & 0xffff_fff0 == 0x184d_2a50
    }

    mutating func begin() { LZ4F_resetDecompressionContext(context) }

    mutating func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecoderProblem) -> DecoderStep {
        var consumed = input.count
        var produced = output.count
        let result = LZ4F_decompress(context, output.baseAddress, &produced, input.baseAddress, &consumed, nil)
        guard LZ4F_isError(result) == 0 else { throw .damaged(String(cString: LZ4F_getErrorName(result))) }
        return DecoderStep(consumed: consumed, produced: produced, isFrameComplete: result == 0)
    }
}

/// xz; the dictionary of a stream is the memory, at most 128 MiB (`xz -9` asks for 65).
struct XZDecoder: StreamDecoder, ~Copyable {
    static let frame = "xz stream"
    static let memoryLimit: UInt64 = 128 << 20
    /// `LZMA_TELL_UNSUPPORTED_CHECK`, a macro.
    private static let tellUnsupportedCheck: UInt32 = 2
    private let stream: UnsafeMutablePointer<lzma_stream>

    init() throws(DecoderProblem) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: clzma_empty_stream())
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 6 && bytes.prefix(6).elementsEqual([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])
    }

    mutating func begin() throws(DecoderProblem) {
        guard lzma_stream_decoder(stream, Self.memoryLimit, Self.tellUnsupportedCheck) == LZMA_OK else {
            throw .noMemory
        }
    }

    mutating func step(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(DecoderProblem) -> DecoderStep {
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = output.count
        let result = lzma_code(stream, LZMA_RUN)
        switch result {
        // LZMA_BUF_ERROR: no progress is possible, which is the caller's to see.
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
        case LZMA_MEMLIMIT_ERROR: throw .memory(needed: lzma_memusage(stream), limit: Self.memoryLimit)
        case LZMA_MEM_ERROR: throw .noMemory
        case LZMA_FORMAT_ERROR: throw .damaged("not in the format of xz")
        case LZMA_OPTIONS_ERROR: throw .unsupported("unknown options")
        case LZMA_UNSUPPORTED_CHECK: throw .unsupported("unknown checksum")
        case LZMA_DATA_ERROR: throw .damaged("damaged data")
        default: throw .damaged("error \(result.rawValue)")
        }
        return DecoderStep(
            consumed: input.count - stream.pointee.avail_in, produced: output.count - stream.pointee.avail_out,
            isFrameComplete: result == LZMA_STREAM_END)
    }
}
