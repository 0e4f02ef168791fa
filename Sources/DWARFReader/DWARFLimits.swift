/// How much one object's debug information may ask for before reading stops with a ``DWARFError``.
///
/// The defaults stand well above the largest programs known (a 370 MB libjvm has 19 million entries, 6 million rows and 1.4
/// million inlined calls) and well below what a hostile file of a few megabytes can claim, where a thousand units may
/// share one large table. "File" limits count over all units, "unit" limits start anew with each.
public struct DWARFLimits: Sendable, Equatable {
    /// Bytes of all decompressed `.debug_*` sections together (file).
    public var imageSize: Int = 8 << 30
    /// Units of all kinds (file).
    public var units: Int = 4_000_000
    /// Line rows (file).
    public var rows: Int = 200_000_000
    /// Functions and inlined calls (file).
    public var scopes: Int = 100_000_000
    /// Address ranges of all functions and inlined calls (file).
    public var ranges: Int = 200_000_000
    /// Functions and inlined calls (unit).
    public var scopesPerUnit: Int = 32_000_000
    /// Address ranges of all functions and inlined calls (unit): a thousand functions may share one long list.
    public var rangesPerUnit: Int = 32_000_000
    /// Attribute specifications in abbreviation tables (file).
    public var abbreviationAttributes: Int = 100_000_000
    /// Entries looked at again, in *other* units and in jumped subtrees, to find the namespaces of functions (unit).
    public var foreignEntries: Int = 200_000_000
    /// Nesting of entries; what lies deeper is not read and the unit says so.
    public var depth: Int = 512
    /// Hops along `DW_AT_abstract_origin` and `DW_AT_specification`.
    public var originHops: Int = 16
    /// Files plus directories of one line table (unit).
    public var filesPerUnit: Int = 1_000_000
    /// Bytes of one name.
    public var nameLength: Int = 1 << 20
    /// Bytes of all names and joined paths (unit).
    public var textPerUnit: Int = 512 << 20
    /// Bytes of source text embedded in one line table (unit).
    public var embeddedSourcePerUnit: Int = 256 << 20

    /// The defaults.
    public static let `default` = DWARFLimits()

    /// The defaults, to be changed field by field.
    public init() {}
}
