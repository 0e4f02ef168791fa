/// Reproducible random numbers (Steele, Lea and Flood's SplitMix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Damages a copy in one to eight places: flipped bits, interesting bytes, runs of 0xff, and truncation.
    mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...8, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff, 0xfe][Int.random(in: 0..<6, using: &self)]
            case 2: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 3: for index in place..<min(place + 9, bytes.count) { bytes[index] = 0xff }
            case 4: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            default: if Bool.random(using: &self) { bytes.removeLast(bytes.count - place) }
            }
        }
        return bytes
    }
}
