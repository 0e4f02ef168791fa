public import CrashEvent

/// What a piece of a stream became: text that goes out as it came, and events whose enriched forms tell what to write
/// instead.
///
/// All lines that stand alone share the first event, a thread for each address, so that a thousand lines are one look-up.
public struct FilterBatch: Sendable {
    enum Piece: Sendable {
        /// As it came.
        case copy([UInt8])
        /// A line, its references, and the thread of the first one in the event of lines.
        case line([UInt8], prefix: Int, references: [StackReference], firstThread: Int)
        /// A report over several lines; `event` is a position in `events`.
        case report([UInt8], prefix: [UInt8], event: Int)
    }

    var pieces: [Piece] = []
    /// In Sentry's JSON, to be enriched; empty when nothing was recognised.
    public internal(set) var events: [[UInt8]] = []

    /// Whether there is nothing to write.
    public var isEmpty: Bool { pieces.isEmpty }

    /// Takes out the text in front of the first piece that has to be looked up: it need not wait.
    public mutating func takeLeadingText() -> [UInt8] {
        guard case .copy(let bytes)? = pieces.first else { return [] }
        pieces.removeFirst()
        return bytes
    }

    /// The bytes to write.
    ///
    /// - Parameters:
    ///   - enriched: The enriched form of each of ``events``, `nil` where that failed: its lines go out as they came.
    ///   - render: A whole report as lines for people, without colours unless those are wanted.
    public func output(_ enriched: [JSONDocument?], render: (JSONDocument) -> String?) -> [UInt8] {
        var result: [UInt8] = []
        let lines = enriched.first.flatMap { $0 }.map { AnnotatedThreads($0) }
        for piece in pieces {
            switch piece {
            case .copy(let bytes): result += bytes
            case .line(let bytes, let prefix, let references, let first):
                let answers = references.indices.map { lines?.chain(ofThread: first + $0) ?? [] }
                result += Self.annotate(bytes, prefix: prefix, references, answers)
            case .report(let bytes, let prefix, let event):
                guard enriched.indices.contains(event), let document = enriched[event], let text = render(document)
                else {
                    result += bytes
                    continue
                }
                for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
                    text.hasSuffix("\n") ? 1 : 0)
                {
                    result += prefix
                    result += line.utf8
                    result.append(0x0a)
                }
            }
        }
        return result
    }

    /// The line with its answers: in the places of its elements, or at its end; callers of inlined functions on lines of
    /// their own, with the line's prefix and indentation.
    private static func annotate(
        _ bytes: [UInt8], prefix: Int, _ references: [StackReference], _ answers: [[String]]
    ) -> [UInt8] {
        guard answers.contains(where: { !$0.isEmpty }) else { return bytes }
        var end = bytes.count
        while end > 0, bytes[end - 1] == 0x0a || bytes[end - 1] == 0x0d { end -= 1 }
        var result: [UInt8] = []
        var callers: [String] = []
        var position = 0
        for (reference, chain) in zip(references, answers) {
            guard let innermost = chain.first else { continue }
            callers += chain.dropFirst()
            if let place = reference.place {
                result += bytes[position..<place.lowerBound]
                result += (reference.lead + innermost).utf8
                position = place.upperBound
            } else {
                result += bytes[position..<end]
                result += (" " + innermost).utf8
                position = end
            }
        }
        result += bytes[position...]
        let hasEnd = end < bytes.count
        let indentation = bytes[prefix..<end].prefix { $0 == 0x20 || $0 == 0x09 }.count
        for caller in callers {
            if !hasEnd { result.append(0x0a) }
            result += bytes[..<(prefix + indentation)]
            result += "  (inlined by) \(caller)".utf8
            if hasEnd { result += bytes[end...] }
        }
        return result
    }
}

/// The threads of an enriched event of lines.
private struct AnnotatedThreads {
    private let document: JSONDocument
    private let threads: [JSONNode]

    init(_ document: JSONDocument) {
        self.document = document
        threads = document.node(at: "threads", "values").map { Array(document.elements(of: $0)) } ?? []
    }

    /// `function at file:line:column` for each function at the address, the innermost inlined one first; empty when nothing
    /// is known.
    func chain(ofThread position: Int) -> [String] {
        guard threads.indices.contains(position),
            let frames = document.node(at: "stacktrace", "frames", from: threads[position])
        else { return [] }
        var result: [String] = []
        for frame in document.elements(of: frames) {
            let status = document.node(at: "data", "symbolicator_status", from: frame).flatMap { document.string($0) }
            guard status == "symbolicated" else { continue }
            result.append(text(of: frame))
        }
        return result.reversed()
    }

    private func text(of frame: JSONNode) -> String {
        var text = document.string("function", of: frame) ?? "??"
        if let path = document.string("abs_path", of: frame) ?? document.string("filename", of: frame) {
            text += " at \(path)"
            if let line = document.member("lineno", of: frame).flatMap({ document.text($0) }) {
                text += ":\(line)"
                if let column = document.member("colno", of: frame).flatMap({ document.text($0) }) {
                    text += ":\(column)"
                }
            }
        }
        return Self.visible(text)
    }

    /// Names come from files that nobody vouches for: nothing in them commands a terminal.
    private static func visible(_ text: String) -> String {
        func commands(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0..<0x20, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: commands) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(commands(scalar) ? "\u{fffd}" : scalar) }
        return String(result)
    }
}
