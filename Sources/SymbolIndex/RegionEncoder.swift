/// A region as bytes; see `IndexRegion`.
struct EncodedRegion: Sendable {
    var start: UInt64
    var end: UInt64
    var bucketShift: UInt64
    var unitShift: UInt64
    var directory: [UInt32] = []
    var blocks: [UInt8] = []
    var blockCount = 0
}

/// Cuts the ranges of a part into regions, and regions into buckets.
///
///     ranges   ├──┼───┼┼──hole            (4 MiB or more)            ├────┼──hole
///     regions  ╰── dense: buckets of 64 bytes ──╯                    ╰─ sparse: buckets of 4 KiB ─╯
struct RegionEncoder: ~Copyable {
    private let starts: UnsafeBufferPointer<RangePart.Start>
    private var block: BlockEncoder

    /// The buffers must outlive the encoder.
    init(
        starts: UnsafeBufferPointer<RangePart.Start>, scopes: UnsafeBufferPointer<RangePart.Scope>,
        declarations: UnsafeBufferPointer<FunctionDeclaration>
    ) {
        self.starts = starts
        block = BlockEncoder(scopes: scopes, declarations: declarations)
    }

    /// A hole as large as this ends a region: the buckets of the hole would take more room than another region.
    private static let gap: UInt64 = 4 << 20
    /// Ranges in a bucket, about: the more, the smaller the file; the fewer, the fewer lines of the cache does a block
    /// take. Eight make a block of one line.
    private static let logRangesPerBucket: UInt64 = 3

    mutating func regions() throws(SymbolIndexError) -> [EncodedRegion] {
        var result: [EncodedRegion] = []
        var first = 0
        for position in starts.indices.dropFirst() {
            let isLast = position == starts.count - 1
            let isGap =
                starts[position].scope == RangePart.Start.hole && !isLast
                && starts[position + 1].address - starts[position].address >= Self.gap
            if (isLast || isGap) && position > first {
                result.append(try region(first..<position))
                first = position + 1
            }
        }
        return result
    }

    /// The region of these ranges, which ends where the next one begins.
    private mutating func region(_ range: Range<Int>) throws(SymbolIndexError) -> EncodedRegion {
        let start = starts[range.lowerBound].address
        let end = starts[range.upperBound].address
        var combined: UInt64 = 0
        for position in range { combined |= starts[position].address }
        let unitShift = min(UInt64(combined.trailingZeroBitCount), 32)
        let average = max(1, (end - start) / UInt64(range.count))
        let log = UInt64(63 - average.leadingZeroBitCount)
        let isNearerToNext = log > 0 && average >> (log - 1) & 1 != 0
        var bucketShift = min(63, max(log + (isNearerToNext ? 1 : 0) + Self.logRangesPerBucket, unitShift + 3))
        while true {
            var region = EncodedRegion(start: start, end: end, bucketShift: bucketShift, unitShift: unitShift)
            let statistics = try fill(&region, range)
            // Each block repeats the chains that began before it. Where chains are deep, larger buckets repeat less.
            let isOneBucket = (end - 1) >> bucketShift == start >> bucketShift
            if statistics.written <= 3 * statistics.distinct + 2 * range.count || bucketShift == 63 || isOneBucket {
                return region
            }
            bucketShift += 1
        }
    }

    private mutating func fill(
        _ region: inout EncodedRegion, _ range: Range<Int>
    ) throws(SymbolIndexError) -> (written: Int, distinct: Int) {
        block.begin(region)
        let shift = region.bucketShift
        let first = region.start >> shift
        let bucketCount = (region.end - 1) >> shift - first + 1
        guard bucketCount <= UInt64(UInt32.max) else { throw .invalidContent("a part of too many buckets") }
        region.directory.reserveCapacity(Int(bucketCount))
        var position = range.lowerBound
        var bucket = first
        while position < range.upperBound {
            let begin = starts[position].address >> shift
            // Buckets in which no range begins: the last one goes on.
            let skipped = begin - bucket
            if skipped > 0, let last = region.directory.last {
                let entry = last | DirectoryEntry.continues
                region.directory.append(contentsOf: repeatElement(entry, count: Int(skipped)))
            }
            var next = position + 1
            while next < range.upperBound, starts[next].address >> shift == begin { next += 1 }
            guard block.byteCount <= Int(DirectoryEntry.offset) else {
                throw .invalidContent("more than 2 GiB of ranges in a part")
            }
            region.directory.append(UInt32(block.byteCount))
            region.blockCount += 1
            let carried = position == range.lowerBound ? nil : starts[position - 1]
            try block.append(
                UnsafeBufferPointer(rebasing: starts[position..<next]), carried: carried, bucket: begin << shift)
            position = next
            bucket = begin + 1
        }
        if let last = region.directory.last, region.directory.count < bucketCount {
            region.directory.append(
                contentsOf: repeatElement(
                    last | DirectoryEntry.continues, count: Int(bucketCount) - region.directory.count))
        }
        guard block.byteCount <= Int(UInt32.max) else { throw .invalidContent("more than 4 GiB of ranges in a part") }
        region.blocks = block.copyBytes()
        return (block.writtenScopes, block.distinctScopes)
    }
}
