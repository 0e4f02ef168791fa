/// How an event is shown as text.
public struct TextOptions: Sendable {
    /// Source lines shown on each side of a frame's line.
    public var context = 2
    /// Whether all frames and threads are shown, and registers.
    public var showsAllFrames = false
    /// Columns of the terminal, by which long names are cut in the middle; `nil` cuts nothing, for text that is kept.
    public var width: Int?
    /// Colours.
    public var style = Style(isOn: false)

    /// Two lines of context, folded, uncut, plain.
    public init() {}
}
