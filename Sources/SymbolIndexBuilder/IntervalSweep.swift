/// An interval of addresses that claims to be described by `value`.
struct Claim: Equatable {
    var start: UInt64
    /// Behind the last address; greater than `start`.
    var end: UInt64
    /// Where claims overlap, the greatest rank wins; equal ranks should not overlap (the later in the list wins then).
    var rank: UInt64
    /// What the claim stands for: a number of the caller's.
    var value: UInt32
}

/// Makes overlapping claims disjoint.
///
///     claims   rank 1  ├────────────────────┤         outer function
///              rank 2      ├─────────┤                call inlined into it
///              rank 3        ├──┤        ├──────┤     call inlined into that one; another function
///     result           ├─1─┤2├3─┤─2──┤─1─┤──3───┤
///
/// A sweep over the starts with a heap of open claims: O(n log n) whatever the overlaps, so a hostile file gains
/// nothing by piling claims upon each other.
enum IntervalSweep {
    /// Disjoint claims in rising order that cover the same addresses; neighbours with the same value are joined.
    static func disjoint(_ claims: [Claim]) -> [Claim] {
        guard claims.count > 1 else { return claims }
        let sorted = isDisjoint(claims) ? claims : inOrder(claims)
        var result: [Claim] = []
        result.reserveCapacity(sorted.count)
        var open = ClaimHeap()
        var next = 0
        var position: UInt64 = 0
        while true {
            while let top = open.top, top.end <= position { open.removeTop() }
            if open.top == nil {
                guard next < sorted.count else { break }
                position = max(position, sorted[next].start)
            }
            while next < sorted.count, sorted[next].start <= position {
                if sorted[next].end > position { open.insert(sorted[next], order: next) }
                next += 1
            }
            guard let top = open.top else { continue }
            let end = next < sorted.count ? min(top.end, sorted[next].start) : top.end
            if let last = result.last, last.end == position, last.value == top.value {
                result[result.count - 1].end = end
            } else {
                result.append(Claim(start: position, end: end, rank: top.rank, value: top.value))
            }
            position = end
        }
        return result
    }

    private static func isDisjoint(_ claims: [Claim]) -> Bool {
        for index in 1..<claims.count where claims[index].start < claims[index - 1].end { return false }
        return true
    }

    private static func inOrder(_ claims: [Claim]) -> [Claim] {
        // Ranks make the order total where it matters; the position in the list breaks the rest, as `sort` is not
        // promised to be stable.
        claims.enumerated().sorted {
            ($0.element.start, $0.offset) < ($1.element.start, $1.offset)
        }.map(\.element)
    }
}

/// Open claims, the greatest rank on top.
private struct ClaimHeap {
    private var items: [(claim: Claim, order: Int)] = []

    var top: Claim? { items.first?.claim }

    private func isAbove(_ left: Int, _ right: Int) -> Bool {
        (items[left].claim.rank, items[left].order) > (items[right].claim.rank, items[right].order)
    }

    mutating func insert(_ claim: Claim, order: Int) {
        items.append((claim, order))
        var index = items.count - 1
        while index > 0, isAbove(index, (index - 1) / 2) {
            items.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeTop() {
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var index = 0
        while true {
            var largest = index
            for child in [2 * index + 1, 2 * index + 2] where child < items.count && isAbove(child, largest) {
                largest = child
            }
            if largest == index { return }
            items.swapAt(index, largest)
            index = largest
        }
    }
}
