import Sandbox
import SymbolIndexBuilder

/// What a build tells, handed on to the parent of the sandboxed child.
enum ParserObserver {
    /// In the child: the processor count is known once it has begun.
    static var child: BuildObserver {
        BuildObserver(
            processorCount: { SandboxChild.processorCount },
            progress: { SandboxChild.progress(done: UInt64(clamping: $0), total: UInt64(clamping: $1)) },
            step: { SandboxChild.working(on: $0, of: $1, at: $2.map { UInt64(clamping: $0) }) },
            place: { SandboxChild.working(at: UInt64(clamping: $0)) },
            idle: { SandboxChild.idle() })
    }
}
