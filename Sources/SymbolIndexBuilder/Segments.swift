/// A stretch of code and the flat unit, or the symbol, that describes it.
struct Segment: Equatable {
    var start: UInt64
    var end: UInt64
    /// Index of the unit.
    var unit: Int32
    /// Index of the unit's run that holds the stretch.
    var run: Int32
    /// The piece that holds `start`; those behind it follow until `end`.
    var piece: UInt32
}

/// Lays the units side by side.
///
///     unit 1   ├──────┤        ├────┤
///     unit 2          ├────┤ ├────┤           the same inline function, kept twice by the compiler
///     segments ├──1───┼─2──┤ ├─2──┼1┤
///
/// Where units overlap (inline functions in several units, identical code folded into one), a unit that knows a function
/// there beats one that knows only a line; then the unit that stands first in `.debug_info` wins: a fixed rule, and the one
/// of LLVM's tools.
///
/// Runs that overlap nothing, which is nearly all of them, become a segment each; only where several meet do their pieces
/// go through ``IntervalSweep``.
enum Segments {
    private struct UnitRun {
        var start: UInt64
        var end: UInt64
        var unit: Int32
        var run: Int32
    }

    /// Disjoint segments in rising order, and for each unit whether some of its pieces may be hidden by another unit's.
    static func of(_ units: [FlatUnit]) -> (segments: [Segment], overlapped: [Bool]) {
        var runs: [UnitRun] = []
        runs.reserveCapacity(units.reduce(0) { $0 + $1.runs.count })
        for (unit, flat) in units.enumerated() {
            for (run, range) in flat.runs.enumerated() {
                runs.append(
                    UnitRun(
                        start: range.start, end: range.end, unit: Int32(truncatingIfNeeded: unit),
                        run: Int32(truncatingIfNeeded: run)))
            }
        }
        runs.sort { ($0.start, $0.unit, $0.run) < ($1.start, $1.unit, $1.run) }
        var overlapped = [Bool](repeating: false, count: units.count)
        var segments: [Segment] = []
        segments.reserveCapacity(runs.count)
        var first = 0
        while first < runs.count {
            var end = runs[first].end
            var next = first + 1
            while next < runs.count, runs[next].start < end {
                end = max(end, runs[next].end)
                next += 1
            }
            if next == first + 1 {
                let run = runs[first]
                segments.append(
                    Segment(
                        start: run.start, end: run.end, unit: run.unit, run: run.run,
                        piece: units[Int(run.unit)].runs[Int(run.run)].firstPiece))
            } else {
                for run in runs[first..<next] { overlapped[Int(run.unit)] = true }
                appendCluster(runs[first..<next], units, &segments)
            }
            first = next
        }
        return (segments, overlapped)
    }

    private static func appendCluster(_ runs: ArraySlice<UnitRun>, _ units: [FlatUnit], _ segments: inout [Segment]) {
        var claims: [Claim] = []
        var places: [(unit: Int32, run: Int32, piece: UInt32)] = []
        for run in runs {
            let unit = units[Int(run.unit)]
            let rank = ~unit.rank & (1 << 63 - 1)
            let pieces = unit.pieces(ofRun: Int(run.run))
            for piece in pieces {
                claims.append(
                    Claim(
                        start: run.start &+ UInt64(unit.pieces[piece].offset),
                        end: unit.end(ofPiece: piece, run: Int(run.run), pieces: pieces),
                        rank: unit.pieces[piece].scope < 0 ? rank : rank | 1 << 63,
                        value: UInt32(truncatingIfNeeded: places.count)))
                places.append((run.unit, run.run, UInt32(truncatingIfNeeded: piece)))
            }
        }
        for claim in IntervalSweep.disjoint(claims) {
            let place = places[Int(claim.value)]
            // Neighbouring pieces of one run are one segment again.
            if let last = segments.last, last.end == claim.start, last.unit == place.unit, last.run == place.run,
                continues(last, at: place.piece, claim.start, units[Int(place.unit)])
            {
                segments[segments.count - 1].end = claim.end
            } else {
                segments.append(
                    Segment(start: claim.start, end: claim.end, unit: place.unit, run: place.run, piece: place.piece))
            }
        }
    }

    /// Whether reading on from `segment` comes to `piece` at `address` by itself. Pieces of one run are without holes, so
    /// it does: the piece that holds an address is the same wherever one began.
    private static func continues(_ segment: Segment, at piece: UInt32, _ address: UInt64, _ unit: FlatUnit) -> Bool {
        piece >= segment.piece
            && unit.runs[Int(segment.run)].start &+ UInt64(unit.pieces[Int(piece)].offset) <= address
    }
}
