internal import CrashEvent

/// What is written into the entries of `debug_meta.images`.
///
/// Symbolist's keys are taken out and put behind the others in one order, so that an enriched image and one as it came
/// end in the same bytes.
enum ImagePatch {
    /// The architecture that the event itself states; not one that an earlier enrichment added.
    static func ownArchitecture(of image: EventImage, in document: JSONDocument) -> String? {
        if let own = document.object("symbolist", of: image.node), document.string("arch_from", of: own) == "index" {
            return nil
        }
        return image.architecture
    }

    /// What to write about one image.
    struct Annotation {
        var status: ImageStatus
        var reason: String?
        var features: ImageFeatures?
        /// Of the file that was found.
        var architecture: String?
        /// Not by an id: there is none.
        var isMatchedByName = false
        /// Builds that may be the image's.
        var candidates: [ImageCandidate] = []
    }

    /// What a decoder wrote under `symbolist`: it stays, an enriched event may be enriched again.
    private static let given = ["mapping_offset", "mapping", "code"]

    static func apply(_ annotation: Annotation, to image: EventImage, in patch: inout EventPatch) {
        let document = patch.document
        guard document.kind(of: image.node) == .object else { return }
        let hasArchitecture = ownArchitecture(of: image, in: document) != nil
        for key in ["debug_status", "features", "symbolist"] { patch.remove(image.node, key: key) }
        if !hasArchitecture { patch.remove(image.node, key: "arch") }
        patch.set(image.node, key: "debug_status", to: JSONWriter.string(annotation.status.rawValue))
        if let features = annotation.features {
            patch.set(image.node, key: "features", to: text(features))
        }
        let architecture = hasArchitecture ? nil : annotation.architecture
        if let architecture { patch.set(image.node, key: "arch", to: JSONWriter.string(architecture)) }
        let own = document.object("symbolist", of: image.node)
        let kept = given.compactMap { key in own.flatMap { document.member(key, of: $0) }.map { (key, $0) } }
        if annotation.reason != nil || architecture != nil || annotation.isMatchedByName || !kept.isEmpty {
            var writer = JSONWriter()
            writer.beginObject()
            for (key, value) in kept { writer.member(key, raw: document.rawBytes(of: value)) }
            writer.member("reason", ifPresent: annotation.reason)
            if annotation.isMatchedByName { writer.member("matched_by", "name") }
            if architecture != nil { writer.member("arch_from", "index") }
            write(annotation.candidates, to: &writer)
            writer.endObject()
            patch.set(image.node, key: "symbolist", to: writer.bytes)
        }
    }

    private static func write(_ candidates: [ImageCandidate], to writer: inout JSONWriter) {
        guard !candidates.isEmpty else { return }
        writer.key("candidates")
        writer.beginArray()
        for candidate in candidates.prefix(16) {
            writer.beginObject()
            writer.member("id", candidate.id)
            writer.member("name", ifPresent: candidate.name)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func text(_ features: ImageFeatures) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("has_debug_info", features.hasDebugInformation)
        writer.member("has_unwind_info", features.hasUnwindInformation)
        writer.member("has_symbols", features.hasSymbols)
        writer.member("has_sources", features.hasSources)
        writer.endObject()
        return writer.bytes
    }
}
