import DWARFReader
import ELFObject
import SymbolIndex

/// Reads all units with all cores.
///
///     thread 0   fill .debug_abbrev ▸ fill .debug_line ▸ symbols ▸ unit 1 ▸ unit 3 ▸ unit 4 …
///     thread 1   fill .debug_str    ▸ fill .debug_info ─────────────────────▸ unit 5 …
///
/// Whoever is free takes the next section to decompress, then the next unit; units are read while the end of
/// `.debug_info` is still being decompressed. What they give is put into the order of the file, so the result does not
/// depend on who read what.
///
/// `@unchecked Sendable`: everything that changes is used under `lock`; `results` of it only when all threads have ended.
final class UnitStage: @unchecked Sendable {
    private let inputs: DebugInputs
    private let live: LiveCode
    private let tables: NameTables
    private let observer: BuildObserver
    private let file: String
    private let lock = Lock()
    private var nextSection = 0
    private var flats: [(index: Int, unit: FlatUnit)] = []
    private var failure: IndexBuildError?
    private var notes: [(index: Int, note: UnitNotes)] = []
    private var outsideWork: (@Sendable () -> Void)?

    /// What a unit says beside its code.
    struct UnitNotes: Sendable {
        var problems: [DWARFError] = []
        var problemsOmitted = 0
        var splitUnit: SplitUnitReference?
        var invalidRanges = 0
        var unresolved = 0
        var supplementaryReferences = 0
        var isEmpty: Bool {
            problems.isEmpty && splitUnit == nil && invalidRanges == 0 && unresolved == 0
                && supplementaryReferences == 0
        }
    }

    /// - Parameter outsideWork: Something that needs no units, for a free thread.
    init(
        _ inputs: DebugInputs, file: String, live: LiveCode, tables: NameTables, observer: BuildObserver,
        outsideWork: @escaping @Sendable () -> Void
    ) {
        self.inputs = inputs
        self.live = live
        self.tables = tables
        self.observer = observer
        self.file = file
        self.outsideWork = outsideWork
    }

    /// Reads everything with `threads` threads and one more: as long as one decompresses, all cores have units to read, and
    /// the decoder does not get as far ahead of them: libjvm's peak on two cores falls from 309 MB to between 258 and 307.
    func run(threads: Int) throws(IndexBuildError) -> (units: [FlatUnit], notes: [UnitNotes]) {
        ThreadTeam.run(max(1, threads) + 1) { [self] _ in work() }
        if let failure { throw failure }
        flats.sort { $0.index < $1.index }
        notes.sort { $0.index < $1.index }
        let result = (flats.map(\.unit), notes.map(\.note))
        flats = []
        return result
    }

    private func work() {
        defer { observer.idle() }
        while let section = takeSection() {
            observer.step("decompressing", "\(section.name) of \(file)", nil)
            do throws(ELFError) {
                try section.fill()
            } catch {
                fail(.object(error))
            }
        }
        let outside = lock.withLock { () -> (@Sendable () -> Void)? in
            defer { outsideWork = nil }
            return outsideWork
        }
        observer.step("reading symbol tables", file, nil)
        outside?()
        observer.step("reading .debug_info", file, nil)
        let reader = UnitReader(inputs)
        var worker = UnitWorker(inputs, live, tables)
        do throws(DWARFError) {
            while let unit = try inputs.nextUnit() {
                if hasFailed { return }
                observer.place(Int(clamping: unit.offset))
                if let (flat, note) = try worker.read(unit, reader) {
                    guard let flat else { return fail(.index(.invalidContent("more than 2,147,483,648 names"))) }
                    lock.withLock {
                        if !flat.runs.isEmpty || flat.deadRanges > 0 || flat.cutScopes > 0 {
                            flats.append((unit.index, flat))
                        }
                        if !note.isEmpty { notes.append((unit.index, note)) }
                    }
                }
                inputs.finish(unit)
                observer.progress(inputs.doneBytes, inputs.totalBytes)
            }
        } catch {
            fail(.debugInformation(error))
        }
    }

    private var hasFailed: Bool { lock.withLock { failure != nil } }

    private func fail(_ error: IndexBuildError) {
        lock.withLock { if failure == nil { failure = error } }
    }

    private func takeSection() -> DebugSection? {
        lock.withLock {
            guard nextSection < inputs.sections.count else { return nil }
            nextSection += 1
            return inputs.sections[nextSection - 1]
        }
    }
}

/// One thread's tools and memory.
private struct UnitWorker {
    private let inputs: DebugInputs
    private var code = UnitCode()
    private var flattener: UnitFlattener
    private var naming: UnitNaming

    init(_ inputs: DebugInputs, _ live: LiveCode, _ tables: NameTables) {
        self.inputs = inputs
        flattener = UnitFlattener(live: live)
        naming = UnitNaming(tables)
    }

    /// A unit made flat; `nil` when there is nothing to read in it, without a flat unit when a table is full.
    mutating func read(
        _ unit: UnitLocation, _ reader: UnitReader
    ) throws(DWARFError) -> (FlatUnit?, UnitStage.UnitNotes)? {
        guard try reader.read(unit, into: &code) else { return nil }
        var flat = flattener.flatten(code)
        if flat.hasBareRows, code.typeSubtreesSkipped {
            // Code that no function owns: it may be defined inside a type that was jumped over.
            guard try reader.read(unit, into: &code, skippingTypes: false) else { return nil }
            flat = flattener.flatten(code)
        }
        flat.rank = code.offset
        guard naming.resolve(&flat, code, inputs) else { return (nil, UnitStage.UnitNotes()) }
        var note = UnitStage.UnitNotes()
        note.problems = code.problems
        note.problemsOmitted = code.problemsOmitted
        note.splitUnit = code.splitUnit
        note.invalidRanges = code.invalidRanges
        note.unresolved = code.unresolvedReferences
        note.supplementaryReferences = code.supplementaryReferences
        return (flat, note)
    }
}
