import Bytes
import Collector
import CrashReports
import DebugFiles
import Foundation
import JobTable

/// Inputs with several reports, and the spool, as `enqueue` uses them.
extension Enqueue {
    /// Adds every report of an input, each as an event of its own.
    ///
    /// - Parameter key: the dedup key of the first; the others get `KEY-2`, `KEY-3`, ….
    func addAll(
        _ bytes: [UInt8], key: String?, _ context: String?, _ services: Services
    ) async throws -> [EnqueuedEvent] {
        var added: [EnqueuedEvent] = []
        for (number, report) in reports(in: bytes).enumerated() {
            added.append(try await add(report, key: Self.key(key, ofReport: number), context, services))
        }
        return added
    }

    /// The key of one of an input's reports, counted from 0.
    static func key(_ key: String?, ofReport number: Int) -> String? {
        number == 0 ? key : key.map { "\($0)-\(number + 1)" }
    }

    /// What nobody can read is one report all the same: the worker says why it cannot be read.
    func reports(in bytes: [UInt8]) -> [[UInt8]] {
        guard let found = try? CrashReports.decodeAll(bytes), found.count > 1 else { return [bytes] }
        // Of very many only the first were read; one may have begun and not been understood.
        for note in found[0].inputNotes { StandardError.write("symbolist: \(Terminal.visible(note))\n") }
        return found.map(\.source)
    }

    /// Delivers what waits from before; what fails is no concern of this command's files.
    func deliverSpool(_ services: Services) async {
        let spool = spoolOptions.open()
        guard !spool.isEmpty else { return }
        let delivery = await spool.deliver(
            to: JobTableReceiver(jobs: services.jobs, blobs: services.store.storage))
        Deliver.tell(delivery, of: spool)
    }

    /// Puts reports into the spool because the database is away, and returns the failure to end with. A file that is
    /// handed over again meanwhile stays one crash.
    ///
    /// Of a binary dump the event is spooled, unwound without the store: a core that the kernel pipes in exists once.
    func keep(_ files: [String], _ context: String?, because failure: CommandFailure) async -> CommandFailure {
        let spool = spoolOptions.open()
        var messages = [failure.message]
        for file in files {
            let name = InputFile.name(of: file)
            do {
                let input = try await InputFile.contents(
                    of: file, limit: Self.readLimit, spool: dumps.spool(storage))
                let bytes: [UInt8]
                switch input {
                case .text(let text): bytes = text
                case .dump(let dump):
                    bytes = try await payloadWithoutStore(of: dump, name)
                    messages.append("\(name): unwound without the debug-file store, which is away too")
                }
                guard !bytes.isEmpty else { continue }
                messages += try put(reports(in: bytes), first: 0, context, into: spool)
                messages.append("\(name) waits in \(spool.folder) and is delivered later")
            } catch let problem as CommandFailure {
                messages.append("\(name) is not kept: \(problem.message)")
            } catch {
                messages.append("\(name) is not kept: \(error)")
            }
        }
        return CommandFailure(failure.status, messages.joined(separator: "\nsymbolist: "))
    }

    /// The same when the database went away after it was opened: for what was read of a file and not added, and for the
    /// files behind it.
    ///
    /// - Parameter first: the number of the first of `reports` in its file, from 0.
    func keep(
        _ reports: [[UInt8]], first: Int, of file: String, then files: [String], _ context: String?,
        because failure: CommandFailure
    ) async -> CommandFailure {
        let spool = spoolOptions.open()
        let name = InputFile.name(of: file)
        var messages = [failure.message]
        do throws(SpoolError) {
            messages += try put(reports, first: first, context, into: spool)
            messages.append("\(name) waits in \(spool.folder) and is delivered later")
        } catch {
            messages.append("\(name) is not kept: \(error)")
        }
        let told = CommandFailure(failure.status, messages.joined(separator: "\nsymbolist: "))
        return files.isEmpty ? told : await keep(files, context, because: told)
    }

    /// Puts reports into a spool. Returns what people must be told.
    private func put(
        _ reports: [[UInt8]], first: Int, _ context: String?, into spool: Spool
    ) throws(SpoolError) -> [String] {
        var messages: [String] = []
        let context = Array((context ?? "").utf8)
        for (number, report) in reports.enumerated() {
            let key = Self.key(dedupKey, ofReport: first + number)
            let id = Digest.sha256(Array("\(project)\n\(key ?? "")\n".utf8) + context + [0x0a] + report)
            let crash = CollectedCrash(
                id: String(id.prefix(40)), project: project, payload: report, context: context,
                priority: priority, dedupKey: key)
            let addition = try spool.add(crash, at: Int64(Date().timeIntervalSince1970 * 1000))
            for dropped in addition.dropped {
                messages.append("the spool is full: \(spool.folder)/\(dropped) was removed undelivered")
            }
        }
        return messages
    }
}
