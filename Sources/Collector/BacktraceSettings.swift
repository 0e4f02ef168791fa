import Glibc

/// `SWIFT_BACKTRACE` of a program that is run under supervision: what the user set, and what is missing for a report that
/// can be collected.
///
/// | key | value added | why |
/// |---|---|---|
/// | `enable` | `yes` | also without a terminal |
/// | `interactive`, `color` | `no` | nobody answers, nobody looks |
/// | `symbolicate` | `off` | milliseconds instead of seconds until the program is gone; done later, and right |
/// | `format` | `json` | addresses, kinds of frames and build ids in full |
/// | `images` | `all` | needed to judge addresses |
/// | `registers` | `crashed` | |
/// | `output-to` | a private folder | never mixed with what the program prints |
/// | `swift-backtrace` | a static one beside the program | the runtime of a static program does not find one by itself |
///
/// Never added: `threads`, because leaving it out is what gives all of them, and `sanitize`, which removes memory.
public struct BacktraceSettings: Equatable, Sendable {
    /// The variable's value for the program.
    public let value: String
    /// Where the report goes.
    public let output: Output
    /// What was odd, for people.
    public let warnings: [String]

    /// Where Swift's report goes.
    public enum Output: Equatable, Sendable {
        /// To the private folder.
        case privateFolder
        /// To a file or folder that the user named.
        case path(String)
        /// To standard error, among what the program prints.
        case standardError
        /// To standard output, which nobody else reads.
        case standardOutput
        /// Nowhere: the user switched it off.
        case disabled
    }

    /// Merges.
    ///
    /// - Parameters:
    ///   - existing: the variable's value as the user set it, `nil` when it is not set.
    ///   - folder: the private folder; `nil` where none could be made: then reports go to standard error.
    ///   - reporter: the path of a `swift-backtrace`, if one is known.
    public init(existing: String?, folder: String?, reporter: String?) {
        var values: [String: String] = [:]
        for setting in (existing ?? "").split(separator: ",") {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = Self.trim(parts[0])
            // The runtime takes the last of several.
            if !key.isEmpty { values[key] = parts.count > 1 ? Self.trim(parts[1]) : "" }
        }
        var warnings: [String] = []
        var added: [(String, String)] = [
            ("enable", "yes"), ("interactive", "no"), ("color", "no"), ("symbolicate", "off"), ("format", "json"),
            ("images", "all"), ("registers", "crashed"), ("output-to", folder ?? "stderr"),
        ]
        if let reporter { added.append(("swift-backtrace", reporter)) }
        var parts = existing.map { [$0] } ?? []
        if parts.first.map({ Self.trim(Substring($0)).isEmpty }) == true { parts = [] }
        for (key, value) in added where values[key] == nil {
            guard !value.contains(",") else {
                warnings.append("SWIFT_BACKTRACE cannot hold '\(key)=\(value)': it has a comma")
                continue
            }
            parts.append("\(key)=\(value)")
        }
        value = parts.joined(separator: ",")
        self.warnings = warnings
        let isOff = ["no", "false", "off", "0", "n", "f"].contains(values["enable"]?.lowercased() ?? "yes")
        output =
            switch values["output-to"] {
            case _ where isOff: .disabled
            case nil: folder?.contains(",") == false ? .privateFolder : .standardError
            case "stderr": .standardError
            case "stdout": .standardOutput
            case .some(let path): .path(path)
            }
    }

    private static func trim(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// Looks for Swift's reporter where it is shipped with a program: beside it, or in `../libexec/swift/linux`. The
    /// static build first, as it needs nothing else.
    ///
    /// - Parameter program: the path of the program.
    public static func reporter(besides program: String) -> String? {
        guard let resolved = realpath(program, nil) else { return nil }
        defer { free(resolved) }
        let path = String(cString: resolved)
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let folder = String(path[..<slash])
        for place in [folder, folder + "/../libexec/swift/linux"] {
            for name in ["swift-backtrace-static", "swift-backtrace"] where access("\(place)/\(name)", X_OK) == 0 {
                return "\(place)/\(name)"
            }
        }
        return nil
    }
}
