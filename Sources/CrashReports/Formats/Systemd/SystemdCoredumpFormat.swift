import CrashEvent

/// What systemd-coredump says about a crash, in the three ways in which it is seen.
///
/// | seen in | begins with |
/// |---|---|
/// | `coredumpctl info` | `           PID: 4242 (till)` |
/// | `journalctl` | `Process 4242 (till) of user 0 dumped core.` |
/// | `journalctl -o json`, one object a line | an object with `COREDUMP_PID` |
///
/// All three hold the same message, ``CoredumpMessage``; the others say more around it. Addresses are the process's and not
/// adjusted: those of callers are return addresses. `NAME + 0xOFF` counts from the start of the module's lowest
/// mapping, which is therefore known; in the journal's object the whole memory map stands too.
enum SystemdCoredumpFormat: TextFormat {
    static let format = DecodedReport.Format.systemdCoredump
    /// The lines before are those of systemd-coredump, or of anything.
    static let ownsTextBefore = false

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        if line.first == UInt8(ascii: "{") { return line.contains("\"COREDUMP_") }
        if line.first == UInt8(ascii: "P") { return line.starts(with: "Process ") && line.contains(" dumped core") }
        guard line.first == 0x20 || line.starts(with: "PID: ") else { return false }
        let text = line.trimmed
        return text.starts(with: "PID: ") && text.last == UInt8(ascii: ")")
            || text.starts(with: "Message: Process ")
    }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        guard let line = lines.line else {
            throw TextMismatch(line: lines.number, expected: "a report of systemd-coredump", understood: 0)
        }
        if line.first == UInt8(ascii: "{") { return .crash(try readEntry(&lines, reading)) }
        var info = CoredumpInfo()
        let start = lines.position
        if line.trimmed.starts(with: "PID: ") { info.read(&lines) }
        var message = CoredumpMessage()
        let hasFrames = message.read(&lines)
        guard hasFrames else {
            throw TextMismatch(
                line: lines.number, expected: "a stack ('Stack trace of thread …', '#0  0x… name (module + 0x…)')",
                understood: lines.position - start)
        }
        var crash = message.crash(info)
        if let process = info.processID ?? message.processID {
            var first = lines
            first.move(to: start)
            crash.standardError = first.messages(ofProcess: process)
        }
        return .crash(crash)
    }

    // MARK: - Journal entries

    private static func readEntry(
        _ lines: inout LineCursor, _ reading: TextReading
    ) throws(TextMismatch) -> ReportedCrash {
        guard let line = lines.line, let entry = JournalEntry(Array(line), limits: reading.limits.json),
            entry.isCoredump
        else {
            throw TextMismatch(
                line: lines.number, expected: "a journal entry of systemd-coredump as one JSON object", understood: 0)
        }
        var crash: ReportedCrash
        do throws(JournalEntry.Refusal) {
            crash = try entry.crash()
        } catch {
            throw TextMismatch(line: lines.number, expected: error.expected, understood: 1)
        }
        if let process = entry.info.processID {
            crash.standardError = said(by: process, before: lines, reading)
        }
        lines.advance()
        return crash
    }

    /// The messages of a process in the entries before, at most 500 of the last 2,000 lines and 256 KiB.
    private static func said(by process: String, before lines: LineCursor, _ reading: TextReading) -> String {
        let needle = Array("\"\(process)\"".utf8)
        var found: [String] = []
        var bytes = 0
        for distance in 1...2000 {
            guard let line = lines.line(ahead: -distance), bytes < 256 * 1024, found.count < 500 else { break }
            bytes += line.count
            guard line.first == UInt8(ascii: "{"), ByteSearch.first(of: needle, in: line) != nil,
                let entry = JournalEntry(Array(line), limits: reading.limits.json), !entry.isCoredump,
                entry.text("_PID") == process, let message = entry.text("MESSAGE")
            else { continue }
            found.append(message)
        }
        return found.isEmpty ? "" : found.reversed().joined(separator: "\n") + "\n"
    }

    /// A document that is one journal entry: `nil` when it is not systemd-coredump's, or has no stack.
    static func report(of document: JSONDocument) -> TextReport? {
        let entry = JournalEntry(document)
        guard entry.isCoredump, let crash = try? entry.crash() else { return nil }
        return .crash(crash)
    }
}
