import Database
import FoundationEssentials
import GRDB

/// The catalogue's table of uploads.
extension Catalogue {
    /// The same build uploaded again from the same place says nothing new and adds no row.
    static func addUpload(_ upload: UploadNote, of digest: String, _ db: GRDB.Database) throws {
        let labels = try upload.labels.isEmpty ? nil : labelText(upload.labels)
        try db.execute(
            sql: """
                INSERT INTO uploads
                    (project, digest, path, uploaded_at, host, git_commit, git_branch, git_dirty, labels, name)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE NOT EXISTS
                    (SELECT 1 FROM uploads WHERE digest = ?2 AND project = ?1 AND path IS ?3 AND host IS ?5
                     AND git_commit IS ?6 AND git_branch IS ?7 AND git_dirty IS ?8 AND labels IS ?9)
                """,
            arguments: [
                upload.project, digest, upload.path, upload.uploadedAt, upload.host, upload.git?.commit,
                upload.git?.branch, upload.git?.isDirty, labels, ImageName.base(of: upload.path),
            ])
    }

    /// Whether the same upload is recorded already.
    func isRecorded(_ upload: UploadNote, of digest: String) async throws(DebugFilesError) -> Bool {
        try await read { db in
            let labels = try upload.labels.isEmpty ? nil : Self.labelText(upload.labels)
            return try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM uploads WHERE digest = ? AND project = ? AND path IS ? AND host IS ?
                        AND git_commit IS ? AND git_branch IS ? AND git_dirty IS ? AND labels IS ?)
                    """,
                arguments: [
                    digest, upload.project, upload.path, upload.host, upload.git?.commit, upload.git?.branch,
                    upload.git?.isDirty, labels,
                ]) ?? false
        }
    }

    private static func labelText(_ labels: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(labels), as: UTF8.self)
    }
}
