public import DebugFiles
public import JobTable
public import Logging
public import ServiceLifecycle

/// Leases a batch of events, enriches them, writes back, repeats.
///
///     ┌─▶ lease ──▶ enrich (a few at a time) ──▶ complete ──┐
///     │      │               ▲                              │
///     │   nothing         heartbeat      trouble ─▶ release, pause
///     │      ▼                                              │
///     └── wait for work ◀───────────────────────────────────┘
///
/// A graceful shutdown (SIGTERM) ends leasing at once. What is being enriched is finished; what is held and not begun
/// is released. A cancelled task gives back what is being enriched too, no attempt counted. A worker may be killed at
/// any instant: its leases expire, and other workers take the events.
///
/// One log line a batch, none an event. Payloads are never logged, nor are the reasons of single events, which may
/// quote the beginning of one: those stand in the table. What is logged of a failure is ``Trouble``, which knows no
/// event.
public struct Worker: Service {
    private let jobs: any JobTable
    private let processor: JobProcessor
    private let options: WorkerOptions
    private let logger: Logger
    private let observer: @Sendable (WorkerTotals) -> Void

    /// - Parameter observer: Told the totals after every batch.
    public init(
        jobs: any JobTable, blobs: any BlobStorage, enricher: EventEnricher, options: WorkerOptions = WorkerOptions(),
        logger: Logger, observer: @escaping @Sendable (WorkerTotals) -> Void = { _ in }
    ) {
        self.jobs = jobs
        self.options = options
        self.logger = logger
        self.observer = observer
        processor = JobProcessor(jobs: jobs, blobs: blobs, enricher: enricher, options: options)
    }

    private var isStopping: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

    /// Works until a graceful shutdown, or until nothing is left when the options say so.
    ///
    /// - Throws: ``Trouble``: a job table that is damaged; with `untilEmpty` also one, or a store, that is not there.
    ///   Without it, these are tried again with growing pauses. What was held is released before.
    public func run() async throws {
        var totals = WorkerTotals()
        // What could not even be released, for as long as the table does not answer.
        var held: [LeasedJob] = []
        var pause = options.firstPause
        var ending: Trouble?
        while !isStopping {
            var trouble: Trouble?
            do throws(JobTableError) {
                try await release(&held)
                let leased = try await jobs.lease(
                    limit: options.batchSize, owner: options.owner, duration: options.leaseDuration)
                if leased.isEmpty {
                    if options.untilEmpty, try await jobs.pendingCounts().isEmpty { break }
                    try await waitForWork()
                } else {
                    let batch = Batch(jobs: jobs, processor: processor, options: options, logger: logger)
                    let report = await batch.work(on: leased)
                    totals += report.totals
                    held = report.held
                    trouble = report.trouble
                    observer(totals)
                }
            } catch {
                trouble = .jobTable(error)
            }
            guard let trouble else {
                pause = options.firstPause
                continue
            }
            guard trouble.isPassing, !options.untilEmpty else {
                ending = trouble
                break
            }
            logger.error("\(trouble)", metadata: ["retry_after": "\(pause)"])
            let now = pause
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: now) }
            pause = min(pause * 2, options.longestPause)
        }
        do throws(JobTableError) {
            try await release(&held)
        } catch {
            logger.error("held events are free when their leases expire: \(error)", metadata: ["held": "\(held.count)"])
        }
        logger.info("worker stopped", metadata: totals.metadata)
        if let ending { throw ending }
    }

    private func release(_ held: inout [LeasedJob]) async throws(JobTableError) {
        guard !held.isEmpty else { return }
        try await jobs.release(held)
        held = []
    }

    private func waitForWork() async throws(JobTableError) {
        let jobs = jobs
        // Nothing wakes a worker when others end the last events: one that waits for that looks again soon.
        let interval =
            options.untilEmpty ? min(options.pollInterval, .milliseconds(200)) : options.pollInterval
        let result: Result<Bool, JobTableError> = await cancelWhenGracefulShutdown {
            do throws(JobTableError) {
                return .success(try await jobs.waitForWork(timeout: interval))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = result { throw error }
    }
}

extension WorkerTotals {
    /// For the log.
    var metadata: Logger.Metadata {
        [
            "events": "\(events)", "complete": "\(complete)", "partial": "\(partial)", "dead": "\(dead)",
            "retried": "\(retried)", "released": "\(released)", "given_up": "\(givenUp)",
        ]
    }
}
