/// A path pattern: `*` matches within a path component, `**` across components, `?` one character that is not `/`.
///
/// A pattern that starts with `/` or `**` is tried from the start of the text, any other from the start of every
/// component. Either way it may match a leading part that ends at a component: `/src/vendor` and `vendor` both match
/// `/src/vendor/a/b.c`. Matching is by bytes, case-sensitive, in time proportional to pattern times text whatever they
/// hold.
struct Glob: Hashable, Sendable {
    private enum Token: Hashable {
        case byte(UInt8)
        /// `?`
        case one
        /// `*`
        case within
        /// `**`
        case across
        /// `**/`: nothing, or anything that ends in `/`
        case components
    }

    private var tokens: [Token] = []
    private let isAnchored: Bool

    init(_ pattern: String) {
        var bytes = Array(pattern.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        isAnchored = bytes.first == UInt8(ascii: "/") || bytes.starts(with: "**".utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "?"): tokens.append(.one)
            case UInt8(ascii: "*"):
                guard index < bytes.count, bytes[index] == UInt8(ascii: "*") else {
                    tokens.append(.within)
                    continue
                }
                let isComponent = index == 1 || bytes[index - 2] == UInt8(ascii: "/")
                while index < bytes.count, bytes[index] == UInt8(ascii: "*") { index += 1 }
                if isComponent, index < bytes.count, bytes[index] == UInt8(ascii: "/") {
                    index += 1
                    tokens.append(.components)
                } else {
                    tokens.append(.across)
                }
            default: tokens.append(.byte(byte))
            }
        }
    }

    /// Whether the pattern matches `text`.
    func matches(_ text: String) -> Bool {
        let slash = UInt8(ascii: "/")
        // The set of pattern positions that the text so far can have reached.
        var active = [Bool](repeating: false, count: tokens.count + 1)
        var previous: UInt8?
        for byte in text.utf8 {
            if previous == nil || (!isAnchored && previous == slash) { enter(0, &active) }
            if active[tokens.count], byte == slash { return true }
            var next = [Bool](repeating: false, count: tokens.count + 1)
            for (position, token) in tokens.enumerated() where active[position] {
                switch token {
                case .byte(let expected): if byte == expected { enter(position + 1, &next) }
                case .one: if byte != slash { enter(position + 1, &next) }
                case .within: if byte != slash { enter(position, &next) }
                case .across: enter(position, &next)
                case .components:
                    enter(position, &next, skipping: false)
                    if byte == slash { enter(position + 1, &next) }
                }
            }
            active = next
            previous = byte
        }
        return active[tokens.count]
    }

    /// Marks a pattern position and those reachable from it without reading a byte.
    private func enter(_ position: Int, _ active: inout [Bool], skipping: Bool = true) {
        var position = position
        active[position] = true
        guard skipping else { return }
        while position < tokens.count {
            switch tokens[position] {
            case .within, .across, .components: position += 1
            default: return
            }
            active[position] = true
        }
    }
}
