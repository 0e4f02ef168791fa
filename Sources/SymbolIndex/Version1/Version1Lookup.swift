import Bytes

/// The ranges of a file of version 1.
extension Version1Sections {
    func lookup(_ address: UInt64, _ storage: IndexStorage) throws(SymbolIndexError) -> IndexedLocation? {
        let bytes = storage.bytes
        guard let cursor = try cursor(at: address, bytes), let (chain, depth) = try chain(cursor, bytes) else {
            return nil
        }
        return IndexedLocation(storage: storage, first: chain, address: address, frameCount: depth)
    }

    func rangeStart(of address: UInt64, _ storage: IndexStorage) -> UInt64 {
        (try? cursor(at: address, storage.bytes))?.address ?? address
    }

    func forEachRange(
        _ storage: IndexStorage, _ body: (Range<UInt64>, IndexedLocation?) -> Void
    ) throws(SymbolIndexError) {
        let bytes = storage.bytes
        for block in 0..<blockStarts.count {
            let start = blockStart(block, bytes)
            let limit = block + 1 < blockStarts.count ? blockStart(block + 1, bytes) : nil
            var cursor = try Version1RangeCursor(block: block, startingAt: start, self, bytes)
            while true {
                let end = cursor.nextAddress ?? limit
                if let end {
                    guard end > cursor.address, end <= limit ?? end else {
                        throw .damaged(section: .blockStarts, record: block, reason: "blocks are not in rising order")
                    }
                    let location = try chain(cursor, bytes).map { chain, depth in
                        IndexedLocation(storage: storage, first: chain, address: cursor.address, frameCount: depth)
                    }
                    body(cursor.address..<end, location)
                } else if !cursor.isHole {
                    throw .damaged(section: .blocks, record: block, reason: "the last range has no end")
                }
                guard try cursor.advance(bytes) else { break }
            }
        }
    }

    private func cursor(at address: UInt64, _ bytes: RawSpan) throws(SymbolIndexError) -> Version1RangeCursor? {
        guard blockStarts.count > 0, blockStart(0, bytes) <= address else { return nil }
        var low = 0
        var length = blockStarts.count
        while length > 1 {
            let half = length / 2
            low = blockStart(low + half, bytes) <= address ? low + half : low
            length -= half
        }
        var cursor = try Version1RangeCursor(block: low, startingAt: blockStart(low, bytes), self, bytes)
        try cursor.advance(to: address, bytes)
        return cursor
    }

    private func blockStart(_ block: Int, _ bytes: RawSpan) -> UInt64 {
        bytes.uint64(at: blockStarts.offset + block * 8)
    }
}
