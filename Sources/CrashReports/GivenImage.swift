import Bytes
import CrashEvent

/// A build that a person vouches for: `-e FILE`, `--build-id ID`. In the context's JSON an object with any of `name`,
/// `code_id` and `image_addr`.
///
/// It answers for an image that has no id of its own: the one of its name, or one without a name when no other build was
/// given. With an address it stands for an image that the dump does not list at all.
public struct GivenImage: Equatable, Sendable {
    /// The image's file name; a path's last component counts.
    public var name: String?
    /// The build id in hexadecimal digits; `nil` for a file without one, which is then found by its name.
    public var codeID: String?
    /// Where the image was loaded, where the dump does not say.
    public var address: UInt64?

    /// A build.
    public init(name: String? = nil, codeID: String? = nil, address: UInt64? = nil) {
        self.name = name
        self.codeID = codeID
        self.address = address
    }

    init?(_ node: JSONNode, in document: JSONDocument) {
        guard document.kind(of: node) == .object else { return nil }
        name = document.string("name", of: node)
        codeID = document.string("code_id", of: node)
        address = document.unsignedInteger("image_addr", of: node)
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", ifPresent: name)
        writer.member("code_id", ifPresent: codeID)
        if let address { writer.member("image_addr", address: address) }
        writer.endObject()
    }

    /// The file name without folders.
    var baseName: Substring? { name.flatMap { $0.split(separator: "/").last } }
}

extension ContextMerge {
    /// Gives images without an id the ids of the builds that were named for them, and adds images for those with an
    /// address that no image has.
    mutating func add(_ given: [GivenImage]) {
        guard !given.isEmpty else { return }
        for image in event.images where image.codeID == nil && image.debugID == nil {
            let name = image.codeFile.flatMap { $0.split(separator: "/").last }
            let chosen: GivenImage?
            if let name {
                let namesakes = given.filter { $0.baseName == name }
                chosen = namesakes.count == 1 ? namesakes.first : nil
            } else {
                // One that was loaded elsewhere is another image.
                let fitting = given.filter { $0.address == nil || $0.address == image.imageAddress }
                chosen = given.count == 1 ? fitting.first : nil
            }
            guard let chosen else { continue }
            if let id = chosen.codeID.flatMap({ DebugIdentifier.normalizedCodeID($0) }) {
                patch.set(image.node, key: "code_id", to: JSONWriter.string(id))
            }
            if name == nil, let name = chosen.name {
                patch.set(image.node, key: "code_file", to: JSONWriter.string(name))
            }
        }
        let missing = given.filter { one in
            one.address != nil && !event.images.contains { $0.imageAddress == one.address }
        }
        guard !missing.isEmpty else { return }
        let written = missing.map { image in
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("type", "elf")
            writer.member("code_id", ifPresent: image.codeID.flatMap { DebugIdentifier.normalizedCodeID($0) })
            writer.member("code_file", ifPresent: image.name)
            if let address = image.address { writer.member("image_addr", address: address) }
            writer.endObject()
            return writer.bytes
        }
        if let list = document.node(at: "debug_meta", "images"), document.kind(of: list) == .array {
            for image in written { patch.append(image, to: list) }
        } else {
            fill(
                path: ["debug_meta", "images"],
                with: Array("[".utf8) + written.joined(separator: [0x2c]) + Array("]".utf8))
        }
    }
}
