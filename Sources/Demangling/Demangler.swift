import CDemangle

/// Mangled linkage names → names a programmer would write, for Swift, C++, Rust and D.
///
///     $s1s4TillC3addyS2iYaFTY1_  ──▶ full        (2) suspend resume partial function for s.Till.add(Swift.Int) …
///                                ──▶ simplified  Till.add(_:)
///
/// The full form tells symbols apart (types, parameters, which piece of an async function, which clone); the simplified
/// one is what a person reads in a stack trace and what groups the pieces of one function:
///
/// | language | full | simplified |
/// |---|---|---|
/// | Swift | everything | as in Swift's crash reports: no module, types or suffix; async pieces share one name |
/// | C++ | parameters, return type of templates, `merged`, `[clone …]` | qualified name with template arguments |
/// | Rust | path without the hash | the same |
/// | D | parameters | without parameters |
///
/// Swift's names are read by the Swift runtime, Rust's and D's by libiberty. C++'s are read here (``ItaniumParser``),
/// with libiberty for the names that the two might print differently: what comes out is what GDB and `c++filt` show,
/// also for names of compilers that are newer than libiberty.
///
/// The language is told by the name alone (see ``NameLanguage``); a name that is not mangled comes back unchanged.
///
/// **Where this may run.** Names from uploads and crash reports are untrusted, and the Swift demangler calls `abort()`
/// on some malformed ones. So foreign names are demangled in the sandboxed child only, after ``installGuards()``, which
/// turns such a death into a name marked ``DemangledName/failed``.
public struct Demangler: Sendable {
    /// Longer names are not demangled, in UTF-8 bytes. Real ones seldom have a tenth of it.
    public static let maximumInputLength = 64 * 1024
    /// Longer demangled texts are refused, in UTF-8 bytes: a few hundred bytes of mangled name can stand for gigabytes.
    public static let maximumOutputLength = 256 * 1024

    /// A demangler has no state; making one costs nothing.
    public init() {}

    /// Both forms of `linkageName`. Never fails: what cannot be demangled comes back as it came, marked.
    ///
    /// For a few names: many are faster with ``demangle(_:into:)``, which says the rest.
    public func demangle(_ linkageName: String) -> DemangledName {
        var result = DemangledBytes()
        var name = linkageName
        name.withUTF8 { demangle($0, into: &result) }
        guard result.isDemangled else {
            return DemangledName(
                full: linkageName, simplified: linkageName, language: result.language, failed: result.failed)
        }
        return DemangledName(
            full: String(decoding: result.full, as: UTF8.self),
            simplified: String(decoding: result.simplified, as: UTF8.self), language: result.language, failed: false)
    }

    /// Both forms of a name in UTF-8 bytes, without a terminator, into buffers that are used again.
    ///
    /// About 0.4 µs for a C++ name of usual length, 2 µs for a Swift one, and no allocation by this code. Safe on any
    /// number of threads at once, each with a `DemangledBytes` of its own, on plain POSIX threads too. Deeply nested
    /// names recurse in the demangler: use threads with the main thread's 8 MiB of stack, or more.
    public func demangle(_ linkageName: UnsafeBufferPointer<UInt8>, into result: inout DemangledBytes) {
        let (language, count) = NameLanguage.detect(linkageName)
        result.language = language
        result.failed = false
        guard language != .none else { return }
        guard count <= Self.maximumInputLength else {
            result.failed = true
            return
        }
        let mangled = UnsafeBufferPointer(rebasing: linkageName[..<count])
        if language == .cpp, result.demangleItanium(mangled, doubtful: false) { return }
        let outcome = cdemangle(
            language.demangler, mangled.baseAddress, count, Self.maximumOutputLength, &result.buffers)
        result.failed = outcome != CDEMANGLE_OK
        if language == .cpp, result.failed { result.failed = !result.demangleItanium(mangled, doubtful: true) }
        if language == .d, !result.failed {
            result.buffers.simplified_length = DLanguageName.lengthWithoutParameters(result.full)
        }
    }

    /// Turns the death of a demangler (`abort()`, stack overflow, a wild pointer) into a failed name from now on, in
    /// the whole process. Returns `false` when the handlers could not be installed.
    ///
    /// Only the sandboxed child calls this, once, before its first name. Jumping out of a dying library leaks its
    /// memory and may leave the heap locked or damaged, which a process that lives for one file, under limits, and with
    /// a parent that retries and quarantines can afford; the worker, a server or a command that goes on afterwards
    /// cannot.
    @discardableResult
    public static func installGuards() -> Bool {
        cdemangle_install_guards()
    }

    /// How many deaths the guards have caught in this process.
    public static var caughtDeaths: Int {
        Int(clamping: cdemangle_deaths())
    }
}

extension NameLanguage {
    fileprivate var demangler: CDemangleLanguage {
        switch self {
        case .swift: CDEMANGLE_SWIFT
        case .rust: CDEMANGLE_RUST
        case .d: CDEMANGLE_D
        case .cpp, .none: CDEMANGLE_CPP
        }
    }
}
