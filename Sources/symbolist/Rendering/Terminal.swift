import Foundation
import Glibc

/// What is known of the terminal that a stream goes to.
struct Terminal: Sendable {
    /// Colour escapes are welcome.
    let hasColour: Bool
    /// Somebody watches: progress lines may be overwritten.
    let isInteractive: Bool
    /// Columns.
    let width: Int

    /// The terminal behind standard output (1) or standard error (2). `NO_COLOR` (no-color.org), when set and not empty,
    /// turns colour off; so does `TERM=dumb`.
    static func of(_ descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) -> Terminal
    {
        let isTerminal = isatty(descriptor) == 1
        var size = winsize()
        let columns =
            isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 120
        let refusesColour = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return Terminal(
            hasColour: isTerminal && !refusesColour && environment["TERM"] != "dumb", isInteractive: isTerminal,
            width: max(columns, 40))
    }

    /// Text from a file or event, made harmless: control characters (an escape sequence in a function's name would
    /// otherwise reach the terminal) are shown as `\u{1b}`; a tab stays.
    static func visible(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}

/// Colours by meaning; plain text when the terminal has none.
struct Style: Sendable {
    let isOn: Bool

    func strong(_ text: String) -> String { wrap(text, "1") }
    func faint(_ text: String) -> String { wrap(text, "2") }
    func alarm(_ text: String) -> String { wrap(text, "1;31") }
    func function(_ text: String) -> String { wrap(text, "1;36") }
    func place(_ text: String) -> String { wrap(text, "32") }
    func mark(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
