import CrashEvent
import DebugFiles
import Foundation
import ParserTasks
import Rendering
import SymbolIndex

/// The debug files of the store, for people and scripts.
struct DebugFileText {
    let style: Style
    /// Deaths from which on a file is quarantined.
    let quarantineLimit: Int

    /// For an id that nothing has.
    static func nothing(_ id: String) -> CommandFailure {
        CommandFailure(
            .nothingUnderstood,
            "no debug file has an id or digest that begins with '\(Terminal.visible(id))'; "
                + "'symbolist debug-files list' shows those that are here, 'list --missing' what is waited for")
    }

    // MARK: Lists

    /// Columns as wide as the page needs:
    ///
    ///     3f2a…  lib  x86_64  debug info, symbols  118 KB  2026-11-22T15:59:19Z  till  quarantined
    func table(_ objects: [StoredObject]) -> String {
        let rows = objects.map { object in
            [
                id(of: object), object.inspection.kind.rawValue, object.inspection.architecture,
                features(of: object).joined(separator: ", "), ByteCount.text(object.size),
                Self.time(object.storedAt), object.name ?? "-",
            ].map(Terminal.visible)
        }
        let widths = (0..<6).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return zip(objects, rows).map { object, row in
            let columns = row.enumerated().map {
                $0.offset < 6 ? $0.element.padding(to: widths[$0.offset]) : $0.element
            }
            return (columns + state(of: object)).joined(separator: "  ") + "\n"
        }.joined()
    }

    private func id(of object: StoredObject) -> String {
        object.inspection.buildID ?? object.inspection.debugID ?? "sha256:\(object.digest.prefix(33))"
    }

    private func features(of object: StoredObject) -> [String] {
        let inspection = object.inspection
        var features: [String] = []
        if inspection.hasDebugInformation { features.append("debug info") }
        if inspection.hasSymbolTable { features.append("symbols") }
        if inspection.hasMiniDebugInformation { features.append("mini debug info") }
        if inspection.hasUnwindTables { features.append("unwind") }
        if object.heldSplitUnits > 0 { features.append("\(object.heldSplitUnits) split units") }
        if inspection.supplementaryID != nil { features.append("supplementary") }
        return features
    }

    private func state(of object: StoredObject) -> [String] {
        var words: [String] = []
        if object.deaths >= quarantineLimit { words.append(style.alarm("quarantined")) }
        if object.isLost { words.append(style.alarm("lost: upload it again")) }
        if object.missingFiles > 0 {
            words.append(style.mark("lacks \(object.missingFiles) of \(object.wantedFiles) files"))
        }
        return words
    }

    /// `build id 3f2a…  wanted by 3 events (newest 17)`, `dwo id 4f…  wanted by 1 debug file  a.dwo`
    func line(_ file: AwaitedFile) -> String {
        var columns = [file.id.words]
        if file.events > 0 {
            let newest = file.newestEvent.map { " (newest \($0))" } ?? ""
            columns.append("wanted by \(file.events) \(file.events == 1 ? "event" : "events")\(newest)")
        }
        if file.objects > 0 {
            columns.append("wanted by \(file.objects) debug \(file.objects == 1 ? "file" : "files")")
        }
        if let name = file.name { columns.append(name) }
        return Terminal.visible(columns.joined(separator: "  ")) + "\n"
    }

    // MARK: One file

    /// Everything about a file, a line a fact.
    func page(_ details: ObjectDetails) -> String {
        let object = details.object
        var text = style.strong(Terminal.visible("\(object.name ?? "debug file")")) + "\n"
        func add(_ name: String, _ value: String) {
            text += "  \(name.padding(to: 13)) \(Terminal.visible(value))\n"
        }
        add("sha-256", object.digest)
        for (id, projects) in idLines(details.ids) { add(id.kind.words, id.id + projects) }
        add(
            "file",
            "\(object.inspection.kind.rawValue)  \(object.inspection.architecture)  \(ByteCount.text(object.size))")
        add("holds", features(of: object).isEmpty ? "nothing to look up" : features(of: object).joined(separator: ", "))
        if details.sources > 0 { add("sources", "\(details.sources) texts") }
        add("stored", Self.time(object.storedAt) + (object.lastUsedAt.map { ", last used \(Self.time($0))" } ?? ""))
        if object.isLost { add("lost", "its blob is missing or damaged in the store; upload the file again") }
        for problem in object.inspection.problems.prefix(10) { add("problem", problem) }
        for wanted in details.wanted.prefix(20) {
            let state = wanted.holders.isEmpty ? "missing" : "here"
            add("refers to", "\(wanted.id.words)  \(wanted.name)  \(state)")
        }
        if details.wanted.count > 20 {
            let missing = details.wanted.count { $0.holders.isEmpty }
            add("", "… \(details.wanted.count) files in all, \(missing) missing (--json lists them)")
        }
        add("index", indexLine(details.index))
        for problem in details.index.metadata?.problems.prefix(5) ?? [] { add("", problem) }
        for deaths in details.deaths { add(deaths.isQuarantined ? "quarantined" : "parser died", deathLine(deaths)) }
        for upload in details.uploads.prefix(5) { add("uploaded", uploadLine(upload)) }
        if details.uploads.count > 5 { add("", "… \(details.uploads.count) uploads in all") }
        return text
    }

    /// Each id once, with the projects that have it; a package's many units are one line.
    private func idLines(_ ids: [ObjectDetails.ID]) -> [(CatalogueID, String)] {
        var order: [CatalogueID] = []
        var projects: [CatalogueID: [String]] = [:]
        for id in ids {
            if projects[id.id] == nil { order.append(id.id) }
            projects[id.id, default: []].append(id.project)
        }
        let units = order.count { $0.kind == .splitUnitID }
        let shown = order.filter { $0.kind != .splitUnitID } + order.filter { $0.kind == .splitUnitID }.prefix(3)
        return shown.enumerated().map { number, id in
            let rest = number == shown.count - 1 && units > 3 ? " and \(units - 3) more" : ""
            return (id, "  (\((projects[id] ?? []).joined(separator: ", ")))\(rest)")
        }
    }

    private func indexLine(_ index: ObjectDetails.Index) -> String {
        guard let quality = index.quality else {
            return index.older == nil ? "not built yet" : "an older release's, which cannot be read"
        }
        var words = [quality.word, ByteCount.text(index.size ?? 0)]
        if let metadata = index.metadata {
            words.append("\(metadata.unitsRead) units")
            if metadata.skippedUnitCount > 0 { words.append("\(metadata.skippedUnitCount) skipped") }
        }
        if let older = index.older {
            words.append("of an older release (v\(older.format)-r\(older.builderRevision)) until it is built again")
        }
        return words.joined(separator: ", ")
    }

    private func deathLine(_ deaths: ObjectDetails.Deaths) -> String {
        let with = deaths.isAlone ? "" : " together with files it refers to"
        let when = deaths.diedAt.map { ", last \(Self.time($0))" } ?? ""
        let remedy = deaths.isQuarantined ? "; 'symbolist debug-files retry' tries it again" : ""
        return "\(deaths.count) times under revision \(deaths.revision)\(with)\(when): \(deaths.reason)\(remedy)"
    }

    private func uploadLine(_ upload: ObjectDetails.Upload) -> String {
        var words = [Self.time(upload.uploadedAt), upload.project, "\(upload.host):\(upload.path)"]
        if let commit = upload.gitCommit {
            let branch = upload.gitBranch.map { " (\($0))" } ?? ""
            words.append("\(commit.prefix(12))\(branch)\(upload.gitIsDirty == true ? " with changes" : "")")
        }
        if let labels = upload.labels { words.append(labels) }
        return words.joined(separator: "  ")
    }

    static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds / 1000)).ISO8601Format()
    }
}
