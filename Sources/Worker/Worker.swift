public import DebugFiles
public import JobTable
public import Logging
public import ServiceLifecycle
import Synchronization

/// Leases a batch of events, enriches them, writes back, repeats.
///
///     ┌─▶ lease ──▶ enrich (a few at a time) ──▶ complete ──┐
///     │      │               ▲                              │
///     │   nothing         heartbeat                         │
///     │      ▼                                              │
///     └── wait for work ◀───────────────────────────────────┘
///
/// A graceful shutdown (SIGTERM) ends leasing at once. What is being enriched is finished; what is held and not begun is
/// released. A worker may be killed at any instant: its leases expire, and other workers take the events.
///
/// One log line a batch, none an event; payloads are never logged.
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

    /// Works until a graceful shutdown, or until nothing is left when the options say so.
    ///
    /// A job table that cannot be reached is tried again with growing pauses; with `untilEmpty` the error is thrown.
    public func run() async throws {
        var totals = WorkerTotals()
        var pause: Duration = .seconds(1)
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do throws(JobTableError) {
                let batch = try await jobs.lease(
                    limit: options.batchSize, owner: options.owner, duration: options.leaseDuration)
                if batch.isEmpty {
                    if options.untilEmpty, try await jobs.pendingCounts().isEmpty { break }
                    try await waitForWork()
                } else {
                    totals += try await work(on: batch)
                    observer(totals)
                }
                pause = .seconds(1)
            } catch {
                guard case .unavailable = error, !options.untilEmpty else { throw error }
                logger.error("\(error)", metadata: ["retry_after": "\(pause)"])
                let now = pause
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: now) }
                pause = min(pause * 2, .seconds(30))
            }
        }
        logger.info(
            "worker stopped",
            metadata: ["events": "\(totals.events)", "dead": "\(totals.dead)", "released": "\(totals.givenUp)"])
    }

    private func waitForWork() async throws(JobTableError) {
        let jobs = jobs
        let interval = options.pollInterval
        let result: Result<Bool, JobTableError> = await cancelWhenGracefulShutdown {
            do throws(JobTableError) {
                return .success(try await jobs.waitForWork(timeout: interval))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = result { throw error }
    }

    /// Works on a batch, a few events at a time, while a heartbeat holds the leases.
    private func work(on batch: [LeasedJob]) async throws(JobTableError) -> WorkerTotals {
        let started = ContinuousClock.now
        let held = HeldJobs(batch)
        let results = await withTaskGroup(of: Result<JobOutcome, JobTableError>?.self) { group in
            group.addTask {
                await heartbeat(held)
                return nil
            }
            var results: [Result<JobOutcome, JobTableError>] = []
            var next = batch.startIndex
            var running = 0
            while true {
                while running < options.concurrency, next < batch.endIndex, !Task.isShuttingDownGracefully {
                    let job = batch[next]
                    next += 1
                    running += 1
                    group.addTask {
                        let result = await outcome(of: job)
                        held.drop(job)
                        return result
                    }
                }
                guard running > 0, let finished = await group.next() else { break }
                guard let finished else { continue }
                running -= 1
                results.append(finished)
            }
            group.cancelAll()
            return results
        }
        let left = held.all
        if !left.isEmpty { try await jobs.release(left) }
        var totals = WorkerTotals()
        totals.givenUp = left.count
        for result in results { totals.count(try result.get()) }
        let milliseconds = (ContinuousClock.now - started) / .milliseconds(1)
        logger.info(
            "batch",
            metadata: [
                "events": "\(batch.count)", "complete": "\(totals.complete)", "partial": "\(totals.partial)",
                "dead": "\(totals.dead)", "retried": "\(totals.retried)", "released": "\(totals.givenUp)",
                "ms": "\(Int(milliseconds))",
            ])
        return totals
    }

    private func outcome(of job: LeasedJob) async -> Result<JobOutcome, JobTableError> {
        do throws(JobTableError) {
            return .success(try await processor.process(job))
        } catch {
            return .failure(error)
        }
    }

    /// Holds what is still held, three times a lease, until cancelled. A heartbeat that fails is logged; the leases then
    /// expire, which loses nothing.
    private func heartbeat(_ held: HeldJobs) async {
        while (try? await Task.sleep(for: options.leaseDuration / 3)) != nil {
            let jobs = held.all
            guard !jobs.isEmpty else { continue }
            do {
                _ = try await self.jobs.heartbeat(jobs, duration: options.leaseDuration)
            } catch {
                logger.warning("heartbeat failed", metadata: ["error": "\(error)"])
            }
        }
    }
}

/// The events of a batch that are leased and not yet ended, shared by the tasks of the batch.
private final class HeldJobs: Sendable {
    private let jobs: Mutex<[LeasedJob]>

    init(_ jobs: [LeasedJob]) { self.jobs = Mutex(jobs) }

    var all: [LeasedJob] { jobs.withLock { $0 } }

    func drop(_ job: LeasedJob) {
        jobs.withLock { $0.removeAll { $0.eventID == job.eventID } }
    }
}

extension WorkerTotals {
    mutating func count(_ outcome: JobOutcome) {
        switch outcome {
        case .complete: complete += 1
        case .partial: partial += 1
        case .dead: dead += 1
        case .retried: retried += 1
        case .givenUp: givenUp += 1
        }
    }
}
