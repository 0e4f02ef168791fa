import Collector
import DebugFiles
import Glibc
import JobTable

/// The job table as a place where crashes go.
struct JobTableReceiver: CrashReceiver {
    let jobs: any JobTable
    let blobs: any BlobStorage

    /// Opens the database and the store for large payloads; nothing else.
    static func open(_ storage: StorageOptions) async throws -> JobTableReceiver {
        // Everything that Symbolist creates is its own user's, whatever the shell's umask says.
        umask(0o077)
        return JobTableReceiver(
            jobs: SQLiteJobTable(try await Services.openDatabase(storage)), blobs: try storage.folder())
    }

    func receive(_ crash: CollectedCrash) async throws(CrashReceiverError) {
        do {
            let payload: NewRawEvent.Payload
            if crash.payload.count > Enqueue.inlineLimit {
                let blob = try await blobs.put(crash.payload)
                payload = .blob(digest: blob.digest, size: blob.size)
            } else if let text = String(validating: crash.payload, as: UTF8.self) {
                payload = .text(text)
            } else {
                payload = .bytes(crash.payload)
            }
            let context = crash.context.isEmpty ? nil : String(decoding: crash.context, as: UTF8.self)
            _ = try await jobs.enqueue(
                NewRawEvent(
                    payload: payload, project: crash.project, dedupKey: crash.dedupKey, context: context,
                    priority: crash.priority))
        } catch let error as JobTableError {
            if case .rejected(let reason) = error { throw .refused("the job table refuses the event: \(reason)") }
            throw .unavailable(error.description)
        } catch {
            throw .unavailable("\(error)")
        }
    }
}
