import Demangling
import SymbolIndex

/// Demangles names and encodes parts with all cores.
///
/// `@unchecked Sendable`: everything that changes is used under `lock`; the results of it only when all threads have
/// ended.
final class EncodeStage: @unchecked Sendable {
    private let units: [FlatUnit]
    private let segments: [Segment]
    private let cuts: [Range<Int>]
    private let symbols: SymbolRanges
    private let numbering: IndexNumbering
    private let tables: NameTables
    private let observer: BuildObserver
    private let file: String
    private let lock = Lock()
    private var next = 0
    private var names: DemangledNames
    private var parts: [RangePart?]
    private var failure: SymbolIndexError?

    init(
        _ units: [FlatUnit], _ segments: [Segment], _ symbols: SymbolRanges, _ numbering: IndexNumbering,
        _ tables: NameTables, _ observer: BuildObserver = .none, file: String = ""
    ) {
        self.units = units
        self.segments = segments
        self.symbols = symbols
        self.numbering = numbering
        self.tables = tables
        self.observer = observer
        self.file = file
        cuts = PartEncoding.cuts(segments, units)
        names = DemangledNames(
            FunctionRecords.linkageNames(numbering.functions, tables), limit: tables.texts.limit)
        parts = Array(repeating: nil, count: cuts.count)
    }

    func run(threads: Int) throws(SymbolIndexError) -> (parts: [RangePart], names: DemangledNames) {
        let chunks = names.chunks.count
        let work = names
        ThreadTeam.run(max(1, threads)) { [self] _ in
            defer { observer.idle() }
            while true {
                let job = lock.withLock { () -> Int in
                    defer { next += 1 }
                    return failure == nil ? next : Int.max
                }
                if job < chunks {
                    observer.step("demangling names", file, nil)
                    let chunk = work.demangle(chunk: job, tables.texts)
                    lock.withLock { names.chunks[job] = chunk }
                } else if job - chunks < cuts.count {
                    observer.step("encoding ranges", file, nil)
                    encode(part: job - chunks)
                } else {
                    return
                }
            }
        }
        if let failure { throw failure }
        return (parts.compactMap { $0 }, names)
    }

    private func encode(part index: Int) {
        do throws(SymbolIndexError) {
            let part = try PartEncoding.encode(segments, cuts[index], units, symbols, numbering)
            lock.withLock { parts[index] = part }
        } catch {
            lock.withLock { if failure == nil { failure = error } }
        }
    }
}
