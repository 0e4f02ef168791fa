import Bytes

/// One entry of `debug_meta.images`: a file that was mapped in the process that crashed. Reads the document when asked.
public struct EventImage: Sendable {
    /// The position in `debug_meta.images`, 0-based.
    public let index: Int
    /// The entry; every property is `nil` when it is no object.
    public let node: JSONNode
    let document: JSONDocument

    init(index: Int, node: JSONNode, document: JSONDocument) {
        self.index = index
        self.node = node
        self.document = document
    }

    /// `elf`, `macho`, `pe`, …
    public var type: String? { document.string("type", of: node) }

    /// The whole GNU build id in lower-case hexadecimal digits without dashes; `nil` when missing or empty.
    public var codeID: String? {
        document.string("code_id", of: node).flatMap { DebugIdentifier.normalizedCodeID($0) }
    }

    /// The debug id: lower case, dashed, without an appendix of 0 (also from the older key `id`). `nil` when missing,
    /// unreadable or all zero.
    public var debugID: String? {
        let text = document.string("debug_id", of: node) ?? document.string("id", of: node)
        guard let id = text.flatMap({ DebugIdentifier.normalized($0) }) else { return nil }
        return id == "00000000-0000-0000-0000-000000000000" ? nil : id
    }

    /// The path of the file in the process, as it is written there.
    public var codeFile: String? { document.string("code_file", of: node) ?? document.string("name", of: node) }

    /// The path of its debug file.
    public var debugFile: String? { document.string("debug_file", of: node) }

    /// `x86_64`, `arm64`, …
    public var architecture: String? { document.string("arch", of: node) }

    /// Where the file's lowest mapping starts, absolute. 0 and `nil` mean that only relative addresses can name the
    /// image.
    public var imageAddress: UInt64? { document.unsignedInteger("image_addr", of: node) }

    /// The size in memory, in bytes; `nil` when unknown. Some clients write 0 for that, others a 32-bit number that
    /// turned negative.
    public var imageSize: UInt64? {
        document.unsignedInteger("image_size", of: node).flatMap { $0 == 0 ? nil : $0 }
    }

    /// The link address at which `imageAddress` is mapped, where the client says so.
    public var imageVmaddr: UInt64? { document.unsignedInteger("image_vmaddr", of: node) }
}
