/// What the first bytes of an input say about how it has to be read.
public enum DumpKind: Equatable, Sendable {
    /// An ELF core: unwound in the child.
    case elfCore
    /// A minidump (`MDMP`, `PMDM`): unwound in the child.
    case minidump
    /// Compressed; what is inside is known when it is expanded, in the child.
    case compressed(Compression)
    /// Everything else: ``CrashReports`` reads it.
    case report

    /// How an input is compressed.
    public enum Compression: String, Equatable, Sendable, CaseIterable {
        /// RFC 1952.
        case gzip
        /// RFC 8878.
        case zstd
        /// The LZ4 frame format.
        case lz4
        /// The .xz format.
        case xz
    }

    /// How many bytes are looked at.
    public static let prefixLength = 32

    /// Tells the kind from the input's first ``prefixLength`` bytes, fewer when it is shorter.
    public init(prefix: some Collection<UInt8>) {
        let bytes = Array(prefix.prefix(Self.prefixLength))
        // e_type: two bytes at 16, in the order that the byte at 5 names; 4 is a core.
        if bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]), bytes.count > 17, (bytes[5] == 2 ? bytes[17] : bytes[16]) == 4
        {
            self = .elfCore
        } else if bytes.starts(with: "MDMP".utf8) || bytes.starts(with: "PMDM".utf8) {
            self = .minidump
        } else if let compression = Compression.allCases.first(where: { bytes.starts(with: $0.magic) }) {
            self = .compressed(compression)
        } else {
            self = .report
        }
    }
}

extension DumpKind.Compression {
    var magic: [UInt8] {
        switch self {
        case .gzip: [0x1f, 0x8b]
        case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
        case .lz4: [0x04, 0x22, 0x4d, 0x18]
        case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
        }
    }
}
