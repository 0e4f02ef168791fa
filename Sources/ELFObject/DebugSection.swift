import Bytes
import Synchronization

/// One section of debug information, to be read by many threads while one thread decompresses it.
///
///     file      ▒▒▒▒▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓    compressed; pages behind the decoder are given back
///                           ↓ fill(), one thread
///     memory    ░░░░░░░░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓·········    `count` bytes of address space
///                               ↑              ↑
///               giveBack(before:)              available ◀── wait(until:), any thread
///
/// The number of bytes is known from the start and has passed the limits before the address space was taken; memory is
/// taken as it is filled and given back as readers say, so what is in use follows what is in flight, not the section.
/// A section that needs no work, because it is not compressed and has no relocations, is the file's own bytes, available
/// from the start.
///
/// Relocations of relocatable files are applied, so that addresses are those of `ELFObject.layout`; such a section
/// becomes available as a whole.
///
/// Safe to use from any number of threads, plain POSIX ones included: nothing here needs Swift's concurrency runtime.
/// `@unchecked Sendable`: the memory is written by the one thread that `fill` lets in, and each byte is read by others
/// after it was published only; all else is immutable or behind the gate.
public final class DebugSection: @unchecked Sendable {
    /// The name without what tells of compression: `.debug_info` for `.zdebug_info` too; `.debug_info.dwo` keeps its end.
    public let name: String
    /// The number of bytes, decompressed.
    public let count: Int

    private let object: ELFObject
    private let section: ELFSection
    private let packed: PackedSection
    private let relocations: RelocationPlan?
    /// `nil` when the bytes are the file's.
    private let memory: SectionMemory?
    private let gate: ProgressGate
    private let base: UnsafeRawPointer
    private let givenBack = Atomic<Int>(0)

    /// Checks sizes and limits, and takes address space.
    init(_ object: ELFObject, _ section: ELFSection, relocations: RelocationPlan?) throws(ELFError) {
        packed = try object.packedSection(section)
        name = section.name.hasPrefix(".zdebug_") ? ".debug_" + section.name.dropFirst(8) : section.name
        count = packed.size
        self.object = object
        self.section = section
        self.relocations = relocations
        if packed.packing == .none, relocations == nil {
            memory = nil
            // The mapping lives as long as the file, which `object` keeps; it has at least a header.
            guard let start = object.file.withUnsafeBytes({ $0.baseAddress }) else { throw .notELF(file: object.name) }
            base = start + packed.range.lowerBound
            gate = ProgressGate(published: count)
            return
        }
        let memory = try object.reserveMemory(for: section, size: packed.size)
        self.memory = memory
        base = UnsafeRawPointer(memory.base)
        gate = ProgressGate(published: 0)
    }

    /// The bytes, valid while this object lives. Only the first `available` have a meaning, and of those only the ones
    /// that have not been given back. Where the section was decompressed, at least one page of zeros follows.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: count), borrowing: self) }
    }

    /// Runs `body` over the bytes, for C functions and pointer arithmetic; what `bytes` says holds here too.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// How many bytes from the start are final: an atomic load.
    public var available: Int { gate.available }

    /// Blocks until the first `until` bytes (or all, when there are fewer) are available. Somebody must call `fill`.
    ///
    /// - Throws: What `fill` threw, unless the bytes were made before.
    public func wait(until: Int) throws(ELFError) {
        try gate.wait(until: min(until, count))
    }

    /// Makes all bytes: decompresses, then relocates. The first caller does the work; others, at the same time or later,
    /// wait for the end of it. Costs nothing for sections that need no work.
    ///
    /// - Throws: `decompressionFailed` for data that is damaged, or that gives fewer or more bytes than `count`;
    ///   `malformed`, `limitExceeded` and `unsupportedRelocation` for relocations. A failure is kept: all who wait, now
    ///   or later, get it. Bytes that were available stay so.
    public func fill() throws(ELFError) {
        guard let memory, gate.begin() else { return try gate.wait(until: count) }
        do throws(ELFError) {
            // The last bytes stay behind until the data has ended where it should and its checksum is right: who waits
            // for the whole section gets nothing doubtful.
            let streams = relocations == nil
            try object.unpack(
                packed, section, into: memory.buffer, prepare: memory.prepare,
                progress: { written in if streams && written < count { gate.publish(written) } })
            try relocations?.apply(to: memory.buffer)
        } catch {
            gate.fail(error)
            throw error
        }
        gate.publish(count)
    }

    /// Gives the memory of whole pages before `offset` back to the system, as far as they are available. The caller
    /// promises that nobody reads there any more: zeros would be found in decompressed sections, and in others the file
    /// would be read again.
    public func giveBack(before offset: Int) {
        let end = min(offset, available)
        let start = givenBack.load(ordering: .relaxed)
        // Whoever loses the race leaves the work to the winner, and what is missing to the next call.
        guard end - start >= pageSize,
            givenBack.compareExchange(expected: start, desired: end, ordering: .relaxed).exchanged
        else { return }
        discardPages(base, max(0, start - pageSize)..<end)
    }
}

extension ELFObject {
    /// The section named `name` (`.debug_info`, `.debug_line.dwo`, …), also where it is stored as `.zdebug_…`, ready to
    /// be filled; `nil` when the file has none or only its header (`SHT_NOBITS`).
    ///
    /// In a relocatable file the section is relocated when it is filled; of several sections of one name the one outside
    /// of groups is taken, because groups hold type units, which describe no code.
    ///
    /// - Throws: `malformed`, `limitExceeded`, `unsupportedCompression` and `outOfMemory`, before anything is
    ///   decompressed. The address space counts against `ELFLimits.maximumTotalSize` while the section lives.
    public func debugSection(named name: String) throws(ELFError) -> DebugSection? {
        let compressedName = name.hasPrefix(".debug_") ? ".zdebug_" + name.dropFirst(7) : name
        let found = sections.filter { ($0.name == name || $0.name == compressedName) && $0.hasContents }
        guard let section = found.first(where: { !$0.isGroupMember }) ?? found.first else { return nil }
        return try DebugSection(self, section, relocations: RelocationPlan(self, section))
    }

    /// Takes address space for `size` decompressed bytes, after the limits of the total have been asked.
    func reserveMemory(for section: ELFSection, size: Int) throws(ELFError) -> SectionMemory {
        if let wouldUse = budget.take(UInt64(size)) {
            throw .limitExceeded(
                file: name, place: "section \(section.name) and those decompressed before", value: wouldUse,
                limit: limits.maximumTotalSize, setting: "ELFLimits.maximumTotalSize")
        }
        guard let memory = SectionMemory(size: size, takenFrom: budget) else {
            throw .outOfMemory(file: name, section: section.name, size: UInt64(size))
        }
        return memory
    }
}
