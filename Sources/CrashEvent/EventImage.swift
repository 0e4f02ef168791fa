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

    /// The entry's `symbolist` object: what decoders say that Sentry has no place for.
    private var own: JSONNode? { document.object("symbolist", of: node) }

    /// Where `imageAddress` is the start of another mapping than the file's first one: that mapping's offset in the file
    /// (`symbolist.mapping_offset`).
    public var mappingOffset: UInt64? { own.flatMap { document.unsignedInteger("mapping_offset", of: $0) } }

    /// True when `imageAddress` is the start of the file's executable mapping and nobody says which offset of the file that
    /// is (`symbolist.mapping` is `executable`).
    public var isExecutableMapping: Bool {
        own.flatMap { document.string("mapping", of: $0) } == "executable"
    }

    /// Bytes of the program at an absolute address, as the reporter saw them (`symbolist.code`): a file with other bytes
    /// there is not the image's.
    public var code: (address: UInt64, bytes: [UInt8])? {
        guard let code = own.flatMap({ document.object("code", of: $0) }),
            let address = document.unsignedInteger("address", of: code),
            let bytes = document.string("bytes", of: code).flatMap({ Hexadecimal.bytes($0) })
        else { return nil }
        return (address, bytes)
    }

    /// The link address at which `imageAddress` is mapped, where the client says so.
    public var imageVmaddr: UInt64? { document.unsignedInteger("image_vmaddr", of: node) }
}
