import Bytes

/// The bytes of one section: a slice of the mapped file, or memory of its own when they had to be decompressed.
///
/// A copy shares the bytes; they live as long as any copy. Memory that was taken counts against
/// `ELFLimits.maximumTotalSize` of its object until the last copy is gone.
public struct SectionContents: Sendable {
    private enum Storage {
        case mapped(MappedFile, Range<Int>)
        case owned(SectionMemory)
    }

    private let storage: Storage

    init(_ file: MappedFile, _ range: Range<Int>) { storage = .mapped(file, range) }
    init(_ owned: SectionMemory) { storage = .owned(owned) }

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
