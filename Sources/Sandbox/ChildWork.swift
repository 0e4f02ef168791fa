import CSandbox
import Glibc
import Synchronization

private let processorCountFromParent = Mutex(1)

/// What a task says about its work while it works. All of it is cheap, allocates nothing, may be called on any thread,
/// and does nothing in a process that is no child.
extension SandboxChild {
    /// How many threads can run at once: what the parent may use, a container's quota included. The child cannot find
    /// out itself, for the kernel tells it in files. 1 in a process that is no child.
    public static var processorCount: Int {
        processorCountFromParent.withLock { $0 }
    }

    static func setProcessorCount(_ count: Int) {
        processorCountFromParent.withLock { $0 = count }
    }

    /// Tells the parent that `done` of `total` is done, in any unit. As often as the caller likes: the parent looks ten
    /// times a second. `done` does not go back, so threads may come out of order.
    public static func progress(done: UInt64, total: UInt64) {
        csandbox_progress(done, total)
    }

    /// Says what the calling thread does from now on, for errors about a limit or death: `working(on: "reading
    /// .debug_info", of: "till", at: 0x2f)`. At most 63 threads of a process are heard; step and subject together are
    /// cut to about a hundred bytes.
    /// - Parameters:
    ///   - step: A verb ending in -ing, and what is read: `reading .debug_info`, of the subject. A verb alone has the
    ///     subject as its object: `decompressing`, `.debug_info of till`.
    ///   - subject: The file.
    ///   - place: An offset in the section.
    public static func working(on step: StaticString, of subject: String = "", at place: UInt64? = nil) {
        guard step.hasPointerRepresentation else { return }
        // A bridged or sliced string has no such storage; every string of Swift's own has.
        _ = subject.utf8.withContiguousStorageIfAvailable { subject in
            subject.withMemoryRebound(to: CChar.self) { subject in
                step.withUTF8Buffer { step in
                    step.withMemoryRebound(to: CChar.self) { step in
                        csandbox_working(
                            step.baseAddress, step.count, subject.baseAddress, subject.count, place ?? .max)
                    }
                }
            }
        }
    }

    /// The calling thread is at another place of the step that it has named: one store.
    public static func working(at place: UInt64) {
        csandbox_working_at(place)
    }

    /// The calling thread waits or is about to end: it is left out of errors.
    public static func idle() {
        csandbox_idle()
    }

    /// When the machine's memory runs out in spite of the limits, the kernel shall take a child and not its parent.
    static func offerToOutOfMemoryKiller() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        // Not permitted in some containers: then the kernel chooses.
        _ = write(file, "1000", 4)
        close(file)
    }
}
