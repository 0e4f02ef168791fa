/// The last bytes of a stream, in a memory that grows with them up to the limit and never beyond.
struct TailBuffer {
    private let limit: Int
    private var storage: [UInt8] = []
    /// Where the oldest byte is, once the storage is full.
    private var start = 0

    init(limit: Int) { self.limit = max(1, limit) }

    /// Adds bytes; the oldest go.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        var bytes = bytes.suffix(limit)
        if storage.count < limit {
            let fitting = bytes.prefix(limit - storage.count)
            storage += fitting
            bytes = bytes.dropFirst(fitting.count)
        }
        while !bytes.isEmpty {
            let piece = bytes.prefix(limit - start)
            storage.replaceSubrange(start..<start + piece.count, with: piece)
            start = (start + piece.count) % limit
            bytes = bytes.dropFirst(piece.count)
        }
    }

    /// The bytes in order.
    var bytes: [UInt8] { Array(storage[start...] + storage[..<start]) }
}
