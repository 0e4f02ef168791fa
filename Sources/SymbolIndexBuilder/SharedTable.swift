import Glibc

/// Each byte string once, by number; shared by all threads that read units.
///
/// The numbers depend on who comes first, so nothing of them reaches the index: the final numbers are given out in the
/// order of the units. Sixteen stripes with a lock each; two threads meet in one in a few of a hundred calls.
///
/// `@unchecked Sendable`: a stripe is touched only while its lock is held; `withBytes(_:_:)` is for when all writers have ended.
final class SharedTable: @unchecked Sendable {
    private static let stripeBits: UInt32 = 4

    private final class Stripe {
        /// Fresh entries; index + 1, or 0.
        var slots = [UInt32](repeating: 0, count: 256)
        var hashes: [UInt64] = []
        var entries: [(offset: Int, length: Int)] = []
        var bytes: [UInt8] = []
    }

    private let stripes: [(mutex: Lock, stripe: Stripe)]

    init() {
        stripes = (0..<(1 << Self.stripeBits)).map { _ in (Lock(), Stripe()) }
    }

    /// The number of `text`, new or known; `nil` when a stripe is full (2²⁷ texts).
    func number(_ text: UnsafeRawBufferPointer) -> UInt32? {
        // Seeded anew in each process: a file cannot choose names that collide.
        var hasher = Hasher()
        hasher.combine(bytes: text)
        let hash = UInt64(truncatingIfNeeded: hasher.finalize())
        let (mutex, stripe) = stripes[Int(hash & UInt64(1 << Self.stripeBits - 1))]
        mutex.lock()
        defer { mutex.unlock() }
        let mask = stripe.slots.count - 1
        var slot = Int(hash >> UInt64(Self.stripeBits)) & mask
        while stripe.slots[slot] != 0 {
            let index = Int(stripe.slots[slot]) - 1
            if stripe.hashes[index] == hash, Self.isEqual(stripe, index, text) {
                return UInt32(truncatingIfNeeded: index) << Self.stripeBits
                    | UInt32(hash & UInt64(1 << Self.stripeBits - 1))
            }
            slot = (slot + 1) & mask
        }
        let index = stripe.entries.count
        guard index < 1 << 27 else { return nil }
        stripe.slots[slot] = UInt32(truncatingIfNeeded: index + 1)
        stripe.hashes.append(hash)
        stripe.entries.append((stripe.bytes.count, text.count))
        stripe.bytes.append(contentsOf: text)
        if stripe.entries.count * 2 > stripe.slots.count { Self.grow(stripe) }
        return UInt32(truncatingIfNeeded: index) << Self.stripeBits | UInt32(hash & UInt64(1 << Self.stripeBits - 1))
    }

    /// One more than the greatest number given out.
    var limit: Int {
        (stripes.map(\.stripe.entries.count).max() ?? 0) << Int(Self.stripeBits)
    }

    /// The text with that number, valid during `body`. Only when nobody calls ``number(_:)`` any more.
    @inline(__always)
    func withBytes<Result, Failure: Error>(
        _ number: UInt32, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let stripe = stripes[Int(number & (1 << Self.stripeBits - 1))].stripe
        let entry = stripe.entries[Int(number >> Self.stripeBits)]
        return try stripe.bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            try body(
                UnsafeRawBufferPointer(
                    UnsafeBufferPointer(rebasing: bytes[entry.offset..<(entry.offset + entry.length)])))
        }
    }

    private static func isEqual(_ stripe: Stripe, _ index: Int, _ text: UnsafeRawBufferPointer) -> Bool {
        let entry = stripe.entries[index]
        guard entry.length == text.count else { return false }
        guard let base = text.baseAddress, entry.length > 0 else { return true }
        return stripe.bytes.withUnsafeBytes {
            memcmp($0.baseAddress.unsafelyUnwrapped + entry.offset, base, entry.length) == 0
        }
    }

    /// Twice the slots.
    private static func grow(_ stripe: Stripe) {
        var slots = [UInt32](repeating: 0, count: stripe.slots.count * 2)
        let mask = slots.count - 1
        for (index, hash) in stripe.hashes.enumerated() {
            var slot = Int(hash >> UInt64(stripeBits)) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(truncatingIfNeeded: index + 1)
        }
        stripe.slots = slots
    }
}
