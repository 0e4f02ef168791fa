/// Where a text stands: eight bytes instead of a `String`, so that a million names cost no allocation.
///
///     63        40 39                                0
///     ┌───────────┬──────────────────────────────────┐
///     │ section   │ offset                           │     0 = no text
///     └───────────┴──────────────────────────────────┘
///
/// The text runs from there to the next zero byte. Sections are numbered by ``DebugInputs``; the highest number means the
/// arena of the ``UnitCode`` that the reference stands in, where texts live that no section has, such as a name with the
/// namespaces around it. Equal references are equal texts; the reverse does not hold.
public struct TextReference: Hashable, Sendable {
    /// Section and offset in one number; 0 = none.
    public let rawValue: UInt64

    /// No text.
    public static let none = TextReference(rawValue: 0)

    static let arenaSection = 0xff_ffff
    static let maximumOffset: UInt64 = (1 << 40) - 1

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `section` is 1 to 0xff_ffff; none when the offset is too large for the field.
    @inline(__always)
    init(section: Int, offset: UInt64) {
        rawValue = offset <= Self.maximumOffset ? UInt64(truncatingIfNeeded: section) << 40 | offset : 0
    }

    /// There is no text.
    public var isNone: Bool { rawValue == 0 }
    /// The text stands in the arena of its ``UnitCode``; it may be equal to one in another arena.
    public var isInArena: Bool { section == Self.arenaSection }

    var section: Int { Int(rawValue >> 40) }
    var offset: Int { Int(rawValue & Self.maximumOffset) }
}
