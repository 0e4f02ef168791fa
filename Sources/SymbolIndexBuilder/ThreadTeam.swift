import Glibc

/// Plain threads: the sandboxed child has no libdispatch queues, and so no Swift concurrency.
enum ThreadTeam {
    /// Bytes of stack: libiberty's demangler recurses.
    private static let stackSize = 8 << 20

    private final class Job {
        let body: @Sendable (Int) -> Void
        let number: Int
        init(_ number: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.number = number
            self.body = body
        }
    }

    /// Calls `body` with 0 ..< count, each on a thread of its own, and returns when all have returned. The calling thread
    /// is one of them; when the system gives no more threads, it does the work of those that are missing.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        var threads: [pthread_t] = []
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        pthread_attr_setstacksize(attributes, stackSize)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        var missing: [Int] = []
        for number in stride(from: 1, to: count, by: 1) {
            var thread = pthread_t()
            let job = Unmanaged.passRetained(Job(number, body))
            let result = pthread_create(
                &thread, attributes,
                { argument in
                    guard let argument else { return nil }
                    let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
                    job.body(job.number)
                    return nil
                }, job.toOpaque())
            if result == 0 {
                threads.append(thread)
            } else {
                job.release()
                missing.append(number)
            }
        }
        body(0)
        for number in missing { body(number) }
        for thread in threads { pthread_join(thread, nil) }
    }
}
