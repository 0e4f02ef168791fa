import Bytes

/// Where a section's bytes are in the file, how they are packed, and how many they will be.
struct PackedSection {
    enum Packing: Equatable {
        case none
        case zlib
        case zstd
    }

    /// The packed bytes, without the compression header.
    var range: Range<Int>
    var packing: Packing
    /// The size when unpacked, as claimed; not larger than `ELFLimits.maximumSectionSize` when packed.
    var size: Int
}

extension ELFObject {
    /// The bytes of `section`, decompressed if it is compressed (`SHF_COMPRESSED` with zlib or zstd, or `.zdebug_*`).
    ///
    /// Plain sections cost nothing: the result is a slice of the mapped file. Compressed ones are decompressed anew at
    /// every call into memory of exactly the size the section claims, after that size has passed the limits; the result
    /// has exactly that size. Relocations of relocatable files are not applied.
    ///
    /// - Throws: `noContents` for `SHT_NOBITS`; `malformed` when it reaches beyond the file; `limitExceeded`,
    ///   `unsupportedCompression`, `decompressionFailed` and `outOfMemory` for compressed sections.
    public func contents(of section: ELFSection) throws(ELFError) -> SectionContents {
        let packed = try packedSection(section)
        guard packed.packing != .none else { return SectionContents(file, packed.range) }
        let memory = try reserveMemory(for: section, size: packed.size)
        try unpack(packed, section, into: memory.buffer, prepare: memory.prepare)
        return SectionContents(memory)
    }

    /// How many bytes `contents(of:)` will give. Reads a compressed section's header only; errors are the same.
    public func contentSize(of section: ELFSection) throws(ELFError) -> Int {
        try packedSection(section).size
    }

    /// Checks everything about a section that can be checked without decompressing it.
    func packedSection(_ section: ELFSection) throws(ELFError) -> PackedSection {
        guard section.type != 0 else {
            throw .malformed(file: name, place: "section \(section.index)", problem: "has no contents (SHT_NULL)")
        }
        guard section.hasContents else { throw .noContents(file: name, section: section.name) }
        guard
            let range = checkedRange(offset: section.fileOffset, size: section.size, count: file.count),
            let record = reader.record(at: section.fileOffset, size: section.size)
        else {
            throw .malformed(
                file: name, place: "section \(section.index) (\(section.name))",
                problem: "\(section.size) bytes at offset \(section.fileOffset) reach beyond the file's \(file.count)")
        }
        guard section.isCompressed else { return PackedSection(range: range, packing: .none, size: range.count) }
        let (headerSize, packing, claim) = try compressionHeader(record, section)
        guard claim <= limits.maximumSectionSize, claim <= UInt64(Int.max) else {
            throw .limitExceeded(
                file: name, place: "section \(section.name), decompressed size", value: claim,
                limit: limits.maximumSectionSize, setting: "ELFLimits.maximumSectionSize")
        }
        let data = range.lowerBound + headerSize..<range.upperBound
        // DEFLATE cannot exceed 1032:1 (RFC 1951: 258 bytes for two bits), so a larger claim needs no memory to refute.
        if packing == .zlib, claim / 1032 > UInt64(data.count) {
            throw .decompressionFailed(
                file: name, section: section.name, reason: "\(data.count) bytes cannot hold the \(claim) claimed")
        }
        return PackedSection(range: data, packing: packing, size: Int(claim))
    }

    /// Reads `Elf32_Chdr`, `Elf64_Chdr` (gABI, "Section Compression") or GNU's `"ZLIB"` and a big-endian 64-bit size.
    private func compressionHeader(
        _ record: borrowing FieldReader, _ section: ELFSection
    ) throws(ELFError) -> (headerSize: Int, PackedSection.Packing, claim: UInt64) {
        guard section.hasCompressionHeader else {
            guard record.bytes.byteCount >= 12,
                record.bytes.unsafeLoadUnaligned(as: UInt32.self).bigEndian == 0x5a4c_4942
            else {
                throw .decompressionFailed(file: name, section: section.name, reason: "it does not begin with ZLIB")
            }
            return (12, .zlib, record.bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt64.self).bigEndian)
        }
        let headerSize = header.is64Bit ? 24 : 12
        guard record.bytes.byteCount >= headerSize else {
            throw .decompressionFailed(file: name, section: section.name, reason: "it ends inside its header")
        }
        let claim = record.word(4, 8)
        switch record.u32(0) {
        case 1: return (headerSize, .zlib, claim)
        case 2: return (headerSize, .zstd, claim)
        case let type: throw .unsupportedCompression(file: name, section: section.name, type: type)
        }
    }

    /// Fills `buffer`, which has exactly the claimed size, and gives the pages of the packed bytes back behind itself.
    ///
    /// - Parameter prepare: Told which bytes are written next.
    /// - Parameter progress: Told how many bytes from the start are final.
    func unpack(
        _ packed: PackedSection, _ section: ELFSection, into buffer: UnsafeMutableRawBufferPointer,
        prepare: (Range<Int>) -> Void = { _ in }, progress: (Int) -> Void = { _ in }
    ) throws(ELFError) {
        let failure = file.withUnsafeBytes { all -> String? in
            let source = UnsafeRawBufferPointer(rebasing: all[packed.range])
            var discarded = 0
            func tell(_ written: Int, _ read: Int) {
                progress(written)
                guard let base = source.baseAddress, read - discarded >= decompressionPiece else { return }
                discarded = discardPages(base, discarded..<read)
            }
            switch packed.packing {
            case .none:
                for start in stride(from: 0, to: buffer.count, by: decompressionPiece) {
                    let piece = start..<min(start + decompressionPiece, buffer.count)
                    prepare(piece)
                    UnsafeMutableRawBufferPointer(rebasing: buffer[piece])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[piece]))
                    tell(piece.upperBound, piece.upperBound)
                }
                return nil
            case .zlib: return inflateExactly(source, into: buffer, prepare: prepare, progress: tell)
            case .zstd: return decompressZstdExactly(source, into: buffer, prepare: prepare, progress: tell)
            }
        }
        if let failure { throw .decompressionFailed(file: name, section: section.name, reason: failure) }
    }
}
