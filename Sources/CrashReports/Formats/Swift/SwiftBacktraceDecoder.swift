import CrashEvent

/// Swift's `Runtime.Backtrace` in its Codable form: an object with `architecture`, `backtrace` and perhaps `imageMap`, the
/// latter two in base64.
///
/// It is a stack that a program took of itself: nothing crashed, so the event has one thread, the current one, and no
/// exception.
struct SwiftBacktraceDecoder {
    /// Encoded bytes; a stack of a million frames has fewer.
    private static let maximumBytes = 4 << 20

    private let document: JSONDocument
    private let node: JSONNode
    private let limits: CrashReportLimits

    init(_ document: JSONDocument, at node: JSONNode, limits: CrashReportLimits) {
        self.document = document
        self.node = node
        self.limits = limits
    }

    /// Whether an object is one.
    static func isBacktrace(_ node: JSONNode, in document: JSONDocument) -> Bool {
        document.string("backtrace", of: node) != nil && document.string("architecture", of: node) != nil
    }

    /// The first backtrace in a document, in its order; looks at no more than a million values.
    static func find(in document: JSONDocument) -> JSONNode? {
        var open = [document.root]
        var left = 1_000_000
        while let node = open.popLast(), left > 0 {
            left -= 1
            switch document.kind(of: node) {
            case .object:
                if isBacktrace(node, in: document) { return node }
                open += document.members(of: node).map(\.value).reversed()
            case .array: open += Array(document.elements(of: node)).reversed()
            default: break
            }
        }
        return nil
    }

    /// The stack, or what is wrong, as half a sentence.
    func crash() -> Result<ReportedCrash, Damage> {
        let bytes: [UInt8]
        switch decoded("backtrace") {
        case .success(let found): bytes = found ?? []
        case .failure(let damage): return .failure(damage)
        }
        guard let encoded = SwiftCompactFrames(bytes) else {
            return .failure(Damage(text: "is of another version: its first byte is not 0, 1 or 2"))
        }
        guard encoded.hasAddress else { return .failure(Damage(text: "holds no frames")) }
        var crash = ReportedCrash()
        crash.level = nil
        crash.isSynthetic = false
        crash.mechanism = "swift-backtrace"
        crash.contextName = "swift_backtrace"
        crash.architecture = document.string("architecture", of: node).map { String($0.prefix(64)) }
        var thread = ReportedThread()
        thread.isCurrent = true
        let (frames, leftOut) = encoded.frames(limit: min(limits.maximumFramesPerThread, max(2, limits.maximumFrames)))
        thread.frames = frames
        crash.threads = [thread]
        if leftOut > 0 { crash.notes.append("\(leftOut) frames were left out, see the omitted marker") }
        if encoded.isDamaged { crash.notes.append("the backtrace is damaged: its frames were read up to the damage") }
        addImages(to: &crash)
        return .success(crash)
    }

    private func addImages(to crash: inout ReportedCrash) {
        switch decoded("imageMap") {
        case .success(nil):
            crash.notes.append("the backtrace has no images: its addresses cannot be resolved")
        case .success(let bytes?):
            guard let map = SwiftCompactImages(bytes, limit: limits.maximumImages) else {
                crash.notes.append("the image map is of another version and was not read")
                return
            }
            crash.images = map.images
            crash.operatingSystem = map.platform
            if !map.isComplete {
                crash.notes.append("the image map was read up to image \(map.images.count): it is damaged or too large")
            }
        case .failure(let damage): crash.notes.append("the image map \(damage.text) and was not read")
        }
    }

    /// Why there is no stack.
    struct Damage: Error, Equatable {
        var text: String
    }

    private func decoded(_ key: String) -> Result<[UInt8]?, Damage> {
        guard let value = document.member(key, of: node), document.kind(of: value) != .null else {
            return .success(nil)
        }
        guard document.rawBytes(of: value).count <= Self.maximumBytes / 3 * 4 else {
            return .failure(Damage(text: "has more than \(Self.maximumBytes) bytes"))
        }
        guard let text = document.string(value), let bytes = Base64.decode(Array(text.utf8)) else {
            return .failure(Damage(text: "is no base64"))
        }
        return .success(bytes)
    }
}
