import Bytes
import DWARFReader
import ELFObject
public import ParserTasks
import SymbolIndex

/// Builds the index of the object behind `object` and writes it to `output`, an empty file.
///
///                       threads                      threads
///     units ─▶ UnitReader ─▶ FlatUnit ─▶ Segments ─▶ RangePart ─▶ output
///                   names ─▶ NameTables ▶ IndexNumbering ▶ DemangledNames ▶ FunctionRecords ▶╯
///     symbols ─▶ SymbolRanges ───────────────▶╯
///
/// A pure function of the bytes of the object and the other inputs, their digests in the request and this builder's
/// revision: same inputs, same bytes, whatever the number of threads. Runs in the sandboxed child; it opens nothing and
/// writes to `output` only.
///
/// - Parameters:
///   - inputs: Descriptors of `request.inputs`, in their order.
///   - observer: Told after each unit and each step.
public func buildIndex(
    _ request: IndexBuildRequest, object: Int32, output: Int32, inputs: [Int32] = [], observer: BuildObserver = .none
) throws(IndexBuildError) -> IndexBuildReport {
    guard inputs.count == request.inputs.count else {
        throw .request("\(request.inputs.count) inputs are named, \(inputs.count) descriptors came")
    }
    let main = try ObjectReading.open(object, name: request.objectName)
    var supplementary: ELFObject?
    var split: [ELFObject] = []
    for (input, descriptor) in zip(request.inputs, inputs) {
        let file = try ObjectReading.open(descriptor, name: input.name)
        switch input.role {
        case .supplementary:
            guard supplementary == nil else { throw .request("more than one supplementary file") }
            supplementary = file
        case .split: split.append(file)
        }
    }
    var file = OutputDescriptor(output, name: "index of \(request.objectName)")
    var build = IndexBuild(request, main, supplementary, split, observer)
    return try build.run { bytes throws(IndexBuildError) in try file.write(bytes) }
}

/// One build, step by step.
struct IndexBuild {
    private let request: IndexBuildRequest
    private let object: ELFObject
    private let supplementary: ELFObject?
    private let split: [ELFObject]
    private let observer: BuildObserver
    private var metadata: IndexMetadata
    private var problems = BoundedList<String>(limit: Self.listLimit)
    private var missing = BoundedList<MissingInput>(limit: Self.listLimit)

    /// The most skipped units, problems and missing inputs that an index lists.
    private static let listLimit = 256
    /// More than this do not help: the order of the units is one queue.
    private static let mostThreads = 64

    init(
        _ request: IndexBuildRequest, _ object: ELFObject, _ supplementary: ELFObject?, _ split: [ELFObject],
        _ observer: BuildObserver
    ) {
        self.request = request
        self.object = object
        self.supplementary = supplementary
        self.split = split
        self.observer = observer
        let inputs = request.inputs.map { IndexMetadata.Input(role: .init($0.role), digest: $0.digest) }
            .sorted { ($0.role.rawValue, $0.digest) < ($1.role.rawValue, $1.digest) }
        metadata = IndexMetadata(
            buildID: object.buildID.map(Hexadecimal.string), debugID: object.debugID, architecture: object.architecture,
            inputs: [.init(role: .object, digest: request.objectDigest)] + inputs)
    }

    /// Builds, and hands the file's bytes to `write` piece by piece.
    mutating func run(
        _ write: (UnsafeRawBufferPointer) throws(IndexBuildError) -> Void
    ) throws(IndexBuildError) -> IndexBuildReport {
        if object.kind == .dump {
            throw .unsupported("\(object.name): a core file has no index; upload the program and its libraries")
        }
        let threads =
            request.threads > 0
            ? min(request.threads, Self.mostThreads) : min(observer.processorCount(), Self.mostThreads)
        let live = ObjectReading.liveCode(of: object)
        let symbolWork = SymbolWork(object, live)
        let tables = NameTables()
        var units = try readUnits(live, tables, threads, symbolWork)
        let symbols = symbolWork.result()
        for problem in symbols.problems { problems.append(problem) }
        metadata.symbolsRead = UInt64(symbols.count)

        let hasCode = units.contains { !$0.runs.isEmpty }
        observer.step("merging units", object.name, nil)
        let (segments, overlapped) = Segments.of(units)
        var encoder = SymbolIndexEncoder(baseAddress: object.baseAddress)
        var numbering = IndexNumbering(tables)
        let parts: [RangePart]
        do throws(SymbolIndexError) {
            try numbering.run(&units, segments, overlapped: overlapped, symbols.ranges, &encoder)
            let stage = EncodeStage(units, segments, symbols.ranges, numbering, tables, observer, file: object.name)
            units = []
            let encoded = try stage.run(threads: threads)
            parts = encoded.parts
            var records = FunctionRecords(tables, symbols.ranges, encoded.names, numbering)
            try records.run(&encoder)
            metadata.demanglingFailures = UInt64(records.failures)
        } catch {
            throw .index(error)
        }
        return try finish(
            encoder, parts, functions: numbering.functions.count,
            quality: quality(hasCode: hasCode, hasSymbols: !symbols.ranges.claims.isEmpty), write)
    }
}

extension IndexBuild {
    private mutating func readUnits(
        _ live: LiveCode, _ tables: NameTables, _ threads: Int, _ symbolWork: SymbolWork
    ) throws(IndexBuildError) -> [FlatUnit] {
        let inputs: DebugInputs
        do throws(DWARFError) {
            inputs = try DebugInputs(main: object, supplementary: supplementary, split: split)
        } catch {
            guard error.reason == .noDebugInformation else { throw .debugInformation(error) }
            return []
        }
        let stage = UnitStage(inputs, file: object.name, live: live, tables: tables, observer: observer) {
            symbolWork.run()
        }
        let (units, notes) = try stage.run(threads: threads)
        metadata.unitsRead = UInt64(inputs.counts.read)
        metadata.skippedUnitCount = UInt64(inputs.counts.skipped)
        metadata.skippedUnits = inputs.skippedUnits.prefix(Self.listLimit).map {
            .init(offset: $0.offset, reason: $0.reason.description)
        }
        for unit in units {
            metadata.deadRanges += UInt64(unit.deadRanges)
        }
        let cutScopes = units.reduce(0) { $0 + $1.cutScopes }
        if cutScopes > 0 {
            problems.append("\(cutScopes) inlined calls nested more than \(FlatUnit.maximumDepth) deep are cut")
        }
        note(notes)
        return units
    }

    private mutating func note(_ notes: [UnitStage.UnitNotes]) {
        var unresolved = 0
        var supplementaryReferences = 0
        for note in notes {
            metadata.deadRanges += UInt64(note.invalidRanges)
            unresolved += note.unresolved
            supplementaryReferences += note.supplementaryReferences
            for problem in note.problems { problems.append(problem.description) }
            if note.problemsOmitted > 0 { problems.append("\(note.problemsOmitted) more problems of the same unit") }
            if let split = note.splitUnit {
                let id = split.id.map { Hexadecimal.string($0.bigEndianBytes) } ?? ""
                missing.append(MissingInput(role: .split, id: id, name: split.name))
            }
        }
        if supplementaryReferences > 0, supplementary == nil {
            missing.append(supplementaryFile)
            unresolved -= supplementaryReferences
        }
        if unresolved > 0 {
            problems.append(
                ".debug_info: \(unresolved) references lead out of what was read; those functions lack names")
        }
    }

    /// The supplementary file that the object asks for.
    private var supplementaryFile: MissingInput {
        if let link = object.alternateLink {
            return MissingInput(role: .supplementary, id: Hexadecimal.string(link.buildID), name: link.path)
        }
        if let link = object.supplementaryLink {
            return MissingInput(role: .supplementary, id: Hexadecimal.string(link.checksum), name: link.name)
        }
        return MissingInput(role: .supplementary, id: "", name: "")
    }

    private func quality(hasCode: Bool, hasSymbols: Bool) -> IndexQuality {
        guard hasCode else { return hasSymbols ? .symbols : .none }
        let isWhole = metadata.skippedUnitCount == 0 && missing.count == 0 && problems.count == 0
        return isWhole ? .full : .partial
    }

    private mutating func finish(
        _ encoder: SymbolIndexEncoder, _ parts: [RangePart], functions: Int, quality: IndexQuality,
        _ write: (UnsafeRawBufferPointer) throws(IndexBuildError) -> Void
    ) throws(IndexBuildError) -> IndexBuildReport {
        observer.step("writing the index", object.name, nil)
        defer { observer.idle() }
        if missing.omitted > 0 { problems.append("\(missing.omitted) more files are missing") }
        metadata.problems = problems.items + (problems.omitted > 0 ? ["… \(problems.omitted) more"] : [])
        metadata.missingInputs = missing.items.map { .init(role: .init($0.role), id: $0.id, name: $0.name) }
        let facts = SymbolIndexWriter.Facts(
            builderRevision: SymbolIndexBuilderRevision.current, machine: object.header.machine,
            byteOrder: object.header.byteOrder == .little ? .little : .big, kind: IndexedObjectKind(object.kind),
            quality: quality,
            loadSegments: object.loadSegments.map {
                IndexedLoadSegment(
                    fileOffset: $0.fileOffset, address: $0.address, fileSize: $0.fileSize, memorySize: $0.memorySize,
                    flags: $0.flags)
            }, sections: ObjectReading.sections(of: object), metadata: metadata)
        let size: UInt64
        do {
            size = try SymbolIndexWriter.write(facts, encoder, parts: parts, to: { try write($0) })
        } catch let error as IndexBuildError {
            throw error
        } catch let error as SymbolIndexError {
            throw .index(error)
        } catch {
            throw .request("\(error)")
        }
        return IndexBuildReport(
            quality: quality, size: Int(clamping: size), unitsRead: Int(clamping: metadata.unitsRead),
            unitsSkipped: metadata.skippedUnits.map { "0x\(String($0.offset, radix: 16)): \($0.reason)" },
            unitsSkippedCount: Int(clamping: metadata.skippedUnitCount), problems: metadata.problems,
            functions: functions, ranges: parts.reduce(0) { $0 + $1.rangeCount },
            demanglingFailures: Int(clamping: metadata.demanglingFailures), missingInputs: missing.items)
    }
}

extension IndexMetadata.Input.Role {
    init(_ role: InputRole) {
        switch role {
        case .supplementary: self = .supplementary
        case .split: self = .split
        }
    }
}

extension IndexedObjectKind {
    init(_ kind: ObjectKind) {
        switch kind {
        case .executable: self = .executable
        case .library: self = .library
        case .debug: self = .debug
        case .relocatable: self = .relocatable
        case .dump: self = .core
        case .other: self = .other
        }
    }
}

extension UInt64 {
    /// Most significant byte first, as ids are written.
    var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * UInt64($0))) } }
}
