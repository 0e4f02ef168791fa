import Bytes
import CLZMA
import Glibc

// Distributions that ship programs without debug information may leave a piece of `.symtab` in them: an ELF file with
// little else, packed by xz, in the section `.gnu_debugdata` ("MiniDebugInfo" in GDB's manual).

extension ELFObject {
    /// The file packed into `.gnu_debugdata`, or `nil` when there is none. Its sections have no contents but for the
    /// symbol table; `symbols()` uses it where this file has no `.symtab`.
    ///
    /// Memory is the unpacked size, at most `ELFLimits.maximumMiniDebugSize`, and the decoder's.
    ///
    /// - Throws: `decompressionFailed`, `limitExceeded`, or whatever the packed file deserves.
    public func miniDebugInformation() throws(ELFError) -> ELFObject? {
        guard let section = section(named: ".gnu_debugdata"), section.hasContents else { return nil }
        let contents = try contents(of: section)
        let mapping = try unpackXZ(contents, section)
        let mini = try ELFObject(MappedFile(takingOver: mapping), name: name + "(.gnu_debugdata)", limits: limits)
        guard
            mini.header.is64Bit == header.is64Bit, mini.header.byteOrder == header.byteOrder,
            mini.header.machine == header.machine
        else {
            throw .malformed(
                file: name, place: "section .gnu_debugdata",
                problem: "holds a file for another machine, \(mini.architecture)")
        }
        return mini
    }

    /// xz does not tell the size beforehand: the limit's worth of address space is taken, and what was not used given
    /// back.
    private func unpackXZ(_ packed: SectionContents, _ section: ELFSection) throws(ELFError) -> UnsafeRawBufferPointer {
        // A page is the least that can be mapped.
        let limit = max(min(limits.maximumMiniDebugSize, 1 << 40), UInt64(pageSize))
        let size = (Int(limit) + pageSize - 1) / pageSize * pageSize
        let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw .outOfMemory(file: name, section: section.name, size: limit)
        }
        let output = UnsafeMutableRawBufferPointer(start: mapped, count: min(size, Int(limits.maximumMiniDebugSize)))
        do throws(ELFError) {
            let written = try packed.withUnsafeBytes { (input: UnsafeRawBufferPointer) throws(ELFError) -> Int in
                try decodeXZ(input, into: output, section)
            }
            let kept = (written + pageSize - 1) / pageSize * pageSize
            if kept < size { munmap(mapped + kept, size - kept) }
            return UnsafeRawBufferPointer(start: kept == 0 ? nil : mapped, count: written)
        } catch {
            munmap(mapped, size)
            throw error
        }
    }

    private func decodeXZ(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ section: ELFSection
    ) throws(ELFError) -> Int {
        var stream = clzma_empty_stream()
        guard clzma_begin(&stream, limits.maximumDecoderMemory) == LZMA_OK else {
            throw .outOfMemory(file: name, section: section.name, size: 0)
        }
        defer { lzma_end(&stream) }
        stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = input.count
        stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = output.count
        let result = lzma_code(&stream, LZMA_FINISH)
        switch result {
        case LZMA_STREAM_END: return output.count - stream.avail_out
        case LZMA_MEMLIMIT_ERROR:
            throw .limitExceeded(
                file: name, place: "section \(section.name), memory of the xz decoder", value: lzma_memusage(&stream),
                limit: limits.maximumDecoderMemory, setting: "ELFLimits.maximumDecoderMemory")
        case LZMA_OK where stream.avail_out == 0, LZMA_BUF_ERROR where stream.avail_out == 0:
            throw .limitExceeded(
                file: name, place: "section \(section.name), decompressed size", value: UInt64(output.count) + 1,
                limit: limits.maximumMiniDebugSize, setting: "ELFLimits.maximumMiniDebugSize")
        default:
            throw .decompressionFailed(
                file: name, section: section.name,
                reason: "xz: \(xzProblem(result)) near byte \(input.count - stream.avail_in)")
        }
    }

    private func xzProblem(_ result: lzma_ret) -> String {
        switch result {
        case LZMA_FORMAT_ERROR: "not in the format of xz"
        case LZMA_DATA_ERROR: "damaged data"
        case LZMA_OPTIONS_ERROR: "unknown options"
        case LZMA_UNSUPPORTED_CHECK: "unknown checksum"
        case LZMA_OK, LZMA_BUF_ERROR: "the data ends early"
        case LZMA_MEM_ERROR: "no memory"
        default: "error \(result.rawValue)"
        }
    }
}
