/// Why a text is not an in-app pattern.
public enum InAppPatternError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing behind the kind, or nothing at all.
    case empty(String)
    /// Starts with `WORD:`, and WORD is no kind of pattern.
    case unknownKind(String, pattern: String)
    /// Longer than 1024 bytes.
    case tooLong(bytes: Int)

    /// What is wrong with the pattern and what was expected.
    public var description: String {
        switch self {
        case .empty(let text): "in-app pattern '\(text)': expected path:GLOB, module:GLOB, image:GLOB or GLOB"
        case .unknownKind(let kind, let text):
            "in-app pattern '\(text)': '\(kind)' is none of the kinds path, module and image;"
                + " a GLOB with a colon is written path:GLOB"
        case .tooLong(let bytes): "in-app pattern of \(bytes) bytes: at most 1024"
        }
    }
}

/// An operator's rule about frames: `path:GLOB`, `module:GLOB`, `image:GLOB`, or a bare `GLOB` for any of the three.
///
/// `path` is the frame's source file as `abs_path` shows it, `module` its Swift module, outermost C++ namespace or Rust
/// crate, `image` the path of its executable or library. In a glob `*` stays within a path component, `**` does not,
/// `?` is one character; a glob that starts with neither `/` nor `**` may begin at any component, and matching a folder
/// matches all below it: `path:Vendor`, `path:/src/app/**/Generated`, `module:App*`, `image:libfoo.so*`.
public struct InAppPattern: Hashable, Sendable {
    private enum Subject: Hashable {
        case path
        case module
        case image
        case any
    }

    private let subject: Subject
    private let glob: Glob
    /// Whether frames that match are the application's own.
    public let isInApp: Bool

    /// Reads a pattern as an operator writes it.
    public init(_ text: String, isInApp: Bool) throws(InAppPatternError) {
        guard text.utf8.count <= 1024 else { throw .tooLong(bytes: text.utf8.count) }
        let kinds: [(String, Subject)] = [("path:", .path), ("module:", .module), ("image:", .image)]
        var rest = text[...]
        var subject = Subject.any
        if let (prefix, kind) = kinds.first(where: { text.hasPrefix($0.0) }) {
            rest = rest.dropFirst(prefix.count)
            subject = kind
        } else if let kind = Self.leadingWord(of: text) {
            throw .unknownKind(kind, pattern: text)
        }
        guard !rest.isEmpty else { throw .empty(text) }
        self.subject = subject
        self.glob = Glob(String(rest))
        self.isInApp = isInApp
    }

    /// `foo` of `foo:bar`: what was meant as a kind. Not that of `foo::bar`, a C++ or Rust name, nor the one letter of
    /// a Windows drive.
    private static func leadingWord(of text: String) -> String? {
        let word = text.utf8.prefix {
            switch $0 {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        let rest = text.utf8[word.endIndex...]
        guard word.count > 1, rest.first == UInt8(ascii: ":"), rest.dropFirst().first != UInt8(ascii: ":") else {
            return nil
        }
        return String(Substring(word))
    }

    func matches(path: String?, module: String?, image: String?) -> Bool {
        switch subject {
        case .path: path.map { glob.matches($0) } ?? false
        case .module: module.map { glob.matches($0) } ?? false
        case .image: image.map { glob.matches($0) } ?? false
        case .any: [path, module, image].contains { $0.map { glob.matches($0) } ?? false }
        }
    }
}

/// Which frames are the application's own (`in_app`).
///
/// In this order, the first that has an answer:
/// 1. a `Swift runtime failure: …` entry is never in-app: it is a reason, not a function;
/// 2. the operator's patterns, of which **the last that matches wins**;
/// 3. the built-in list of what is not in-app: by module, source path or image, each on its own, and by function name
///    where no source file is known, so that statically linked and inlined system code is found as well;
/// 4. `in_app: false` of the event's own frame. Its `true` is only believed where nothing above says otherwise;
/// 5. a thunk or other compiler-made entry without a module is like the entry that contains it, and not in-app when
///    none does;
/// 6. everything else that lies in a known image or has a name is in-app; an address in no image is not.
public struct InAppRules: Sendable {
    private let patterns: [InAppPattern]

    /// Rules with the operator's `patterns` in their order: a later match wins over an earlier one.
    public init(patterns: [InAppPattern] = []) {
        self.patterns = patterns
    }

    /// Rules from two lists whose common order is lost, as on a command line: a frame that matches both lists is
    /// in-app, so that a wide `notInApp` can have exceptions.
    public init(inApp: [String], notInApp: [String]) throws(InAppPatternError) {
        var patterns: [InAppPattern] = []
        for text in notInApp { patterns.append(try InAppPattern(text, isInApp: false)) }
        for text in inApp { patterns.append(try InAppPattern(text, isInApp: true)) }
        self.patterns = patterns
    }

    /// What is known of one entry of a chain.
    struct Subject {
        var linkageName: String?
        var fullName: String?
        var language: FunctionLanguage
        /// `nil` when unknown or `<compiler-generated>`.
        var path: String?
        var image: String?
        var isRuntimeFailure = false
    }

    /// What the rules say about one entry.
    struct Verdict: Equatable {
        /// `nil`: like the entry that contains this one.
        var isInApp: Bool?
        /// Said by an operator's pattern or by what the entry is: the event's own opinion does not count.
        var isFirm: Bool
    }

    func verdict(_ subject: Subject) -> Verdict {
        if subject.isRuntimeFailure { return Verdict(isInApp: false, isFirm: true) }
        let module = subject.fullName.flatMap {
            ModuleName.module(linkageName: subject.linkageName, fullName: $0, language: subject.language)
        }
        for pattern in patterns.reversed()
        where pattern.matches(path: subject.path, module: module, image: subject.image) {
            return Verdict(isInApp: pattern.isInApp, isFirm: true)
        }
        if isSystem(subject, module: module) { return Verdict(isInApp: false, isFirm: false) }
        let isThunk = module == nil && subject.language == .swift && subject.path == nil
        return Verdict(isInApp: isThunk ? nil : true, isFirm: false)
    }

    private func isSystem(_ subject: Subject, module: String?) -> Bool {
        if let module, SystemCode.holds(module: module, language: subject.language, hasPath: subject.path != nil) {
            return true
        }
        if let path = subject.path, SystemCode.holds(path: path) { return true }
        if let image = subject.image, SystemCode.holds(image: image) { return true }
        if let name = subject.fullName ?? subject.linkageName, SystemCode.isReserved(name) { return true }
        // With a source file, the path has said what there is to say: a program may have its own `read` or `CFAbacus`.
        guard subject.path == nil, module == nil, let name = subject.fullName ?? subject.linkageName else {
            return false
        }
        switch subject.language {
        case .swift: return SystemCode.isCompilerHelper(name)
        case .rust: return false
        case .cpp, .other:
            if let linkageName = subject.linkageName, SystemCode.holds(fileLocal: linkageName) { return true }
            return SystemCode.holds(
                function: name, isMangled: subject.linkageName?.hasPrefix("_Z") ?? (subject.language == .cpp))
        }
    }
}
