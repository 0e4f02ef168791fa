import Collector
import Logging
import ServiceLifecycle

/// Delivers what waits in a spool, now and then, beside a worker: what could not be delivered when it happened.
struct SpoolService: Service {
    let spool: Spool
    let receiver: any CrashReceiver
    let logger: Logger
    /// The pause between two looks.
    var interval: Duration = .seconds(60)

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            if !spool.isEmpty { report(await spool.deliver(to: receiver)) }
            let interval = interval
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
        }
    }

    private func report(_ delivery: SpoolDelivery) {
        if delivery.delivered > 0 {
            logger.info("crashes delivered from the spool", metadata: ["crashes": "\(delivery.delivered)"])
        }
        for problem in delivery.setAside {
            logger.error(
                "a file of the spool is set aside",
                metadata: ["file": "\(problem.name)", "reason": "\(problem.reason)"])
        }
        if let reason = delivery.unavailable {
            logger.error(
                "crashes wait in the spool", metadata: ["crashes": "\(delivery.waiting)", "reason": "\(reason)"])
        }
    }
}
