import Foundation
import Logging
import Synchronization

/// How log lines look.
enum LogFormat: String, Sendable, CaseIterable {
    case text
    case json
}

/// Logs go to standard error, a line each: standard output is for results.
struct StandardErrorLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    let label: String
    let format: LogFormat

    /// Installs the handler for the whole process.
    static func bootstrap(level: Logger.Level, format: LogFormat) {
        LoggingSystem.bootstrap { label in
            StandardErrorLogHandler(logLevel: level, label: label, format: format)
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        switch format {
        case .text:
            let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
            StandardError.write("\(time) \(event.level) \(event.message)\(pairs)\n")
        case .json:
            var fields = all.mapValues { "\($0)" }
            fields["time"] = time
            fields["level"] = event.level.rawValue
            fields["message"] = "\(event.message)"
            fields["logger"] = label
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let line = try? encoder.encode(fields) else { return }
            StandardError.write(String(decoding: line, as: UTF8.self) + "\n")
        }
    }

    /// Values with spaces, quotes or control characters stand in quotes, so that a line stays a line whatever a file is
    /// called.
    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.unicodeScalars.allSatisfy { $0 > " " && $0 != "\"" && $0 != "\u{7f}" }
        return isPlain ? value : Terminal.visible("\"" + value.replacingOccurrences(of: "\"", with: "\\\"") + "\"")
    }
}
