import CSandboxProbe
import Glibc
import Sandbox
import Synchronization

/// Tasks on several plain threads: what a builder of indexes does there.
enum ThreadTasks {
    static let all: [String: SandboxChild.Task] = [
        "processors": { _, _ in Array(String(SandboxChild.processorCount).utf8) },
        "threads": { request, _ in Array(String(try work(on: number(request))).utf8) },
        "thread-calls": { _, _ in Array(probeCalls().utf8) },
        "thread-abort": { _, _ in
            SandboxChild.working(on: "waiting", of: "the test")
            _ = try onThreads(2) { number in
                SandboxChild.working(on: "reading .debug_info", of: "till.debug", at: UInt64(number * 16))
                if number == 1 { abort() }
                while true { sleep(1000) }
            }
            return []
        },
    ]

    static func number(_ request: [UInt8]) -> Int {
        Int(String(decoding: request, as: UTF8.self)) ?? 0
    }

    /// Runs `body` on `count` threads with their own numbers and returns the sum of what they return.
    static func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Int) throws -> Int {
        final class Work: Sendable {
            let number: Int
            let body: @Sendable (Int) -> Int
            init(_ number: Int, _ body: @escaping @Sendable (Int) -> Int) {
                self.number = number
                self.body = body
            }
        }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var threads: [pthread_t] = []
        for number in 0..<count {
            var thread = pthread_t()
            let work = Unmanaged.passRetained(Work(number, body))
            let code = pthread_create(
                &thread, &attributes,
                { argument in
                    guard let argument else { return nil }
                    let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                    return UnsafeMutableRawPointer(bitPattern: work.body(work.number))
                }, work.toOpaque())
            guard code == 0 else { throw TestError(description: "pthread_create: \(code)") }
            threads.append(thread)
        }
        var sum = 0
        for thread in threads {
            var result: UnsafeMutableRawPointer?
            guard pthread_join(thread, &result) == 0 else { throw TestError(description: "pthread_join") }
            sum += Int(bitPattern: result)
        }
        return sum
    }

    /// Locks, conditions, atomics, heap, mappings and names, on `count` threads at once; then again on as many new
    /// ones.
    private static func work(on count: Int) throws -> Int {
        struct Queue {
            var items = Array(0..<10_000)
            var texts: Set<String> = []
        }
        let queue = Mutex(Queue())
        let done = Atomic<Int>(0)
        return try (0..<2).reduce(0) { sum, _ in
            queue.withLock { $0 = Queue() }
            done.store(0, ordering: .relaxed)
            return try sum
                + onThreads(count) { number in
                    guard probe_name_thread("reader \(number)") else { return -1 }
                    SandboxChild.working(on: "counting", of: "items")
                    var sum = 0
                    while let item = queue.withLock({ $0.items.popLast() }) {
                        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: item), count: item * 3)
                        queue.withLock { _ = $0.texts.insert(String(bytes.count)) }
                        if item % 100 == 0 { churn(bytes.count) }
                        sum += item
                        SandboxChild.working(at: UInt64(item))
                        SandboxChild.progress(
                            done: UInt64(done.add(1, ordering: .relaxed).newValue), total: 10_000)
                    }
                    SandboxChild.idle()
                    return sum
                }
        }
    }

    /// A mapping as a decompressor makes one.
    private static func churn(_ size: Int) {
        let length = (1 << 20) + size
        let memory = mmap(nil, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard memory != MAP_FAILED, let memory else { abort() }
        guard mprotect(memory, length, PROT_READ | PROT_WRITE) == 0 else { abort() }
        memset(memory, 1, 100_000)
        guard madvise(memory, 1 << 19, MADV_DONTNEED) == 0, munmap(memory, length) == 0 else { abort() }
    }

    /// Results of single calls on another thread than the first.
    private static func probeCalls() -> String {
        let texts = Mutex("")
        _ = try? onThreads(1) { _ in
            var text = "sysconf \(sysconf(Int32(_SC_NPROCESSORS_ONLN)) >= 1)"
            text += " yield \(sched_yield())"
            text += " gettid \(probe_call(probe_gettid, 0, 0, 0) > 0)"
            // Query, register, use: 0, 16 and 8.
            text += " membarrier \(probe_call(probe_membarrier, 0, 0, 0) >= 0)"
            text += " getcpu \(probe_call(probe_getcpu, 0, 0, 0))"
            text += " affinity \(probe_affinity() > 0)"
            var condition = pthread_cond_t()
            var mutex = pthread_mutex_t()
            pthread_cond_init(&condition, nil)
            pthread_mutex_init(&mutex, nil)
            pthread_mutex_lock(&mutex)
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            time.tv_nsec = (time.tv_nsec + 1000) % 1_000_000_000
            text += " wait \(pthread_cond_timedwait(&condition, &mutex, &time) == ETIMEDOUT)"
            texts.withLock { $0 = text }
            return 0
        }
        return texts.withLock { $0 }
    }
}
