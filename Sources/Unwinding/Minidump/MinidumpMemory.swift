import Bytes

/// The process's memory as far as it is in a minidump: pieces by address that do not overlap.
///
/// Writers may list a piece twice (Breakpad has each stack in its thread and in the memory list), and a hostile file may
/// list anything. Where pieces overlap, the one that begins lower keeps its bytes; of those that begin together the one
/// that was listed first; the rest of the other counts behind it.
struct MinidumpMemory {
    /// A piece as the dump lists it.
    struct Piece {
        var start: UInt64
        var location: MinidumpLocation
    }

    /// Bytes at `start..<end` are in the file at `offset`.
    private struct Range {
        var start: UInt64
        var end: UInt64
        var offset: UInt64
    }

    private let file: MappedFile
    private var ranges: [Range] = []
    /// Pieces that overlapped another with other bytes.
    private(set) var overlapping = 0
    /// Pieces that are not wholly in the file, or go beyond the end of the address space.
    private(set) var damaged = 0

    /// Sorts the pieces; those of the file that are not there are cut.
    init(_ file: MappedFile, _ pieces: [Piece]) {
        self.file = file
        var present: [(piece: Piece, rank: Int)] = []
        present.reserveCapacity(pieces.count)
        let count = UInt64(file.count)
        for (rank, piece) in pieces.enumerated() where piece.location.size > 0 {
            var piece = piece
            let offset = min(piece.location.offset, count)
            let size = min(piece.location.size, count - offset, UInt64.max - piece.start)
            if size < piece.location.size { damaged += 1 }
            guard size > 0 else { continue }
            piece.location = MinidumpLocation(size: size, offset: offset)
            present.append((piece, rank))
        }
        present.sort { ($0.piece.start, $0.rank) < ($1.piece.start, $1.rank) }
        ranges.reserveCapacity(present.count)
        for (piece, _) in present { add(piece) }
    }

    private mutating func add(_ piece: Piece) {
        var range = Range(
            start: piece.start, end: piece.start + piece.location.size, offset: piece.location.offset)
        if let last = ranges.last, range.start < last.end {
            // The same bytes of the file under the same address are one piece that was listed twice. (This piece may
            // begin below what is left of the last.)
            if range.offset &- last.offset != range.start &- last.start { overlapping += 1 }
            guard range.end > last.end else { return }
            range.offset += last.end - range.start
            range.start = last.end
        }
        ranges.append(range)
    }

    /// Copies memory, across pieces that touch; false when a byte is missing, and nothing is copied then.
    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard let target = bytes.baseAddress, !bytes.isEmpty else { return true }
        guard UInt64(bytes.count) <= UInt64.max - address else { return false }
        let end = address + UInt64(bytes.count)
        guard var index = position(of: address) else { return false }
        var covered = address
        let first = index
        while covered < end {
            guard index < ranges.count, ranges[index].start <= covered else { return false }
            covered = ranges[index].end
            index += 1
        }
        file.withUnsafeBytes { source in
            var next = address
            var index = first
            while next < end {
                let range = ranges[index]
                let size = min(range.end, end) - next
                let offset = Int(range.offset + (next - range.start))
                let piece = UnsafeRawBufferPointer(rebasing: source[offset..<offset + Int(size)])
                if let base = piece.baseAddress {
                    (target + Int(next - address)).copyMemory(from: base, byteCount: piece.count)
                }
                next += size
                index += 1
            }
        }
        return true
    }

    /// Position of the piece with `address` in it.
    private func position(of address: UInt64) -> Int? {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].start <= address ? low : nil
    }
}

extension MinidumpReader {
    /// All memory: the lists, then the stacks of threads whose memory is in none.
    mutating func readMemory(stacks: [MinidumpMemory.Piece]) -> MinidumpMemory {
        var pieces: [MinidumpMemory.Piece] = []
        if let list = list(.memoryList, stride: 16) {
            for index in 0..<bounded(list.count, .memoryList) {
                guard let start = u64(list[index]), let location = location(list[index] + 8) else { break }
                pieces.append(.init(start: start, location: location))
            }
        }
        readMemory64(into: &pieces)
        pieces += stacks
        let memory = MinidumpMemory(file, pieces)
        if memory.damaged > 0 { note("\(memory.damaged) pieces of memory are not, or not wholly, in the file") }
        if memory.overlapping > 0 {
            note("\(memory.overlapping) pieces of memory overlap others with other bytes: the lower one counts")
        }
        return memory
    }

    /// `MINIDUMP_MEMORY64_LIST`: a 64-bit count, the offset of the first piece, then address and size of each; the pieces'
    /// bytes follow one another.
    private mutating func readMemory64(into pieces: inout [MinidumpMemory.Piece]) {
        guard let place = directory[.memory64List] else { return }
        guard place.size >= 16, let count = u64(place.offset), var offset = u64(place.offset + 8) else {
            note("stream memory64List: too short for its count")
            return
        }
        let list = bounded(.memory64List, place, header: 16, claimed: count, stride: 16)
        for index in 0..<bounded(list.count, .memory64List) {
            guard let start = u64(list[index]), let size = u64(list[index] + 8) else { break }
            pieces.append(.init(start: start, location: MinidumpLocation(size: size, offset: offset)))
            let (sum, overflow) = offset.addingReportingOverflow(size)
            if overflow {
                note("stream memory64List: the sizes add up to more than there can be")
                break
            }
            offset = sum
        }
    }

    private mutating func bounded(_ count: UInt64, _ stream: MinidumpStream) -> UInt64 {
        let limit = UInt64(MinidumpLimits.memoryRanges)
        if count > limit { note("stream \(stream): \(count - limit) pieces of memory beyond \(limit) are left out") }
        return min(count, limit)
    }
}
