import Bytes
import CrashEvent
import Foundation
import Testing

@testable import CrashReports

/// What `Fixtures/Sanitizers/make.sh` and `Fixtures/Backtraces/make.sh` recorded.
struct Recording: CustomTestStringConvertible, Sendable {
    let folder: String
    let name: String

    var testDescription: String { "\(folder)/\(name)" }
    var path: String { "\(Self.fixtures)/\(folder)/Recorded/\(name).txt" }
    /// What decoding it gives, beside it.
    var golden: String { "\(Self.fixtures)/\(folder)/Recorded/\(name).golden" }

    var bytes: [UInt8] {
        get throws { Array(try Data(contentsOf: URL(filePath: path))) }
    }

    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
        .path

    static func all(_ folder: String) -> [Recording] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(fixtures)/\(folder)/Recorded")) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().map {
            Recording(folder: folder, name: String($0.dropLast(4)))
        }
    }

    static let all = all("Sanitizers") + all("Backtraces")
    /// The repository's own files are ordinary text.
    static let repository = URL(filePath: fixtures).deletingLastPathComponent().path

    /// The formats that are tested here, in the order of the registry.
    static let formats: [any TextFormat.Type] = [
        SanitizerFormat.self, RustPanicFormat.self, GDBFormat.self, LLDBFormat.self, EuStackFormat.self,
        BacktraceSymbolsFormat.self,
    ]
}

/// The reports in a text, as the driver finds them with the formats tested here.
func reports(in text: String) -> [ReportedCrash] { reports(in: Array(text.utf8)).map(\.crash) }

/// The reports in `bytes`, with their formats and the lines they begin in.
func reports(in bytes: [UInt8]) -> [(format: DecodedReport.Format, line: Int, crash: ReportedCrash)] {
    let reading = TextReading(limits: .default, context: ReportContext(), eventID: "")
    return TextReports(bytes, reading: reading, formats: Recording.formats).reports.compactMap { found in
        guard case .crash(let crash) = found.report else { return nil }
        return (found.format, found.line, crash)
    }
}

/// A crash as a few lines: what golden files hold.
struct CrashText {
    private(set) var lines: [String] = []

    init(_ crash: ReportedCrash) {
        add("type", crash.type)
        add("value", crash.value.map { $0.replacing("\n", with: "⏎") })
        if let signal = crash.signal {
            let address = signal.faultAddress.map { " at 0x" + String($0, radix: 16) } ?? ""
            lines.append("signal: \(signal.name) \(signal.number.map { String($0) } ?? "?")\(address)")
        }
        for (index, thread) in crash.threads.enumerated() {
            let title = [
                thread.id.map { "id \($0)" }, thread.name.map { "\"\($0)\"" }, thread.isCrashed ? "crashed" : nil,
            ]
            lines.append((["thread \(index)"] + title.compactMap { $0 }).joined(separator: " "))
            add(thread.frames)
            if !thread.registers.isEmpty {
                lines.append("    registers: " + thread.registers.map(\.name).joined(separator: " "))
            }
        }
        for (index, image) in crash.images.enumerated() {
            var line = "image \(index): \(image.path ?? "-")"
            if let address = image.address { line += " at 0x" + String(address, radix: 16) }
            if image.linkAddress != nil { line += " at link addresses" }
            if let id = image.codeID { line += " id \(id)" }
            lines.append(line)
        }
        for fact in crash.facts { lines.append("\(fact.key): " + String(decoding: fact.json, as: UTF8.self)) }
        for note in crash.notes { lines.append("note: " + note) }
    }

    private mutating func add(_ key: String, _ text: String?) {
        if let text { lines.append("\(key): \(text)") }
    }

    /// Runs of one frame, as recursion makes them, are one line.
    private mutating func add(_ frames: [ReportedFrame]) {
        var index = 0
        while index < frames.count {
            var end = index + 1
            while end < frames.count, Self.text(frames[end]) == Self.text(frames[index]) { end += 1 }
            lines.append(Self.text(frames[index]) + (end - index > 1 ? "  × \(end - index)" : ""))
            lines += frames[index].reported.count > 1 ? frames[index].reported.map { "        | " + $0 } : []
            index = end
        }
    }

    static func text(_ frame: ReportedFrame) -> String {
        var text = "    \(frame.kind.rawValue)"
        switch frame.address {
        case .absolute(let address): text += " 0x" + String(address, radix: 16)
        case .relative(let image, let offset): text += " \(image)+0x" + String(offset, radix: 16)
        case nil: text += " -"
        }
        if let function = frame.function { text += " \(function)" }
        if let offset = frame.symbolOffset { text += "+0x" + String(offset, radix: 16) }
        if let file = frame.file {
            let place = [frame.line, frame.column].compactMap { $0 }.map { ":\($0)" }.joined()
            text += " at \(file)\(place)"
        }
        if let package = frame.package { text += " in \(package)" }
        if let count = frame.count { text += " × \(count)" }
        return text
    }
}

/// The event that a crash becomes, read again: every decoder's result must survive that.
func writtenEvent(_ crash: ReportedCrash, limits: CrashReportLimits = .default) throws -> (
    event: CrashEvent, notes: [String]
) {
    var writer = CrashEventWriter(crash, eventID: String(repeating: "0", count: 32), limits: limits)
    let bytes = writer.event()
    return (try CrashEvent(bytes), writer.notes)
}

/// A generator with a seed: the same numbers every time.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
