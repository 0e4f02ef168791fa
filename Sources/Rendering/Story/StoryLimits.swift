/// How much of an event is read for people. What is beyond is counted, and the count is shown.
public struct StoryLimits: Equatable, Sendable {
    /// Frames of one stack: three quarters of them the innermost, one quarter the outermost.
    public var framesPerStack: Int
    /// Frames of all stacks together, the crash's first.
    public var frames: Int
    /// Exceptions and threads, the crash's first.
    public var stacks: Int
    /// Images that lack something; those that lack nothing are counted only.
    public var images: Int

    /// 4,000 frames a stack, 40,000 in all, 1,000 stacks, 1,000 images unless told otherwise.
    public init(framesPerStack: Int = 4000, frames: Int = 40_000, stacks: Int = 1000, images: Int = 1000) {
        self.framesPerStack = max(4, framesPerStack)
        self.frames = max(4, frames)
        self.stacks = max(1, stacks)
        self.images = max(1, images)
    }

    /// Bytes of one name, path or line; a longer one loses its middle.
    static let text = 4096
    /// Lines of a message.
    static let messageLines = 20
}
