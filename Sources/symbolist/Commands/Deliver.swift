import ArgumentParser
import Collector
import Foundation

/// `symbolist deliver`: the crashes that wait in the spool, into the job table.
struct Deliver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put the crashes that wait in the spool into the job table.",
        discussion: """
            'symbolist run' puts every crash into the spool first, a file each, and then delivers it; when the database is
            away, the file stays until the next crash, the next run, a worker, or this command. A crash that is delivered
            twice is one event. Files that cannot be read, and crashes that the job table refuses, go to SPOOL/damaged with
            the reason.

            EXAMPLES
              symbolist deliver
              symbolist deliver --spool /var/lib/till/spool --database sqlite:/var/lib/symbolist/symbolist.sqlite
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var spoolOptions: SpoolOptions

    @Flag(help: "Say only what went wrong.")
    var quiet = false

    func run() async throws {
        logging.start()
        let spool = spoolOptions.open()
        // The database is left alone when there is nothing for it.
        guard !spool.isEmpty else { return say("nothing waits in \(spool.folder)") }
        let receiver: JobTableReceiver
        do {
            receiver = try await JobTableReceiver.open(storage)
        } catch let failure as CommandFailure where failure.status == .unavailable {
            throw CommandFailure(.unavailable, Self.waiting(spool.entries().count, spool, failure.message))
        }
        let delivery = await spool.deliver(to: receiver)
        Self.tell(delivery, of: spool)
        if let reason = delivery.unavailable {
            throw CommandFailure(.unavailable, Self.waiting(delivery.waiting, spool, reason))
        }
        say("\(delivery.delivered) delivered")
        if !delivery.setAside.isEmpty || !delivery.left.isEmpty { throw ExitCode(ExitStatus.partly.rawValue) }
    }

    private func say(_ text: String) {
        if !quiet { StandardOutput.write(text + "\n") }
    }

    private static func waiting(_ count: Int, _ spool: Spool, _ reason: String) -> String {
        "\(count) \(count == 1 ? "crash waits" : "crashes wait") in \(spool.folder): \(reason)"
    }

    /// Says what did not arrive.
    static func tell(_ delivery: SpoolDelivery, of spool: Spool) {
        for problem in delivery.setAside {
            StandardError.write("symbolist: \(spool.folder)/\(problem.name) is set aside: \(problem.reason)\n")
        }
        for problem in delivery.left {
            StandardError.write("symbolist: \(spool.folder)/\(problem.name) stays: \(problem.reason)\n")
        }
    }
}
