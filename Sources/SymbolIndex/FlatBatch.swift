/// Answers groups of addresses step by step: each step is done for the whole group before the next, so that the
/// processor waits for the lines of all addresses at once instead of for one after the other.
///
///     1  directory entries
///     2  headers of the blocks             each step's reads are independent of one another
///     3  entries and chains ─▶ numbers of functions, places as the blocks have them
///     4  records of the functions ─▶ names, lines
struct FlatBatch {
    /// Enough to hide a wait, few enough that what a step read is still there in the next.
    static let groupSize = 16

    private let storage: IndexStorage
    private var output: FlatOutput
    private let ends: UnsafeMutableBufferPointer<UInt32>
    /// The region of the last address, which mostly is the next one's.
    private var region = IndexRegion(
        start: 1, end: 0, blocks: 0, blockBytes: 0, firstBucket: 0, bucketCount: 0, bucketShift: 0, unitShift: 0)
    private var places: InlineArray<16, BucketPlace>
    private var headers = InlineArray<16, BlockHeader>(repeating: BlockHeader(raw: 0))
    private var isKnown = InlineArray<16, Bool>(repeating: false)

    init(
        _ storage: IndexStorage, frames: UnsafeMutableBufferPointer<FlatFrame>,
        ends: UnsafeMutableBufferPointer<UInt32>
    ) {
        self.storage = storage
        output = FlatOutput(storage, frames)
        self.ends = ends
        places = InlineArray(
            repeating: BucketPlace(block: 0, end: 0, unit: 0, lastUnit: 0, unitWidth: 0, continues: false))
    }

    /// Answers the addresses, whose first has number `first`.
    /// - Returns: How many found room.
    mutating func answer(
        _ addresses: UnsafeBufferPointer<UInt64>, first: Int
    ) throws(SymbolIndexError) -> Int {
        for index in 0..<addresses.count { findPlace(addresses[index], index) }
        for index in 0..<addresses.count where isKnown[index] {
            headers[index] = storage.blockHeader(places[index])
        }
        let firstFrame = output.end
        var done = 0
        while done < addresses.count {
            if isKnown[done], try !output.decode(places[done], headers[done]) { break }
            ends[first &+ done] = UInt32(truncatingIfNeeded: output.end)
            done &+= 1
        }
        output.complete(from: firstFrame)
        return done
    }

    @inline(__always)
    private mutating func findPlace(_ address: UInt64, _ index: Int) {
        isKnown[index] = false
        if address < region.start || address >= region.end {
            guard let number = storage.regionNumber(of: address) else { return }
            region = storage.region(number)
        }
        guard let place = BucketPlace(address, region, storage) else { return }
        places[index] = place
        isKnown[index] = true
    }
}
