import CrashEvent
import CrashReports
import DebugFiles
import ParserTasks

/// A dump that is kept as a blob of the debug-file store, as the event made from it names it:
///
///     contexts.symbolist.dump = {"digest": …, "size": …, "compression": "zstd", "format": "elf-core",
///                                "unwound_with": [build ids]}
///
/// The event alone refers to the blob, in its raw payload and in its result: whatever removes the event finds the blob
/// there.
struct KeptDump: Sendable, Equatable {
    /// SHA-256 of the blob.
    var digest: String
    /// Bytes of the blob.
    var size: Int
    /// How the blob is compressed.
    var compression: DumpKind.Compression
    /// `elf-core`, `minidump`.
    var format: DecodedReport.Format
    /// Build ids of the modules that frames lay in and whose executable or library was there when it was unwound.
    var unwoundWith: Set<String>

    static let path = ["contexts", "symbolist", "dump"]

    init(
        digest: String, size: Int, compression: DumpKind.Compression, format: DecodedReport.Format,
        unwoundWith: some Sequence<String>
    ) {
        self.digest = digest
        self.size = size
        self.compression = compression
        self.format = format
        self.unwoundWith = Set(unwoundWith)
    }

    /// What an event says; `nil` when it names no dump, or in another way than this.
    init?(in document: JSONDocument) {
        guard let node = document.node(at: "contexts", "symbolist", "dump"),
            let digest = document.string("digest", of: node),
            let size = document.unsignedInteger("size", of: node).flatMap({ Int(exactly: $0) }),
            let compression = document.string("compression", of: node).flatMap(DumpKind.Compression.init),
            let format = document.string("format", of: node).flatMap(DecodedReport.Format.init)
        else { return nil }
        self.init(digest: digest, size: size, compression: compression, format: format, unwoundWith: [])
        guard let ids = document.array("unwound_with", of: node) else { return }
        unwoundWith = Set(document.elements(of: ids).compactMap { document.string($0) })
    }

    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("digest", digest)
        writer.member("size", size)
        writer.member("compression", compression.rawValue)
        writer.member("format", format.rawValue)
        writer.member("unwound_with", raw: Self.list(unwoundWith))
        writer.endObject()
        return writer.bytes
    }

    static func list(_ ids: some Sequence<String>) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for id in ids.sorted() { writer.string(id) }
        writer.endArray()
        return writer.bytes
    }
}

extension DumpReader {
    /// Keeps a dump and returns its event, which names the blob. What came compressed is kept as it came; anything else is
    /// compressed in the child, with zeros costing next to nothing.
    public func keep(
        _ dump: ReadDump, name: String, onProgress: Progress? = nil
    ) async throws(EnrichmentError) -> [UInt8] {
        guard let storage else { throw .unavailable("there is no debug-file store to keep a dump in") }
        var file = dump.files.original
        if dump.files.compression == nil {
            let output = try await temporaryFile()
            onProgress?(.compressing, 0, 1)
            do throws(ObjectParserError) {
                _ = try await parser.compress(
                    dump.files.dump, into: output, request: CompressRequest(limit: spool.byteLimit, name: name))
            } catch {
                throw EnrichmentError(error)
            }
            file = output
        }
        let blob: StoredBlob
        do throws(BlobStorageError) {
            blob = try await storage.put(file, expectedDigest: nil)
        } catch {
            throw .unavailable(error.description)
        }
        let kept = KeptDump(
            digest: blob.digest, size: blob.size, compression: dump.files.compression ?? .zstd,
            format: dump.report.format, unwoundWith: dump.unwoundWith)
        return try EventChange.apply(to: dump.report.event) { document, patch in
            patch.set(document.root, path: ["contexts", "symbolist", "type"], to: JSONWriter.string("symbolist"))
            patch.set(document.root, path: ["contexts", "symbolist", "version"], to: Array("1".utf8))
            patch.set(document.root, path: KeptDump.path, to: kept.json)
        }
    }
}

/// A change of an event of our own making, or of one that was looked at before.
enum EventChange {
    static func apply(
        to event: [UInt8], _ body: (JSONDocument, inout EventPatch) -> Void
    ) throws(EnrichmentError) -> [UInt8] {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(event)
        } catch {
            throw .notUnderstood(error.description)
        }
        var patch = EventPatch(document)
        body(document, &patch)
        do throws(EventPatchError) {
            return try patch.apply()
        } catch {
            throw .notUnderstood(error.description)
        }
    }
}
