import Bytes
import DWARFReader
import ELFObject
public import ParserTasks
import SymbolIndex

/// Builds the index of the object behind `object` and writes it to `output`, an empty file.
///
///     ELFObject ─▶ DebugInformation ─units─▶ FlatUnit ─▶ IndexAssembly ─▶ SymbolIndexWriter ─▶ output
///                └▶ symbols ─▶ SymbolRanges ──────────────▶╯
///
/// A pure function of the object's bytes, the digest in the request and this builder's revision: same inputs, same
/// bytes. Runs in the sandboxed child; it opens nothing and writes to `output` only. Memory is about 100 bytes a line
/// row of the object beside its decompressed debug sections.
public func buildIndex(
    _ request: IndexBuildRequest, object: Int32, output: Int32
) throws(IndexBuildError) -> IndexBuildReport {
    let content = try indexContent(
        of: ObjectReading.open(object, name: request.objectName), digest: request.objectDigest)
    let bytes: [UInt8]
    do throws(SymbolIndexError) {
        bytes = try SymbolIndexWriter.encode(content)
    } catch {
        throw .index(error)
    }
    var file = OutputDescriptor(output, name: "index of \(request.objectName)")
    try file.write(bytes)
    let metadata = content.metadata
    return IndexBuildReport(
        quality: content.quality, size: bytes.count, unitsRead: Int(metadata.unitsRead),
        unitsSkipped: metadata.skippedUnits.map { "0x\(String($0.offset, radix: 16)): \($0.reason)" }
            + metadata.problems,
        unitsSkippedCount: Int(metadata.skippedUnitCount), functions: content.functions.count,
        ranges: content.ranges.count, demanglingFailures: Int(metadata.demanglingFailures),
        missingInputs: metadata.missingInputs.map { "\($0.role.label) \($0.id) \($0.name)" })
}

/// The most skipped units, problems and missing inputs that an index lists.
private let listLimit = 256

/// Everything that the index of `object` holds.
func indexContent(of object: ELFObject, digest: String) throws(IndexBuildError) -> SymbolIndexContent {
    switch object.kind {
    case .relocatable:
        throw .unsupported("\(object.name): not linked: its addresses are not final; upload the linked program")
    case .dump:
        throw .unsupported("\(object.name): a core file has no index; upload the program and its libraries")
    case .executable, .debug, .library, .other: break
    }
    let live = ObjectReading.liveCode(of: object)
    let (codeSymbols, symbolProblems) = ObjectReading.symbols(of: object)
    let symbols = SymbolRanges(codeSymbols, live: live)
    var metadata = IndexMetadata(
        buildID: object.buildID.map(Hexadecimal.string), debugID: object.debugID, architecture: object.architecture,
        inputs: [.init(role: .object, digest: digest)], symbolsRead: UInt64(codeSymbols.count))
    var problems = BoundedList<String>(limit: listLimit)
    for problem in symbolProblems { problems.append(problem) }
    var assembly = IndexAssembly()
    try readUnits(of: object, live, into: &assembly, &metadata, &problems)
    let hasCode = assembly.hasCode
    var content = SymbolIndexContent(
        builderRevision: SymbolIndexBuilderRevision.current, baseAddress: object.baseAddress,
        machine: object.header.machine, byteOrder: object.header.byteOrder == .little ? .little : .big,
        kind: IndexedObjectKind(object.kind),
        loadSegments: object.loadSegments.map {
            IndexedLoadSegment(
                fileOffset: $0.fileOffset, address: $0.address, fileSize: $0.fileSize, memorySize: $0.memorySize,
                flags: $0.flags)
        }, metadata: metadata)
    let names = assembly.finish(symbols, into: &content)
    if assembly.cutScopes > 0 {
        problems.append("\(assembly.cutScopes) inlined calls nested more than \(FlatUnit.maximumDepth) deep are cut")
    }
    if problems.omitted > 0 { content.metadata.problems = problems.items + ["… \(problems.omitted) more"] }
    if problems.omitted == 0 { content.metadata.problems = problems.items }
    content.metadata.demanglingFailures = UInt64(names.failures)
    content.metadata.deadRanges += UInt64(assembly.deadRanges)
    let isWhole =
        metadata.skippedUnitCount == 0 && metadata.missingInputs.isEmpty && problems.count == 0
    content.quality = hasCode ? (isWhole ? .full : .partial) : symbols.claims.isEmpty ? .none : .symbols
    return content
}

private func readUnits(
    of object: ELFObject, _ live: LiveCode, into assembly: inout IndexAssembly, _ metadata: inout IndexMetadata,
    _ problems: inout BoundedList<String>
) throws(IndexBuildError) {
    var skipped = BoundedList<IndexMetadata.SkippedUnit>(limit: listLimit)
    var missing = BoundedList<IndexMetadata.MissingInput>(limit: listLimit)
    var unresolved = 0
    do throws(DWARFError) {
        var information = try DebugInformation(object)
        while let unit = try information.nextUnit() {
            assembly.add(unit, live: live)
            metadata.deadRanges += UInt64(unit.invalidRanges)
            unresolved += unit.unresolvedReferences
            for problem in unit.problems { problems.append(problem.description) }
            if let split = unit.splitUnit {
                missing.append(
                    .init(
                        role: .split, id: split.id.map { Hexadecimal.string($0.bigEndianBytes) } ?? "unknown",
                        name: split.name))
            }
        }
        metadata.unitsRead = UInt64(information.counts.read)
        for unit in information.skippedUnits {
            skipped.append(.init(offset: unit.offset, reason: unit.reason.description))
        }
    } catch {
        guard error.reason == .noDebugInformation else { throw .debugInformation(error) }
    }
    if metadata.unitsRead > 0, let link = object.alternateLink {
        missing.append(.init(role: .supplementary, id: Hexadecimal.string(link.buildID), name: link.path))
    } else if unresolved > 0 {
        problems.append(".debug_info: \(unresolved) references lead out of what was read; those functions lack names")
    }
    if missing.omitted > 0 { problems.append("\(missing.omitted) more split units are missing") }
    metadata.skippedUnits = skipped.items
    metadata.skippedUnitCount = UInt64(skipped.count)
    metadata.missingInputs = missing.items
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

extension IndexMetadata.Input.Role {
    /// The word in reports.
    var label: String {
        switch self {
        case .object: "object"
        case .supplementary: "supplementary"
        case .split: "dwo"
        }
    }
}

extension UInt64 {
    /// Most significant byte first, as ids are written.
    var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * UInt64($0))) } }
}
