import CrashEvent

/// Swift's JSON crash logs between the lines of a service's log: one or several, each on one line, printed over several,
/// or cut by a log service. What the stream says in front of one is the process's standard error.
struct SwiftCrashLogFormat: TextFormat {
    static var format: DecodedReport.Format { .swiftCrashLog }

    /// A line with the mark, or one that opens an object and leaves it open.
    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        guard let brace = line.firstIndex(of: UInt8(ascii: "{")) else { return false }
        if line.contains("\"crashReport\"") { return true }
        return line.last != UInt8(ascii: "}") && (line[..<brace].trimmed.isEmpty || line.contains("{\""))
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        let start = lines.position
        let number = lines.number
        let line = lines.line ?? []
        var isMarked = false
        var end = start
        for brace in braces(of: line) {
            lines.move(to: start)
            let object = LoggedObject(&lines, from: brace, limit: reading.limits.json.maximumBytes)
            end = max(end, lines.position)
            guard hasMark(object.bytes[...]) || hasMark(line) else { continue }
            isMarked = true
            var log: (document: JSONDocument, notes: [String])?
            if object.end == .closed { log = document(object.bytes, limits: reading.limits.json) }
            if log == nil {
                lines.move(to: start)
                log = mended(&lines, from: brace, limits: reading.limits.json)
                end = max(end, lines.position)
            }
            guard let log else { continue }
            return report(log.document, log.notes, prefix: line[..<brace], lines, start: start, reading)
        }
        lines.move(to: end)
        throw TextMismatch(line: number, expected: "a whole JSON object", understood: isMarked ? 2 : 0)
    }

    // MARK: - The object

    /// Where the object may open: at the last brace before the mark, or at the start of the line.
    private static func braces(of line: ArraySlice<UInt8>) -> [Int] {
        var braces: [Int] = []
        let brace = UInt8(ascii: "{")
        if let mark = ByteSearch.first(of: Array("\"crashReport\"".utf8), in: line),
            let last = line[..<mark].lastIndex(of: brace)
        {
            braces.append(last)
        }
        if let first = line.firstIndex(of: brace) {
            let isAtStart = line[..<first].trimmed.isEmpty
            let other = isAtStart ? first : line.lastPlace(of: Array("{\"".utf8)) ?? first
            for place in [first, other] where !braces.contains(place) { braces.append(place) }
        }
        return braces
    }

    private static func hasMark(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.contains("\"crashReport\"") }

    private static func document(
        _ bytes: [UInt8], limits: JSONLimits
    ) -> (document: JSONDocument, notes: [String])? {
        guard let document = try? JSONDocument(bytes, limits: limits), ReportRecognition.isSwiftCrashLog(document)
        else {
            return nil
        }
        return (document, [])
    }

    /// The object with its paths escaped: on this line, else (a path may hold a line feed) on this and what follows.
    private static func mended(
        _ lines: inout LineCursor, from brace: Int, limits: JSONLimits
    ) -> (document: JSONDocument, notes: [String])? {
        let start = lines.position
        guard let line = lines.line else { return nil }
        if line.contains("\"crashReport\""), let log = mended(Array(line[brace...]), limits: limits) {
            lines.advance()
            return (log.document, log.notes)
        }
        var text = Array(line[brace...])
        lines.advance()
        var count = 1
        while let next = lines.line, text.count + next.count < limits.maximumBytes {
            text.append(0x0a)
            text += next
            count += 1
            lines.advance()
        }
        guard let log = mended(text, limits: limits) else { return nil }
        // Lines behind the object stay for others.
        lines.move(to: start + max(1, count - log.rest.count(where: { $0 == 0x0a })))
        return (log.document, log.notes)
    }

    private static func mended(
        _ bytes: [UInt8], limits: JSONLimits
    ) -> (document: JSONDocument, rest: ArraySlice<UInt8>, notes: [String])? {
        let mended = UnescapedPaths.mend(bytes)
        guard let found = try? SwiftCrashLogFinder.prefix(of: mended.bytes, limits: limits),
            ReportRecognition.isSwiftCrashLog(found.document)
        else { return nil }
        let notes = mended.count > 0 ? ["\(mended.count) paths with unescaped characters were mended"] : []
        return (found.document, found.rest, notes)
    }

    // MARK: - The report

    private static func report(
        _ log: JSONDocument, _ notes: [String], prefix: ArraySlice<UInt8>, _ lines: LineCursor, start: Int,
        _ reading: TextReading
    ) -> TextReport {
        let before = SwiftReportSurroundings(lines, until: start)
        var text = before.text + prefix.text
        if text.allSatisfy(\.isWhitespace) {
            text = SwiftReportSurroundings.after(lines, from: lines.position) ?? ""
        }
        var decoder = SwiftCrashLogDecoder(log, eventID: reading.eventID, limits: reading.limits)
        let event = decoder.event(signalLine: (reading.context.stderr ?? "") + "\n" + text)
        return .event(event, standardError: StandardError.tail(text), notes: notes + decoder.notes)
    }
}
