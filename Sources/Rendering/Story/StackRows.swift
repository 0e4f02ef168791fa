/// A stack as the rows that are shown of it: what a reader needs to understand the crash, and one row for each run of what
/// is there only because all programs have it.
///
///      0  abort                          the innermost physical frame always
///         … 3 frames of libc, libstdc++
///      4  __cxa_throw                    what the program called
///      5  parse(_:)             in-app
///      6  walk(_:)              in-app
///         … the same 2 frames 480 times more
///         … 4 frames of libswift_Concurrency, libdispatch
enum StackRow: Equatable {
    /// The frame at a position.
    case frame(Int)
    /// The function before is resumed by those behind: from here on the frames are async callers.
    case async
    /// A run of frames that are not the program's own.
    case folded(Range<Int>)
    /// A run that repeats the frames before it, `period` at a time.
    case repeated(Range<Int>, period: Int)
}

extension Stack {
    /// Rows that say all.
    var allRows: [StackRow] {
        var rows: [StackRow] = []
        for position in frames.indices {
            if beginsAsync(position) { rows.append(.async) }
            rows.append(.frame(position))
        }
        return rows
    }

    /// Rows with what is not the program's own folded.
    ///
    /// Kept are the innermost physical frame with all that is inlined in it, reasons, markers, the program's frames, and
    /// of what is inside of them the one that the innermost calls. A stack without a frame of the program keeps its
    /// first dozen.
    var foldedRows: [StackRow] {
        let kept = keptFrames
        var rows: [StackRow] = []
        let signatures = frames.map(\.signature)
        var position = 0
        while position < frames.count {
            if beginsAsync(position) { rows.append(.async) }
            if !kept[position] {
                var end = position + 1
                while end < frames.count, !kept[end], !beginsAsync(end) { end += 1 }
                if end - position > 1 {
                    rows.append(.folded(position..<end))
                } else {
                    rows.append(.frame(position))
                }
                position = end
                continue
            }
            if let (period, end) = repetition(at: position, signatures) {
                for first in position..<position + period { rows.append(.frame(first)) }
                rows.append(.repeated(position + period..<end, period: period))
                position = end
                continue
            }
            rows.append(.frame(position))
            position += 1
        }
        return rows
    }

    private func beginsAsync(_ position: Int) -> Bool {
        position > 0 && frames[position].isAsync && !frames[position - 1].isAsync && !frames[position - 1].isMarker
    }

    private var keptFrames: [Bool] {
        var kept = frames.map { $0.isMarker || $0.isInApp || $0.runtimeFailure != nil }
        // Up to and including the first that is not inlined.
        var position = 0
        while position < frames.count {
            kept[position] = true
            if !frames[position].isMarker, !frames[position].isInlined { break }
            position += 1
        }
        let innermost = frames.firstIndex(where: \.isInApp)
        if let innermost, innermost > 0 { kept[innermost - 1] = true }
        if innermost == nil { for position in frames.indices.prefix(12) { kept[position] = true } }
        // A stack that is damaged at its top is not the runtime's; further down it is noise.
        for position in frames.indices.prefix(16) where frames[position].hasNoImage { kept[position] = true }
        return kept
    }

    /// A recursion: the frames at `position` again and again, at least four times. Where it ends, in whole periods.
    private func repetition(at position: Int, _ signatures: [Int]) -> (period: Int, end: Int)? {
        for period in 1...6 where position + 4 * period <= frames.count {
            guard !frames[position].isMarker else { return nil }
            var end = position + period
            while end < frames.count, signatures[end] == signatures[end - period] { end += 1 }
            end -= (end - position) % period
            if (end - position) / period >= 4 { return (period, end) }
        }
        return nil
    }
}

extension TraceFrame {
    /// Whether its address says nothing.
    fileprivate var hasNoImage: Bool { status == "unknown_image" || status == "malformed" }
}

extension Stack {
    /// What a folded run is of: `12 frames of libswift_Concurrency, libdispatch`.
    func summary(of range: Range<Int>, own: Set<String>) -> String {
        var names: [String] = []
        var seen: Set<String> = []
        for frame in frames[range] {
            guard let package = frame.package else { continue }
            let name = EventImageStory.libraryName(package)
            let text = own.contains(package) ? "runtime code in \(name)" : name
            if seen.insert(text).inserted { names.append(Visible.text(text, limit: 80)) }
        }
        let count = range.count == 1 ? "1 frame" : "\(range.count) frames"
        guard !names.isEmpty else { return "\(count) that \(range.count == 1 ? "is" : "are") not the program's own" }
        let more = names.count > 4 ? " and \(names.count - 4) more" : ""
        return "\(count) of \(names.prefix(4).joined(separator: ", "))\(more)"
    }

    /// What a repeated run is: `the same 2 frames 480 times more`.
    func summary(ofRepeated range: Range<Int>, period: Int) -> String {
        let times = range.count / period
        return (period == 1 ? "the same frame" : "the same \(period) frames") + " \(times) times more"
    }
}
