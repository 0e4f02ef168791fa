import Bytes
import Foundation
import ParserTasks
import SymbolIndex
import SymbolIndexBuilder

/// A folder of one test, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "symbolist-builder-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    }
}

/// A tool that could not be run or failed.
struct ToolFailure: Error, CustomStringConvertible {
    var description: String
}

/// Runs a tool of the machine in `folder` and returns what it printed. Input and output go through files: pipes fill
/// up.
@discardableResult
func run(_ arguments: [String], in folder: TemporaryFolder, input: String = "") throws -> String {
    let token = UUID().uuidString
    let names = ["in", "out", "err"].map { folder.file("\(token).\($0)") }
    try Data(input.utf8).write(to: URL(fileURLWithPath: names[0]))
    for name in names.dropFirst() { try Data().write(to: URL(fileURLWithPath: name)) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.standardInput = FileHandle(forReadingAtPath: names[0])
    process.standardOutput = FileHandle(forWritingAtPath: names[1])
    process.standardError = FileHandle(forWritingAtPath: names[2])
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        let errors = (try? String(contentsOfFile: names[2], encoding: .utf8)) ?? ""
        throw ToolFailure(description: "\(arguments.joined(separator: " ")): \(errors)")
    }
    return try String(contentsOfFile: names[1], encoding: .utf8)
}

/// Whether a program of this name is on PATH.
func hasProgram(_ name: String) -> Bool {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.contains { access("\($0)/\(name)", X_OK) == 0 }
}

/// Runs `body` with the file at `path` open.
func withFile<Result>(_ path: String, writable: Bool = false, _ body: (Int32) throws -> Result) throws -> Result {
    let descriptor = writable ? open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600) : open(path, O_RDONLY)
    guard descriptor >= 0 else { throw ToolFailure(description: "cannot open \(path)") }
    defer { close(descriptor) }
    return try body(descriptor)
}

/// Builds the index of `name` in `folder`.
func build(_ name: String, in folder: TemporaryFolder, threads: Int = 2) throws -> IndexBuildReport {
    let path = folder.file(name)
    return try withFile(path) { object in
        try withFile(path + ".index", writable: true) { output in
            try buildIndex(
                IndexBuildRequest(objectDigest: "d1", objectName: name, threads: threads), object: object,
                output: output)
        }
    }
}

/// Builds the index of `name` in `folder` and opens it.
func buildAndOpen(_ name: String, in folder: TemporaryFolder) throws -> (SymbolIndex, IndexBuildReport) {
    let report = try build(name, in: folder)
    return (try SymbolIndex(MappedFile(path: folder.file(name) + ".index")), report)
}
