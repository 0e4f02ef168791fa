/// A slice of the address space: buckets of equal size, each with the block that says what is known in it.
///
///     directory  │ 0 │ 61 │ 61+ │ 118 │ …     one entry a bucket; "+": no range begins there
///     blocks     [block 0 ][block 1 ][block 2 ]…
///
/// A bucket is found by a shift: there is no search. Its size fits the density of the code (x86-64 built with
/// optimisation: 64 bytes, about eight ranges).
struct IndexRegion {
    var start: UInt64
    var end: UInt64
    /// Offset in `blocks`.
    var blocks: UInt64
    var blockBytes: UInt32
    var firstBucket: UInt32
    var bucketCount: UInt32
    var bucketShift: UInt64
    var unitShift: UInt64

    /// The first address of the first bucket.
    @inline(__always) var base: UInt64 { (start &>> bucketShift) &<< bucketShift }
    /// Address units of a bucket, less one.
    @inline(__always) var lastUnit: UInt64 { 1 &<< (bucketShift &- unitShift) &- 1 }
}

extension IndexStorage {
    /// Region `number`, which must exist.
    @inline(__always) func region(_ number: Int) -> IndexRegion {
        let record = regions.offset &+ number &* RegionRecord.size
        let shifts = uint32(record &+ RegionRecord.bucketShift)
        return IndexRegion(
            start: uint64(record &+ RegionRecord.start), end: uint64(record &+ RegionRecord.end),
            blocks: uint64(record &+ RegionRecord.blocks), blockBytes: uint32(record &+ RegionRecord.blockBytes),
            firstBucket: uint32(record &+ RegionRecord.firstBucket),
            bucketCount: uint32(record &+ RegionRecord.bucketCount), bucketShift: UInt64(shifts & 0xFF),
            unitShift: UInt64(shifts &>> 8 & 0xFF))
    }

    @inline(__always) private func regionStart(_ number: Int) -> UInt64 {
        uint64(regions.offset &+ number &* RegionRecord.size)
    }

    /// The number of the last region that begins at or before `address`; `nil` when none does.
    @inline(__always) func regionNumber(of address: UInt64) -> Int? {
        guard regions.count > 0, regionStart(0) <= address else { return nil }
        var low = 0
        var length = regions.count
        // Halving with a conditional move instead of a jump: no mispredicted branch.
        while length > 1 {
            let half = length / 2
            low = regionStart(low &+ half) <= address ? low &+ half : low
            length &-= half
        }
        return low
    }
}

/// Where the answer for an address stands: a block, and the unit of its bucket that the address lies in.
struct BucketPlace {
    /// Offset of the block in the file.
    var block: Int
    /// Offset in the file of the end of the region's blocks.
    var end: Int
    var unit: UInt64
    var lastUnit: UInt64
    /// Log₂ of the units of a bucket.
    var unitWidth: UInt64
    /// No range begins in this bucket: the last one of the block, which is an earlier bucket's, goes on.
    var continues: Bool

    init(block: Int, end: Int, unit: UInt64, lastUnit: UInt64, unitWidth: UInt64, continues: Bool) {
        self.block = block
        self.end = end
        self.unit = unit
        self.lastUnit = lastUnit
        self.unitWidth = unitWidth
        self.continues = continues
    }

    /// `nil` when the address is not in the region.
    @inline(__always) init?(_ address: UInt64, _ region: IndexRegion, _ storage: IndexStorage) {
        guard address >= region.start, address < region.end else { return nil }
        self.init(bucket: (address &- region.base) &>> region.bucketShift, region, storage)
        unit = continues ? lastUnit : address &>> region.unitShift & lastUnit
    }

    /// The bucket's block, at the bucket's last unit.
    @inline(__always) init(bucket: UInt64, _ region: IndexRegion, _ storage: IndexStorage) {
        let entry = storage.uint32(
            storage.directory.offset &+ (Int(region.firstBucket) &+ Int(truncatingIfNeeded: bucket)) &* 4)
        let offset = min(entry & DirectoryEntry.offset, region.blockBytes)
        let first = storage.blocks.offset &+ Int(region.blocks)
        block = first &+ Int(offset)
        end = first &+ Int(region.blockBytes)
        lastUnit = region.lastUnit
        unitWidth = region.bucketShift &- region.unitShift
        unit = lastUnit
        continues = entry & DirectoryEntry.continues != 0
    }
}
