import CrashEvent
import CrashReports
import DebugFiles

/// An envelope whose crash is in a minidump beside its event: Crashpad-based SDKs send the event without a stack.
///
///     event      release, user, breadcrumbs, …  ─┐
///     minidump   ─▶ child ─▶ event of the dump  ─┴─▶ the event, with exception, threads and images of the dump
enum EnvelopeDump {
    /// What the dump's event says about the crash. Everything else of the envelope's own event stays.
    private static let taken = ["exception", "threads", "debug_meta"]

    /// Whether the event has frames of its own.
    static func hasStacks(_ report: DecodedReport) -> Bool {
        (try? CrashEvent(report.event)).map { hasStacks($0) } ?? false
    }

    private static func hasStacks(_ event: CrashEvent) -> Bool {
        event.stackTraces.contains { !$0.frames.isEmpty }
    }

    /// The envelope's event with the crash of its minidump; `nil` when the event has stacks of its own.
    static func merge(_ dump: DecodedReport, into report: DecodedReport) throws(EnrichmentError) -> DecodedReport? {
        do {
            let event = try CrashEvent(report.event)
            guard !hasStacks(event) else { return nil }
            let crash = try JSONDocument(dump.event)
            var patch = EventPatch(event.document)
            let root = event.document.root
            for key in taken {
                guard let node = crash.member(key, of: crash.root) else { continue }
                patch.set(root, key: key, to: Array(crash.rawBytes(of: node)))
            }
            if let contexts = crash.object("contexts", of: crash.root) {
                for (keyNode, node) in crash.members(of: contexts) {
                    guard let key = crash.string(keyNode), event.document.node(at: "contexts", key) == nil,
                        patch.canSet(root, path: ["contexts", key])
                    else { continue }
                    patch.set(root, path: ["contexts", key], to: Array(crash.rawBytes(of: node)))
                }
            }
            // The envelope's decoder does not know that the dump is used.
            var notes = report.notes
            let isAboutDump = { (note: String) in note.hasPrefix("minidump ") && note.hasSuffix(" was not used") }
            if let index = notes.firstIndex(where: isAboutDump) { notes.remove(at: index) }
            return DecodedReport(
                format: report.format, event: try patch.apply(), notes: notes + dump.notes, source: report.source)
        } catch {
            throw .notUnderstood("the minidump's crash cannot be written into the envelope's event: \(error)")
        }
    }
}

extension EventEnricher {
    /// The event of an envelope with a minidump; `nil` for every other payload.
    func envelopeDump(
        _ payload: [UInt8], _ context: ReportContext, _ project: String, _ dumps: DumpReader
    ) async throws(EnrichmentError) -> (report: DecodedReport, renewal: DumpRenewal)? {
        guard let embedded = CrashReports.embeddedMinidump(in: payload, limits: limits) else { return nil }
        let own = embedded.event == nil ? nil : try decode(payload, context)
        // An event with stacks of its own says more than its dump: that is not unwound at all.
        if let own, EnvelopeDump.hasStacks(own) { return nil }
        let file: FileDescriptor
        do throws(DumpSpoolError) {
            file = try await dumps.spool.file(of: Array(payload[embedded.range]))
        } catch {
            throw EnrichmentError(error)
        }
        let name = embedded.fileName ?? "the envelope's minidump"
        let contents: DumpReader.Contents
        do throws(EnrichmentError) {
            contents = try await dumps.read(file, name: name, project: project, context: context)
        } catch {
            // What the event itself says is no worse for a dump that nobody can read.
            guard case .notUnderstood(let reason) = error, let own else { throw error }
            let notes = own.notes + ["the envelope's minidump was not read: \(reason)"]
            return (
                DecodedReport(format: own.format, event: own.event, notes: notes, source: own.source), DumpRenewal()
            )
        }
        guard case .dump(let dump) = contents else { return nil }
        let renewal = DumpRenewal(lacking: dump.lacking, catalogueSequence: dump.catalogueSequence)
        guard let own else { return (dump.report, renewal) }
        return try EnvelopeDump.merge(dump.report, into: own).map { ($0, renewal) }
    }
}
