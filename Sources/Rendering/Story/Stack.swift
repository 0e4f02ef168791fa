/// A stack trace and whose it is.
public struct Stack: Sendable {
    /// Why it is shown.
    public enum Role: Equatable, Sendable {
        /// What the event is about.
        case main
        /// A further exception's.
        case exception
        /// One of several stacks of a report, whose name is a sentence: `freed by thread T0 here`.
        case report
        /// The machine's frames below the async frames of another stack.
        case ranOn
        /// Another thread's.
        case other
    }

    /// Why it is shown.
    public var role: Role
    /// The thread's id.
    public var thread: String?
    /// The thread's name.
    public var name: String?
    /// Whether the name is a report's sentence about the stack and no thread's: `Direct leak of 40 byte(s) … from`.
    var isNamedBySentence = false
    /// Whether the thread crashed.
    public var isCrashed = false
    /// `ValueError: no such article`, for the stack of an exception that is not the crash's.
    public var exception: String?
    /// Innermost first.
    public var frames: [TraceFrame]
    /// By name, in the event's order.
    public var registers: [(name: String, value: String)] = []
    /// The stacks that this one ran on.
    public var ranOn: [Stack] = []

    /// `Thread 1 "worker" crashed`, without a colon. Made visible.
    func title(limit: Int = 200) -> String {
        if role == .report || isNamedBySentence, let name { return Visible.text(name, limit: limit).capitalizedFirst }
        var title = thread.map { "Thread \(Visible.text($0, limit: limit))" } ?? (role == .ranOn ? "" : "Stack trace")
        if let name, !name.isEmpty { title += " \"\(Visible.text(name, limit: limit))\"" }
        if isCrashed { title += " crashed" }
        return title
    }

    /// The packages whose code is the program's own.
    var ownPackages: Set<String> { Set(frames.lazy.filter(\.isInApp).compactMap(\.package)) }

    /// Whether `other` looks the same.
    func shows(sameAs other: Stack) -> Bool {
        frames.count == other.frames.count
            && zip(frames, other.frames).allSatisfy { $0.address == $1.address && $0.signature == $1.signature }
    }
}

extension String {
    /// `Freed by thread T0 here`.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
