import Bytes
import CrashEvent
import ParserTasks
import Rendering
import SymbolIndex

extension IndexQuality {
    /// What an index of this quality can say.
    var explanation: String {
        switch self {
        case .full: "full: all debug information"
        case .partial: "partial: parts of the debug information are missing"
        case .symbols: "symbols: names from the symbol table only"
        case .none: "none: nothing to look up"
        }
    }
}

/// The result of `index build` for people.
struct IndexBuildText {
    let style: Style

    /// The most entries of each list.
    private static let listLimit = 10

    func render(_ built: BuiltIndex) -> String {
        let report = built.report
        var text = style.strong("\(built.file) → \(built.output)") + "\n"
        var rows = [
            ("quality", report.quality.explanation),
            (
                "size",
                "\(ByteCount.text(report.size)), \(percent(report.size, of: built.objectBytes)) of the file's "
                    + ByteCount.text(built.objectBytes)
            ),
            (
                "time",
                "\(built.seconds) s, \((built.usage.processorSeconds * 1000).rounded() / 1000) s of processors, "
                    + "peak \(ByteCount.text(built.usage.peakBytes))"
            ),
            ("units", "\(report.unitsRead) read, \(report.unitsSkippedCount) skipped"),
            ("contents", "\(report.functions) functions, \(report.ranges) ranges"),
        ]
        if report.demanglingFailures > 0 { rows.append(("mangled", "\(report.demanglingFailures) names stay mangled")) }
        for input in built.inputs { rows.append(("used", input)) }
        list("skipped", report.unitsSkipped, of: report.unitsSkippedCount, into: &rows)
        list(
            "missing", report.missingInputs.map { "\($0.role.rawValue) \($0.id) \($0.name)" },
            of: report.missingInputs.count, into: &rows)
        list("problem", report.problems, of: report.problems.count, into: &rows)
        for row in rows { text += "  " + row.0.padding(to: 10) + Terminal.visible(row.1) + "\n" }
        return text
    }

    private func list(_ name: String, _ items: [String], of count: Int, into rows: inout [(String, String)]) {
        for item in items.prefix(Self.listLimit) { rows.append((name, item)) }
        let hidden = count - min(items.count, Self.listLimit)
        if hidden > 0 { rows.append((name, "… and \(hidden) more")) }
    }
}

/// `12.3 %`.
private func percent(_ part: Int, of whole: Int) -> String {
    whole > 0 ? "\((Double(part) / Double(whole) * 1000).rounded() / 10) %" : "-"
}

/// What `index show` prints.
struct IndexContentsText {
    let name: String
    let isJSON: Bool
    let style: Style

    // MARK: Summary

    func summary(_ index: SymbolIndex) throws(SymbolIndexError) -> String {
        let metadata = try index.metadata()
        return isJSON ? summaryJSON(index, metadata) : summaryText(index, metadata)
    }

    private func summaryText(_ index: SymbolIndex, _ metadata: IndexMetadata) -> String {
        let header = index.header
        let counts = index.counts
        var rows: [(String, String)] = [
            ("format", "\(header.formatVersion), builder revision \(header.builderRevision)"),
            (
                "object",
                "\(metadata.architecture) \(header.kind), \(header.byteOrder) endian, machine \(header.machine), base "
                    + hex(header.baseAddress)
            ),
            ("build id", metadata.buildID ?? "none"), ("debug id", metadata.debugID ?? "none"),
            ("quality", header.quality.explanation),
            ("units", "\(metadata.unitsRead) read, \(metadata.skippedUnitCount) skipped"),
            (
                "symbols",
                "\(metadata.symbolsRead) read, \(metadata.demanglingFailures) names stay mangled, "
                    + "\(metadata.deadRanges) ranges of dead code"
            ),
            (
                "contents",
                "\(counts.functions) functions, \(counts.scopes) scopes, \(counts.files) files, \(header.rangeCount) "
                    + "ranges in \(counts.blocks) blocks"
            ),
        ]
        for input in metadata.inputs { rows.append(("input", "\(input.role) sha256:\(input.digest)")) }
        for input in metadata.missingInputs { rows.append(("missing", "\(input.role) \(input.id) \(input.name)")) }
        for unit in metadata.skippedUnits { rows.append(("skipped", "\(hex(unit.offset)): \(unit.reason)")) }
        for problem in metadata.problems { rows.append(("problem", problem)) }
        var text = style.strong("\(Terminal.visible(name))  \(ByteCount.text(Int(clamping: header.fileSize)))") + "\n"
        for row in rows { text += "  " + row.0.padding(to: 10) + Terminal.visible(row.1) + "\n" }
        return text + sections(index) + segments(index) + objectSections(index)
    }

    private func segments(_ index: SymbolIndex) -> String {
        let segments = index.loadSegments()
        guard !segments.isEmpty else { return "" }
        return style.strong("Load segments") + "\n"
            + segments.map { segment in
                "  offset \(hex(segment.fileOffset)) at \(hex(segment.address)), \(hex(segment.fileSize)) of "
                    + "\(hex(segment.memorySize)) bytes, \(flags(segment.flags))\n"
            }.joined()
    }

    private func objectSections(_ index: SymbolIndex) -> String {
        let sections = index.objectSections()
        guard !sections.isEmpty else { return "" }
        return style.strong("Sections of the object") + "\n"
            + sections.map { section in
                "  [\(section.number)] \(Terminal.visible(section.name)) at \(hex(section.address)), "
                    + "\(hex(section.size)) bytes from offset \(hex(section.fileOffset))\n"
            }.joined()
    }

    private func flags(_ flags: UInt32) -> String {
        (flags & 4 != 0 ? "r" : "-") + (flags & 2 != 0 ? "w" : "-") + (flags & 1 != 0 ? "x" : "-")
    }

    private func summaryJSON(_ index: SymbolIndex, _ metadata: IndexMetadata) -> String {
        let header = index.header
        let counts = index.counts
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("file", name)
        writer.member("size", header.fileSize)
        writer.member("format_version", header.formatVersion)
        writer.member("builder_revision", header.builderRevision)
        writer.member("architecture", metadata.architecture)
        writer.member("machine", header.machine)
        writer.member("kind", "\(header.kind)")
        writer.member("byte_order", "\(header.byteOrder)")
        writer.member("base_address", address: header.baseAddress)
        writer.member("build_id", ifPresent: metadata.buildID)
        writer.member("debug_id", ifPresent: metadata.debugID)
        writer.member("quality", "\(header.quality)")
        writer.member("units_read", metadata.unitsRead)
        writer.member("units_skipped", metadata.skippedUnitCount)
        writer.member("symbols_read", metadata.symbolsRead)
        writer.member("demangling_failures", metadata.demanglingFailures)
        writer.member("dead_ranges", metadata.deadRanges)
        writer.member("functions", counts.functions)
        writer.member("scopes", counts.scopes)
        writer.member("files", counts.files)
        writer.member("blocks", counts.blocks)
        writer.member("ranges", header.rangeCount)
        writer.array("skipped_units", metadata.skippedUnits) {
            $0.member("offset", address: $1.offset)
            $0.member("reason", $1.reason)
        }
        writer.array("inputs", metadata.inputs) {
            $0.member("role", "\($1.role)")
            $0.member("digest", $1.digest)
        }
        writer.array("missing_inputs", metadata.missingInputs) {
            $0.member("role", "\($1.role)")
            $0.member("id", $1.id)
            $0.member("name", $1.name)
        }
        writer.key("problems")
        writer.beginArray()
        for problem in metadata.problems { writer.string(problem) }
        writer.endArray()
        writeSections(index, into: &writer)
        writer.array("load_segments", index.loadSegments()) {
            $0.member("file_offset", address: $1.fileOffset)
            $0.member("address", address: $1.address)
            $0.member("file_size", address: $1.fileSize)
            $0.member("memory_size", address: $1.memorySize)
            $0.member("flags", $1.flags)
        }
        writer.array("object_sections", index.objectSections()) {
            $0.member("name", $1.name)
            $0.member("number", $1.number)
            $0.member("address", address: $1.address)
            $0.member("size", address: $1.size)
            $0.member("file_offset", address: $1.fileOffset)
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    // MARK: Sections

    /// What takes the room, in the order of the file.
    func sections(_ index: SymbolIndex) -> String {
        if isJSON {
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("file", name)
            writer.member("size", index.header.fileSize)
            writeSections(index, into: &writer)
            writer.endObject()
            return String(decoding: writer.bytes, as: UTF8.self) + "\n"
        }
        let whole = Int(clamping: index.header.fileSize)
        return style.strong("Sections of the index") + "\n"
            + index.sectionSizes.map { section, bytes in
                "  \(section)".padding(to: 18) + "\(bytes)".padding(to: 12) + percent(bytes, of: whole) + "\n"
            }.joined()
    }

    private func writeSections(_ index: SymbolIndex, into writer: inout JSONWriter) {
        writer.array("sections", index.sectionSizes) {
            $0.member("name", "\($1.section)")
            $0.member("bytes", $1.bytes)
        }
    }

    func hex(_ value: UInt64) -> String { Hexadecimal.address(value) }
}

extension JSONWriter {
    /// A member that is an array of objects.
    fileprivate mutating func array<Element>(
        _ name: String, _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        key(name)
        beginArray()
        for element in elements {
            beginObject()
            write(&self, element)
            endObject()
        }
        endArray()
    }
}
