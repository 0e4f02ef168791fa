public import ELFObject
import Synchronization

/// The files whose debug information makes one object's answers, and the queue of its units.
///
///     object ─────────────┐  .debug_info .debug_line …      nextUnit() ──▶ UnitLocation ──▶ UnitReader, one a thread
///     supplementary file ─┼─▶ DebugInputs                       ▲                            │  read(_:into:)
///     .dwo and .dwp files ┘                                     │                            ▼
///                               thread that fills sections ─────┘                         UnitCode
///
/// Sections are filled (decompressed) by the caller's threads, in the order of ``sections``, while units are read already:
/// ``nextUnit()`` waits until the whole unit is there. Nothing is ever opened here: a supplementary file or split unit that
/// is not among the inputs is missed and reported.
///
/// ```swift
/// let inputs = try DebugInputs(main: object)
/// for section in inputs.sections { try section.fill() }      // on any thread
/// let reader = UnitReader(inputs)
/// var code = UnitCode()
/// while let unit = try inputs.nextUnit() {
///     if try reader.read(unit, into: &code) { … }
///     inputs.finish(unit)
/// }
/// ```
///
/// All functions may be called from any thread.
public final class DebugInputs: Sendable {
    /// Everything that has to be filled, in the order in which that is useful: the small sections of all files, then
    /// `.debug_line` and `.debug_info` of the object, which are read while they come.
    public let sections: [DebugSection]
    /// The limits that hold for all reading.
    public let limits: DWARFLimits
    /// Bytes of the object's `.debug_info`: what ``doneBytes`` grows to.
    public let totalBytes: Int

    let main: DebugSpace
    let supplementary: DebugSpace?
    let split: [DebugSpace]
    let spaces: [DebugSpace]
    let abbreviations: AbbreviationCache
    private let queue: Mutex<UnitQueue>
    private let outcome = Mutex(Outcome())
    private let memory: Mutex<FinishedUnits>
    /// Over all units, held against the limits of the file.
    let rowCount = Atomic<Int>(0)
    let scopeCount = Atomic<Int>(0)
    let rangeCount = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    private let splits = Mutex<SplitIndex?>(nil)

    private struct Outcome {
        var counts = UnitCounts()
        var skipped: [SkippedUnit] = []
    }

    /// The length that ``skippedUnits`` never exceeds.
    public static let maximumSkippedUnits = 4096

    /// Finds the sections of all files; nothing is decompressed or read yet. `supplementary` is the file that dwz's
    /// `.gnu_debugaltlink` or DWARF 5's `.debug_sup` names, `split` the `.dwo` and `.dwp` files at hand, paired with the
    /// object's skeletons by their ids alone. The caller vouches that the supplementary file is the right one.
    ///
    /// Throws when the object has no `.debug_info` and when the sections of all files are larger than `limits.imageSize`.
    public init(
        main object: ELFObject, supplementary: ELFObject? = nil, split: [ELFObject] = [],
        limits: DWARFLimits = .default
    ) throws(DWARFError) {
        var size = 0
        main = try DebugSpace(object, role: .main, number: 0, size: &size, limits: limits)
        guard main.information.count > 0 else {
            throw DWARFError(file: object.name, section: ".debug_info", offset: nil, reason: .noDebugInformation)
        }
        var spaces = [main]
        if let supplementary {
            let space = try DebugSpace(
                supplementary, role: .supplementary, number: 1, size: &size, limits: limits)
            self.supplementary = space
            spaces.append(space)
        } else {
            self.supplementary = nil
        }
        var splitSpaces: [DebugSpace] = []
        for file in split {
            let space = try DebugSpace(file, role: .split, number: spaces.count, size: &size, limits: limits)
            splitSpaces.append(space)
            spaces.append(space)
        }
        self.split = splitSpaces
        self.spaces = spaces
        self.limits = limits
        // What is read as it comes stands last.
        let streamed = [main.lineSection, main.informationSection].compactMap { $0 }
        let others = spaces.flatMap(\.sections).filter { section in !streamed.contains { $0 === section } }
        sections = others + streamed
        totalBytes = main.information.count
        abbreviations = AbbreviationCache(limits)
        queue = Mutex(UnitQueue())
        memory = Mutex(FinishedUnits())
    }

    /// Sections given as bytes, which the caller keeps and which are all there: for tests.
    init(spaces: [DebugSpace], limits: DWARFLimits) {
        main = spaces[0]
        supplementary = spaces.first { $0.role == .supplementary }
        split = spaces.filter { $0.role == .split }
        self.spaces = spaces
        self.limits = limits
        sections = []
        totalBytes = main.information.count
        abbreviations = AbbreviationCache(limits)
        queue = Mutex(UnitQueue())
        memory = Mutex(FinishedUnits())
    }

    // MARK: Units

    /// The next unit of the object in the order of the file, once its bytes are there; `nil` behind the last. Type units
    /// hold no code: they are counted and passed over. Units that cannot be read go to ``skippedUnits``; their neighbours
    /// are not affected. Throws when a section cannot be decompressed; blocks while it has not been.
    public func nextUnit() throws(DWARFError) -> UnitLocation? {
        try queue.withLock { queue throws(DWARFError) in
            try queue.prepare(self)
            while let unit = try queue.next(self) {
                if let failure = unit.header.failure {
                    skip(unit.header.offset, main.error(".debug_info", unit.header.offset, failure))
                } else if unit.header.isTypeUnit {
                    count { $0.typeUnits += 1 }
                } else {
                    return unit
                }
                finish(unit)
            }
            return nil
        }
    }

    /// Waits for the line table of the object that starts at `offset`.
    func waitForLineTable(at offset: UInt64) throws(DWARFError) {
        guard let section = main.lineSection else { return }
        try UnitQueue.wait(for: section, until: Int(clamping: offset).addingClamped(UnitHeader.lengthSize), main)
        let end = LineHeader.end(LineTableInput(main), at: offset) ?? section.count
        try UnitQueue.wait(for: section, until: end, main)
    }

    /// Says that nothing will be read of `unit` any more, its texts included: the memory of all finished units at the
    /// start of `.debug_info` goes back to the system, unless units of this object refer to each other.
    public func finish(_ unit: UnitLocation) {
        done.add(unit.count, ordering: .relaxed)
        guard let section = main.informationSection else { return }
        let place = memory.withLock { $0.finish(unit) }
        if let place, !abbreviations.hasCrossUnitReferences { section.giveBack(before: place) }
    }

    /// How many of ``totalBytes`` have been finished.
    public var doneBytes: Int { done.load(ordering: .relaxed) }

    /// The split units at hand; their files must be filled.
    var splitIndex: SplitIndex {
        splits.withLock { splits in
            if let known = splits { return known }
            let index = SplitIndex(split, abbreviations, limits)
            splits = index
            return index
        }
    }

    /// What could not be read of the `.dwo` and `.dwp` files' own tables. Single units' problems are in their
    /// ``UnitCode/problems``. Waits until those files are filled.
    public var splitFileProblems: [DWARFError] { splitIndex.problems }

    // MARK: Outcome

    /// How many units of each kind have been met so far.
    public var counts: UnitCounts { outcome.withLock { $0.counts } }

    /// Units that could not be read, in the order of the file: the first ``maximumSkippedUnits`` of
    /// ``UnitCounts/skipped``.
    public var skippedUnits: [SkippedUnit] {
        outcome.withLock { outcome in
            Array(outcome.skipped.sorted { $0.offset < $1.offset }.prefix(Self.maximumSkippedUnits))
        }
    }

    func count(_ change: (inout UnitCounts) -> Void) {
        outcome.withLock { change(&$0.counts) }
    }

    func skip(_ offset: Int, _ reason: DWARFError) {
        outcome.withLock { outcome in
            outcome.counts.skipped += 1
            outcome.skipped.append(SkippedUnit(offset: UInt64(offset), reason: reason))
            // Which units are kept must not depend on which thread came first.
            if outcome.skipped.count >= 2 * Self.maximumSkippedUnits {
                outcome.skipped.sort { $0.offset < $1.offset }
                outcome.skipped.removeLast(outcome.skipped.count - Self.maximumSkippedUnits)
            }
        }
    }

    // MARK: Texts

    /// The bytes of a text, without the zero byte behind it; empty when there is none, when it has no end, and when it is
    /// longer than `limits.nameLength`. The pointer lives as long as the inputs, and no longer than until ``finish(_:)``
    /// of the unit that gave the reference. For a text in a unit's arena use ``UnitCode/withText(_:_:_:)``.
    public func bytes(of reference: TextReference) -> UnsafeBufferPointer<UInt8> {
        bytes(of: reference, maximum: limits.nameLength) ?? UnsafeBufferPointer(start: nil, count: 0)
    }

    /// As ``bytes(of:)``, with another limit of length; `nil` for a text that is longer or has no end.
    func bytes(of reference: TextReference, maximum: Int) -> UnsafeBufferPointer<UInt8>? {
        let number = reference.section - 1
        let place = reference.offset
        guard number >= 0, number / 4 < spaces.count,
            let section = DebugSpace.TextSection(rawValue: number % 4 + 1)
        else { return nil }
        let bytes = spaces[number / 4].bytes(section)
        guard let length = bytes.textLength(at: place, maximum: maximum) else { return nil }
        return UnsafeBufferPointer(start: bytes.base + place, count: length)
    }

    /// The text as a string, bytes that are not UTF-8 replaced; `nil` for none. Not for texts in an arena.
    public func string(_ reference: TextReference) -> String? {
        reference.isNone ? nil : String(decoding: bytes(of: reference), as: UTF8.self)
    }
}

extension UnitCode {
    /// Runs `body` over the bytes of a text of this unit, wherever it stands; the buffer must not outlive the call.
    @inlinable
    public func withText<Result>(
        _ reference: TextReference, _ inputs: DebugInputs, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        guard reference.isInArena else { return body(inputs.bytes(of: reference)) }
        let place = arenaRange(reference)
        return arena.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[place])) }
    }

    /// Where a text of the arena stands in ``arena``, its zero byte left out.
    public func arenaRange(_ reference: TextReference) -> Range<Int> {
        let start = min(reference.offset, arena.count)
        let end = arena[start...].firstIndex(of: 0) ?? arena.count
        return start..<end
    }

    /// A text of this unit as a string, bytes that are not UTF-8 replaced; `nil` for none.
    public func string(_ reference: TextReference, _ inputs: DebugInputs) -> String? {
        if reference.isNone { return nil }
        return withText(reference, inputs) { String(decoding: $0, as: UTF8.self) }
    }

    /// Appends the path of file number `file` to `path`: compilation directory, include directory and name, joined by `/`
    /// until absolute, and not changed beyond that: `..` and symbolic links stay. Code without a source has the path
    /// ``SourceFile/compilerGeneratedPath`` whatever its directory.
    public func appendPath(of file: Int32, _ inputs: DebugInputs, to path: inout [UInt8]) {
        guard file >= 0, Int(file) < files.count else { return }
        let entry = files[Int(file)]
        let start = path.count
        let name = inputs.bytes(of: entry.name)
        if name.elementsEqual(SourceFile.compilerGeneratedPath.utf8) {
            path.append(contentsOf: name)
            return
        }
        PathJoiner.append(inputs.bytes(of: entry.compilationDirectory), to: &path, from: start)
        PathJoiner.append(inputs.bytes(of: entry.directory), to: &path, from: start)
        PathJoiner.append(name, to: &path, from: start)
    }

    /// The path of file number `file` as a string; `nil` when there is no such file.
    public func path(of file: Int32, _ inputs: DebugInputs) -> String? {
        guard file >= 0, Int(file) < files.count else { return nil }
        var path: [UInt8] = []
        appendPath(of: file, inputs, to: &path)
        return String(decoding: path, as: UTF8.self)
    }
}
