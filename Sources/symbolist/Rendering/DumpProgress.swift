import Glibc
import Synchronization
import Worker

/// What a dump that takes long is at, on the terminal's last line: shown after two seconds, to a person only.
final class DumpProgress: Sendable {
    private struct State {
        var shownAt: ContinuousClock.Instant?
        var isShown = false
    }

    private let name: String
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameter name: Of the dump.
    init(_ name: String) { self.name = Terminal.visible(name) }

    /// For ``DumpReader``; `nil` when nobody looks.
    var report: DumpReader.Progress? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        return { [self] step, done, total in show(step, done, total) }
    }

    private func show(_ step: DumpReader.Step, _ done: Int, _ total: Int) {
        let now = ContinuousClock.now
        guard now - start > .seconds(2), total > 0 else { return }
        state.withLock { state in
            if let last = state.shownAt, now - last < .milliseconds(200) { return }
            state.shownAt = now
            state.isShown = true
            let share = step == .compressing ? "" : ", \(min(100, done * 100 / total)) %"
            StandardError.write("\r\u{1b}[K\(step.rawValue) \(name)\(share)")
        }
    }

    /// Takes the line away.
    func end() {
        state.withLock { state in
            if state.isShown { StandardError.write("\r\u{1b}[K") }
            state.isShown = false
        }
    }
}
