import CrashEvent

/// What is known of a crash besides its message: from the fields that `coredumpctl info` prints, or from those of the
/// journal's entry.
struct CoredumpInfo {
    var processID: String?
    var command: String?
    var executable: String?
    var signalNumber: Int?
    /// `SIGSEGV`.
    var signalName: String?
    var timestamp: String?
    var hostName: String?
    /// Of the executable.
    var buildID: String?
    /// Build ids by module name.
    var buildIDs: [String: String] = [:]
    /// The process's memory map, where the journal has it.
    var map: ProcessMap?
    var facts: [ReportedCrash.Fact] = []

    /// Reads the fields up to the message, and leaves the cursor at the message's first line.
    mutating func read(_ lines: inout LineCursor) {
        var count = 0
        while let line = lines.line, count < 200 {
            var scanner = LineScanner(line.trimmed)
            if scanner.rest.starts(with: "Message: ") { return }
            if scanner.rest.starts(with: "PID: "), count > 0 { return }
            if let key = scanner.until(": "), !key.isEmpty, key.count < 40 { take(key.text, scanner.rest.trimmed) }
            lines.advance()
            count += 1
        }
    }

    private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) {
        var scanner = LineScanner(value)
        switch key {
        case "PID":
            processID = scanner.decimal().map { String($0) }
            if scanner.skip(" ("), let name = scanner.untilLast(")") { command = name.text }
        case "Signal":
            signalNumber = scanner.decimal().flatMap { Int(exactly: $0) }
            if scanner.skip(" ("), let name = scanner.untilLast(")") { signalName = "SIG" + name.text }
        case "Timestamp":
            timestamp = Self.time(value)
            if timestamp == nil { fact("timestamp", value.text) }
        case "Hostname": hostName = value.text
        case "Executable":
            executable = value.text
            fact("executable", value.text)
        case "build-id": buildID = value.text
        case "Command Line": fact("command_line", value.text)
        case "Unit", "User Unit": fact("unit", value.text)
        case "UID": fact("uid", value.text)
        case "Storage": fact("storage", value.text)
        case "Package": fact("package", value.text)
        default: break
        }
    }

    /// Adds a text, cut after 4,096 characters; nothing for an empty one.
    mutating func fact(_ key: String, _ text: String?) {
        guard let text, !text.isEmpty else { return }
        facts.append(
            ReportedCrash.Fact(key: key, json: JSONWriter.string(String(text.unicodeScalars.prefix(4096)))))
    }

    /// `Sun 2026-11-22 22:14:05 UTC (4s ago)` → `2026-11-22T22:14:05Z`; `nil` for another zone, whose abbreviation names
    /// no offset.
    private static func time(_ text: ArraySlice<UInt8>) -> String? {
        var scanner = LineScanner(text)
        guard scanner.word() != nil, scanner.skip(" "), let date = scanner.word(), date.count == 10,
            scanner.skip(" "), let clock = scanner.word(), clock.count == 8, scanner.skip(" UTC")
        else { return nil }
        return "\(date.text)T\(clock.text)Z"
    }
}

/// `/proc/PID/maps` as the journal keeps it.
struct ProcessMap {
    /// A file's lowest mapping.
    struct File: Equatable {
        var path: String
        /// From the lowest mapping to the end of the highest.
        var size: UInt64
    }

    /// By the start of the lowest mapping.
    private(set) var files: [UInt64: File] = [:]

    /// Reads lines `START-END rwxp OFFSET DEV INODE      PATH`, at most 65,536; others are passed over.
    init(_ text: String) {
        var open: (start: UInt64, path: String, end: UInt64)?
        for line in Array(text.utf8).split(separator: 0x0a).prefix(65536) {
            var scanner = LineScanner(line)
            guard let start = scanner.hexadecimal(), scanner.skip("-"), let end = scanner.hexadecimal(), end > start,
                scanner.skip(" "), scanner.word() != nil, scanner.skip(" "), let offset = scanner.hexadecimal(),
                scanner.skip(" "), scanner.word() != nil, scanner.skip(" "), scanner.decimal() != nil
            else { continue }
            scanner.skipSpaces()
            let path = scanner.rest.text
            if path.hasPrefix("/"), offset > 0, let current = open, current.path == path {
                open?.end = end
                continue
            }
            guard path.hasPrefix("/"), offset == 0 else { continue }
            close(open)
            open = (start, path, end)
        }
        close(open)
    }

    private mutating func close(_ open: (start: UInt64, path: String, end: UInt64)?) {
        guard let open else { return }
        files[open.start] = File(path: open.path, size: open.end - open.start)
    }
}
