/// From places in debug information to small numbers: open addressing in memory that is made once and used for unit after
/// unit. A million inlined calls ask it for the function they are a call of.
///
/// Linear probing over a table at most half full; keys are never removed, only all together.
final class PlaceTable {
    private struct Entry {
        /// Place + 1; 0 = free.
        var key: UInt64
        var value: Int32
    }

    private var entries: UnsafeMutableBufferPointer<Entry>
    private var count = 0
    private var mask: Int

    private static let smallest = 1024

    /// An empty table.
    init() {
        entries = .allocate(capacity: Self.smallest)
        entries.initialize(repeating: Entry(key: 0, value: 0))
        mask = Self.smallest - 1
    }

    deinit { entries.deallocate() }

    /// Forgets everything; memory of a much larger unit before is given back.
    func removeAll() {
        if entries.count > Self.smallest, count < entries.count / 64 {
            entries.deallocate()
            entries = .allocate(capacity: Self.smallest)
            entries.initialize(repeating: Entry(key: 0, value: 0))
            mask = Self.smallest - 1
            count = 0
            return
        }
        if count > 0 { entries.update(repeating: Entry(key: 0, value: 0)) }
        count = 0
    }

    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        // Multiplication spreads neighbouring places; its high bits are the good ones.
        Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 32) & mask
    }

    /// The number kept for `place`.
    @inline(__always)
    func value(at place: UInt64) -> Int32? {
        let key = place &+ 1
        var index = slot(of: key)
        while true {
            let entry = entries[index]
            if entry.key == key { return entry.value }
            if entry.key == 0 { return nil }
            index = (index &+ 1) & mask
        }
    }

    /// Keeps `value` for `place`, which is not in the table yet.
    func insert(_ value: Int32, at place: UInt64) {
        if (count + 1) * 2 > entries.count { grow() }
        put(Entry(key: place &+ 1, value: value))
        count += 1
    }

    private func put(_ entry: Entry) {
        var index = slot(of: entry.key)
        while entries[index].key != 0 { index = (index &+ 1) & mask }
        entries[index] = entry
    }

    private func grow() {
        let old = entries
        entries = .allocate(capacity: old.count * 2)
        entries.initialize(repeating: Entry(key: 0, value: 0))
        mask = entries.count - 1
        for entry in old where entry.key != 0 { put(entry) }
        old.deallocate()
    }
}
