import CrashEvent
import CrashReports
import Foundation
import Testing

/// Reports as a few lines of text, to compare with files that people can read.
enum LogReportOutline {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../Fixtures")
        .standardizedFileURL

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: fixtures.appending(path: path)))
    }

    /// All reports of an input.
    static func text(_ bytes: [UInt8]) throws -> String {
        try CrashReports.decodeAll(bytes).map { try text($0) }.joined(separator: "\n")
    }

    static func text(_ report: DecodedReport) throws -> String {
        let document = try JSONDocument(report.event)
        var lines = ["format \(report.format.rawValue)"]
        func raw(_ node: JSONNode?) -> String {
            node.map { String(decoding: document.rawBytes(of: $0), as: UTF8.self) } ?? "-"
        }
        for key in ["timestamp", "server_name"] {
            if let node = document.member(key, of: document.root) { lines.append("\(key) \(raw(node))") }
        }
        if let exceptions = document.node(at: "exception", "values") {
            for exception in document.elements(of: exceptions) {
                for key in ["type", "value", "thread_id", "mechanism"] {
                    lines.append("exception.\(key) \(raw(document.member(key, of: exception)))")
                }
                trace(of: exception, document, &lines)
            }
        }
        if let threads = document.node(at: "threads", "values") {
            for thread in document.elements(of: threads) {
                lines.append(
                    "thread \(raw(document.member("id", of: thread))) \(raw(document.member("name", of: thread)))")
                trace(of: thread, document, &lines)
            }
        }
        if let images = document.node(at: "debug_meta", "images") {
            for image in document.elements(of: images) { lines.append("image \(raw(image))") }
        }
        if let contexts = document.node(at: "contexts") {
            for (key, value) in document.members(of: contexts) { lines.append("\(raw(key)) \(raw(value))") }
        }
        if let stderr = document.node(at: "extra", "stderr") { lines.append("stderr \(raw(stderr))") }
        lines += report.notes.map { "note \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func trace(of container: JSONNode, _ document: JSONDocument, _ lines: inout [String]) {
        guard let trace = document.member("stacktrace", of: container),
            let frames = document.array("frames", of: trace)
        else { return }
        for frame in document.elements(of: frames).reversed() {
            lines.append("  frame " + String(decoding: document.rawBytes(of: frame), as: UTF8.self))
        }
        if let registers = document.member("registers", of: trace) {
            lines.append("  registers " + String(decoding: document.rawBytes(of: registers), as: UTF8.self))
        }
    }

    /// Compares with the file of expectations, or writes it when told to.
    static func compare(_ path: String, expected: String) throws {
        let text = try text(bytes(path))
        let file = fixtures.appending(path: expected)
        if ProcessInfo.processInfo.environment["SYMBOLIST_REMAKE_EXPECTED"] != nil {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let wanted = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(text == wanted, "\(path)")
    }
}

/// Numbers that are the same in every run.
struct FixedRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
