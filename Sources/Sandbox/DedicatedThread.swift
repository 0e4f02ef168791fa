import Glibc

/// A thread for one blocking piece of work, off Swift's cooperative pool.
enum DedicatedThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `work` on a new thread and hands its result to `then` there, or the result for pthread_create's error
    /// number here.
    static func run<Result: Sendable>(
        orFailWith failure: (Int32) -> Result, work: @escaping @Sendable () -> Result,
        then: @escaping @Sendable (Result) -> Void
    ) {
        let box = Unmanaged.passRetained(Work { then(work()) })
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 * 1024)
        // The thread starts with all signals blocked: the process's handlers run elsewhere, and no call is interrupted.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        if code != 0 {
            box.release()
            then(failure(code))
        }
    }
}
