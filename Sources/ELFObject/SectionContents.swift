import Bytes
import Glibc
import Synchronization

/// The bytes of one section: a slice of the mapped file, or memory of its own when they had to be decompressed.
///
/// A copy shares the bytes; they live as long as any copy. Memory that was taken counts against
/// `ELFLimits.maximumTotalSize` of its object until the last copy is gone.
public struct SectionContents: Sendable {
    private enum Storage {
        case mapped(MappedFile, Range<Int>)
        case owned(OwnedBytes)
    }

    private let storage: Storage

    init(_ file: MappedFile, _ range: Range<Int>) { storage = .mapped(file, range) }
    init(_ owned: OwnedBytes) { storage = .owned(owned) }

    /// The number of bytes.
    public var count: Int {
        switch storage {
        case .mapped(_, let range): range.count
        case .owned(let owned): owned.buffer.count
        }
    }

    /// The bytes, valid while this value lives.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            switch storage {
            case .mapped(let file, let range):
                return _overrideLifetime(file.bytes.extracting(range), borrowing: self)
            case .owned(let owned):
                return _overrideLifetime(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(owned.buffer)), borrowing: self)
            }
        }
    }

    /// Runs `body` over the bytes, for C functions; the buffer must not outlive the call.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .mapped(let file, let range):
            return try file.withUnsafeBytes { (all: UnsafeRawBufferPointer) throws(Failure) -> Result in
                try body(UnsafeRawBufferPointer(rebasing: all[range]))
            }
        case .owned(let owned):
            return try withExtendedLifetime(owned) { () throws(Failure) -> Result in
                try body(UnsafeRawBufferPointer(owned.buffer))
            }
        }
    }
}

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

/// Memory from `malloc`, which can say no, where Swift's own allocation would end the process.
///
/// `@unchecked Sendable`: written by its creator before it is shared, read-only after that; only `deinit` frees it.
final class OwnedBytes: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer
    private let budget: MemoryBudget

    /// `nil` when the system has no memory; `size` has then been given back to `budget`, from which it was taken
    /// before.
    init?(size: Int, takenFrom budget: MemoryBudget) {
        guard let address = malloc(max(size, 1)) else {
            budget.giveBack(UInt64(size))
            return nil
        }
        buffer = UnsafeMutableRawBufferPointer(start: address, count: size)
        self.budget = budget
    }

    deinit {
        free(buffer.baseAddress)
        budget.giveBack(UInt64(buffer.count))
    }
}
