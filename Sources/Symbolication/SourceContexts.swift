internal import CrashEvent

/// The source context of chain entries, as JSON members, made once per entry.
struct SourceContexts {
    private let texts: [SourceRequest: SourceText]
    /// By position in `ChainTable.files`.
    private var lines: [Int32: SourceLines] = [:]
    private var made: [Int: Made] = [:]
    private var left: Int
    private var cacheLeft = 32 << 20
    /// Whether the limit left a frame without context.
    private(set) var limitReached = false

    /// The members of one entry.
    struct Made {
        /// `"pre_context":[…],"context_line":"…","post_context":[…]`
        var members: [UInt8]
        /// See `SourceContext.column`.
        var column: Int?
    }

    init(_ texts: [SourceRequest: SourceText], limit: Int) {
        self.texts = texts
        left = limit
    }

    /// The mark of an entry's source, where there is a text for it.
    func mark(of entry: ChainEntry, in chains: ChainTable) -> SourceMark? {
        entry.file >= 0 && entry.line > 0 ? texts[request(entry, chains)]?.mark : nil
    }

    /// `nil` without a text, beyond its end, or behind the limit.
    mutating func members(ofEntry position: Int, in chains: ChainTable) -> Made? {
        let entry = chains.entries[position]
        guard entry.file >= 0, entry.line > 0, !limitReached else { return nil }
        let result: Made
        if let known = made[position] {
            result = known
        } else {
            guard let source = source(entry, chains),
                let context = SourceContext(source, line: Int(entry.line), column: Int(entry.column))
            else { return nil }
            result = Made(members: Self.text(context), column: context.column)
            if result.members.count <= cacheLeft {
                cacheLeft -= result.members.count
                made[position] = result
            }
        }
        guard result.members.count <= left else {
            limitReached = true
            return nil
        }
        left -= result.members.count
        return result
    }

    private func request(_ entry: ChainEntry, _ chains: ChainTable) -> SourceRequest {
        let file = chains.files[Int(entry.file)]
        return SourceRequest(imageIndex: file.image, path: file.path)
    }

    private mutating func source(_ entry: ChainEntry, _ chains: ChainTable) -> SourceLines? {
        if let known = lines[entry.file] { return known }
        guard let text = texts[request(entry, chains)] else { return nil }
        let source = SourceLines(text.text)
        lines[entry.file] = source
        return source
    }

    private static func text(_ context: SourceContext) -> [UInt8] {
        var writer = JSONWriter(capacity: context.byteCount + 128)
        writer.key("pre_context")
        writer.beginArray()
        for line in context.before { writer.string(line) }
        writer.endArray()
        writer.member("context_line", context.line)
        writer.key("post_context")
        writer.beginArray()
        for line in context.after { writer.string(line) }
        writer.endArray()
        return writer.bytes
    }
}
