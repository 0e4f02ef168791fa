/// The lines of a thread as frames.
///
///     0 [inlined] 0x30 subscript        one frame at 0x30: checkout, all its lines under `reported`
///     1           0x30 checkout
///     2 [ra]      0x20 basket           one frame
///     ...                               omitted: 9 − 3 frames
///     9 [ra]      0x10 main
struct SwiftTextFrames {
    private let symbols: SwiftTextSymbols
    private let saysKinds: Bool
    private let limits: CrashReportLimits
    private var framesLeft: Int
    private var leftOut = 0
    private var guessed = 0
    private var withoutAddress = 0
    private let paths: [String: String]

    init(images: [SwiftTextImage], saysKinds: Bool, limits: CrashReportLimits) {
        symbols = SwiftTextSymbols(images)
        self.saysKinds = saysKinds
        self.limits = limits
        framesLeft = limits.maximumFrames
        var paths: [String: String?] = [:]
        for image in images {
            guard let path = image.path else { continue }
            let name = image.name.text
            paths[name] = paths[name] == nil ? .some(path) : .some(nil)
        }
        self.paths = paths.compactMapValues { $0 }
    }

    /// What was odd, for people.
    var notes: [String] {
        var notes: [String] = []
        if withoutAddress > 0 {
            notes.append(
                "\(withoutAddress) frames have names but no address (preset=friendly): nothing can be looked up for them"
            )
        }
        if guessed > 0 {
            notes.append(
                "the report does not mark return addresses (preset=friendly): "
                    + "the kind of \(guessed) was judged by their offsets in functions")
        }
        if leftOut > 0 { notes.append("\(leftOut) frames were left out, see the omitted markers") }
        return notes
    }

    /// Innermost first: the physical frames and a marker wherever some are missing.
    mutating func frames(of thread: SwiftTextThread) -> [ReportedFrame] {
        let groups = groups(of: thread.frames)
        let allowed = max(1, min(limits.maximumFramesPerThread, framesLeft))
        guard groups.count > allowed else {
            framesLeft -= min(framesLeft, groups.count)
            return groups.map { frame(of: $0, in: thread.frames) }
        }
        // What crashed is innermost, where it came from outermost: an eighth is enough for the latter.
        let outer = allowed / 8
        let inner = allowed - outer - 1
        framesLeft -= min(framesLeft, allowed)
        var marker = ReportedFrame(kind: .omitted)
        let hidden = groups[inner..<(groups.count - outer)]
        let count = hidden.reduce(0) { $0 &+ represented(by: $1, in: thread.frames) }
        marker.count = count
        leftOut &+= count
        return groups[..<inner].map { frame(of: $0, in: thread.frames) } + [marker]
            + groups[(groups.count - outer)...].map { frame(of: $0, in: thread.frames) }
    }

    // MARK: - Grouping

    private func groups(of lines: [SwiftTextFrame]) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        for (position, line) in lines.enumerated() {
            if start < position, !isSamePlace(lines[start], line) {
                groups.append(start..<position)
                start = position
            }
            // Recursion gives the same address twice in a row: only inlined lines join what follows them.
            if !line.attributes.contains(.inlined) || line.address == nil {
                groups.append(start..<(position + 1))
                start = position + 1
            }
        }
        if start < lines.count { groups.append(start..<lines.count) }
        return groups
    }

    private func isSamePlace(_ first: SwiftTextFrame, _ second: SwiftTextFrame) -> Bool {
        guard let address = first.address else { return false }
        return second.address == address && kind(of: second.attributes) == kind(of: first.attributes)
    }

    private func kind(of attributes: SwiftTextFrame.Attributes) -> ReportedFrame.Kind {
        if attributes.contains(.async) { return .asyncResumePoint }
        return attributes.contains(.returnAddress) ? .returnAddress : .programCounter
    }

    /// How many of the process's frames a group stands for.
    private func represented(by group: Range<Int>, in lines: [SwiftTextFrame]) -> Int {
        lines[group.lowerBound].isGap ? omitted(at: group.lowerBound, in: lines) ?? 1 : 1
    }

    /// A gap's index, else that of the line before plus one, is the first one that is missing; the next line's index ends
    /// them.
    private func omitted(at position: Int, in lines: [SwiftTextFrame]) -> Int? {
        guard position + 1 < lines.count, let end = lines[position + 1].index else { return nil }
        var first = lines[position].index
        if first == nil, position > 0, let last = lines[position - 1].index, last < .max { first = last + 1 }
        guard let first, end > first else { return nil }
        return Int(truncatingIfNeeded: min(end - first, 1 << 40))
    }

    // MARK: - Frames

    private mutating func frame(of group: Range<Int>, in lines: [SwiftTextFrame]) -> ReportedFrame {
        let line = lines[group.upperBound - 1]
        if line.isGap {
            let isLast = group.upperBound == lines.count
            var marker = ReportedFrame(kind: isLast ? .truncated : .omitted)
            if !isLast { marker.count = omitted(at: group.lowerBound, in: lines) }
            return marker
        }
        let symbol = line.text.isEmpty ? nil : symbols.symbol(line.text)
        var frame = ReportedFrame(
            kind: kind(of: line, symbol, isFirst: group.lowerBound == 0),
            address: line.address.map { .absolute($0) })
        if line.address == nil { withoutAddress += 1 }
        frame.isInlined = line.attributes.contains(.inlined)
        if let symbol {
            if symbol.isMangled { frame.symbol = symbol.name } else { frame.function = symbol.name }
            frame.symbolOffset = symbol.offset
            frame.package = symbol.image.map { paths[$0] ?? $0 }
            (frame.file, frame.line, frame.column) = (symbol.file, symbol.line, symbol.column)
        }
        // Without an address a frame is its names; an offset in them is no place to look up.
        if line.address == nil { frame.symbolOffset = nil }
        for line in lines[group] where !line.text.isEmpty {
            if frame.reported.count < 64 { frame.reported.append(line.line.trimmed.prefix(4096).text) }
            let failure = Array(SwiftSignal.runtimeFailure.utf8)
            if frame.runtimeFailure == nil, line.text.starts(with: failure) {
                frame.runtimeFailure = symbols.symbol(line.text).name.map {
                    String($0.dropFirst(SwiftSignal.runtimeFailure.count))
                }
            }
        }
        return frame
    }

    /// Without attributes the innermost address is exact, and one at the very entry of its function, where no call can
    /// return to, is a continuation's.
    private mutating func kind(
        of line: SwiftTextFrame, _ symbol: SwiftTextSymbols.Symbol?, isFirst: Bool
    ) -> ReportedFrame.Kind {
        if saysKinds || isFirst || line.address == nil { return kind(of: line.attributes) }
        guessed += 1
        return symbol?.name != nil && symbol?.offset == nil ? .asyncResumePoint : .returnAddress
    }
}
