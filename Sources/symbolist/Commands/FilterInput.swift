import Dispatch
import Foundation
import Glibc

/// Standard input with deadlines, and the signals that end a filter.
///
/// Reading blocks, so each wait runs on a thread of Dispatch's, never on one that tasks share.
final class FilterInput: Sendable {
    /// What came first.
    enum Event: Sendable {
        case bytes([UInt8])
        case deadline
        case end
        /// SIGINT, SIGTERM or SIGHUP: what is held goes out before the process dies of it.
        case signal(Int32)
    }

    private let queue = DispatchQueue(label: "symbolist.filter.input")
    private let signalPipe: Int32

    /// Takes over the signals.
    init() throws {
        // Where standard input is closed, the next file that is opened would take its place.
        if fcntl(STDIN_FILENO, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY) }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw CommandFailure(.internalError, "signals: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        signalPipe = ends[0]
        signalPipeEnd = ends[1]
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // One that the parent ignores (nohup) stays ignored.
            let before = signal(number, noteSignal)
            if let before, unsafeBitCast(before, to: Int.self) == 1 { signal(number, SIG_IGN) }
        }
    }

    /// The next event, at the latest at `deadline`.
    func next(until deadline: ContinuousClock.Instant?) async -> Event {
        await withCheckedContinuation { continuation in
            queue.async { [signalPipe] in continuation.resume(returning: Self.wait(signalPipe, until: deadline)) }
        }
    }

    private static func wait(_ signalPipe: Int32, until deadline: ContinuousClock.Instant?) -> Event {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var files = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signalPipe, events: Int16(POLLIN), revents: 0),
            ]
            let status = poll(&files, nfds_t(files.count), milliseconds(until: deadline))
            if status == 0 { return .deadline }
            if status < 0 {
                if errno == EINTR { continue }
                return .end
            }
            if files[1].revents & Int16(POLLIN) != 0 {
                var number: UInt8 = 0
                if read(signalPipe, &number, 1) == 1 { return .signal(Int32(number)) }
            }
            guard files[0].revents != 0 else { continue }
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count > 0 { return .bytes(Array(buffer[..<count])) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            return .end
        }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        // Rounded up, so that the deadline has passed afterwards.
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Ends the process by the signal that it was sent, so that its parent sees that.
    static func die(of number: Int32) -> Never {
        signal(number, SIG_DFL)
        kill(getpid(), number)
        exit(128 + number)
    }
}

/// Where ``noteSignal`` writes: set once, before any signal is taken over, and only read afterwards.
nonisolated(unsafe) private var signalPipeEnd: Int32 = -1

/// A signal handler: does nothing that a handler must not do.
private func noteSignal(_ number: Int32) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(signalPipeEnd, &byte, 1)
    errno = saved
}
