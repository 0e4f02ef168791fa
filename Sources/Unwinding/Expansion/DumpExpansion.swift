import Glibc
import ParserTasks

/// Expands a compressed dump into a temporary file: the task ``ExpandRequest/task``.
///
///     compressed dump ─▶ DescriptorInput ─▶ StreamDecoder ─▶ SparseOutput ─▶ file, zeros as holes
///                         256 KB             gzip zstd lz4 xz   1 MB
///
/// Memory is those buffers and the decoder's, which has a limit of its own; what comes out is counted against the
/// request's limit before it is written. Frames (gzip: members, xz: streams) that follow one another are one file, as
/// the programs gzip, zstd, lz4 and xz have it; zeros between and behind them are padding.
///
/// Descriptors: the dump, to be read from where it stands; the file, empty, which is written from its beginning.
enum DumpExpansion {
    /// - Throws: `malformed` for data that is damaged or cut off, `limit` for more bytes than the request allows or a
    ///   decoder that needs too much memory, `unsupported` for another compression, `unavailable` when the system fails,
    ///   as for a full disk.
    static func expand(_ request: ExpandRequest, input: Int32, output: Int32) throws(DumpError) -> ExpandReply {
        try expand(request, input: input, output: output, inputCapacity: 256 << 10)
    }

    /// The same with another buffer for the input: every size gives the same.
    static func expand(
        _ request: ExpandRequest, input: Int32, output: Int32, inputCapacity: Int
    ) throws(DumpError) -> ExpandReply {
        let input = DescriptorInput(input, name: request.name, capacity: inputCapacity)
        let output = SparseOutput(output, name: request.name, limit: request.limit, limitName: "expandedSize")
        switch request.compression {
        case "gzip": return try run(GzipDecoder.init, input, output, request.name)
        case "zstd": return try run(ZstdDecoder.init, input, output, request.name)
        case "lz4": return try run(LZ4Decoder.init, input, output, request.name)
        case "xz": return try run(XZDecoder.init, input, output, request.name)
        default:
            throw .unsupported(
                request.name, "compression \(printable(request.compression)) is not known; gzip, zstd, lz4 and xz are")
        }
    }

    private static func run<Decoder: StreamDecoder & ~Copyable>(
        _ make: () throws(DecoderProblem) -> Decoder, _ input: consuming DescriptorInput,
        _ output: consuming SparseOutput, _ name: String
    ) throws(DumpError) -> ExpandReply {
        var input = input
        var output = output
        var notes: [String] = []
        var decoder: Decoder
        do throws(DecoderProblem) { decoder = try make() } catch { throw error.asDumpError(name, Decoder.frame, 0) }
        try input.require(DescriptorInput.kept)
        guard Decoder.begins(input.available) else {
            throw .malformed(
                name, Decoder.frame, input.available.isEmpty ? "the file is empty" : "the file begins otherwise")
        }
        repeat {
            do throws(DecoderProblem) { try decoder.begin() } catch {
                throw error.asDumpError(name, Decoder.frame, input.position)
            }
            try expandFrame(&decoder, &input, &output, name)
            try skipPadding(&input)
        } while Decoder.begins(input.available)
        if !input.available.isEmpty {
            notes.append(
                "\(input.remaining()) bytes behind the last \(Decoder.frame), from byte \(input.position) on, are none and "
                    + "were not read")
        }
        try output.finish()
        return ExpandReply(size: output.size, written: output.written, notes: notes)
    }

    private static func expandFrame<Decoder: StreamDecoder & ~Copyable>(
        _ decoder: inout Decoder, _ input: inout DescriptorInput, _ output: inout SparseOutput, _ name: String
    ) throws(DumpError) {
        while true {
            if input.available.isEmpty { try input.fill() }
            let step: DecoderStep
            do throws(DecoderProblem) { step = try decoder.step(input.available, output.room) } catch {
                throw error.asDumpError(name, Decoder.frame, input.position)
            }
            input.consume(step.consumed)
            try output.produced(step.produced)
            if step.isFrameComplete { return }
            if step.consumed != 0 || step.produced != 0 { continue }
            guard !input.isAtEnd else {
                throw .malformed(
                    name, Decoder.frame,
                    "the file ends in the middle of it, after \(input.position) bytes, which gave \(output.size); "
                        + "it is cut off, copy it again")
            }
            let before = input.available.count
            try input.fill()
            guard input.available.count > before || input.isAtEnd else {
                throw .malformed(name, Decoder.frame, "no way on at byte \(input.position): the file is damaged")
            }
        }
    }

    /// Passes zeros; then what follows is in the buffer as far as it takes to tell what it is.
    private static func skipPadding(_ input: inout DescriptorInput) throws(DumpError) {
        while true {
            try input.require(DescriptorInput.kept)
            let available = input.available
            let zeros = available.firstIndex { $0 != 0 } ?? available.count
            if zeros == 0 { return }
            input.consume(zeros)
        }
    }
}

extension DecoderProblem {
    /// The same with file and place.
    fileprivate func asDumpError(_ name: String, _ frame: String, _ position: UInt64) -> DumpError {
        switch self {
        case .damaged(let problem):
            .malformed(name, frame, "\(printable(problem)) near byte \(position); it is damaged, copy it again")
        case .unsupported(let problem):
            .unsupported(name, "\(frame) near byte \(position): \(printable(problem)), which is not supported")
        case .memory(let needed, let limit):
            DumpError(
                .limit("decoderMemory"),
                "\(printable(name)): \(frame) near byte \(position): the decoder would need "
                    + (needed > 0 ? "\(needed) bytes, the limit is" : "more than the limit of")
                    + " \(limit) bytes (decoderMemory); compress it again with a smaller window")
        case .noMemory: DumpError(.unavailable, "\(printable(name)): no memory for the decoder of a \(frame)")
        }
    }
}
