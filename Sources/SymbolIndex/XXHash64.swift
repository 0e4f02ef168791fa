/// XXH64, Yann Collet's 64-bit hash (specification: "xxHash fast digest algorithm", version 0.1.1), with seed 0, of
/// bytes that come in pieces: the checksum of an index. It finds accidents, not forgeries; indexes are made by our own
/// builder and lie in our own cache.
struct XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    private var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
    private var count = 0
    /// The bytes that do not fill a stripe of 32 yet.
    private var rest: [UInt8] = []

    init() { rest.reserveCapacity(32) }

    /// Adds bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var position = 0
        if !rest.isEmpty {
            position = min(32 - rest.count, bytes.count)
            rest.append(contentsOf: bytes[..<position])
            guard rest.count == 32 else { return }
            rest.withUnsafeBytes { stripes($0) }
            rest.removeAll(keepingCapacity: true)
        }
        let whole = (bytes.count - position) / 32 * 32
        stripes(UnsafeRawBufferPointer(rebasing: bytes[position..<position + whole]))
        rest.append(contentsOf: bytes[(position + whole)...])
    }

    private mutating func stripes(_ bytes: UnsafeRawBufferPointer) {
        var (lane0, lane1, lane2, lane3) = lanes
        var position = 0
        while position < bytes.count {
            lane0 = Self.round(lane0, Self.word(bytes, position))
            lane1 = Self.round(lane1, Self.word(bytes, position + 8))
            lane2 = Self.round(lane2, Self.word(bytes, position + 16))
            lane3 = Self.round(lane3, Self.word(bytes, position + 24))
            position += 32
        }
        lanes = (lane0, lane1, lane2, lane3)
    }

    /// The hash of all bytes so far.
    var value: UInt64 {
        var hash = Self.prime5
        if count >= 32 {
            hash = Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7)
            hash = hash &+ Self.rotate(lanes.2, 12) &+ Self.rotate(lanes.3, 18)
            hash = Self.merge(hash, lanes.0)
            hash = Self.merge(hash, lanes.1)
            hash = Self.merge(hash, lanes.2)
            hash = Self.merge(hash, lanes.3)
        }
        hash &+= UInt64(count)
        hash = rest.withUnsafeBytes { Self.finish(hash, $0) }
        hash ^= hash >> 33
        hash = hash &* Self.prime2
        hash ^= hash >> 29
        hash = hash &* Self.prime3
        hash ^= hash >> 32
        return hash
    }

    private static func finish(_ start: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = start
        var position = 0
        while position + 8 <= bytes.count {
            hash ^= round(0, word(bytes, position))
            hash = rotate(hash, 27) &* prime1 &+ prime4
            position += 8
        }
        if position + 4 <= bytes.count {
            let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            hash ^= UInt64(half) &* prime1
            hash = rotate(hash, 23) &* prime2 &+ prime3
            position += 4
        }
        while position < bytes.count {
            hash ^= UInt64(bytes[position]) &* prime5
            hash = rotate(hash, 11) &* prime1
            position += 1
        }
        return hash
    }

    @inline(__always) private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always) private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }

    @inline(__always) private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }
}
