/// The first eight bytes of a block: how wide its fields are.
///
///     block:  header · [counts] · starts · scopes · files · entries
///
/// A block says what is known in one bucket of addresses, and it says all of it: no other place of the file is needed
/// for a place and its whole inline chain but the records of the functions. All fields have a fixed width within a
/// block, so that the one wanted is reached by a multiplication instead of by decoding those before it.
///
///     starts    a bit for each address unit of the bucket at which a range begins, or a list of such units
///     scopes    the chains of the bucket's ranges: parent, function, place of the call
///     files     numbers of files that are not the declaring file of the function that the code belongs to
///     entries   scope, file, line, column of each range; first of the one that began in an earlier bucket, if any
///
/// Lines are differences to the line at which the function is declared, files are left out where they are the declaring
/// file: most of the code of a function is written there.
struct BlockHeader {
    var raw: UInt64

    static let size = 8
    /// Counts that do not fit stand behind the header, 4 bytes each.
    static let longScopeCount: UInt64 = 1023
    static let longFileCount: UInt64 = 63

    @inline(__always) init(raw: UInt64) { self.raw = raw }

    @inline(__always) private func field(_ shift: UInt64, _ width: UInt64) -> UInt64 {
        raw &>> shift & (1 &<< width &- 1)
    }

    /// Bits of an entry's line code.
    @inline(__always) var lineWidth: UInt64 { field(0, 6) }
    @inline(__always) var columnWidth: UInt64 { field(6, 6) }
    /// Bits of the line code of a call.
    @inline(__always) var callLineWidth: UInt64 { field(12, 6) }
    @inline(__always) var callColumnWidth: UInt64 { field(18, 6) }
    @inline(__always) var functionWidth: UInt64 { field(24, 6) }
    /// Bits of a file's number plus one.
    @inline(__always) var fileWidth: UInt64 { field(30, 6) }
    @inline(__always) var shortScopeCount: UInt64 { field(36, 10) }
    @inline(__always) var shortFileCount: UInt64 { field(46, 6) }
    /// The starts are a list, not a bitmap.
    @inline(__always) var hasList: Bool { field(52, 1) != 0 }
    /// There are holes, or ranges without a scope.
    @inline(__always) var hasBareEntries: Bool { field(53, 1) != 0 }
    /// Lines of entries may be before the declaration.
    @inline(__always) var hasSignedLines: Bool { field(54, 1) != 0 }
    /// Lines of calls may be before the declaration.
    @inline(__always) var hasSignedCallLines: Bool { field(55, 1) != 0 }

    init(
        lineWidth: Int, columnWidth: Int, callLineWidth: Int, callColumnWidth: Int, functionWidth: Int,
        fileWidth: Int, scopeCount: Int, fileCount: Int, hasList: Bool, hasBareEntries: Bool, hasSignedLines: Bool,
        hasSignedCallLines: Bool
    ) {
        raw = UInt64(lineWidth) | UInt64(columnWidth) << 6 | UInt64(callLineWidth) << 12
        raw |= UInt64(callColumnWidth) << 18 | UInt64(functionWidth) << 24 | UInt64(fileWidth) << 30
        raw |= min(UInt64(scopeCount), Self.longScopeCount) << 36 | min(UInt64(fileCount), Self.longFileCount) << 46
        raw |= (hasList ? 1 << 52 : 0) | (hasBareEntries ? 1 << 53 : 0)
        raw |= (hasSignedLines ? 1 << 54 : 0) | (hasSignedCallLines ? 1 << 55 : 0)
    }

    /// Bits that numbers below `count` need.
    @inline(__always) static func width(count: UInt64) -> UInt64 {
        count <= 1 ? 0 : UInt64(64 &- (count &- 1).leadingZeroBitCount)
    }

    /// Bits of an entry's scope: numbers of scopes, then one for "hole" and one for "no scope".
    @inline(__always) func entryScopeWidth(_ scopeCount: UInt64) -> UInt64 {
        Self.width(count: hasBareEntries ? scopeCount &+ 2 : scopeCount)
    }

    /// What is stored for a line: 0 for line 0, else the difference to the declaration plus one.
    @inline(__always) static func lineCode(_ line: UInt32, declaredAt declaration: UInt32, signed: Bool) -> UInt64 {
        if line == 0 { return 0 }
        let difference = Int64(line) &- Int64(declaration)
        guard signed else { return UInt64(bitPattern: difference) &+ 1 }
        return UInt64(bitPattern: difference &<< 1 ^ difference &>> 63) &+ 1
    }

    /// The line that a code means.
    @inline(__always) static func line(_ code: UInt64, declaredAt declaration: UInt32, signed: Bool) -> UInt32 {
        if code == 0 { return 0 }
        let value = code &- 1
        let difference = signed ? value &>> 1 ^ (0 &- (value & 1)) : value
        return declaration &+ UInt32(truncatingIfNeeded: difference)
    }
}

/// Reads a field of at most 57 bits, `bit` bits behind `base`. Touches the eight bytes that begin with the field's
/// first.
@inline(__always)
func bits(_ base: UnsafeRawPointer, _ bit: UInt64, _ width: UInt64) -> UInt64 {
    let word = UInt64(
        littleEndian: base.loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: bit &>> 3), as: UInt64.self))
    return word &>> (bit & 7) & (1 &<< width &- 1)
}

/// The same for up to 64 bits; touches nine bytes when it must.
@inline(__always)
func wideBits(_ base: UnsafeRawPointer, _ bit: UInt64, _ width: UInt64) -> UInt64 {
    if width <= 57 { return bits(base, bit, width) }
    return bits(base, bit, 32) | bits(base, bit &+ 32, width &- 32) &<< 32
}
