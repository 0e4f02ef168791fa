public import ParserTasks

/// An unwound core or minidump as an event.
extension CrashReports {
    /// The event of a dump that the sandboxed child has unwound, with what is known about it from elsewhere merged in.
    ///
    /// Threads, registers, frames and modules become the event's; what the event has no place for (process, command line,
    /// why a stack ended, what was missing) stands under `contexts.core` or `contexts.minidump`. The dump's texts are
    /// untrusted: they are cut, and an operator's eyes are the renderer's to guard. The same dump, digest and context give
    /// the same event.
    /// - Parameters:
    ///   - digest: What stands for the dump's bytes: such as their SHA-256. The event's id is made from it.
    ///   - context: Fills only what the event lacks.
    /// - Returns: The report; its `source` is the event itself, since the dump is no text that is decoded again.
    public static func event(
        of dump: UnwoundDump, digest: String, context: ReportContext = ReportContext(),
        limits: CrashReportLimits = .default
    ) throws(CrashReportError) -> DecodedReport {
        let crash = ReportedDump(dump).crash
        let id = eventID(of: Array(digest.utf8))
        var writer = CrashEventWriter(crash, eventID: id, limits: limits)
        let event = writer.event()
        let merged = try merge(context, into: event, id: id, limits: limits)
        return DecodedReport(
            format: dump.inspection.format == DecodedReport.Format.minidump.rawValue ? .minidump : .elfCore,
            event: merged.event, notes: crash.notes + writer.notes + merged.notes, source: merged.event)
    }
}
