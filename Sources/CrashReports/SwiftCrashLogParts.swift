import Bytes
import CrashEvent

/// The parts of the event that do not depend on a thread: images, contexts, and what has no place anywhere.
extension SwiftCrashLogDecoder {
    // MARK: - Images

    func writeImage(_ image: JSONNode, to writer: inout JSONWriter) {
        let base = document.member("baseAddress", of: image)
        let start = base.flatMap { document.unsignedInteger($0) }
        let end = document.unsignedInteger("endOfText", of: image)
        let path = document.string("path", of: image)
        let name = document.string("name", of: image)
        let codeID = document.string("buildId", of: image).flatMap { DebugIdentifier.normalizedCodeID($0) }
        writer.beginObject()
        writer.member("type", isDarwin ? "macho" : "elf")
        writer.member("code_id", ifPresent: codeID)
        writer.member("debug_id", ifPresent: codeID.flatMap { debugID($0) })
        writer.member("code_file", ifPresent: path ?? name)
        if let base, document.kind(of: base) != .null {
            writer.member("image_addr", raw: document.rawBytes(of: base))
        }
        // `endOfText` ends the executable segment: what lies behind it holds no code.
        if let start, let end, end > start { writer.member("image_size", end - start) }
        writer.member("arch", ifPresent: architecture)
        writeRest(of: image, key: "swift_backtrace", to: &writer) { key, value in
            switch key {
            case "name": path == nil || path?.split(separator: "/").last.map(String.init) == name
            case "buildId", "path": document.kind(of: value) == .string
            case "baseAddress": true
            case "endOfText": start != nil && end.map { $0 > start ?? 0 } == true
            default: false
            }
        }
        writer.endObject()
    }

    private func debugID(_ codeID: String) -> String? {
        guard let bytes = Hexadecimal.bytes(codeID) else { return nil }
        let isBig = isDarwin || ["s390x", "powerpc", "powerpc64", "ppc", "ppc64"].contains(architecture)
        return DebugIdentifier.make(buildID: bytes, isLittleEndian: !isBig)
    }

    // MARK: - Contexts

    /// `Linux (Debian GNU/Linux 12 (bookworm))`, `macOS 15.1 (24B83)`: a name, a version where there is one, and a
    /// distribution or build in brackets.
    func writeContexts(to writer: inout JSONWriter) {
        writer.key("contexts")
        writer.beginObject()
        if !platform.isEmpty {
            var name = Substring(platform)
            var inner: Substring?
            if let bracket = platform.firstRange(of: " ("), platform.hasSuffix(")") {
                name = platform[..<bracket.lowerBound]
                inner = platform[bracket.upperBound...].dropLast()
            }
            let words = name.split(separator: " ", maxSplits: 1)
            writer.key("os")
            writer.beginObject()
            writer.member("type", "os")
            writer.member("name", String(words.first ?? name))
            if words.count > 1 { writer.member("version", String(words[1])) }
            if let inner { writer.member(isDarwin ? "build" : "distribution_pretty_name", String(inner)) }
            writer.member("raw_description", platform)
            writer.endObject()
        }
        if let architecture {
            writer.key("device")
            writer.beginObject()
            writer.member("type", "device")
            writer.member("arch", architecture)
            writer.endObject()
        }
        writer.key("swift_backtrace")
        writer.beginObject()
        writer.member("type", "swift_backtrace")
        writeMembers(of: document.root, to: &writer) { key, value in
            switch key {
            case "timestamp": document.kind(of: value) == .string || document.kind(of: value) == .number
            case "kind", "platform", "architecture": document.kind(of: value) == .string
            case "threads", "images": document.kind(of: value) == .array
            default: false
            }
        }
        let threadsLeftOut = max(0, threads.count - limits.maximumThreads)
        let imagesLeftOut = max(0, images.count - limits.maximumImages)
        if threadsLeftOut > 0 { writer.member("threads_left_out", threadsLeftOut) }
        if imagesLeftOut > 0 { writer.member("images_left_out", imagesLeftOut) }
        writer.endObject()
        writer.endObject()
    }

    // MARK: - What has no place

    /// Writes the members of `node` that `isPlaced` does not know, verbatim, as an object under `key`; nothing without
    /// any.
    func writeRest(
        of node: JSONNode, key: String, to writer: inout JSONWriter, isPlaced: (String, JSONNode) -> Bool
    ) {
        guard document.kind(of: node) == .object else {
            writer.key(key)
            writer.beginObject()
            writer.member("value", raw: document.rawBytes(of: node))
            writer.endObject()
            return
        }
        guard document.members(of: node).contains(where: { !isPlaced(document.string($0.key) ?? "", $0.value) }) else {
            return
        }
        writer.key(key)
        writer.beginObject()
        writeMembers(of: node, to: &writer, isPlaced: isPlaced)
        writer.endObject()
    }

    private func writeMembers(of node: JSONNode, to writer: inout JSONWriter, isPlaced: (String, JSONNode) -> Bool) {
        for (key, value) in document.members(of: node) {
            let name = document.string(key) ?? ""
            if !isPlaced(name, value) { writer.member(name, raw: document.rawBytes(of: value)) }
        }
    }
}
