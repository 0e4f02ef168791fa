import CSandbox
import Glibc

/// Reads what a child writes until it is dead, and kills it when the clock, the reply's size or a cancellation says so.
struct ChildWatch {
    /// Why the child was killed from here.
    enum Stop: Equatable {
        case cancelled
        case wallClock
        case replySize
        case memory
    }

    /// The last words that an error quotes, in bytes.
    static let errorTailLength = 4096

    /// How often progress is looked at.
    private static let progressInterval = Duration.milliseconds(100)
    /// How often death is asked for where no descriptor tells of it.
    private static let deathInterval = Duration.milliseconds(5)

    let pid: pid_t
    /// A descriptor that tells of the child's death; -1 on kernels without.
    let death: Int32
    let reply: Int32
    let standardError: Int32
    let cancellation: Int32
    let limits: SandboxLimits

    /// `nil` when memory is limited in another way.
    let memory: MemoryWatch?
    let report: ChildReport
    let onProgress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)?

    private(set) var replyBytes: [UInt8] = []
    private(set) var errorTail: [UInt8] = []
    private var shownProgress: (done: UInt64, total: UInt64) = (0, 0)

    init(
        pid: pid_t, death: Int32, reply: Int32, standardError: Int32, cancellation: Int32, limits: SandboxLimits,
        memory: MemoryWatch?, report: ChildReport,
        onProgress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)?
    ) {
        self.pid = pid
        self.death = death
        self.reply = reply
        self.standardError = standardError
        self.cancellation = cancellation
        self.limits = limits
        self.memory = memory
        self.report = report
        self.onProgress = onProgress
    }

    /// Returns when the child is dead and what it wrote is read; `nil` when it died without help from here.
    /// - Parameter reason: Kill it at once.
    mutating func untilDead(killing reason: Stop? = nil) -> Stop? {
        let clock = ContinuousClock()
        let deadline = clock.now + limits.wallClock
        var memoryLook = clock.now
        var progressLook = clock.now
        var stop = reason.map { kill($0) }
        var polled = [death, reply, standardError, cancellation].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while true {
            var next = deadline
            if memory != nil { next = min(next, memoryLook) }
            if onProgress != nil { next = min(next, progressLook) }
            if death < 0 { next = min(next, clock.now + Self.deathInterval) }
            // Behind a kill there is only its death to wait for.
            let timeout = stop == nil || death < 0 ? Self.milliseconds(next - clock.now) : -1
            let count = poll(&polled, nfds_t(polled.count), timeout)
            if count < 0, errno != EINTR { stop = kill(stop ?? .cancelled) }
            if count < 0 { continue }
            let isDead = death < 0 ? csandbox_is_dead(pid) : polled[0].revents != 0
            // A dead child's words are complete: what is read now is the rest.
            if polled[1].revents != 0 || isDead, !readReply() { polled[1].fd = -1 }
            if polled[2].revents != 0 || isDead, !readError() { polled[2].fd = -1 }
            if isDead {
                showProgress()
                return isReplyTooLong ? .replySize : stop
            }
            guard stop == nil else { continue }
            let now = clock.now
            if now >= progressLook {
                showProgress()
                progressLook = now + Self.progressInterval
            }
            if polled[3].revents != 0 {
                stop = kill(.cancelled)
            } else if isReplyTooLong {
                stop = kill(.replySize)
            } else if now >= deadline {
                stop = kill(.wallClock)
            } else if now >= memoryLook, let memory {
                if let pause = memory.look() { memoryLook = now + pause } else { stop = kill(.memory) }
            }
            // Readable for ever now.
            if stop != nil { polled[3].fd = -1 }
        }
    }

    private mutating func showProgress() {
        guard let onProgress, let progress = report.progress(), progress != shownProgress else { return }
        shownProgress = progress
        onProgress(progress.done, progress.total)
    }

    private var isReplyTooLong: Bool {
        let limit = UInt64(clamping: limits.replySize)
        if let claimed = ReplyFrame.claimedLength(replyBytes), claimed > limit { return true }
        return UInt64(replyBytes.count) > limit + UInt64(ReplyFrame.headerLength)
    }

    /// The whole group: without a filter a child may have children.
    private func kill(_ reason: Stop) -> Stop {
        Glibc.kill(-pid, SIGKILL)
        Glibc.kill(pid, SIGKILL)
        return reason
    }

    /// Takes what is there; false at the end of the pipe.
    private mutating func readReply() -> Bool {
        drain(reply) { watch, bytes in
            // One piece more than the limit proves the excess; nothing behind it is kept.
            if !watch.isReplyTooLong { watch.replyBytes.append(contentsOf: bytes) }
        }
    }

    private mutating func readError() -> Bool {
        drain(standardError) { watch, bytes in
            watch.errorTail.append(contentsOf: bytes.suffix(Self.errorTailLength))
            let excess = watch.errorTail.count - Self.errorTailLength
            if excess > 0 { watch.errorTail.removeFirst(excess) }
        }
    }

    private mutating func drain(_ descriptor: Int32, _ take: (inout ChildWatch, UnsafeRawBufferPointer) -> Void) -> Bool
    {
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 1) { buffer in
            // Bounded, so that a child that never stops writing cannot keep this from looking at the clock.
            for _ in 0..<16 {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count == 0 { return false }
                if count < 0 { return errno == EAGAIN || errno == EINTR }
                take(&self, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            return true
        }
    }

    /// For `poll`: rounded up, at least 0, at most an hour (then it asks again).
    private static func milliseconds(_ duration: Duration) -> Int32 {
        guard duration > .zero else { return 0 }
        let parts = min(duration, .seconds(3600)).components
        return Int32(clamping: parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000 + 1)
    }
}
