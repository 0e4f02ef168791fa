/// Colours by meaning; plain text when they are off.
public struct Style: Sendable {
    /// Whether escape sequences are written.
    public let isOn: Bool

    /// A style with colours or without.
    public init(isOn: Bool) { self.isOn = isOn }

    /// A heading.
    public func strong(_ text: String) -> String { wrap(text, "1") }
    /// What is there for completeness.
    public func faint(_ text: String) -> String { wrap(text, "2") }
    /// What went wrong.
    public func alarm(_ text: String) -> String { wrap(text, "1;31") }
    /// A function of the program itself.
    public func function(_ text: String) -> String { wrap(text, "1;36") }
    /// A place in the program's own source.
    public func place(_ text: String) -> String { wrap(text, "32") }
    /// The mark beside a frame of the program itself.
    public func mark(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
