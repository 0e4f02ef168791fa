import CrashEvent
import DebugFiles
import ParserTasks
import SymbolIndex

extension DebugFileText {
    /// One object a line.
    func json(_ object: StoredObject) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        members(of: object, &writer)
        writer.endObject()
        return Self.line(writer)
    }

    /// One id that is waited for, a line.
    func json(_ file: AwaitedFile) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("kind", file.id.kind.rawValue)
        writer.member("id", file.id.id)
        writer.member("name", ifPresent: file.name)
        writer.member("events", file.events)
        writer.member("objects", file.objects)
        if let event = file.newestEvent { writer.member("newest_event", event) }
        writer.endObject()
        return Self.line(writer)
    }

    /// Everything about an object, in one line.
    func json(_ details: ObjectDetails) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        members(of: details.object, &writer)
        writer.member("sources", details.sources)
        strings("problems", details.object.inspection.problems, &writer)
        list("ids", details.ids, &writer) { id, writer in
            writer.member("project", id.project)
            writer.member("kind", id.id.kind.rawValue)
            writer.member("id", id.id.id)
        }
        list("wanted", details.wanted, &writer) { wanted, writer in
            writer.member("kind", wanted.id.kind.rawValue)
            writer.member("id", wanted.id.id)
            writer.member("name", wanted.name)
            strings("holders", wanted.holders, &writer)
        }
        writer.key("index")
        index(details.index, &writer)
        list("deaths", details.deaths, &writer) { deaths, writer in
            writer.member("revision", deaths.revision)
            writer.member("count", deaths.count)
            writer.member("reason", deaths.reason)
            writer.member("died_at", ifPresent: deaths.diedAt.map(Self.time))
            writer.member("with_other_files", !deaths.isAlone)
            writer.member("quarantined", deaths.isQuarantined)
        }
        list("uploads", details.uploads, &writer) { upload, writer in
            writer.member("project", upload.project)
            writer.member("uploaded_at", Self.time(upload.uploadedAt))
            writer.member("host", upload.host)
            writer.member("path", upload.path)
            writer.member("git_commit", ifPresent: upload.gitCommit)
            writer.member("git_branch", ifPresent: upload.gitBranch)
            if let isDirty = upload.gitIsDirty { writer.member("git_dirty", isDirty) }
            writer.member("labels", ifPresent: upload.labels)
        }
        writer.endObject()
        return Self.line(writer)
    }

    private func members(of object: StoredObject, _ writer: inout JSONWriter) {
        let inspection = object.inspection
        writer.member("digest", object.digest)
        writer.member("build_id", ifPresent: inspection.buildID)
        writer.member("debug_id", ifPresent: inspection.debugID)
        writer.member("name", ifPresent: object.name)
        writer.member("kind", inspection.kind.rawValue)
        writer.member("architecture", inspection.architecture)
        writer.member("size", object.size)
        writer.member("stored_at", Self.time(object.storedAt))
        writer.member("last_used_at", ifPresent: object.lastUsedAt.map(Self.time))
        strings("projects", object.projects, &writer)
        writer.member("debug_information", inspection.hasDebugInformation)
        writer.member("symbol_table", inspection.hasSymbolTable)
        writer.member("mini_debug_information", inspection.hasMiniDebugInformation)
        writer.member("unwind_tables", inspection.hasUnwindTables)
        writer.member("split_units", object.heldSplitUnits)
        writer.member("wanted_files", object.wantedFiles)
        writer.member("missing_files", object.missingFiles)
        writer.member("lost", object.isLost)
        writer.member("parser_deaths", object.deaths)
        writer.member("quarantined", object.deaths >= quarantineLimit)
    }

    private func index(_ index: ObjectDetails.Index, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("current", index.isCurrent)
        writer.member("quality", ifPresent: index.quality?.word)
        if let size = index.size { writer.member("size", size) }
        if let older = index.older {
            writer.member("older_version", "v\(older.format)-r\(older.builderRevision)")
        }
        if let metadata = index.metadata {
            writer.member("units_read", metadata.unitsRead)
            writer.member("units_skipped", metadata.skippedUnitCount)
            writer.member("symbols_read", metadata.symbolsRead)
            strings("inputs", metadata.inputs.map(\.digest), &writer)
            strings("problems", metadata.problems, &writer)
        }
        writer.endObject()
    }

    private func strings(_ key: String, _ values: [String], _ writer: inout JSONWriter) {
        writer.key(key)
        writer.beginArray()
        for value in values { writer.string(value) }
        writer.endArray()
    }

    private func list<Item>(
        _ key: String, _ items: [Item], _ writer: inout JSONWriter, _ body: (Item, inout JSONWriter) -> Void
    ) {
        writer.key(key)
        writer.beginArray()
        for item in items {
            writer.beginObject()
            body(item, &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func line(_ writer: JSONWriter) -> String { String(decoding: writer.bytes, as: UTF8.self) + "\n" }
}
