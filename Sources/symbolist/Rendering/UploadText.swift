import DebugFiles
import ParserTasks
import SymbolIndex

/// An upload's report for people.
struct UploadText {
    let verbose: Bool

    /// One file: what it is and what became of it.
    ///
    ///     stored    .build/release/till  x86_64  4f1c…  debug info, symbols, 9 sources  118 KB
    func line(_ outcome: UploadOutcome) -> String {
        let path = Terminal.visible(outcome.path)
        if outcome.status == .failed {
            let reason = Terminal.visible(outcome.reason ?? "no reason given")
            return "failed    \(path): \(reason)\n"
        }
        var parts: [String] = []
        // Sentry's word for a position-independent executable is "lib"; only a separate debug file is worth a word here.
        parts.append((outcome.architecture ?? "?") + (outcome.kind == .debug ? " debug file" : ""))
        parts.append(outcome.buildID ?? outcome.debugID.map { "debug id \($0)" } ?? "no id")
        var has: [String] = []
        if outcome.hasDebugInformation { has.append("debug info") }
        if outcome.hasSymbolTable { has.append("symbols") }
        if outcome.heldSplitUnits > 0 { has.append("\(outcome.heldSplitUnits) split units") }
        if outcome.isSupplementary { has.append("supplementary file") }
        if outcome.wantedFiles > 0 { has.append("refers to \(outcome.wantedFiles) files") }
        let sources = outcome.sources.texts.values.reduce(0, +)
        if sources > 0 { has.append("\(sources) sources") }
        parts.append(has.isEmpty ? "nothing to look up" : has.joined(separator: ", "))
        parts.append(ByteCount.text(outcome.size))
        let verb = outcome.status == .stored ? "stored   " : "unchanged"
        return "\(verb) \(path)  \(parts.joined(separator: "  "))\n"
    }

    /// One index: whose it is and how much it can say.
    ///
    ///     indexed   .build/release/till  full
    func line(_ index: UploadedIndex) -> String {
        let name = Terminal.visible(index.path ?? index.id)
        guard let quality = index.quality else { return "no index  \(name)\n" }
        let lacks = index.awaited.isEmpty ? "" : "  lacks " + index.awaited.prefix(3).joined(separator: ", ")
        let others = index.awaited.count > 3 ? " and \(index.awaited.count - 3) more" : ""
        return "indexed   \(name)  \(Self.words(quality))\(lacks)\(others)\n"
    }

    /// `indexing till.debug: 120 MB of 364 MB of debug information`.
    static func indexing(_ name: String, done: Int, total: Int) -> String {
        guard total > 0 else { return "indexing \(name)" }
        return "indexing \(name): \(ByteCount.text(done)) of \(ByteCount.text(total)) of debug information"
    }

    private static func words(_ quality: String) -> String {
        switch quality {
        case IndexQuality.full.word: "all debug information"
        case IndexQuality.partial.word: "parts of the debug information"
        case IndexQuality.symbols.word: "names only"
        default: "nothing to look up"
        }
    }

    /// What a walk passed over, and what sources lack, in a few lines.
    func summary(_ report: UploadReport) -> String {
        var text = "\(report.count(.stored)) stored, \(report.count(.alreadyStored)) unchanged"
        if report.hasFailures { text += ", \(report.count(.failed)) failed" }
        text += "\n"
        let passed = UploadReport.PassedOver.Reason.allCases
            .filter { report.passedOver.count($0) > 0 }
            .map { "\(report.passedOver.count($0)) \(Self.words($0))" }
        if !passed.isEmpty { text += "passed over: " + passed.joined(separator: ", ") + hint + "\n" }
        text += sources(report)
        guard verbose else { return text }
        for name in report.passedOver.names {
            let detail = name.detail.map { ": \($0)" } ?? ""
            text += Terminal.visible("  passed over  \(name.path)\(detail)") + "\n"
        }
        for outcome in report.outcomes {
            for source in outcome.sources.skippedNames {
                text += Terminal.visible("  no source    \(source.path): \(source.reason)") + "\n"
            }
        }
        return text
    }

    private var hint: String { verbose ? "" : " (-v names them)" }

    private func sources(_ report: UploadReport) -> String {
        var marks: [String: Int] = [:]
        var skipped: [String: Int] = [:]
        for outcome in report.outcomes {
            marks.merge(outcome.sources.texts, uniquingKeysWith: +)
            skipped.merge(outcome.sources.skipped, uniquingKeysWith: +)
        }
        guard !marks.isEmpty || !skipped.isEmpty else { return "" }
        let taken = marks.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        var text = "sources: " + (taken.isEmpty ? "none" : taken.joined(separator: ", ")) + "\n"
        let left = skipped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
        if !left.isEmpty { text += "sources not taken: " + left.joined(separator: ", ") + hint + "\n" }
        return text
    }

    private static func words(_ reason: UploadReport.PassedOver.Reason) -> String {
        switch reason {
        case .relocatable: "object files (.o)"
        case .notELF: "files that are not ELF"
        case .otherELF: "other ELF files"
        case .withoutID: "ELF files with neither id nor debug information"
        case .damagedWithoutID: "damaged ELF files without an id"
        case .unreadable: "unreadable"
        }
    }
}

/// Sizes for people.
enum ByteCount {
    /// `118 KB`: thousands, as disks are sold and `ls --si` shows.
    static func text(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in ["bytes", "KB", "MB", "GB"] {
            if value < 1000 || unit == "GB" {
                let isWhole = unit == "bytes" || value >= 10
                return isWhole ? "\(Int(value.rounded())) \(unit)" : "\((value * 10).rounded() / 10) \(unit)"
            }
            value /= 1000
        }
        return "\(bytes) bytes"
    }
}
