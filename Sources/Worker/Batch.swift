import JobTable
import Logging
import ServiceLifecycle
import Synchronization

/// Works on leased events, a few at a time, while a heartbeat holds the leases.
///
/// Whatever happens, every event of a batch is accounted for: it ended, or its lease was lost, or it is released. The
/// failure of one takes nothing away from the others.
struct Batch: Sendable {
    let jobs: any JobTable
    let processor: JobProcessor
    let options: WorkerOptions
    let logger: Logger

    /// What became of a batch.
    struct Report: Sendable {
        var totals = WorkerTotals()
        /// What should have been released and was not, because the table did not answer.
        var held: [LeasedJob] = []
        /// The first failure that was no event's.
        var trouble: Trouble?
    }

    private enum Signal: Sendable {
        case ended(LeasedJob, JobOutcome)
        case heartbeatEnded
    }

    func work(on leased: [LeasedJob]) async -> Report {
        let started = ContinuousClock.now
        let held = HeldJobs(leased)
        var report = await outcomes(leased, held)
        // Everything that did not end and was not lost: not begun, or stopped by trouble or cancellation.
        report.held = held.all
        report.totals.released = report.held.count
        report.totals.givenUp = leased.count - report.totals.events
        if !report.held.isEmpty {
            do throws(JobTableError) {
                try await jobs.release(report.held)
                report.held = []
            } catch {
                report.trouble = report.trouble ?? .jobTable(error)
            }
        }
        var metadata = report.totals.metadata
        metadata["ms"] = "\(Int((ContinuousClock.now - started) / .milliseconds(1)))"
        logger.info("batch", metadata: metadata)
        return report
    }

    private func outcomes(_ leased: [LeasedJob], _ held: HeldJobs) async -> Report {
        await withTaskGroup(of: Signal.self) { group in
            group.addTask {
                await heartbeat(held)
                return .heartbeatEnded
            }
            var report = Report()
            var waiting = leased[...]
            var running = 0
            while true {
                while running < options.concurrency, report.trouble == nil, !Task.isShuttingDownGracefully,
                    !Task.isCancelled, let job = waiting.popFirst()
                {
                    // Lost before it was begun: another worker has it, so it is not enriched for nothing.
                    guard held.contains(job) else { continue }
                    running += 1
                    group.addTask { .ended(job, await processor.process(job)) }
                }
                guard running > 0, let signal = await group.next() else { break }
                // Cancelled, the heartbeat ends before the jobs do.
                guard case .ended(let job, let outcome) = signal else { continue }
                running -= 1
                if case .held(let trouble) = outcome {
                    report.trouble = report.trouble ?? trouble
                } else {
                    held.drop(job)
                    report.totals.count(outcome)
                }
            }
            // Ends the heartbeat's sleep; the group waits for nothing else.
            group.cancelAll()
            return report
        }
    }

    /// Holds what is still held, three times a lease, until cancelled. One that fails is logged; the leases then
    /// expire, which loses nothing. A lost lease stops nothing that runs: the result is refused when it comes.
    private func heartbeat(_ held: HeldJobs) async {
        while (try? await Task.sleep(for: options.leaseDuration / 3)) != nil {
            let asked = held.all
            guard !asked.isEmpty else { continue }
            do throws(JobTableError) {
                let kept = try await jobs.heartbeat(asked, duration: options.leaseDuration)
                held.drop(lost: asked, except: kept)
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

    func contains(_ job: LeasedJob) -> Bool { jobs.withLock { $0.contains { $0.eventID == job.eventID } } }

    func drop(_ job: LeasedJob) {
        jobs.withLock { $0.removeAll { $0.eventID == job.eventID } }
    }

    func drop(lost asked: [LeasedJob], except kept: [LeasedJob]) {
        let lost = Set(asked.map(\.eventID)).subtracting(kept.map(\.eventID))
        guard !lost.isEmpty else { return }
        jobs.withLock { $0.removeAll { lost.contains($0.eventID) } }
    }
}

extension WorkerTotals {
    /// Counts an event that ended; what is held is counted when it is released.
    fileprivate mutating func count(_ outcome: JobOutcome) {
        switch outcome {
        case .complete: complete += 1
        case .partial: partial += 1
        case .dead: dead += 1
        case .retried: retried += 1
        // What is left over when all others are counted.
        case .givenUp, .held: break
        }
    }
}
