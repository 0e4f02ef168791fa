import CSandbox
import Glibc

/// Looks at a child's private memory (RAM, swap and page tables, not mapped files), as often as its limit needs.
///
/// The overshoot is what the child's threads can touch between two looks: each next look comes when a machine that
/// fills 4 GB a second would reach the limit, but not sooner than 2 ms. The address space limit bounds even that.
struct MemoryWatch {
    private let status: OwnedDescriptor
    private let limit: UInt64

    /// `nil` when this machine does not show the memory of processes: no /proc, or one that hides them.
    init?(pid: pid_t, limit: UInt64) {
        status = OwnedDescriptor(csandbox_open_memory(pid))
        guard status.isOpen else { return nil }
        self.limit = limit
    }

    /// How long the child can be left alone; `nil` when it holds more than its limit.
    func look() -> Duration? {
        let used = csandbox_memory_used(status.number)
        guard used <= limit else { return nil }
        return min(max(.nanoseconds(Int64(clamping: (limit - used) / 4)), .milliseconds(2)), .milliseconds(50))
    }
}
