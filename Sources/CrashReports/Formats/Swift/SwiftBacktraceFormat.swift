import CrashEvent

/// Encoded backtraces between other lines: alone on a line, over several lines, or inside a larger object, as a service
/// that logs in JSON writes them.
struct SwiftBacktraceFormat: TextFormat {
    static var format: DecodedReport.Format { .swiftBacktrace }
    /// A backtrace that was logged is no crash: what was said before is not its reason.
    static var ownsTextBefore: Bool { false }

    /// A line with the keys, or one that opens an object and leaves it open.
    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        guard let first = line.firstIndex(of: UInt8(ascii: "{")) else { return false }
        if line.contains("\"backtrace\"") { return true }
        return line.last != UInt8(ascii: "}") && line[..<first].trimmed.isEmpty
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        let start = lines.position
        let number = lines.number
        let line = lines.line ?? []
        var expected = "an object with architecture and backtrace"
        var understood = 0
        var end = start
        for brace in braces(of: line) {
            lines.move(to: start)
            let object = LoggedObject(&lines, from: brace, limit: reading.limits.json.maximumBytes)
            end = max(end, lines.position)
            guard object.end == .closed, object.bytes[...].contains("\"backtrace\""),
                let document = try? JSONDocument(object.bytes, limits: reading.limits.json),
                let node = SwiftBacktraceDecoder.find(in: document)
            else { continue }
            switch SwiftBacktraceDecoder(document, at: node, limits: reading.limits).crash() {
            case .success(var crash):
                crash.serverName = lines.stream.host
                return .crash(crash)
            case .failure(let damage):
                expected = "a backtrace that can be read; it \(damage.text)"
                understood = 1
            }
        }
        lines.move(to: end)
        throw TextMismatch(line: number, expected: expected, understood: understood)
    }

    /// The line's first brace, and the last one before the keys where text in front of the object holds braces.
    private static func braces(of line: ArraySlice<UInt8>) -> [Int] {
        let brace = UInt8(ascii: "{")
        guard let first = line.firstIndex(of: brace) else { return [] }
        let keys = ["\"backtrace\"", "\"architecture\"", "\"imageMap\""].compactMap {
            ByteSearch.first(of: Array($0.utf8), in: line)
        }
        guard let key = keys.min(), let last = line[..<key].lastIndex(of: brace), last != first else { return [first] }
        return [first, last]
    }
}
