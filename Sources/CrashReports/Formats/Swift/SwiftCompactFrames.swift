/// The frames of an encoded `Runtime.Backtrace`.
///
/// One byte says what follows:
///
/// | bits | |
/// |---|---|
/// | `0000 0000` | the end |
/// | `0000 0001` | truncated; so is data that stops without either |
/// | `0001 axxx` | program counter, in xxx + 1 bytes; a = 1 absolute, 0 from the address before |
/// | `0010 axxx` | return address |
/// | `0011 axxx` | async resume point |
/// | `010n nnnn` | n + 1 frames omitted |
/// | `011n nnnn` | frames omitted, their number in n + 1 bytes |
/// | `1000 0nnn` | the frame before n + 1 times more |
/// | `1000 1nnn` | the frame before, as often as the n + 1 bytes say |
struct SwiftCompactFrames {
    /// A frame or marker and how often it stands there in a row.
    private struct Run {
        var frame: ReportedFrame
        var count: UInt64
    }

    private var runs: [Run] = []
    /// Whether something was no instruction.
    private(set) var isDamaged = false

    /// Reads the encoding; `nil` when its first byte says that it is another version.
    init?(_ bytes: [UInt8]) {
        var data = CompactBytes(bytes)
        guard let mask = data.addressMask() else { return nil }
        var last: UInt64 = 0
        while true {
            guard let instruction = data.byte(), instruction != 1 else { break }
            if instruction == 0 { return }
            let low = Int(instruction & 7) + 1
            switch instruction {
            case 0x10...0x3f:
                guard let value = data.signed(low) else {
                    stop()
                    return
                }
                last = (instruction & 8 == 0 ? last &+ value : value) & mask
                let kind: ReportedFrame.Kind =
                    instruction < 0x20 ? .programCounter : instruction < 0x30 ? .returnAddress : .asyncResumePoint
                runs.append(Run(frame: ReportedFrame(kind: kind, address: .absolute(last)), count: 1))
            case 0x40...0x7f:
                let width = Int(instruction & 0x1f) + 1
                guard let count = instruction < 0x60 ? UInt64(width) : data.unsigned(width) else {
                    stop()
                    return
                }
                var marker = ReportedFrame(kind: .omitted)
                marker.count = Int(truncatingIfNeeded: min(count, 1 << 40))
                runs.append(Run(frame: marker, count: 1))
            case 0x80...0x8f:
                guard !runs.isEmpty, let count = instruction < 0x88 ? UInt64(low) : data.unsigned(low) else {
                    stop()
                    return
                }
                let (sum, overflows) = runs[runs.count - 1].count.addingReportingOverflow(count)
                runs[runs.count - 1].count = overflows ? .max : sum
            default:
                stop()
                return
            }
        }
        runs.append(Run(frame: ReportedFrame(kind: .truncated), count: 1))
    }

    private mutating func stop() {
        isDamaged = true
        runs.append(Run(frame: ReportedFrame(kind: .truncated), count: 1))
    }

    /// Whether there is any address.
    var hasAddress: Bool { runs.contains { $0.frame.address != nil } }

    /// The frames, innermost first, at most `limit` with a marker for those between; and how many that hides.
    func frames(limit: Int) -> (frames: [ReportedFrame], leftOut: Int) {
        var total: UInt64 = 0
        for run in runs {
            let (sum, overflows) = total.addingReportingOverflow(run.count)
            total = overflows ? .max : sum
        }
        if total <= UInt64(limit) {
            return (runs.flatMap { Array(repeating: $0.frame, count: Int($0.count)) }, 0)
        }
        let outer = limit / 8
        let inner = max(0, limit - outer - 1)
        let hidden = Int(truncatingIfNeeded: min(total - UInt64(inner + outer), 1 << 40))
        var marker = ReportedFrame(kind: .omitted)
        marker.count = hidden
        let first = Self.prefix(runs, inner)
        let last = Self.prefix(runs.reversed(), outer)
        return (first + [marker] + last.reversed(), hidden)
    }

    private static func prefix(_ runs: some Sequence<Run>, _ count: Int) -> [ReportedFrame] {
        var frames: [ReportedFrame] = []
        for run in runs where frames.count < count {
            let left = UInt64(count - frames.count)
            frames += Array(repeating: run.frame, count: Int(min(run.count, left)))
        }
        return frames
    }
}
