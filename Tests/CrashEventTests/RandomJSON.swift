/// SplitMix64: the same seed gives the same documents on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Random JSON text with the oddities that real documents have: white space, escapes, any Unicode, long numbers.
struct RandomJSON {
    var generator: SeededGenerator
    /// Duplicate keys are legal, but other parsers disagree about them.
    var allowsDuplicateKeys = false

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func document() -> String { space() + value(depth: 0) + space() }

    mutating func object(depth: Int = 0) -> String {
        var keys: Set<String> = []
        var members: [String] = []
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
            let name = key()
            guard keys.insert(name).inserted || allowsDuplicateKeys else { continue }
            members.append(space() + quoted(name) + space() + ":" + space() + value(depth: depth + 1) + space())
        }
        return "{" + (members.isEmpty ? space() : members.joined(separator: ",")) + "}"
    }

    mutating func value(depth: Int) -> String {
        switch Int.random(in: 0...(depth > 4 ? 5 : 8), using: &generator) {
        case 0: return "null"
        case 1: return Bool.random(using: &generator) ? "true" : "false"
        case 2: return String(Int64.random(in: -1_000_000...1_000_000, using: &generator))
        case 3: return number()
        case 4, 5: return quoted(text())
        case 6: return object(depth: depth)
        default:
            let elements = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                space() + value(depth: depth + 1) + space()
            }
            return "[" + (elements.isEmpty ? space() : elements.joined(separator: ",")) + "]"
        }
    }

    mutating func key() -> String {
        Bool.random(using: &generator)
            ? ["a", "b", "frames", "data", "x/y", "k\"q", "ü"].randomElement(using: &generator) ?? "a" : text()
    }

    private mutating func text() -> String {
        var result = ""
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            let choice = Int.random(in: 0...9, using: &generator)
            let range: ClosedRange<UInt32> = choice < 7 ? 0x20...0x7e : choice == 7 ? 0...0x1f : 0xa0...0x1_f9ff
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private mutating func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || Int.random(in: 0...15, using: &generator) == 0
            {
                for unit in String(Character(scalar)).utf16 {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &generator))
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else if scalar == "/" && Bool.random(using: &generator) {
                result += "\\/"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private mutating func number() -> String {
        let whole = Int.random(in: 0...99_999, using: &generator)
        let sign = Bool.random(using: &generator) ? "-" : ""
        switch Int.random(in: 0...2, using: &generator) {
        case 0: return "\(sign)\(whole).\(Int.random(in: 0...999, using: &generator))"
        case 1: return "\(sign)\(whole)e\(Int.random(in: -9...9, using: &generator))"
        default: return "\(sign)\(whole).5E+\(Int.random(in: 0...9, using: &generator))"
        }
    }

    private mutating func space() -> String {
        guard Int.random(in: 0...3, using: &generator) == 0 else { return "" }
        return [" ", "\n", "\t", "\r\n", "  "].randomElement(using: &generator) ?? ""
    }
}
