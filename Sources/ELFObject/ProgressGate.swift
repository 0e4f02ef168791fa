import Glibc
import Synchronization

/// One thread makes bytes, others wait until enough of them are there.
///
///     filler   ──── publish(1 MB) ── publish(2 MB) ── … ── publish(count)  or  fail(error)
///     readers  ──── wait(until: 1.5 MB) ┄┄┄┄┄┄┄┄┄▶│ go on
///
/// A plain mutex and condition variable, because the threads of the parser's process are plain POSIX threads. Asking
/// for bytes that are there costs one atomic load.
///
/// `@unchecked Sendable`: `state` is touched with the mutex held only; the pointers never change.
final class ProgressGate: @unchecked Sendable {
    private enum State {
        case idle
        case filling
        case failed(ELFError)
    }

    private let published: Atomic<Int>
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state = State.idle

    /// A gate behind which `count` bytes are already.
    init(published count: Int) {
        published = Atomic(count)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// How many bytes from the start are final. What was written before it was published is visible to the caller.
    var available: Int { published.load(ordering: .acquiring) }

    /// True for the first caller, who must then publish or fail; false for all later ones.
    func begin() -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard case .idle = state else { return false }
        state = .filling
        return true
    }

    /// Makes the first `count` bytes available.
    func publish(_ count: Int) {
        pthread_mutex_lock(mutex)
        published.store(count, ordering: .releasing)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Ends all waiting for bytes that are not there.
    func fail(_ error: ELFError) {
        pthread_mutex_lock(mutex)
        state = .failed(error)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Blocks until `count` bytes are available, or until the filling failed.
    func wait(until count: Int) throws(ELFError) {
        if available >= count { return }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while published.load(ordering: .relaxed) < count {
            if case .failed(let error) = state { throw error }
            pthread_cond_wait(condition, mutex)
        }
    }
}
