/// The addresses at which the linked object has machine code.
///
/// Code that the linker removed leaves its debug information behind, at 0, 1, −1, −2 or at small offsets from them
/// (*tombstones*). An address in no executable section is such a one: all of these, wherever the object is linked to.
/// Where the first load segment is executable and begins at 0, as GNU gold lays files out, segments would let 0 pass,
/// so sections decide, and segments only where there are no section headers.
struct LiveCode: Equatable {
    /// Disjoint, in rising order.
    let ranges: [Range<UInt64>]

    /// The union of the given ranges; neighbours stay apart, so that nothing reaches from one section into the next.
    init(_ ranges: [Range<UInt64>]) {
        var result: [Range<UInt64>] = []
        for range in ranges.filter({ !$0.isEmpty }).sorted(by: {
            ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound)
        }) {
            if let last = result.last, range.lowerBound < last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        self.ranges = result
    }

    /// The piece of code that holds `address`.
    func range(containing address: UInt64) -> Range<UInt64>? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= address { low = middle + 1 } else { high = middle }
        }
        guard low < ranges.count, ranges[low].contains(address) else { return nil }
        return ranges[low]
    }

    /// `range` when its code was linked: cut at the end of its section. `nil` for an empty range and for one that does
    /// not *begin* in code: removed code of more than a page would reach into the living otherwise.
    func live(_ range: Range<UInt64>) -> Range<UInt64>? {
        guard !range.isEmpty, let code = self.range(containing: range.lowerBound) else { return nil }
        return range.lowerBound..<min(range.upperBound, code.upperBound)
    }
}
