/// Looks for the GNU build id in notes (gABI, "Note Section").
///
///     namesz │ descsz │ type │ name, NUL, padding │ desc, padding
///        4   │   20   │   3  │ G N U 0            │ 20 bytes of id
///
/// Padding is to 4 bytes, or to 8 where the segment or section is aligned to 8. Some linkers put both kinds into one
/// segment and call it 8, so such a piece is read both ways.
struct NoteSearch {
    let file: String
    let limits: ELFLimits
    /// Damaged notes; kept only when no build id was found, because the program headers of a separate debug file
    /// usually point to where the notes are in the program, not to where they are in this file.
    var warnings: [ELFError] = []
    private var readBytes: UInt64 = 0

    init(file: String, limits: ELFLimits) {
        self.file = file
        self.limits = limits
    }

    /// The first build id: segments first, then sections.
    mutating func buildID(
        _ reader: borrowing FieldReader, programHeaders: [ELFProgramHeader], sections: [ELFSection]
    ) throws(ELFError) -> [UInt8]? {
        for (index, header) in programHeaders.enumerated()
        where header.type == ELFProgramHeader.note && header.fileSize > 0 {
            if let id = try search(
                reader, offset: header.fileOffset, size: header.fileSize, alignment: header.alignment,
                place: "program header \(index) (PT_NOTE)")
            {
                warnings = []
                return id
            }
        }
        for section in sections where section.type == ELFSection.note && section.size > 0 {
            if let id = try search(
                reader, offset: section.fileOffset, size: section.size, alignment: section.alignment,
                place: "section \(section.index) (\(section.name))")
            {
                warnings = []
                return id
            }
        }
        return nil
    }

    private mutating func search(
        _ reader: borrowing FieldReader, offset: UInt64, size: UInt64, alignment: UInt64, place: String
    ) throws(ELFError) -> [UInt8]? {
        guard let notes = reader.record(at: offset, size: size) else {
            warn(place, "reaches beyond the end of the file")
            return nil
        }
        // Headers may all claim the same large piece: what is read is limited, not only each claim.
        readBytes += size
        guard readBytes <= limits.maximumNoteBytes else {
            throw .limitExceeded(
                file: file, place: "notes", value: readBytes, limit: limits.maximumNoteBytes,
                setting: "ELFLimits.maximumNoteBytes")
        }
        var isSound = false
        for padding in alignment == 8 ? [8, 4] as [UInt64] : [4] {
            switch try walk(notes, padding: padding, place: place) {
            case .found(let id): return id
            case .none: isSound = true
            case .damaged: continue
            }
        }
        if !isSound { warn(place, "a note reaches beyond its end") }
        return nil
    }

    private enum WalkResult {
        case found([UInt8])
        case none
        case damaged
    }

    private func walk(
        _ notes: borrowing FieldReader, padding: UInt64, place: String
    ) throws(ELFError) -> WalkResult {
        var offset: UInt64 = 0
        // Fewer bytes than a note's header are padding.
        while let head = notes.record(at: offset, size: 12) {
            let nameSize = UInt64(head.u32(0))
            let descriptorSize = UInt64(head.u32(4))
            // 32-bit sizes and an offset within the file: none of these sums can overflow 64 bits.
            let descriptorOffset = roundUp(offset + 12 + nameSize, padding)
            guard let name = notes.record(at: offset + 12, size: nameSize),
                let descriptor = notes.record(at: descriptorOffset, size: descriptorSize)
            else { return .damaged }
            if head.u32(8) == 3, nameSize == 4, name.u32(0) == gnuName(notes.byteOrder), descriptorSize > 0 {
                guard descriptorSize <= UInt64(limits.maximumBuildIDLength) else {
                    throw .limitExceeded(
                        file: file, place: "build id in \(place)", value: descriptorSize,
                        limit: UInt64(limits.maximumBuildIDLength), setting: "ELFLimits.maximumBuildIDLength")
                }
                return .found(descriptor.bytes.withUnsafeBytes { Array($0) })
            }
            offset = roundUp(descriptorOffset + descriptorSize, padding)
        }
        return .none
    }

    private func gnuName(_ order: ByteOrder) -> UInt32 {
        order == .little ? 0x0055_4e47 : 0x474e_5500
    }

    private func roundUp(_ value: UInt64, _ multiple: UInt64) -> UInt64 {
        (value + multiple - 1) & ~(multiple - 1)
    }

    private mutating func warn(_ place: String, _ problem: String) {
        // One is enough to say why there is no id; a hostile file could make a million.
        guard warnings.isEmpty else { return }
        warnings.append(.malformed(file: file, place: place, problem: problem))
    }
}
