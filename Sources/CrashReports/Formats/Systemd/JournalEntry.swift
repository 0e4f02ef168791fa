import CrashEvent

/// One entry of the journal as `journalctl -o json` prints it.
///
/// Values are strings; arrays of byte numbers where a value is no text; `null` where it is longer than 4,096 bytes and
/// `--all` was not given; arrays of those where a field occurs more than once (the first is taken).
///
/// Of the fields `COREDUMP_*` those that may hold secrets are never read: the process's environment and its open files.
struct JournalEntry {
    private let document: JSONDocument

    /// What a coredump's entry lacks.
    struct Refusal: Error {
        var expected: String
    }

    init(_ document: JSONDocument) { self.document = document }

    /// `nil` for a line that is no JSON object.
    init?(_ bytes: [UInt8], limits: JSONLimits) {
        guard let document = try? JSONDocument(bytes, limits: limits), document.kind(of: document.root) == .object
        else { return nil }
        self.document = document
    }

    /// systemd-coredump's own message id, or its fields.
    var isCoredump: Bool {
        text("MESSAGE_ID") == "fc2e22bc6ee647b6b90729ab34a250b1"
            || document.member("COREDUMP_PID", of: document.root) != nil
    }

    /// A field's text.
    func text(_ key: String) -> String? {
        guard var node = document.member(key, of: document.root) else { return nil }
        if document.kind(of: node) == .array {
            var first = document.elements(of: node)
            guard let element = first.next() else { return "" }
            if document.kind(of: element) == .number { return bytes(of: node) }
            node = element
        }
        if document.kind(of: node) == .array { return bytes(of: node) }
        return document.string(node)
    }

    private func bytes(of array: JSONNode) -> String? {
        var result: [UInt8] = []
        for element in document.elements(of: array) {
            guard let number = document.text(element).flatMap({ UInt8($0) }) else { return nil }
            result.append(number)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What the fields say.
    var info: CoredumpInfo {
        var info = CoredumpInfo()
        info.processID = text("COREDUMP_PID")
        info.command = text("COREDUMP_COMM")
        info.executable = text("COREDUMP_EXE")
        info.signalNumber = text("COREDUMP_SIGNAL").flatMap { Int($0) }
        info.signalName = text("COREDUMP_SIGNAL_NAME")
        info.hostName = text("COREDUMP_HOSTNAME") ?? text("_HOSTNAME")
        // Microseconds since 1970.
        if let micros = text("COREDUMP_TIMESTAMP").flatMap({ UInt64($0) }) {
            let fraction = String(micros % 1_000_000 + 1_000_000).dropFirst()
            info.timestamp = "\(micros / 1_000_000).\(fraction)"
        }
        info.map = text("COREDUMP_PROC_MAPS").map { ProcessMap($0) }
        info.buildIDs = packages()
        info.fact("executable", info.executable)
        info.fact("command_line", text("COREDUMP_CMDLINE"))
        info.fact("unit", text("COREDUMP_UNIT") ?? text("COREDUMP_USER_UNIT"))
        info.fact("uid", text("COREDUMP_UID"))
        info.fact("storage", text("COREDUMP_FILENAME"))
        info.fact("package", text("COREDUMP_PACKAGE_NAME"))
        info.fact("package_version", text("COREDUMP_PACKAGE_VERSION"))
        return info
    }

    /// `{"elfType":"coredump","till":{"name":"till","version":"1.2-1","buildId":"1a2a…"}}`: build ids by module name.
    private func packages() -> [String: String] {
        guard let text = text("COREDUMP_PACKAGE_JSON"), let packages = try? JSONDocument(Array(text.utf8)) else {
            return [:]
        }
        var result: [String: String] = [:]
        for (key, value) in packages.members(of: packages.root) {
            guard let name = packages.string(key), let id = packages.string("buildId", of: value) else { continue }
            result[CoredumpMessage.baseName(name)] = id
        }
        return result
    }

    /// The crash that the entry tells of.
    func crash() throws(Refusal) -> ReportedCrash {
        guard let text = text("MESSAGE") else {
            let isNull = document.member("MESSAGE", of: document.root).map { document.kind(of: $0) == .null } ?? false
            throw Refusal(
                expected: isNull
                    ? "a MESSAGE (journalctl prints null for long ones; use journalctl -o json --all)" : "a MESSAGE")
        }
        let lines = LogText(Array(text.utf8), hasPrefixes: false)
        guard !lines.streams.isEmpty else { throw Refusal(expected: "a MESSAGE") }
        var cursor = LineCursor(lines, stream: 0)
        var message = CoredumpMessage()
        guard message.read(&cursor) else {
            throw Refusal(expected: "a MESSAGE with a stack trace")
        }
        var info = info
        if info.map?.files.isEmpty == true { info.map = nil }
        var crash = message.crash(info)
        if let node = document.member("COREDUMP_PROC_MAPS", of: document.root), document.kind(of: node) == .null {
            crash.notes.append("journalctl left out the memory map, which is long; journalctl -o json --all has it")
        }
        return crash
    }
}
