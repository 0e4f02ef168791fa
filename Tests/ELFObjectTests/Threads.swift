import Glibc
import Synchronization

/// A plain POSIX thread, as in the parser's process, where neither libdispatch nor Swift's concurrency runs.
final class Thread: @unchecked Sendable {
    // Unchecked: `body` is called once, by the thread; `identifier` is set before anyone can join.
    private let body: @Sendable () -> Void
    private var identifier = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        let status = pthread_create(
            &identifier, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Thread>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if status != 0 { Unmanaged.passUnretained(self).release() }
    }

    func join() { pthread_join(identifier, nil) }
}

/// What threads found, to be looked at when they have ended.
final class Findings<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    func add(_ value: Value) { values.withLock { $0.append(value) } }
    var all: [Value] { values.withLock { $0 } }
}
