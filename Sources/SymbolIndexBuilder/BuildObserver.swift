/// Who wants to know how far a build is and what its threads are at: the process that started the child, for progress
/// bars and for errors that name the file and the section when a limit is hit.
///
/// All closures are called on any thread, often; they should cost next to nothing.
public struct BuildObserver: Sendable {
    /// `done` of `total` bytes of debug information have been read.
    public var progress: @Sendable (_ done: Int, _ total: Int) -> Void
    /// The calling thread begins a step ("decompressing", "reading .debug_info") of a file.
    public var step: @Sendable (_ step: StaticString, _ subject: String, _ place: Int?) -> Void
    /// The calling thread is at another place of its step: an offset in the section.
    public var place: @Sendable (_ place: Int) -> Void
    /// The calling thread waits or ends.
    public var idle: @Sendable () -> Void
    /// Threads that can run at once, for requests that name no number.
    public var processorCount: @Sendable () -> Int

    /// Reports to these closures.
    public init(
        processorCount: @escaping @Sendable () -> Int = { 2 },
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in },
        step: @escaping @Sendable (_ step: StaticString, _ subject: String, _ place: Int?) -> Void = { _, _, _ in },
        place: @escaping @Sendable (_ place: Int) -> Void = { _ in }, idle: @escaping @Sendable () -> Void = {}
    ) {
        self.processorCount = processorCount
        self.progress = progress
        self.step = step
        self.place = place
        self.idle = idle
    }

    /// Reports to nobody.
    public static let none = BuildObserver()
}
