/// Which image an address lies in, over the images of one event.
///
/// Ranges are half-open. An image without a usable size reaches to the start of the next one, the last to the end of
/// the address space. Where images overlap, the one with the greatest start wins, and among equal starts the first in
/// the document; so one damaged entry that claims everything takes nothing from the images inside it:
///
///     given      |--------- 0: big ---------|
///                     |-- 1 --|    |-- 2: no size ...
///     answers    |--0-|---1---|-0--|---2---------------->
///
/// Built once per event in O(n log n), also for hostile tables; a look-up is one binary search.
struct ImageTable: Sendable {
    /// One image's claim.
    struct Claim: Sendable {
        /// Position in `debug_meta.images`.
        var image: Int
        /// The image's lowest address in the process.
        var start: UInt64
        /// Bytes; `nil` when the event does not say or says nonsense.
        var size: UInt64?
    }

    /// A piece of the address space that belongs to one image. `last` is inclusive, so that the last byte of the
    /// address space can belong to an image.
    private struct Segment {
        var start: UInt64
        var last: UInt64
        var image: Int
    }

    private var segments: [Segment] = []

    init(_ claims: [Claim]) {
        // Among equal starts the first of the document is painted last and so lies on top.
        let sorted = claims.sorted { ($0.start, $1.image) < ($1.start, $0.image) }
        var nextStarts = [UInt64?](repeating: nil, count: sorted.count)
        for index in sorted.indices.dropLast().reversed() {
            let next = sorted[index + 1].start
            nextStarts[index] = next == sorted[index].start ? nextStarts[index + 1] : next
        }
        var covering: [Segment] = []
        for (index, claim) in sorted.enumerated() {
            covering.append(
                Segment(start: claim.start, last: Self.last(of: claim, next: nextStarts[index]), image: claim.image))
            let limit = index + 1 < sorted.count ? sorted[index + 1].start : nil
            paint(from: claim.start, to: limit, with: &covering)
        }
    }

    /// The image that holds `address`, if any.
    func image(containing address: UInt64) -> Int? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address <= segments[low - 1].last else { return nil }
        return segments[low - 1].image
    }

    private static func last(of claim: Claim, next: UInt64?) -> UInt64 {
        guard let size = claim.size, size > 0 else { return next.map { $0 - 1 } ?? .max }
        let (last, overflow) = claim.start.addingReportingOverflow(size - 1)
        return overflow ? .max : last
    }

    /// Gives `[start, limit)` to whatever is on top of `covering`, dropping what has ended.
    private mutating func paint(from start: UInt64, to limit: UInt64?, with covering: inout [Segment]) {
        var position = start
        while let top = covering.last, position != limit {
            guard top.last >= position else {
                covering.removeLast()
                continue
            }
            let last = limit.map { min(top.last, $0 - 1) } ?? top.last
            segments.append(Segment(start: position, last: last, image: top.image))
            guard last < .max else { return }
            position = last + 1
        }
    }
}
