import Bytes

/// The memory of a core: which addresses are in the file, and where.
///
/// A segment has `memorySize` bytes of address space and `fileSize` bytes in the file; what lies between was mapped and
/// not dumped (pages of files, or more than `coredump_filter` lets through), which is not the same as zero.
///
///     address space  ──[■■■■■■····]────[■■]──────[········]──   ■ in the file   · mapped only
struct CoreMemory {
    private struct Segment {
        var start: UInt64
        /// Behind what is in the file.
        var end: UInt64
        var offset: UInt64
    }

    private let file: MappedFile
    /// By address, disjoint.
    private let segments: [Segment]
    /// Executable address ranges, by address, merged.
    private let executable: [Range<UInt64>]
    /// Address ranges that were mapped, dumped or not, by address, merged.
    private let mapped: [Range<UInt64>]
    /// Mapped address ranges with what is in the file of them, by address: what the fallback search for modules scans.
    let starts: [UInt64]
    /// What is odd: truncated segments, overlaps.
    let notes: [String]

    init(_ file: MappedFile, _ headers: [CoreHeader.Segment]) {
        self.file = file
        let fileSize = UInt64(file.count)
        var found: [Segment] = []
        var code: [Range<UInt64>] = []
        var all: [Range<UInt64>] = []
        var starts: [UInt64] = []
        var missing: UInt64 = 0
        var truncated = 0
        var damaged = 0
        for header in headers where header.type == 1 {
            let (memoryEnd, isOverflow) = header.address.addingReportingOverflow(header.memorySize)
            guard !isOverflow else {
                damaged += 1
                continue
            }
            if header.flags & 1 != 0, header.memorySize > 0 { code.append(header.address..<memoryEnd) }
            if header.memorySize > 0 { all.append(header.address..<memoryEnd) }
            let claimed = min(header.fileSize, header.memorySize)
            let there = header.offset < fileSize ? min(claimed, fileSize - header.offset) : 0
            if there < claimed {
                truncated += 1
                missing = missing.addingReportingOverflow(claimed - there).overflow ? .max : missing + claimed - there
            }
            if there > 0 {
                found.append(Segment(start: header.address, end: header.address + there, offset: header.offset))
                starts.append(header.address)
            }
        }
        found.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        var disjoint: [Segment] = []
        var overlaps = 0
        for var segment in found {
            if let last = disjoint.last, segment.start < last.end {
                overlaps += 1
                guard segment.end > last.end else { continue }
                // The first one stays; of this one only what lies behind it.
                segment.offset += last.end - segment.start
                segment.start = last.end
            }
            disjoint.append(segment)
        }
        segments = disjoint
        executable = Self.merged(code)
        mapped = Self.merged(all)
        self.starts = starts.sorted()
        var notes: [String] = []
        if truncated > 0 {
            notes.append(
                "the core is truncated: \(missing) bytes of \(truncated) segments lie behind the end of the file "
                    + "(\(fileSize) bytes); stacks may be cut short")
        }
        if overlaps > 0 { notes.append("\(overlaps) segments overlap others; the first of each was used") }
        if damaged > 0 { notes.append("\(damaged) segments reach beyond the address space and were left out") }
        self.notes = notes
    }

    private static func merged(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        for range in ranges.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// Whether the address is in a segment that was executable.
    func isExecutable(_ address: UInt64) -> Bool {
        let next = firstIndex(executable.count) { executable[$0].lowerBound > address }
        return next > 0 && address < executable[next - 1].upperBound
    }

    /// Whether any address of the range is in an executable segment.
    func isExecutable(anyOf range: Range<UInt64>) -> Bool {
        let next = firstIndex(executable.count) { executable[$0].lowerBound >= range.upperBound }
        return next > 0 && executable[next - 1].upperBound > range.lowerBound
    }

    /// Behind the mappings that follow each other from the address on; the address itself when nothing is mapped there.
    func endOfMappings(from address: UInt64) -> UInt64 {
        let next = firstIndex(mapped.count) { mapped[$0].lowerBound > address }
        return next > 0 ? max(address, mapped[next - 1].upperBound) : address
    }

    /// Copies memory when all of it is in the file.
    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard bytes.count > 0 else { return true }
        let (end, isOverflow) = address.addingReportingOverflow(UInt64(bytes.count))
        guard !isOverflow else { return false }
        var index = firstIndex(segments.count) { segments[$0].end > address }
        var position = address
        while position < end {
            guard index < segments.count, segments[index].start <= position else { return false }
            let segment = segments[index]
            let count = min(end, segment.end) - position
            let offset = Int(segment.offset + (position - segment.start))
            // Segments lie within the file; a file that shrinks meanwhile kills the child, as MappedFile says.
            file.withUnsafeBytes { all in
                let source = UnsafeRawBufferPointer(rebasing: all[offset..<offset + Int(count)])
                UnsafeMutableRawBufferPointer(rebasing: bytes[Int(position - address)...]).copyMemory(from: source)
            }
            position += count
            index += 1
        }
        return true
    }

    /// The first index for which `predicate`, once true always true, holds.
    private func firstIndex(_ count: Int, _ predicate: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
