/// The strings section being written: each text once, in the order of first use.
struct TextTable: Sendable {
    struct Entry {
        var text: IndexText
        var hash: UInt64
    }

    /// The bytes of the section. It begins with an empty text, so that offset 0 is nobody's else.
    private(set) var bytes: [UInt8] = []
    private(set) var texts: [Entry] = []
    /// Open addressing: the number of a text plus one, 0 for a free place. A power of two of them.
    private var slots: [UInt32] = Array(repeating: 0, count: 1024)
    /// Of this process: which texts collide is not for whoever makes the names to choose. Decides about no byte.
    private let seed: UInt64

    init() {
        seed = UInt64(bitPattern: Int64(Hasher().finalize())) | 1
    }

    /// The number of a text in `texts`.
    mutating func number(of text: UnsafeBufferPointer<UInt8>) throws(SymbolIndexError) -> Int {
        let hash = hash(text)
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let number = Int(slots[slot]) &- 1
            if texts[number].hash == hash, isEqual(texts[number].text, text) { return number }
            slot = (slot &+ 1) & mask
        }
        let place = try append(text)
        texts.append(Entry(text: place, hash: hash))
        slots[slot] = UInt32(truncatingIfNeeded: texts.count)
        if texts.count * 2 > slots.count { grow() }
        return texts.count - 1
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) throws(SymbolIndexError) -> IndexText {
        // Long texts have their length before them; see `FunctionRecord`.
        let isLong = text.count >= Int(FunctionRecord.longText)
        let start = bytes.count + (isLong ? 4 : 0)
        guard text.count < Int(IndexLayout.none), start + text.count < Int(IndexLayout.none),
            texts.count < Int(IndexLayout.none) - 1
        else {
            throw .invalidContent("more than 4 GiB of names and paths")
        }
        let length = UInt32(text.count)
        if isLong { withUnsafeBytes(of: length.littleEndian) { bytes.append(contentsOf: $0) } }
        bytes.append(contentsOf: text)
        return IndexText(offset: UInt32(start), length: length)
    }

    private func isEqual(_ known: IndexText, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(known.length) == text.count else { return false }
        return bytes.withUnsafeBufferPointer {
            $0[Int(known.offset)..<Int(known.offset) + text.count].elementsEqual(text)
        }
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = larger.count - 1
        for (number, entry) in texts.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & mask
            while larger[slot] != 0 { slot = (slot &+ 1) & mask }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }

    /// Eight bytes at a time, multiplied to 128 bits and folded.
    private func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(text)
        var hash = seed ^ UInt64(raw.count) &* 0x9E37_79B9_7F4A_7C15
        func mix(_ word: UInt64) {
            let product = (hash ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F ^ seed)
            hash = product.high ^ product.low
        }
        var position = 0
        while position &+ 8 <= raw.count {
            mix(raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position &+= 8
        }
        var rest: UInt64 = 0
        while position < raw.count {
            rest = rest << 8 | UInt64(raw[position])
            position &+= 1
        }
        mix(rest)
        return hash
    }
}
