import ELFObject
import Glibc

/// The bytes of one section as pointer and length, without the reference counts and closures that `RawSpan` of a class's
/// property would bring into loops that run twenty million times.
///
/// `@unchecked Sendable`: the bytes are read-only for everybody but the thread that fills the section, and nobody reads
/// beyond what it has published. They live as long as their `DebugSection`, which ``DebugInputs`` holds; everything that
/// keeps a value of this type keeps the inputs too.
struct SectionBytes: @unchecked Sendable {
    /// Never nil, so that arithmetic needs no unwrapping; meaningless when `count` is 0.
    let base: UnsafePointer<UInt8>
    let count: Int

    /// No bytes.
    static let none = SectionBytes(base: emptyByte, count: 0)

    /// A zero byte that is never freed: where the pointers of absent sections lead.
    private nonisolated(unsafe) static let emptyByte: UnsafePointer<UInt8> = {
        // Allocated once, written before it is published and only read after that.
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    init(base: UnsafePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    /// Bytes that the caller keeps where they are.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        if let base = bytes.baseAddress {
            self.init(base: base, count: bytes.count)
        } else {
            self = .none
        }
    }

    /// The bytes of `section`, which the caller keeps.
    init(_ section: DebugSection?) {
        guard let section, section.count > 0 else {
            self = .none
            return
        }
        self = section.bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return .none }
            return SectionBytes(base: base.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        }
    }

    /// Part of the section; cut at its end.
    func slice(from offset: UInt64, count size: UInt64) -> SectionBytes {
        guard offset < UInt64(count) else { return .none }
        return SectionBytes(base: base + Int(offset), count: Int(min(size, UInt64(count) - offset)))
    }

    /// Length of the text at `offset`, found within `maximum` bytes; `nil` when it has no end there.
    func textLength(at offset: Int, maximum: Int) -> Int? {
        guard offset >= 0, offset < count else { return nil }
        let room = min(count - offset, maximum < Int.max ? maximum + 1 : maximum)
        guard let end = memchr(base + offset, 0, room) else { return nil }
        return UnsafeRawPointer(end) - UnsafeRawPointer(base + offset)
    }

    /// A copy of a range known to lie inside.
    func array(_ range: Range<Int>) -> [UInt8] {
        Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// Text of a range known to lie inside; bytes that are not UTF-8 are replaced.
    func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: range.count), as: UTF8.self)
    }
}
