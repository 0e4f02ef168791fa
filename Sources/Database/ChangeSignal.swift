import GRDB
import Synchronization

/// Tells an idle process that something was committed, by this process or by any other one on the file.
///
/// Nothing in SQLite calls across processes, but `PRAGMA data_version` changes on a connection whenever another
/// connection committed. A connection of its own asks for it while somebody waits, and only then; commits made through
/// ``SQLiteDatabase`` in this process wake at once.
///
///     let token = try await signal.token()     // first the token …
///     … look for work, find none …             // … then the look: a commit between the two is not missed
///     await signal.wait(after: token, timeout: .seconds(5))
public final class ChangeSignal: Sendable {
    /// A moment in the file's history, for ``ChangeSignal/wait(after:timeout:)``. Means nothing to another signal.
    public struct Token: Equatable, Sendable {
        fileprivate let generation: UInt64
    }

    private struct State {
        var generation: UInt64 = 0
        var dataVersion: Int64?
        var nextWaiter: UInt64 = 0
        /// `nil` marks a waiter that was cancelled before it could register.
        var waiters: [UInt64: CheckedContinuation<Void, Never>?] = [:]
    }

    /// Reads nothing but the pragma; never in a transaction, so it never holds back a checkpoint.
    private let connection: DatabaseQueue
    private let interval: Duration
    private let state = Mutex(State())

    init(path: String, interval: Duration) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "change signal"
        configuration.busyMode = .timeout(10)
        connection = try DatabaseQueue(path: path, configuration: configuration)
        self.interval = interval
    }

    /// The present moment. Runs one pragma.
    public func token() async throws -> Token {
        try await poll()
        return Token(generation: state.withLock { $0.generation })
    }

    /// Waits until something was committed after `token`, the timeout has passed, or the task is cancelled.
    ///
    /// A foreign commit is seen within the poll interval (50 ms). A wake-up means "look again", not "there is work".
    /// When the file cannot be read, this returns `true` too: the look that follows meets the error and reports it.
    ///
    /// - Returns: whether something was committed.
    @discardableResult
    public func wait(after token: Token, timeout: Duration) async -> Bool {
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.nextNotification(after: token) }
            group.addTask { await self.pollUntilChange(after: token, deadline: deadline) }
            let changed = await group.next() ?? false
            group.cancelAll()
            return changed
        }
    }

    /// A commit of this process: wakes its waiters without a poll.
    func notify() {
        let woken = state.withLock { state in
            state.generation &+= 1
            defer { state.waiters = [:] }
            return state.waiters.values.compactMap(\.self)
        }
        for waiter in woken { waiter.resume() }
    }

    private func isCurrent(_ token: Token) -> Bool {
        state.withLock { $0.generation == token.generation }
    }

    private func pollUntilChange(after token: Token, deadline: ContinuousClock.Instant) async -> Bool {
        while isCurrent(token), !Task.isCancelled {
            do {
                try await poll()
            } catch {
                return !Task.isCancelled
            }
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard isCurrent(token), remaining > .zero else { break }
            // A cancelled sleep ends the loop by its condition.
            try? await Task.sleep(for: min(interval, remaining))
        }
        return !isCurrent(token)
    }

    private func poll() async throws {
        // A task of its own: GRDB would turn the caller's cancellation into an error of the database.
        let version = try await Task { [connection] in
            try await connection.unsafeRead { db in
                try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) ?? 0
            }
        }.value
        let changed = state.withLock { state in
            defer { state.dataVersion = version }
            return state.dataVersion != nil && state.dataVersion != version
        }
        if changed { notify() }
    }

    private func nextNotification(after token: Token) async -> Bool {
        let waiter = state.withLock { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let registered = state.withLock { state in
                    let cancelled = state.waiters.removeValue(forKey: waiter) != nil
                    guard !cancelled, state.generation == token.generation else { return false }
                    state.waiters[waiter] = .some(continuation)
                    return true
                }
                if !registered { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                guard let registered = state.waiters.removeValue(forKey: waiter) else {
                    state.waiters[waiter] = .some(nil)
                    return CheckedContinuation<Void, Never>?.none
                }
                return registered
            }
            continuation?.resume()
        }
        state.withLock { _ = $0.waiters.removeValue(forKey: waiter) }
        return !isCurrent(token)
    }
}
