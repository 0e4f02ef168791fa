/// Words for commands that people copy into their shell.
enum ShellWord {
    /// `path` so that a POSIX shell takes it as one word and no option; `nil` when it holds what a person cannot see,
    /// for nobody should run what they did not read.
    static func quoted(path: String) -> String? {
        guard !path.isEmpty, !path.unicodeScalars.contains(where: { isUnfit($0) }) else { return nil }
        let path = path.hasPrefix("-") ? "./" + path : path
        if path.utf8.allSatisfy(isPlain) { return path }
        return "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static func isUnfit(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar == "\u{fffd}" || Visible.isHidden(scalar)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_@%+=:,./-".utf8.contains(byte)
        }
    }
}
