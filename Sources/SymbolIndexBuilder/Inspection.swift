import Bytes
import DWARFReader
import ELFObject
public import ParserTasks

/// How much an inspection lists; what does not fit is counted.
public struct InspectionLimits: Sendable, Equatable {
    /// Source files.
    public var sources = 100_000
    /// Bytes of all source paths together.
    public var sourcePathBytes = 16 << 20
    /// Bytes of one path; longer ones no system can open.
    public var pathLength = 4096
    /// Split units.
    public var splitUnits = 10_000
    /// Split units that a `.dwp` holds.
    public var heldSplitUnits = 100_000
    /// Sections that the loader maps.
    public var sections = 1_000
    /// Problems.
    public var problems = 100
    /// Bytes of one source text embedded in the debug information.
    public var embeddedText = 1 << 20
    /// Bytes of all embedded texts together.
    public var embeddedTexts = 256 << 20

    /// The limits of the product.
    public static let `default` = InspectionLimits()

    /// The defaults, to be changed field by field.
    public init() {}
}

/// What the object behind `object` is and needs, from its headers, notes and line table headers.
///
/// Source texts that stand in the debug information itself are written to `embeddedTexts`, one after another; the
/// sources say where. Without a descriptor they are left out. Debug information that cannot be read is a problem in the
/// result, not an error: the ids are still good.
/// - Parameter name: For messages only, never opened.
public func inspectObject(
    _ object: Int32, name: String, embeddedTexts: Int32?, limits: InspectionLimits = .default
) throws(IndexBuildError) -> ObjectInspection {
    let elf = try ObjectReading.open(object, name: name)
    var result = ObjectInspection(
        kind: ObjectInspection.Kind(elf.kind), machine: elf.header.machine, architecture: elf.architecture,
        buildID: elf.buildID.map(Hexadecimal.string), debugID: elf.debugID,
        hasDebugInformation: elf.features.hasDebugInformation, hasSymbolTable: elf.features.hasSymbols,
        hasUnwindTables: elf.features.hasUnwindInformation, hasCode: hasCode(elf))
    result.debugLink = elf.debugLink.map { .init(name: $0.name, crc: $0.checksum) }
    result.alternateLink = elf.alternateLink.map { .init(name: $0.path, buildID: Hexadecimal.string($0.buildID)) }
    if let link = elf.supplementaryLink {
        let id = Hexadecimal.string(link.checksum)
        if link.isSupplementary {
            result.supplementaryID = id
        } else {
            result.supplementaryLink = .init(name: link.name, buildID: id)
        }
    }
    result.hasMiniDebugInformation = elf.section(named: ".gnu_debugdata")?.hasContents ?? false
    result.fileCRC = ELFObject.checksum(of: elf.file)
    result.sections = elf.sections.lazy.filter { $0.isAllocated && !$0.name.isEmpty }.prefix(limits.sections)
        .map { .init(name: $0.name, address: $0.address, size: $0.size) }
    var problems = BoundedList<String>(limit: limits.problems)
    for warning in elf.warnings { problems.append(warning.description) }
    if elf.features.hasDebugInformation, elf.kind != .dump {
        try addSources(elf, embeddedTexts, limits, to: &result, &problems)
    }
    if elf.kind != .dump { addHeldSplitUnits(elf, limits, to: &result, &problems) }
    result.problems = problems.items
    if problems.omitted > 0 { result.problems.append("… \(problems.omitted) more") }
    return result
}

private func addSources(
    _ object: ELFObject, _ descriptor: Int32?, _ limits: InspectionLimits, to result: inout ObjectInspection,
    _ problems: inout BoundedList<String>
) throws(IndexBuildError) {
    let found: SourceFiles
    do throws(DWARFError) {
        found = try SourceFiles(object)
    } catch {
        problems.append(error.description)
        return
    }
    for unit in found.skippedUnits {
        problems.append("unit at 0x\(String(unit.offset, radix: 16)): \(unit.reason.description)")
    }
    for problem in found.problems { problems.append(problem.description) }
    let splits = found.splitUnits.filter { !$0.name.hasSuffix(".pcm") }
    result.splitUnits = splits.prefix(limits.splitUnits).compactMap { split in
        split.id.map { .init(name: split.name, id: $0) }
    }
    if result.splitUnits.count < splits.count {
        problems.append("\(splits.count - result.splitUnits.count) split units have no id or are beyond the limit")
    }
    var output = descriptor.map { OutputDescriptor($0, name: "embedded source texts of \(object.name)") }
    var textsOmitted = 0
    var pathBytes = 0
    let unique = firstOfEachPath(found.files)
    if unique.count < found.files.count {
        problems.append("\(found.files.count - unique.count) sources are named again with another checksum")
    }
    for file in unique {
        let length = file.path.utf8.count
        guard result.sources.count < limits.sources, length > 0, length <= limits.pathLength,
            pathBytes + length <= limits.sourcePathBytes
        else {
            result.sourcesOmitted += 1
            continue
        }
        pathBytes += length
        var source = ObjectInspection.Source(path: file.path, md5: file.md5.map(Hexadecimal.string))
        if let text = file.embeddedSource, var target = output {
            if text.count <= limits.embeddedText, target.written + text.count <= limits.embeddedTexts {
                source.embeddedOffset = target.written
                source.embeddedLength = text.count
                try target.write(text)
                output = target
            } else {
                textsOmitted += 1
            }
        }
        result.sources.append(source)
    }
    if textsOmitted > 0 { problems.append("\(textsOmitted) embedded source texts are beyond the limit") }
}

/// The split units that a `.dwo` or `.dwp` file holds.
private func addHeldSplitUnits(
    _ object: ELFObject, _ limits: InspectionLimits, to result: inout ObjectInspection,
    _ problems: inout BoundedList<String>
) {
    do throws(DWARFError) {
        let held = try SplitUnitsHeld(object)
        result.heldSplitUnits = Array(held.ids.prefix(limits.heldSplitUnits))
        if held.ids.count > limits.heldSplitUnits {
            problems.append("\(held.ids.count - limits.heldSplitUnits) split units are beyond the limit")
        }
    } catch {
        problems.append(error.description)
    }
}

/// Each path once: the mention with a text, else with a checksum, else the first.
private func firstOfEachPath(_ files: [SourceFile]) -> [SourceFile] {
    var places: [ByteText: Int] = [:]
    var result: [SourceFile] = []
    for file in files {
        guard let place = places[ByteText(file.path)] else {
            places[ByteText(file.path)] = result.count
            result.append(file)
            continue
        }
        if weight(file) > weight(result[place]) { result[place] = file }
    }
    return result
}

private func weight(_ file: SourceFile) -> Int {
    (file.embeddedSource == nil ? 0 : 2) + (file.md5 == nil ? 0 : 1)
}

/// Machine code whose bytes are in this file.
private func hasCode(_ object: ELFObject) -> Bool {
    if object.sections.isEmpty { return object.loadSegments.contains { $0.isExecutable && $0.fileSize > 0 } }
    return object.sections.contains { $0.isExecutable && $0.hasContents && $0.size > 0 }
}

extension ObjectInspection.Kind {
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
