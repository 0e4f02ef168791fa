import ParserTasks

/// A thread's stack as people think of it: physical frames down to the first async piece, then its async callers.
///
///     physical   #0 trap ─ #1 f() ─ #2 async piece │ #3 job runner ─ #4 dispatch ─ #5 clone
///                                       │          └────────── ranOn ─────────────────────
///     async                             └─▶ caller ─▶ caller's caller
///
/// Below a piece the stack shows which thread pool ran it, not who awaits it.
enum AsyncUnwinding {
    /// Unwinds one thread; at most `limit` frames of either kind.
    static func thread(_ thread: SnapshotThread, _ unwinder: ThreadUnwinder, limit: Int) -> UnwoundThread {
        let (physical, end) = unwinder.unwind(thread, limit: limit)
        var result = UnwoundThread(id: thread.id, name: thread.name, registers: thread.named, end: end)
        guard let piece = physical.firstIndex(where: { isAsyncPiece($0, unwinder.modules) }) else {
            result.frames = physical.map(\.unwound)
            return result
        }
        guard let framePointer = physical[piece].framePointer else {
            result.frames = physical.map(\.unwound)
            result.asyncEnd = "the frame pointer of the async piece is not known: its callers are not either"
            return result
        }
        let chain = AsyncChain(framePointer: framePointer, limit: max(0, limit - physical.count), unwinder.snapshot)
        result.asyncEnd = chain.end
        // A piece that was interrupted before it stored its context has the caller's frame pointer: without a chain
        // that makes sense the physical frames are all there is to tell.
        guard !chain.frames.isEmpty || chain.end.hasPrefix("outermost") else {
            result.frames = physical.map(\.unwound)
            return result
        }
        result.frames = physical[...piece].map(\.unwound) + chain.frames
        result.ranOn = physical[(piece + 1)...].map(\.unwound)
        return result
    }

    private static func isAsyncPiece(_ frame: ThreadUnwinder.Frame, _ modules: ModuleTable) -> Bool {
        guard let file = modules.file(at: frame.lookup), file.object != nil || file.debugFile != nil else {
            return false
        }
        return file.asyncSymbols.isAsyncPiece(frame.lookup &- file.bias)
    }
}
