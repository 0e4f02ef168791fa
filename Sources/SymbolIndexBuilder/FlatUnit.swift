/// A unit made flat: code in rising order, each piece with its innermost scope and its row, ready to be written.
///
///     run 0x1000..<0x1080                                run 0x2000..<0x2010
///     ├─piece─┼──piece──┼─piece─┼────piece────┤          ├──piece──┤
///        f 12    g<f 80   g<f 81      f 13                    h 40
///
/// A unit of 20,000 rows takes some 300 KB: what all units of an object leave in memory until the index is written.
struct FlatUnit: Sendable {
    /// A stretch of code without holes.
    struct Run: Sendable {
        var start: UInt64
        /// Behind the last address.
        var end: UInt64
        /// The run's pieces: from here to the next run's, or to the last.
        var firstPiece: UInt32
        /// A piece has a row but no function.
        var hasBareRows: Bool
    }

    /// From its start to the next piece's, or to the end of the run.
    struct Piece: Sendable {
        /// Bytes behind the start of the run.
        var offset: UInt32
        /// Index in `scopes`; −1 where there is a row but no function.
        var scope: Int32
        /// 1-based; 0 compiler-generated.
        var line: UInt32
        /// Index in `files`; `noFile` where there is a function but no row, `wide` when file and column stand in
        /// `widePlaces`.
        var file: UInt16
        /// 1-based; 0 unknown.
        var column: UInt16

        static let noFile = UInt16.max
        static let wide = UInt16.max - 1
    }

    /// File and column of a piece that has a large one.
    struct WidePlace: Sendable {
        var file: UInt32
        var column: UInt32
    }

    /// A scope that a piece, or a scope inlined into it, needs.
    struct Scope: Sendable {
        /// Index in `scopes`, smaller than the scope's own; −1 for a function.
        var parent: Int32
        /// Index in `functions`.
        var function: UInt32
        /// Where the parent calls: index in `files`, or `noFile`. Functions: the lower half of the entry address.
        var callFile: UInt32
        /// Functions: the upper half of the entry address.
        var callLine: UInt32
        var callColumn: UInt32

        static let noFile = UInt32.max

        /// The first instruction of a function.
        var entryAddress: UInt64 { UInt64(callLine) << 32 | UInt64(callFile) }

        static func function(_ function: UInt32, entryAddress: UInt64) -> Scope {
            Scope(
                parent: -1, function: function, callFile: UInt32(truncatingIfNeeded: entryAddress),
                callLine: UInt32(truncatingIfNeeded: entryAddress >> 32), callColumn: 0)
        }
    }

    /// Where the unit stands in `.debug_info`, or in the order of several files: units are ranked by it.
    var rank: UInt64 = 0
    var runs: [Run] = []
    var pieces: [Piece] = []
    var scopes: [Scope] = []
    /// Numbers of `NameTables.functions`, later of the index.
    var functions: [UInt32] = []
    /// Numbers of `NameTables.files`, later of the index.
    var files: [UInt32] = []
    /// By the number of the piece.
    var widePlaces: [UInt32: WidePlace] = [:]
    /// Ranges and line sequences that no live code holds.
    var deadRanges = 0
    /// Inlined calls cut off because they were nested deeper than an index allows.
    var cutScopes = 0
    /// Some row of live code is in no function.
    var hasBareRows = false

    /// Deepest chain of inlined calls kept.
    static let maximumDepth = 1000

    /// File (index in `files`, `nil` for none) and column of a piece.
    @inline(__always)
    func place(ofPiece index: Int) -> (file: UInt32?, column: UInt32) {
        let piece = pieces[index]
        if piece.file < Piece.wide { return (UInt32(piece.file), UInt32(piece.column)) }
        if piece.file == Piece.noFile { return (nil, 0) }
        guard let wide = widePlaces[UInt32(truncatingIfNeeded: index)] else { return (nil, 0) }
        return (wide.file == Scope.noFile ? nil : wide.file, wide.column)
    }

    /// The pieces of a run.
    func pieces(ofRun run: Int) -> Range<Int> {
        Int(runs[run].firstPiece)..<(run + 1 < runs.count ? Int(runs[run + 1].firstPiece) : pieces.count)
    }

    /// Where a piece of that run ends.
    @inline(__always)
    func end(ofPiece piece: Int, run: Int, pieces range: Range<Int>) -> UInt64 {
        piece + 1 < range.upperBound ? runs[run].start &+ UInt64(pieces[piece + 1].offset) : runs[run].end
    }
}
