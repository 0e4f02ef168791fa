import Foundation
import Glibc
import Rendering

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
    static func visible(_ text: String) -> String { Visible.text(text) }
}
