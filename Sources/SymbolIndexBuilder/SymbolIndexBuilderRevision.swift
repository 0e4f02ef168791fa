/// The revision of the code that turns objects into indexes; part of an index's key, and written into its header.
///
/// Raised only when the same inputs would give another index, so that a store knows which of its indexes to build anew.
///
/// | revision | why it was raised |
/// |---|---|
/// | 1 | the first |
/// | 2 | own reading of all debug information: split units, supplementary files, relocatable objects; more C++ names |
public enum SymbolIndexBuilderRevision {
    /// The revision of this build.
    public static let current: UInt32 = 2
}
