/// How much a file may ask for. Every limit is compared with the file's claim *before* memory is allocated for it.
public struct ELFLimits: Sendable, Equatable {
    /// The most bytes one compressed section may decompress to. Sections that are not compressed are read in place,
    /// cost no memory, and are bounded by the file's own size.
    public var maximumSectionSize: UInt64
    /// The most decompressed bytes of one object that may be alive at the same time, over all its sections.
    public var maximumTotalSize: UInt64
    /// The most entries of `.symtab` and `.dynsym` together.
    public var maximumSymbols: Int
    /// The most relocations of one section of a relocatable file.
    public var maximumRelocations: Int
    /// The most bytes that the file in `.gnu_debugdata` may decompress to.
    public var maximumMiniDebugSize: UInt64
    /// The most memory in bytes that the decoder of `.gnu_debugdata` may take for itself; `xz -9` asks for 65 MiB.
    public var maximumDecoderMemory: UInt64
    /// The most section headers, and the most program headers.
    public var maximumSections: Int
    /// The longest name of a symbol or section, in bytes.
    public var maximumNameLength: Int
    /// The most bytes that the names of all sections may have together: tables may share one long text.
    public var maximumSectionNameBytes: Int
    /// The most bytes of notes that are read in search of the build id, over all segments and sections.
    public var maximumNoteBytes: UInt64
    /// The longest build id, in bytes. Linkers write 8 to 20; `--build-id=0x…` writes any length.
    public var maximumBuildIDLength: Int

    /// 2 GiB a section, 4 GiB together, 8 million symbols, a million sections: several times what the largest known
    /// programs have.
    public static let `default` = ELFLimits()

    /// Limits with the defaults for whatever is left out.
    public init(
        maximumSectionSize: UInt64 = 2 << 30, maximumTotalSize: UInt64 = 4 << 30, maximumSymbols: Int = 8_000_000,
        maximumRelocations: Int = 100_000_000, maximumMiniDebugSize: UInt64 = 256 << 20,
        maximumDecoderMemory: UInt64 = 128 << 20, maximumSections: Int = 1 << 20, maximumNameLength: Int = 64 << 10,
        maximumSectionNameBytes: Int = 64 << 20,
        maximumNoteBytes: UInt64 = 16 << 20, maximumBuildIDLength: Int = 256
    ) {
        self.maximumSectionSize = maximumSectionSize
        self.maximumTotalSize = maximumTotalSize
        self.maximumSymbols = maximumSymbols
        self.maximumRelocations = maximumRelocations
        self.maximumMiniDebugSize = maximumMiniDebugSize
        self.maximumDecoderMemory = maximumDecoderMemory
        self.maximumSections = maximumSections
        self.maximumNameLength = maximumNameLength
        self.maximumSectionNameBytes = maximumSectionNameBytes
        self.maximumNoteBytes = maximumNoteBytes
        self.maximumBuildIDLength = maximumBuildIDLength
    }
}
