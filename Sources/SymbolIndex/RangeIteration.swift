/// All ranges, and where one begins: for dumps and tests, not on the way of a look-up.
extension IndexStorage {
    /// See ``SymbolIndex/forEachRange(_:)``.
    func forEachRange(_ body: (Range<UInt64>, IndexedLocation?) -> Void) throws(SymbolIndexError) {
        var end: UInt64?
        // Every start takes a bit of its own; buckets of a damaged file may share a block and count it many times.
        var budget = blocks.byteCount * 8
        for number in 0..<regions.count {
            let region = region(number)
            if let end, end < region.start { body(end..<region.start, nil) }
            end = region.end
            var open: (start: UInt64, place: BucketPlace)?
            for bucket in 0..<UInt64(region.bucketCount) {
                var place = BucketPlace(bucket: bucket, region, self)
                if place.continues { continue }
                let address = region.base &+ bucket &<< region.bucketShift
                try forEachStart(place) { unit throws(SymbolIndexError) in
                    let start = address &+ unit &<< region.unitShift
                    guard start >= region.start, start < region.end, start > open?.start ?? 0 || open == nil else {
                        throw .damaged(section: .regions, record: number, reason: "ranges are not in rising order")
                    }
                    if let open { body(open.start..<start, try location(open.place, open.start)) }
                    budget -= 1
                    guard budget >= 0 else {
                        throw .damaged(section: .directory, record: number, reason: "more ranges than bits")
                    }
                    place.unit = unit
                    open = (start, place)
                }
            }
            guard let open, open.start < region.end else {
                throw .damaged(section: .regions, record: number, reason: "no range begins in it")
            }
            body(open.start..<region.end, try location(open.place, open.start))
        }
    }

    /// The first address of the range that holds `address`; `address` itself where nothing is known.
    func rangeStart(of address: UInt64) -> UInt64 {
        if let version1 { return version1.rangeStart(of: address, self) }
        guard let number = regionNumber(of: address) else { return address }
        let region = region(number)
        guard let place = BucketPlace(address, region, self) else { return address }
        var bucket = (address &- region.base) &>> region.bucketShift
        var limit = place.unit
        while true {
            let candidate = BucketPlace(bucket: bucket, region, self)
            if !candidate.continues {
                var last: UInt64?
                do throws(SymbolIndexError) {
                    try forEachStart(candidate) { unit throws(SymbolIndexError) in if unit <= limit { last = unit } }
                } catch { return address }
                if let last { return region.base &+ bucket &<< region.bucketShift &+ last &<< region.unitShift }
            }
            guard bucket > 0 else { return address }
            bucket &-= 1
            limit = region.lastUnit
        }
    }

    /// The units of the bucket at which ranges begin, in rising order.
    private func forEachStart(
        _ place: BucketPlace, _ body: (UInt64) throws(SymbolIndexError) -> Void
    ) throws(SymbolIndexError) {
        // Checks that the starts lie inside the region.
        let (view, _) = try entry(at: place, blockHeader(place))
        var position = place.block &+ BlockHeader.size
        if view.header.shortScopeCount == BlockHeader.longScopeCount
            || view.header.shortFileCount == BlockHeader.longFileCount
        {
            position &+= 8
        }
        if view.header.hasList {
            let count = UInt64(uint32(position))
            for index in 0..<count {
                try body(wideBits(base, UInt64(position &+ 4) &* 8 &+ index &* place.unitWidth, place.unitWidth))
            }
            return
        }
        for unit in 0...place.lastUnit where bits(base, UInt64(position) &* 8 &+ unit, 1) != 0 { try body(unit) }
    }
}
