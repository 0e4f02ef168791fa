/// How an event is shown as a page.
public struct HTMLOptions: Sendable {
    /// Source lines shown on each side of a frame's line.
    public var context = 5
    /// Whether what is not the program's own is open from the start; it is in the page in either case.
    public var showsAllFrames = false

    /// Five lines of context, folded.
    public init() {}

    /// Frames of a stack in a page; what is beyond is counted.
    static let framesPerStack = 2000
    /// Frames of a page.
    static let frames = 10_000
    /// Groups of other threads in a page.
    static let groups = 400
    /// Images in the table.
    static let images = 500
}
