import Glibc
import Synchronization

/// How many decompressed bytes of one object may still be taken. Shared by all copies of the object.
final class MemoryBudget: Sendable {
    let maximum: UInt64
    private let used = Mutex<UInt64>(0)

    init(_ maximum: UInt64) { self.maximum = maximum }

    /// Takes `size` bytes; when they are not to be had, returns what would then be in use and takes nothing.
    func take(_ size: UInt64) -> UInt64? {
        used.withLock { used in
            let (sum, overflow) = used.addingReportingOverflow(size)
            guard !overflow, sum <= maximum else { return overflow ? UInt64.max : sum }
            used = sum
            return nil
        }
    }

    func giveBack(_ size: UInt64) {
        used.withLock { $0 -= size }
    }
}

/// Memory for one section's decompressed bytes, all zero at first, followed by at least one page of zeros.
///
/// A mapping without reserved swap: a page costs nothing until it is written, and nothing again after `giveBack`. So a
/// section of 2 GB of which 10 MB are in flight costs 10 MB.
///
/// `@unchecked Sendable`: the pointer never changes and only `deinit` unmaps it; who writes when is `DebugSection`'s
/// business.
final class SectionMemory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    private let size: Int
    private let mappedSize: Int
    private let budget: MemoryBudget

    /// `nil` when the system has no address space; `size` has then been given back to `budget`, from which it was taken
    /// before.
    init?(size: Int, takenFrom budget: MemoryBudget) {
        let page = pageSize
        // A section of nearly `Int.max` bytes cannot be mapped, but must not overflow here either.
        let (padded, overflow) = size.addingReportingOverflow(2 * page - 1)
        mappedSize = padded / page * page
        let address =
            overflow
            ? MAP_FAILED
            : mmap(nil, mappedSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            budget.giveBack(UInt64(size))
            return nil
        }
        base = address
        self.size = size
        self.budget = budget
    }

    deinit {
        munmap(base, mappedSize)
        budget.giveBack(UInt64(size))
    }

    /// The section's bytes, without the zeros that follow.
    var buffer: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: size) }

    /// Makes the pages of `range` present in one call instead of by one fault each: 5 % of the time of decompression.
    /// Kernels before 5.14 do not know how; the pages then come when they are written.
    func prepare(_ range: Range<Int>) {
        let first = range.lowerBound / pageSize * pageSize
        madvise(base + first, range.upperBound - first, populateForWriting)
    }
}

/// `MADV_POPULATE_WRITE` of `<linux/mman.h>`, which not every C library names.
private let populateForWriting: Int32 = 23

/// The system's page size in bytes.
let pageSize = max(1, sysconf(Int32(_SC_PAGESIZE)))

/// Gives whole pages within `range` of `base` back to the system: memory of a private mapping is zero afterwards, pages
/// of a file are read again when they are touched again. Returns where the given-back part ends, `range.lowerBound` when
/// no whole page lies within.
@discardableResult
func discardPages(_ base: UnsafeRawPointer, _ range: Range<Int>) -> Int {
    let start = Int(bitPattern: base) + range.lowerBound
    let first = (start + pageSize - 1) / pageSize * pageSize
    let end = (Int(bitPattern: base) + range.upperBound) / pageSize * pageSize
    guard first < end, let address = UnsafeMutableRawPointer(bitPattern: first) else { return range.lowerBound }
    madvise(address, end - first, MADV_DONTNEED)
    return end - Int(bitPattern: base)
}
