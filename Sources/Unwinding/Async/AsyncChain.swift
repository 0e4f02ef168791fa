import Bytes
import ParserTasks

/// The async callers of a task, walked in memory as they were suspended.
///
///     frame pointer of the piece
///        │
///     ┌──▼──────────────┐
///     │ saved fp        │      context        context        context
///     └─ −8: context ───┼──▶ ┌──────────┐ ┌▶┌──────────┐ ┌▶┌──────────┐
///                            │ parent ──┼─┘ │ parent ──┼─┘ │ parent: 0│   end
///                            │ resume   │   │ resume   │   │ resume   │
///                            └──────────┘   └──────────┘   └──────────┘
///                               frame 1        frame 2        frame 3
///
/// The contexts are the task's memory, so anything may be in them: each word is read through the dump, each context is
/// visited once, each resume function must lie where code lies.
struct AsyncChain {
    /// Resume points, innermost first.
    var frames: [UnwoundFrame] = []
    /// Why it ends.
    var end = ""

    /// Walks from the piece whose frame pointer this is; at most `limit` frames.
    init(framePointer: UInt64, limit: Int, _ memory: any ProcessSnapshot) {
        let place = framePointer &- 8
        guard framePointer != 0, framePointer & 7 == 0, let first = memory.integer(at: place, UInt64.self) else {
            end = "the piece's frame at \(Hexadecimal.address(framePointer)) is not readable: no async context"
            return
        }
        var visited: Set<UInt64> = []
        var context = first
        while true {
            guard context != 0 else {
                end = frames.isEmpty ? "the piece has no async context" : "outermost: the context has no parent"
                return
            }
            let name = "async context at \(Hexadecimal.address(context))"
            guard context & 7 == 0 else {
                end = "\(name) is misaligned"
                return
            }
            guard visited.insert(context).inserted else {
                end = "\(name) was visited before: a cycle"
                return
            }
            guard let parent = memory.integer(at: context, UInt64.self),
                let resume = memory.integer(at: context &+ 8, UInt64.self)
            else {
                end = "\(name) is not in the dump"
                return
            }
            guard resume != 0 else {
                end = "outermost: \(name) has no resume function"
                return
            }
            guard memory.isExecutable(resume) else {
                end = "\(name): its resume function \(Hexadecimal.address(resume)) is in no executable memory"
                return
            }
            guard frames.count < limit else {
                end = "limit of \(limit) async frames"
                return
            }
            frames.append(UnwoundFrame(address: resume, kind: .asyncResumePoint, trust: "async"))
            context = parent
        }
    }
}
