/// How much an index can say, in rising order; a better one replaces a worse one.
public enum IndexQuality: Int, Codable, Comparable, Sendable {
    /// Neither debug information nor symbols.
    case none = 0
    /// Names from the symbol table only.
    case symbols = 1
    /// Debug information, with units or parts missing.
    case partial = 2
    /// Debug information of every unit that has code.
    case full = 3

    /// By how much they can say.
    public static func < (left: IndexQuality, right: IndexQuality) -> Bool { left.rawValue < right.rawValue }
}
