import CProcess
import Dispatch
import Glibc

/// Watches a ``CrashFolder`` until its task is cancelled: looks when the kernel tells of a file, and now and then anyway.
public enum FolderWatch {
    /// How often is looked without being told: with a watch of the kernel, which may lose events, and without.
    static let interval: (watched: Int64, unwatched: Int64) = (60_000, 5_000)

    /// Runs until cancelled. What is being taken at that moment is finished.
    ///
    /// - Throws: when the folder cannot be opened at the start.
    public static func run(_ folder: CrashFolder) async throws(CallFailure) {
        _ = try Files.names(in: folder.path)
        var folder = folder
        let watch = KernelWatch(folder: folder.path)
        while !Task.isCancelled {
            let closed = watch.names()
            let now = Monotonic.now()
            let next = await folder.pass(closed: closed, now: now)
            let longest = watch.isWatching ? interval.watched : interval.unwatched
            await watch.wait(milliseconds: min(longest, max(10, (next ?? .max) - Monotonic.now())))
        }
    }
}

/// The kernel's word about files that were closed after writing or moved into a folder.
///
/// `@unchecked Sendable`: the descriptors are set once and closed by `deinit` only; the kernel serialises their use.
private final class KernelWatch: @unchecked Sendable {
    private let events: Int32
    /// Wakes a waiting thread when the task is cancelled.
    private let bell: (heard: Int32, rung: Int32)
    let isWatching: Bool

    init(folder: String) {
        events = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        var ends: [Int32] = [-1, -1]
        cprocess_pipe(&ends)
        bell = (ends[0], ends[1])
        isWatching =
            events >= 0 && inotify_add_watch(events, folder, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)) >= 0
    }

    deinit {
        if events >= 0 { close(events) }
        if bell.heard >= 0 { close(bell.heard) }
        if bell.rung >= 0 { close(bell.rung) }
    }

    /// The names since the last call.
    func names() -> Set<String> {
        guard isWatching else { return [] }
        var names: Set<String> = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(events, &buffer, buffer.count)
            guard count > 0 else { return names }
            buffer.withUnsafeBytes { bytes in
                let header = MemoryLayout<inotify_event>.size
                var at = 0
                while at + header <= count {
                    let length = Int(bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self))
                    guard at + header + length <= count else { return }
                    let name = bytes[(at + header)..<(at + header + length)].prefix { $0 != 0 }
                    if !name.isEmpty { names.insert(String(decoding: name, as: UTF8.self)) }
                    at += header + length
                }
            }
        }
    }

    /// Waits for an event, the time, or cancellation, on a thread that is not of the cooperative pool.
    func wait(milliseconds: Int64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { [self] in
                    var waiting = [
                        pollfd(fd: isWatching ? events : -1, events: Int16(POLLIN), revents: 0),
                        pollfd(fd: bell.heard, events: Int16(POLLIN), revents: 0),
                    ]
                    poll(&waiting, nfds_t(waiting.count), Int32(clamping: milliseconds))
                    continuation.resume()
                }
            }
        } onCancel: {
            // Rung once in a life: the pipe is never full, and stays readable.
            var one: UInt8 = 1
            write(bell.rung, &one, 1)
        }
    }
}
