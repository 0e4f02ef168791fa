import Bytes
import ParserTasks

/// Collects the texts of the sources that one object names, and packs those that the store lacks.
struct SourceCollector: Sendable {
    /// A pack is closed beyond this many bytes; most objects fill one only in part.
    private static let packSize = 32 << 20
    /// Sources of one object that are looked at.
    static let countLimit = 200_000

    let rules: SourcePolicy.Rules
    /// When the object was written, nanoseconds since 1970.
    let objectModified: Int64
    /// The texts that stood in the object's debug information, where the inspection says.
    let embedded: FileDescriptor?
    /// Source paths that have a text already, with its mark: nothing worse is taken.
    let known: [String: SourceMark]

    /// A text on its way into a pack.
    struct Text: Sendable {
        var path: String
        var digest: String
        var bytes: [UInt8]
        var mark: SourceMark
    }

    /// Texts of one pack and the refusals on the way.
    struct Batch: Sendable {
        var texts: [Text] = []
        var refused: [(path: String, reason: SourcePolicy.Refusal)] = []
        /// Paths that the store has as good a text for.
        var kept: [SourceMark] = []
        /// Where to go on; `nil` at the end.
        var next: Int?
    }

    /// Reads the sources from position `start` on until a pack is full. Blocks.
    func collect(_ sources: [ObjectInspection.Source], from start: Int) -> Batch {
        var batch = Batch()
        var size = 0
        for (index, source) in sources.enumerated().dropFirst(start) {
            if size >= Self.packSize {
                batch.next = index
                break
            }
            let mark = known[source.path]
            // Text of which nothing better can come is not read again.
            if let mark, mark == .exact || (mark == .unchecked && source.embeddedOffset == nil) {
                batch.kept.append(mark)
                continue
            }
            guard index < Self.countLimit else {
                batch.refused.append((source.path, .overLimit))
                continue
            }
            do throws(SourcePolicy.Refusal) {
                let text = try text(of: source)
                if let mark, mark.rank >= text.mark.rank {
                    batch.kept.append(mark)
                    continue
                }
                size += text.bytes.count
                batch.texts.append(text)
            } catch {
                if let mark { batch.kept.append(mark) } else { batch.refused.append((source.path, error)) }
            }
        }
        return batch
    }

    /// The text of one source: the embedded one, else that of the file that the rules allow. Blocks.
    func text(of source: ObjectInspection.Source) throws(SourcePolicy.Refusal) -> Text {
        if let text = try embeddedText(of: source) {
            return Text(path: source.path, digest: Digest.sha256(text), bytes: text, mark: .exact)
        }
        let file = try rules.read(source.path)
        let mark: SourceMark
        if let md5 = source.md5, let expected = Hexadecimal.bytes(md5), expected.count == 16 {
            mark = Digest.md5(file.text) == expected ? .exact : .differs
        } else {
            mark = file.modified > objectModified ? .newer : .unchecked
        }
        return Text(path: source.path, digest: Digest.sha256(file.text), bytes: file.text, mark: mark)
    }

    /// The text that the compiler put into the object. The same limits hold: it comes from an untrusted file too.
    private func embeddedText(of source: ObjectInspection.Source) throws(SourcePolicy.Refusal) -> [UInt8]? {
        guard let embedded, let offset = source.embeddedOffset, let length = source.embeddedLength else { return nil }
        guard offset >= 0, length >= 0, length <= SourcePolicy.sizeLimit else { throw .tooLarge }
        guard let text = try? embedded.read(at: offset, count: length, path: source.path), text.count == length else {
            throw .unreadable
        }
        guard String(validating: text, as: UTF8.self) != nil else { throw .notUTF8 }
        return text
    }

    /// Puts the texts that the store lacks into one pack and says where each text stands.
    ///
    /// A pack is the texts one after the other, nothing else: the notes of the objects and the catalogue are its index.
    static func pack(
        _ texts: [Text], into storage: any BlobStorage, catalogue: Catalogue
    ) async throws(DebugFilesError) -> [SourceEntry] {
        guard !texts.isEmpty else { return [] }
        var places = try await catalogue.places(ofTexts: Set(texts.map(\.digest)))
        var isThere: [String: Bool] = [:]
        do throws(BlobStorageError) {
            for pack in Set(places.values.map(\.pack)) { isThere[pack] = try await storage.size(of: pack) != nil }
        } catch {
            throw .storage(error.description)
        }
        // A pack that left the store takes its texts along: they are packed again.
        places = places.filter { isThere[$0.value.pack] == true }
        var offsets: [String: Int] = [:]
        var bytes: [UInt8] = []
        for text in texts where places[text.digest] == nil && offsets[text.digest] == nil {
            offsets[text.digest] = bytes.count
            bytes += text.bytes
        }
        if !offsets.isEmpty {
            let pack: StoredBlob
            do throws(BlobStorageError) {
                pack = try await storage.put(bytes)
            } catch {
                throw .storage(error.description)
            }
            for text in texts {
                guard let offset = offsets[text.digest] else { continue }
                places[text.digest] = Catalogue.TextPlace(
                    pack: pack.digest, offset: offset, length: text.bytes.count)
            }
        }
        return texts.compactMap { text in
            places[text.digest].map { place in
                SourceEntry(
                    path: text.path, textDigest: text.digest, pack: place.pack, offset: place.offset,
                    length: place.length, mark: text.mark)
            }
        }
    }
}
