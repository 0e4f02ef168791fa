import CrashEvent

/// Finds the reports in a text and reads each with the format that it is written in.
///
///     stream 0   line line [report ······ ] line [report ··· ] line
///     stream 1   line [report ·· ]
///
/// What a stream says between the end of one report and the beginning of the next is that next report's standard error:
/// `fatalError` prints its message before the report.
struct TextReports {
    /// A report and where it stands.
    struct Found {
        var format: DecodedReport.Format
        var report: TextReport
        /// First line of the report in the input, 1-based.
        var line: Int
        /// The bytes of the input from the end of the report before to the end of this one, its stream's lines only.
        var source: [UInt8]
    }

    /// A format that seemed to begin and was not read.
    struct Closest {
        var format: DecodedReport.Format
        var mismatch: TextMismatch
    }

    /// In the order of their first lines.
    private(set) var reports: [Found] = []
    /// The failed attempt that understood the most lines.
    private(set) var closest: Closest?
    /// Reports behind the limit, or behind the end of the search, were not read.
    private(set) var isCutOff = false

    /// Reads all reports of `input`, at most `limit`.
    ///
    /// Attempts that fail cost lines too; when they have cost twice the input's lines and two million (a text made to look
    /// like beginnings only), the search ends.
    init(
        _ input: [UInt8], reading: TextReading, limit: Int = 1000, formats: [any TextFormat.Type] = TextFormats.all
    ) {
        let text = LogText(input)
        var budget = 2 * text.lines.count + 2_000_000
        for stream in text.streams.indices {
            var cursor = LineCursor(text, stream: stream)
            var end = 0
            var barren: (format: DecodedReport.Format, end: Int)?
            while let line = cursor.line {
                let start = cursor.position
                var found: (format: any TextFormat.Type, report: TextReport)?
                for format in formats where budget > 0 && format.mayBegin(line) {
                    if let barren, barren.format == format.format, start < barren.end { continue }
                    do throws(TextMismatch) {
                        let report = try format.read(&cursor, reading)
                        if cursor.position > start {
                            found = (format, report)
                            break
                        }
                    } catch {
                        note(error, of: format.format)
                        if format.failsForAllItRead { barren = (format.format, cursor.position) }
                    }
                    budget -= max(1, cursor.position - start)
                    cursor.move(to: start)
                }
                guard let found else {
                    cursor.advance()
                    continue
                }
                guard reports.count < limit else {
                    isCutOff = true
                    break
                }
                let isLast = cursor.line == nil
                add(found.format, found.report, cursor, from: end, start: start, isLast: isLast, input: input)
                end = cursor.position
            }
        }
        if budget <= 0 { isCutOff = true }
        reports.sort { $0.line < $1.line }
    }

    private mutating func add(
        _ format: any TextFormat.Type, _ report: TextReport, _ cursor: LineCursor, from end: Int, start: Int,
        isLast: Bool, input: [UInt8]
    ) {
        var report = report
        let before =
            format.ownsTextBefore ? StandardError.tail(cursor.messages(from: max(end, start - 2000), to: start)) : ""
        switch report {
        case .crash(var crash):
            if crash.standardError.isEmpty, before.contains(where: { !$0.isWhitespace }) {
                crash.standardError = before
            }
            report = .crash(crash)
        case .event(let event, let text, let notes):
            if text.isEmpty, before.contains(where: { !$0.isWhitespace }) {
                report = .event(event, standardError: before, notes: notes)
            }
        }
        var first = cursor
        first.move(to: start)
        reports.append(
            Found(
                format: format.format, report: report, line: first.number,
                source: cursor.source(from: end, to: cursor.position, of: input)))
    }

    private mutating func note(_ mismatch: TextMismatch, of format: DecodedReport.Format) {
        if let closest, closest.mismatch.understood >= mismatch.understood { return }
        closest = Closest(format: format, mismatch: mismatch)
    }
}
