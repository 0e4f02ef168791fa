import DWARFReader

/// A stretch of code and the line row that speaks of it.
struct RowSegment: Equatable {
    var start: UInt64
    var end: UInt64
    /// Index in the unit's rows.
    var row: Int32
}

/// Finds the row of every address.
///
/// At one address the last row counts. Where sequences overlap the later one wins, which keeps it together with the later
/// function. Sequences that begin in dead code are left out; those that reach out of live code are cut.
struct RowSweep {
    private struct Sequence {
        var start: UInt64
        var end: UInt64
        /// The last row's is the end of the sequence.
        var first: Int
        var last: Int
        /// The code it begins in.
        var codeStart: UInt64
        var codeEnd: UInt64
    }

    private var sequences: [Sequence] = []

    /// Fills `segments` with disjoint stretches in rising order. Returns the number of dead sequences.
    mutating func run(_ rows: [LineRow], live: LiveCode, into segments: inout [RowSegment]) -> Int {
        segments.removeAll(keepingCapacity: true)
        sequences.removeAll(keepingCapacity: true)
        var dead = 0
        var rising = true
        rows.withUnsafeBufferPointer { rows in
            var start = 0
            while start < rows.count {
                var end = start
                var isSorted = true
                var address = rows[start].address
                while end < rows.count, !rows[end].isEndOfSequence {
                    let next = rows[end].address
                    if next < address { isSorted = false }
                    address = next
                    end += 1
                }
                // A sequence without an end says nothing about its last row.
                let last = min(end, rows.count - 1)
                if rows[last].address < address { isSorted = false }
                defer { start = end + 1 }
                guard last > start else { continue }
                guard let code = live.range(containing: rows[start].address) else {
                    dead += 1
                    continue
                }
                let sequence = Sequence(
                    start: rows[start].address, end: min(rows[last].address, code.upperBound), first: start, last: last,
                    codeStart: code.lowerBound, codeEnd: code.upperBound)
                if !isSorted { rising = false }
                sequences.append(sequence)
            }
        }
        var inOrder = true
        for index in sequences.indices.dropFirst() where sequences[index].start < sequences[index - 1].start {
            inOrder = false
            break
        }
        if !inOrder { sequences.sort { ($0.start, $0.first) < ($1.start, $1.first) } }
        for index in sequences.indices.dropFirst() where sequences[index].start < sequences[index - 1].end {
            rising = false
            break
        }
        if rising { fill(rows, &segments) } else { general(rows, &segments) }
        return dead
    }

    private func fill(_ rows: [LineRow], _ segments: inout [RowSegment]) {
        rows.withUnsafeBufferPointer { rows in
            for sequence in sequences {
                var index = sequence.first
                while index < sequence.last {
                    let start = rows[index].address
                    let end = min(rows[index + 1].address, sequence.codeEnd)
                    if start < end { Self.append(start, end, index, rows, &segments) }
                    index += 1
                }
            }
        }
    }

    @inline(__always)
    private static func append(
        _ start: UInt64, _ end: UInt64, _ row: Int, _ rows: UnsafeBufferPointer<LineRow>, _ segments: inout [RowSegment]
    ) {
        if let last = segments.last, last.end == start {
            // Half of all rows repeat the place of the row before: they only mark statements and prologues.
            let (old, new) = (rows[Int(last.row)], rows[row])
            if old.line == new.line, old.file == new.file, old.column == new.column {
                segments[segments.count - 1].end = end
                return
            }
        }
        segments.append(RowSegment(start: start, end: end, row: Int32(truncatingIfNeeded: row)))
    }

    private func general(_ rows: [LineRow], _ segments: inout [RowSegment]) {
        var claims: [Claim] = []
        for sequence in sequences {
            for index in sequence.first..<sequence.last {
                let start = max(rows[index].address, sequence.codeStart)
                let end = min(rows[index + 1].address, sequence.codeEnd)
                if start < end {
                    claims.append(Claim(start: start, end: end, rank: UInt64(index), value: UInt32(index)))
                }
            }
        }
        claims.sort { ($0.start, $0.rank) < ($1.start, $1.rank) }
        let disjoint = IntervalSweep.disjoint(claims)
        rows.withUnsafeBufferPointer { rows in
            for claim in disjoint { Self.append(claim.start, claim.end, Int(claim.value), rows, &segments) }
        }
    }
}
