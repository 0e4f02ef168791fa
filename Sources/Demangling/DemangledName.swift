/// A linkage name in both demangled forms.
public struct DemangledName: Sendable, Equatable {
    /// With everything the mangled name says: types, parameters, clones. The input itself when it is not mangled or
    /// `failed`.
    public var full: String
    /// As a programmer reads it in a stack trace, without types and parameters. The input itself when it is not mangled
    /// or `failed`.
    public var simplified: String
    /// The language whose mangling the name has.
    public var language: NameLanguage
    /// The name is mangled but could not be demangled: malformed, too long, or deadly to its demangler.
    public var failed: Bool

    /// A name whose forms are known.
    public init(full: String, simplified: String, language: NameLanguage, failed: Bool) {
        self.full = full
        self.simplified = simplified
        self.language = language
        self.failed = failed
    }
}
