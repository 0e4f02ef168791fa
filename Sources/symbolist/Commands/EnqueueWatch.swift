import ArgumentParser
import Bytes
import Collector
import CrashReports
import Foundation
import Glibc
import JobTable
import UnixSignals

/// Options of `enqueue --watch`.
struct WatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take every file that is in the folder or falls into it, until SIGTERM. A file that was taken goes to "
                + "DIR/.symbolist/done, one that nobody can read to DIR/.symbolist/failed with the reason.",
            valueName: "dir"))
    var watch: String?

    @Flag(help: "With --watch: delete what was taken.")
    var delete = false

    @Flag(help: "With --watch: leave what was taken where it is, and remember it.")
    var leave = false

    func validate(files: [String], dedupKey: String?, standardError: String?) throws {
        guard watch != nil else {
            if files.isEmpty { throw ValidationError("Missing expected argument '<files> ...'") }
            if delete || leave { throw ValidationError("--delete and --leave go with --watch") }
            return
        }
        if !files.isEmpty { throw ValidationError("--watch takes the files of a folder; no FILE goes with it") }
        if dedupKey != nil || standardError != nil {
            throw ValidationError("--dedup-key and --stderr go with one FILE, not with --watch")
        }
        if delete, leave { throw ValidationError("--delete and --leave exclude each other") }
    }

    /// What becomes of taken files.
    func taken(in folder: String) -> TakenFiles {
        if delete { return .deleted }
        guard leave else { return .moved }
        // Named by the folder, so that several watches of one user keep apart.
        let path = URL(filePath: folder).standardizedFileURL.path
        return .kept(memory: "\(Folders.data())/watched/\(Digest.sha256(Array(path.utf8)).prefix(16)).jsonl")
    }
}

extension Enqueue {
    /// Watches a folder until SIGTERM or SIGINT.
    func watch(_ folder: String, _ context: String?) async throws {
        umask(0o077)
        // A database that is away is waited for; a wrong name of one is told now.
        _ = try storage.location()
        let crashes = CrashFolder(
            folder, taken: watching.taken(in: folder), receiver: FolderReceiver(command: self, context: context)
        ) { text in
            StandardError.write("symbolist: \(Terminal.visible(text))\n")
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await FolderWatch.run(crashes) }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return }
                }
                // Whichever ends first ends the other: a file that is being added is finished, or stays.
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
        } catch let failure as CallFailure {
            throw CommandFailure(.unavailable, "--watch: \(failure)")
        }
    }
}

/// The job table as a place where the files of a crash folder go; opened at the first file, and again when it was away.
private actor FolderReceiver: CrashFileReceiver {
    private let command: Enqueue
    private let context: String?
    private var services: Services?
    /// Which file the database is that is open.
    private var openFile: DatabaseFile?

    init(command: Enqueue, context: String?) {
        self.command = command
        self.context = context
    }

    func receive(_ file: CrashFile) async throws(CrashReceiverError) {
        do {
            let services = try await open()
            await command.deliverSpool(services)
            let bytes = try await command.payload(of: file.openPath, services)
            do throws(CrashReportError) {
                _ = try CrashReports.decodeAll(bytes)
            } catch {
                throw CrashReceiverError.refused(error.description)
            }
            for added in try await command.addAll(bytes, key: "file-\(file.id)", context, services) {
                // A duplicate was added before a stop that came between adding and moving.
                if !added.isDuplicate { command.show(added, of: file.path) }
            }
        } catch let error as CrashReceiverError {
            throw error
        } catch let failure as CommandFailure {
            // The file is known here by its descriptor.
            let message = failure.message.replacingOccurrences(of: file.openPath + ": ", with: "")
            // An error of the database or its disk says nothing about the file.
            let isOutage = failure.status == .unavailable || failure.status == .internalError
            if !isOutage, !Task.isCancelled { throw .refused(message) }
            services = nil
            throw .unavailable(message)
        } catch {
            services = nil
            throw .unavailable("\(error)")
        }
    }

    private func open() async throws -> Services {
        let path = try command.storage.databasePath()
        // A database that was moved away or removed meanwhile would go on taking events, which nobody would see.
        if let services, openFile == DatabaseFile(path) { return services }
        services = nil
        let opened = try await Services.open(command.storage, command.sandbox)
        services = opened
        openFile = DatabaseFile(path)
        return opened
    }

    /// The file that has a name now.
    private struct DatabaseFile: Equatable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }
}
