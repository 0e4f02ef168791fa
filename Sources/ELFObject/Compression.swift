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
        if let wouldUse = budget.take(UInt64(packed.size)) {
            throw .limitExceeded(
                file: name, place: "section \(section.name) and those decompressed before", value: wouldUse,
                limit: limits.maximumTotalSize, setting: "ELFLimits.maximumTotalSize")
        }
        guard let owned = OwnedBytes(size: packed.size, takenFrom: budget) else {
            throw .outOfMemory(file: name, section: section.name, size: UInt64(packed.size))
        }
        try unpack(packed, section, into: owned.buffer)
        return SectionContents(owned)
    }

    /// How many bytes `contents(of:)` will give. Reads a compressed section's header only; errors are the same.
    public func contentSize(of section: ELFSection) throws(ELFError) -> Int {
        try packedSection(section).size
    }

    /// Writes the bytes of `section` to `buffer`, whose size must be `contentSize(of:)`: for callers that put several
    /// sections into one piece of memory of their own. The buffer does not count against the limit of the total.
    public func copyContents(of section: ELFSection, into buffer: UnsafeMutableRawBufferPointer) throws(ELFError) {
        let packed = try packedSection(section)
        guard buffer.count == packed.size else {
            throw .wrongBufferSize(
                file: name, section: section.name, needed: packed.size, given: buffer.count)
        }
        try unpack(packed, section, into: buffer)
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

    private func unpack(
        _ packed: PackedSection, _ section: ELFSection, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ELFError) {
        let failure = file.withUnsafeBytes { all -> String? in
            let source = UnsafeRawBufferPointer(rebasing: all[packed.range])
            switch packed.packing {
            case .none:
                buffer.copyMemory(from: source)
                return nil
            case .zlib: return inflateExactly(source, into: buffer)
            case .zstd: return decompressZstdExactly(source, into: buffer)
            }
        }
        if let failure { throw .decompressionFailed(file: name, section: section.name, reason: failure) }
    }
}
