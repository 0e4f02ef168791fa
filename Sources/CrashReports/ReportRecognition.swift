import CrashEvent

/// Tells formats by content, and names those that are known but not read.
enum ReportRecognition {
    enum Shape {
        case sentryEvent
        case swiftCrashLog
        /// The node is the object with the backtrace in it.
        case swiftBacktrace(JSONNode)
        /// One entry of the journal, systemd-coredump's.
        case coredumpEntry(TextReport)
        case unknown(CrashReportError)
    }

    private static let inChild = "is unwound in the sandboxed child; here only text is decoded"

    /// What a scanned document is.
    static func shape(of document: JSONDocument) -> Shape {
        let root = document.root
        guard document.kind(of: root) == .object else { return .unknown(.notAnObject(document.kind(of: root))) }
        if isSwiftCrashLog(document) { return .swiftCrashLog }
        if let report = SystemdCoredumpFormat.report(of: document) { return .coredumpEntry(report) }
        for key in ["exception", "threads", "stacktrace", "debug_meta", "event_id"]
        where document.member(key, of: root) != nil {
            return .sentryEvent
        }
        if let node = SwiftBacktraceDecoder.find(in: document) { return .swiftBacktrace(node) }
        var keys: [String] = []
        var count = 0
        for (key, _) in document.members(of: root) {
            count += 1
            if keys.count < 8 { keys.append(printable(document.string(key) ?? "", limit: 40)) }
        }
        return .unknown(.unknownObject(keys: keys, keyCount: count))
    }

    /// `kind` says so; without a `kind`, threads that hold frames directly are a shape that no event has.
    static func isSwiftCrashLog(_ document: JSONDocument) -> Bool {
        let root = document.root
        guard document.kind(of: root) == .object else { return false }
        if document.string("kind", of: root) == "crashReport" { return true }
        guard document.member("kind", of: root) == nil, document.member("event_id", of: root) == nil,
            document.member("exception", of: root) == nil, let threads = document.array("threads", of: root)
        else { return false }
        return document.elements(of: threads).contains { document.array("frames", of: $0) != nil }
    }

    /// Formats with a magic number, and nothing at all; `nil` for what may be text.
    static func binary(_ bytes: [UInt8]) -> CrashReportError? {
        if !bytes.contains(where: { $0 > 0x20 }) { return .empty }
        func begins(_ magic: UInt8...) -> Bool { bytes.starts(with: magic) }
        if begins(0x7f, 0x45, 0x4c, 0x46) {
            // e_type: two bytes at 16, in the order that the byte at 5 names; 4 is a core.
            let isCore = bytes.count > 17 && (bytes[5] == 2 ? bytes[17] : bytes[16]) == 4
            return isCore
                ? .unsupported(what: "an ELF core dump", advice: inChild)
                : .unsupported(
                    what: "an ELF file", advice: "is no crash report; 'symbolist upload' stores it as a debug file")
        }
        if begins(0x4d, 0x44, 0x4d, 0x50) || begins(0x50, 0x4d, 0x44, 0x4d) {
            return .unsupported(what: "a minidump", advice: inChild)
        }
        let packed: [(magic: [UInt8], name: String)] = [
            ([0x1f, 0x8b], "gzip"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz"),
            ([0x42, 0x5a, 0x68], "bzip2"), ([0x50, 0x4b, 0x03, 0x04], "zip"),
        ]
        for (magic, name) in packed where bytes.starts(with: magic) {
            return .unsupported(what: "\(name)-compressed data", advice: "has to be unpacked first")
        }
        if begins(0xff, 0xfe) || begins(0xfe, 0xff) {
            return .unsupported(what: "UTF-16 text", advice: "has to be converted to UTF-8 first")
        }
        return nil
    }

    /// The error for bytes that are no JSON document and hold no report; `closest` is the format that came furthest.
    static func explain(
        _ bytes: [UInt8], _ error: JSONError, closest: TextReports.Closest? = nil
    ) -> CrashReportError {
        if let closest, closest.mismatch.understood > 0 {
            let mismatch = closest.mismatch
            return .stopped(format: closest.format, line: mismatch.line, expected: mismatch.expected)
        }
        let text = bytes.prefix(1 << 20)
        func contains(_ needle: String) -> Bool { ByteSearch.first(of: Array(needle.utf8), in: text) != nil }
        let first = bytes.first { $0 > 0x20 && $0 != 0xef && $0 != 0xbb && $0 != 0xbf }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || contains("\"crashReport\"") {
            if case .trailing = error.reason, contains("\n{\"type\":") {
                return .unsupported(what: "a Sentry envelope", advice: "has no event in it")
            }
            var guess: String?
            if contains("\"crashReport\"") {
                guess = "a Swift JSON crash log"
            } else if contains("\"event_id\"") || contains("\"exception\"") || contains("\"debug_meta\"") {
                guess = "a Sentry event"
            }
            if case .truncated = error.reason { return .truncatedJSON(error, looksLike: guess) }
            return .malformedJSON(error, looksLike: guess)
        }
        let formats: [(mark: String, name: String)] = [
            ("Backtracing from 0x", "the first line of a Swift text backtrace"),
            ("ERROR: AddressSanitizer", "a sanitizer report"), ("ERROR: LeakSanitizer", "a sanitizer report"),
            ("WARNING: ThreadSanitizer", "a sanitizer report"),
            // Go says `panic: runtime error: …`, too.
            ("goroutine ", "a Go panic"), (": runtime error: ", "a sanitizer report"),
            ("\nstack backtrace:", "a Rust panic"), ("' panicked at ", "a Rust panic"),
            ("core.exception.", "a D backtrace"), ("Traceback (most recent call last)", "a Python traceback"),
            ("Incident Identifier:", "an Apple crash report"),
        ]
        for (mark, name) in formats where contains(mark) {
            let isRead = ["a sanitizer report", "a Rust panic"].contains(name)
            let advice =
                name.hasPrefix("the first line")
                ? "has no report behind it" : isRead ? "has no stack that can be read" : "is not read"
            return .unsupported(what: name, advice: advice)
        }
        return .unknown(beginning: "\"\(printable(String(decoding: bytes.prefix(64), as: UTF8.self), limit: 40))\"")
    }

    /// Text for a message: one line, without control characters, cut.
    static func printable(_ text: String, limit: Int) -> String {
        let clean = text.unicodeScalars.prefix(limit).map { $0.value < 0x20 || $0.value == 0x7f ? "." : String($0) }
        return clean.joined() + (text.unicodeScalars.count > limit ? "…" : "")
    }
}
