import ArgumentParser
import DebugFiles
import Foundation
import Glibc
import JobTable
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals
import Worker

/// `symbolist worker`: enriches what is in the job table.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Take raw events from the job table, enrich them, write them back.",
        discussion: """
            Any number of workers may run on one job table. SIGTERM ends leasing at once; what is being enriched is
            finished within 30 seconds, everything else that is held is released.

            EXAMPLES
              symbolist worker
              symbolist worker --until-empty --log-level info
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var indexes: IndexOptions
    @OptionGroup var inApp: InAppOptions
    @OptionGroup var dumps: DumpOptions
    @OptionGroup var spoolOptions: SpoolOptions

    @Flag(help: "Stop when nothing is ready, leased or backing off.")
    var untilEmpty = false

    @Option(help: "Events leased at once.")
    var batchSize = 32

    @Option(help: "Events enriched at the same time.")
    var concurrency = 2

    @Option(help: ArgumentHelp("How long an event is held without a sign of life.", valueName: "seconds"))
    var leaseTime = 60

    @Option(help: ArgumentHelp("The longest an idle worker sleeps; a new event wakes it.", valueName: "seconds"))
    var pollInterval = 5

    @Option(help: ArgumentHelp("Larger events end as dead letters with that reason.", valueName: "bytes"))
    var maxEventSize = 20_000_000

    func validate() throws {
        for (name, value, most) in [
            ("batch-size", batchSize, 10_000), ("concurrency", concurrency, 1_000), ("lease-time", leaseTime, 86_400),
            ("poll-interval", pollInterval, 86_400), ("max-event-size", maxEventSize, 1 << 30),
        ] where !(1...most).contains(value) {
            throw ValidationError("--\(name): \(value) is not between 1 and \(most)")
        }
    }

    func run() async throws {
        logging.start()
        let services = try await Services.open(storage, sandbox) { indexes.apply(to: &$0) }
        var options = WorkerOptions()
        options.untilEmpty = untilEmpty
        options.batchSize = batchSize
        options.concurrency = concurrency
        options.leaseDuration = .seconds(leaseTime)
        options.pollInterval = .seconds(pollInterval)
        options.maximumEventSize = maxEventSize
        options.owner = "\(ProcessInfo.processInfo.hostName):\(getpid())"
        let totals = Totals()
        // The service group logs its services whole at trace level: pages of it, and nothing that helps.
        var serviceLogger = Logger(label: "symbolist.services")
        serviceLogger.logLevel = .warning
        let logger = Logger(label: "symbolist.worker")
        let source = StoredSymbols(services.store)
        let reader = dumps.reader(
            storage, services.parser, source: source, blobs: services.store.storage, reportSize: maxEventSize)
        let worker = Worker(
            jobs: services.jobs, blobs: services.store.storage,
            enricher: EventEnricher(source: source, symbolicator: try inApp.symbolicator(), dumps: reader),
            options: options, logger: logger, observer: { totals.set($0) })
        let spool = SpoolService(
            spool: spoolOptions.open(),
            receiver: JobTableReceiver(jobs: services.jobs, blobs: services.store.storage), logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: spool),
                .init(
                    service: worker, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup),
            ], gracefulShutdownSignals: [.sigterm, .sigint], logger: serviceLogger)
        // Building the index of a large object takes minutes, and service managers kill after 90 seconds: what is not
        // finished by then is cancelled and given back, instead of being lost until its lease expires.
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let trouble as Trouble {
            switch trouble {
            case .store: throw CommandFailure(.unavailable, trouble.description)
            case .jobTable(let error): throw error.failure
            }
        }
        guard untilEmpty else { return }
        let done = totals.value
        StandardOutput.write(
            "\(done.complete + done.partial) events enriched (\(done.partial) with something missing), "
                + "\(done.dead) dead letters\n")
        if done.partial + done.dead > 0 { throw ExitCode(ExitStatus.partly.rawValue) }
    }
}

/// The worker's totals, seen from outside of it.
private final class Totals: Sendable {
    private let state = Mutex(WorkerTotals())

    var value: WorkerTotals { state.withLock { $0 } }

    func set(_ totals: WorkerTotals) { state.withLock { $0 = totals } }
}
