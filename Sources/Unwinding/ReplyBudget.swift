import ParserTasks

/// What fits into a reply, whose size the parent bounds at 16 MiB: each part has its share.
///
/// | part | bytes |
/// |---|---|
/// | modules | 4 MB of paths and numbers |
/// | registers | 2,000 threads of 0.9 KB |
/// | frames | 100,000 of 65 bytes (`UnwindLimits.frames`) |
/// | notes, ends of threads | 1 MB |
enum ReplyBudget {
    static let modules = 4 << 20
    static let notes = 256 << 10
    static let threadsWithRegisters = 2_000

    /// The inspection with as many modules as fit; `notes` gets what was left out, and so does the inspection.
    static func trimmed(_ inspection: DumpInspection, _ limits: UnwindLimits, _ notes: inout [String]) -> DumpInspection
    {
        var result = inspection
        var size = 0
        var kept = 0
        for module in inspection.modules {
            size += 160 + written(module.path) + (module.buildID?.utf8.count ?? 0)
            if size > modules || kept == limits.modules { break }
            kept += 1
        }
        // Positions stay what they were: only the last ones go.
        if kept < inspection.modules.count {
            result.modules.removeSubrange(kept...)
            result.notes.append(
                "\(inspection.modules.count - kept) of \(inspection.modules.count) modules were left out")
        }
        result.notes = trimmed(result.notes)
        return result
    }

    /// As many notes as fit.
    static func trimmed(_ all: [String]) -> [String] {
        var size = 0
        var kept: [String] = []
        for note in all {
            size += written(note) + 4
            guard size <= notes else {
                return kept + ["\(all.count - kept.count) further notes were left out"]
            }
            kept.append(note)
        }
        return kept
    }

    /// Bytes of a text in JSON.
    private static func written(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + ($1 < 0x20 ? 6 : $1 == 0x22 || $1 == 0x5c ? 2 : 1) }
    }
}
