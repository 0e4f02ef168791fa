/// Changes that know nothing of a format.
enum ByteMutator {
    /// Values that lengths and counts go wrong at.
    private static let special: [UInt64] = [
        0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff,
        0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, .max - 1, .max,
    ]

    /// Pieces of the text formats; a dictionary for `dump` and `names`.
    private static let words: [[UInt8]] = [
        "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "null", "-0.0e+99", "1e999", "\"frames\":[", "0x",
        "18446744073709551616", "\"kind\":\"crashReport\"", "\"images\":[{", "\"exception\":{\"values\":[", "$s", "_Z",
        "_R", "_D", "S_", "I", "E", "N", "TY0_", "\n",
    ].map { Array($0.utf8) }

    static func mutate(_ seed: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = seed
        for _ in 0...random.below(4) {
            if random.below(4) == 0 {
                let word = words[random.below(words.count)]
                let place = random.below(bytes.count + 1)
                bytes.replaceSubrange(place..<min(bytes.count, place + random.below(word.count + 1)), with: word)
            } else {
                change(&bytes, in: 0..<bytes.count, &random, keepingSize: false)
            }
        }
        return bytes
    }

    /// One change inside of `range`.
    static func change(
        _ bytes: inout [UInt8], in range: Range<Int>, _ random: inout FuzzRandom, keepingSize: Bool = true
    ) {
        let range = range.clamped(to: bytes.indices)
        guard !range.isEmpty else { return }
        let place = range.lowerBound + random.below(range.count)
        switch random.below(keepingSize ? 6 : 8) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = random.byte()
        case 2: put(special[random.below(special.count)], size: 1 << random.below(4), at: place, in: range, &bytes)
        case 3:  // a LEB128 that goes on and on
            for position in place..<min(range.upperBound, place + 1 + random.below(24)) { bytes[position] |= 0x80 }
        case 4:  // a piece from elsewhere: valid words where they do not belong
            let length = min(1 + random.below(64), range.upperBound - place)
            let source = random.below(bytes.count - length + 1)
            bytes.replaceSubrange(place..<(place + length), with: Array(bytes[source..<(source + length)]))
        case 5:
            for position in place..<min(range.upperBound, place + 1 + random.below(16)) {
                bytes[position] = random.byte()
            }
        case 6: bytes.removeSubrange(place..<min(range.upperBound, place + 1 + random.below(200)))
        default:
            let end = min(range.upperBound, place + 1 + random.below(200))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
        }
    }

    private static func put(_ value: UInt64, size: Int, at place: Int, in range: Range<Int>, _ bytes: inout [UInt8]) {
        for index in 0..<size where place + index < range.upperBound {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
        }
    }
}
