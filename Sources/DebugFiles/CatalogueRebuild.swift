/// What a rebuild of the catalogue found.
public struct RebuildReport: Sendable, Equatable {
    /// Objects that are catalogued now.
    public var objects = 0
    /// Uploads of them.
    public var uploads = 0
    /// Source texts of them.
    public var sources = 0
    /// Objects and notes that could not be used, each with the reason.
    public var problems: [String] = []
}

/// Fills the catalogue from what the store says of itself.
struct CatalogueRebuild: Sendable {
    let storage: any BlobStorage
    let catalogue: Catalogue

    func run() async throws(DebugFilesError) -> RebuildReport {
        var report = RebuildReport()
        let digests: [String]
        do throws(BlobStorageError) {
            digests = try await storage.digests(withNote: .object)
        } catch {
            throw .storage(error.description)
        }
        for digest in digests { try await add(digest, &report) }
        return report
    }

    private func add(_ digest: String, _ report: inout RebuildReport) async throws(DebugFilesError) {
        guard try await hasBlob(digest) else {
            report.problems.append("\(digest): notes without their object")
            return
        }
        let objects: [ObjectNote] = try await notes(.object, of: digest, &report)
        let uploads: [UploadNote] = try await notes(.upload, of: digest, &report)
        let sources: [SourcesNote] = try await notes(.sources, of: digest, &report)
        guard let object = objects.max(by: { $0.inspectedBy < $1.inspectedBy }), object.digest == digest else {
            report.problems.append("\(digest): no note says what it is")
            return
        }
        guard !uploads.isEmpty else {
            // Killed before its upload was recorded: nobody was told that it is there, and no project owns it.
            report.problems.append("\(digest): stored by an upload that did not end; upload it again")
            return
        }
        var entries = sources.flatMap(\.sources)
        for upload in uploads.sorted(by: { $0.uploadedAt < $1.uploadedAt }) {
            try await catalogue.add(
                Catalogue.Addition(
                    digest: digest, size: object.size, inspection: object.inspection, project: upload.project,
                    upload: upload, inspectedBy: object.inspectedBy, addedAt: upload.uploadedAt, sources: entries))
            entries = []
        }
        report.objects += 1
        report.uploads += uploads.count
        report.sources += Set(sources.flatMap(\.sources).map(\.path)).count
    }

    private func hasBlob(_ digest: String) async throws(DebugFilesError) -> Bool {
        do throws(BlobStorageError) {
            return try await storage.size(of: digest) != nil
        } catch {
            throw .storage(error.description)
        }
    }

    private func notes<Note: Decodable>(
        _ kind: BlobNoteKind, of digest: String, _ report: inout RebuildReport
    ) async throws(DebugFilesError) -> [Note] {
        let all: [[UInt8]]
        do throws(BlobStorageError) {
            all = try await storage.notes(kind, of: digest)
        } catch {
            throw .storage(error.description)
        }
        var notes: [Note] = []
        for bytes in all {
            do throws(DebugFilesError) {
                notes.append(try NoteCoding.decode(Note.self, bytes))
            } catch {
                report.problems.append("\(digest): note '\(kind.rawValue)': \(error.description)")
            }
        }
        return notes
    }
}
