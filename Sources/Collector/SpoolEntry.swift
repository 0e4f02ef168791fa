import Bytes
import CrashEvent
import CrashReports

/// A crash as a file of the spool: one line of JSON, then the payload as it is.
///
///     {"symbolist_spool":1,"id":"6f…","dedup_key":"crash-6f…","project":"till","priority":0,"context":{…},"payload_size":4740,"payload_sha256":"…"}⏎
///     { "timestamp": "2026-…
///
/// The size and the digest tell a whole file from one that a disk lost a part of. A higher version number is left alone
/// by this release.
enum SpoolEntry {
    static let version = 1
    /// The line's length, context included: stderr takes 64 KiB of text, which may be escaped to six times that.
    static let maximumHeader = 4 << 20

    /// The file's bytes.
    static func encode(_ crash: CollectedCrash) -> [UInt8] {
        var writer = JSONWriter(capacity: crash.payload.count + crash.context.count + 512)
        writer.beginObject()
        writer.member("symbolist_spool", version)
        writer.member("id", crash.id)
        writer.member("dedup_key", crash.dedupKey)
        writer.member("project", crash.project)
        writer.member("priority", crash.priority)
        if !crash.context.isEmpty { writer.member("context", raw: crash.context) }
        writer.member("payload_size", crash.payload.count)
        writer.member("payload_sha256", Digest.sha256(crash.payload))
        writer.endObject()
        return writer.bytes + [0x0a] + crash.payload
    }

    /// Reads a file's bytes.
    static func decode(_ bytes: [UInt8]) throws(Damage) -> CollectedCrash {
        guard let end = bytes.prefix(maximumHeader).firstIndex(of: 0x0a) else {
            throw Damage(reason: bytes.isEmpty ? "the file is empty" : "there is no header line")
        }
        let header: JSONDocument
        do {
            header = try JSONDocument(Array(bytes[..<end]))
        } catch {
            throw Damage(reason: "the header line is no JSON: \(error)")
        }
        guard let found = header.unsignedInteger("symbolist_spool", of: header.root) else {
            throw Damage(reason: "the header line is not a spool's")
        }
        guard found == UInt64(version) else { throw Damage(reason: "format version \(found)", isNewer: true) }
        guard let id = header.string("id", of: header.root), CollectedCrash.isValidID(id),
            let project = header.string("project", of: header.root),
            let size = header.unsignedInteger("payload_size", of: header.root),
            let digest = header.string("payload_sha256", of: header.root)
        else { throw Damage(reason: "the header lacks id, project, payload_size or payload_sha256") }
        let payload = Array(bytes[(end + 1)...])
        guard UInt64(payload.count) == size else {
            throw Damage(reason: "the payload has \(payload.count) of \(size) bytes")
        }
        guard Digest.sha256(payload) == digest else {
            throw Damage(reason: "the payload's SHA-256 is not the header's")
        }
        var context: [UInt8] = []
        if let node = header.object("context", of: header.root) { context = Array(header.rawBytes(of: node)) }
        let priority = header.member("priority", of: header.root).flatMap { header.integer($0) } ?? 0
        return CollectedCrash(
            id: id, project: project, payload: payload, context: context, priority: Int(clamping: priority),
            dedupKey: header.string("dedup_key", of: header.root))
    }

    /// Why a file is no crash.
    struct Damage: Error, Equatable {
        let reason: String
        /// Written by a later release: not damaged, but not for this one.
        var isNewer = false
    }
}
