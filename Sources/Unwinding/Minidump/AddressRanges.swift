/// A set of addresses: ranges by address, merged where they touch or overlap.
struct AddressRanges {
    private(set) var ranges: [Range<UInt64>] = []

    /// Empty ranges are left out.
    init(_ all: [Range<UInt64>]) {
        for range in all.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            guard !range.isEmpty else { continue }
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    /// Whether the address is in it.
    func contains(_ address: UInt64) -> Bool {
        guard let range = first(endingBehind: address) else { return false }
        return range.lowerBound <= address
    }

    /// Whether any address of `range` is in it.
    func overlaps(_ range: Range<UInt64>) -> Bool {
        guard !range.isEmpty, let candidate = first(endingBehind: range.lowerBound) else { return false }
        return candidate.lowerBound < range.upperBound
    }

    private func first(endingBehind address: UInt64) -> Range<UInt64>? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= address { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count ? ranges[low] : nil
    }
}
