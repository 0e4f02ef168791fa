import CrashEvent
import CrashReports
import Foundation
import Testing

/// What `Fixtures/SwiftReports/make.sh` recorded.
enum SwiftRecordings {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/SwiftReports/Recorded")

    /// The reports' file names, sorted.
    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".txt") || $0.hasSuffix(".json") }.sorted()

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// What the process wrote to standard error where the report went to a file.
    static func standardError(of name: String) -> String? {
        let file = folder.appending(path: name.split(separator: ".")[0] + ".stderr")
        return (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func decode(_ name: String) throws -> DecodedReport {
        try CrashReports.decode(bytes(name), context: ReportContext(stderr: standardError(of: name)))
    }
}

/// An event as a few lines: what the reports' expectations are compared with.
struct SwiftReportDump {
    private let report: DecodedReport
    private let event: CrashEvent

    init(_ report: DecodedReport) throws {
        self.report = report
        event = try CrashEvent(report.event)
    }

    var text: String {
        var lines = ["format \(report.format.rawValue)"]
        lines += report.notes.map { "note \($0)" }
        let document = event.document
        for exception in event.exceptions {
            let signal = exception.signalNumber.map { " signal \($0)" } ?? ""
            lines.append("exception \(exception.type ?? "-"): \(exception.value ?? "-")\(signal)")
        }
        if let reason = document.node(at: "contexts", "symbolist", "crash_reason") {
            lines.append("reason \(document.string(reason) ?? "-")")
        }
        if let system = document.node(at: "contexts", "os", "raw_description") {
            lines.append("system \(document.string(system) ?? "-")")
        }
        for trace in event.stackTraces {
            lines.append("")
            lines.append(title(of: trace))
            lines += trace.frames.reversed().map { "  " + Self.line(of: $0, in: document) }
        }
        if !event.images.isEmpty { lines.append("") }
        for image in event.images {
            let size = image.imageSize.map { "+" + String($0, radix: 16) } ?? ""
            let start = image.imageAddress.map { String($0, radix: 16) } ?? "?"
            lines.append("image \(start)\(size) \(image.codeID ?? "-") \(image.codeFile ?? "-")")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func title(of trace: EventStackTrace) -> String {
        var title = "thread \(trace.threadID ?? "-")"
        if let name = trace.threadName { title += " '\(name)'" }
        if trace.isCrashed { title += " crashed" }
        if !trace.registers.isEmpty {
            let pointer = trace.registers["rip"].map { " rip " + String($0, radix: 16) } ?? ""
            title += ", \(trace.registers.count) registers\(pointer)"
        }
        return title
    }

    static func line(of frame: EventFrame, in document: JSONDocument) -> String {
        var parts = [frame.kind?.rawValue ?? "-"]
        if let count = frame.count { parts.append("\(count)") }
        if let address = frame.instructionAddress { parts.append(String(address, radix: 16)) }
        if let name = frame.function ?? frame.symbol { parts.append(name) }
        if let offset = frame.symbolOffset { parts.append("+\(offset)") }
        if let package = frame.package { parts.append("in \(package)") }
        if let path = frame.absPath {
            parts.append(
                "at "
                    + [path, frame.line?.description, frame.column?.description].compactMap(\.self).joined(
                        separator: ":"))
        }
        if let failure = frame.runtimeFailure { parts.append("failure '\(failure)'") }
        if let reported = frame.data.flatMap({ document.node(at: "swift_backtrace", "reported", from: $0) }) {
            parts.append("(\(Array(document.elements(of: reported)).count) reported)")
        }
        return parts.joined(separator: " ")
    }
}
