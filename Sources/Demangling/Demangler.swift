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
/// | C++ | parameters, return type of templates, `[clone …]` | qualified name with template arguments, nothing else |
/// | Rust | path without the hash | the same |
/// | D | parameters | without parameters |
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
    /// A few microseconds for both forms. Safe on any thread. Deeply nested names recurse in the demangler: use a
    /// thread with the main thread's 8 MiB of stack.
    public func demangle(_ linkageName: String) -> DemangledName {
        let (language, mangled) = NameLanguage.detect(linkageName)
        let failure = DemangledName(
            full: linkageName, simplified: linkageName, language: language, failed: language != .none)
        guard language != .none, mangled.utf8.count <= Self.maximumInputLength, !mangled.utf8.contains(0) else {
            return failure
        }
        let forms: (full: String?, simplified: String?) =
            switch language {
            case .swift: (run(CDEMANGLE_SWIFT_FULL, mangled), run(CDEMANGLE_SWIFT_SIMPLIFIED, mangled))
            case .cpp: (run(CDEMANGLE_CPP_FULL, mangled), run(CDEMANGLE_CPP_SIMPLIFIED, mangled))
            case .rust: same(run(CDEMANGLE_RUST, mangled))
            case .d: sameWithoutParameters(run(CDEMANGLE_D, mangled))
            case .none: (nil, nil)
            }
        guard let full = forms.full else { return failure }
        // A full form alone still beats the mangled name.
        return DemangledName(full: full, simplified: forms.simplified ?? full, language: language, failed: false)
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

    private func same(_ text: String?) -> (String?, String?) {
        (text, text)
    }

    private func sameWithoutParameters(_ text: String?) -> (String?, String?) {
        (text, text.map(DLanguageName.withoutParameters))
    }

    /// One demangler's text, `nil` when it failed in any of its ways.
    private func run(_ form: CDemangleForm, _ name: String) -> String? {
        var name = name
        let text: String? = name.withUTF8 { bytes in
            // The C side wants a terminator, which a Swift string's storage does not promise.
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { copy in
                bytes.withMemoryRebound(to: CChar.self) { _ = copy.initialize(from: $0) }
                copy.initializeElement(at: bytes.count, to: 0)
                var output: UnsafeMutablePointer<CChar>?
                var length = 0
                let outcome = cdemangle(
                    form, copy.baseAddress, bytes.count, Self.maximumOutputLength, &output, &length)
                guard outcome == CDEMANGLE_OK, let output else { return nil }
                defer { cdemangle_free(output) }
                return output.withMemoryRebound(to: UInt8.self, capacity: length) {
                    String(decoding: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
                }
            }
        }
        // The Swift demanglers hand back what they cannot read, and half-read names with a marker inside.
        guard let text, text != name, !text.contains("first-element-marker") else { return nil }
        return text
    }
}
