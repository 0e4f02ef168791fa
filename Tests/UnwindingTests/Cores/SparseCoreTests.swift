import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// A core is mapped, never read as a whole.
@Suite(
    "Large sparse cores", .serialized,
    .enabled(if: CrashWorkshop.problem == nil, Comment(rawValue: "no cores here: \(CrashWorkshop.problem ?? "")")))
struct SparseCoreTests {
    /// Looks at the memory that is private to this process, many times a second, from a thread of its own.
    private final class Watch: @unchecked Sendable {
        // Guarded by the lock.
        private var peak = 0
        private var isOver = false
        private let lock = NSLock()

        /// Bytes of `RssAnon`.
        static func privateMemory() -> Int {
            let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
            return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) << 10
        }

        init() {
            Thread.detachNewThread { [self] in
                while lock.withLock({ !isOver }) {
                    let now = Watch.privateMemory()
                    lock.withLock { peak = max(peak, now) }
                    usleep(500)
                }
            }
        }

        func stop() -> Int {
            let last = Watch.privateMemory()
            return lock.withLock {
                isOver = true
                return max(peak, last)
            }
        }
    }

    @Test func fourGigabytes() throws {
        let workshop = try CrashWorkshop()
        let program = try workshop.build("program", ["gcc", "-O1", "-g"], source: "big.c")
        let core = try workshop.crash(program)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: core)[.size] as? Int)
        #expect(size > 4 << 30)
        let before = Watch.privateMemory()
        let watch = Watch()
        let dump = try unwoundLocally(core)
        let used = watch.stop() - before
        print("unwound a core of \(size >> 20) MB with \(used >> 10) KB of private memory")
        #expect(dump.threads.count == 1)
        #expect(dump.threads[0].end == UnwoundThread.outermost)
        #expect(dump.threads[0].frames.count >= 4)
        // Other tests run in this process meanwhile.
        #expect(used < 300 << 20)
    }
}
