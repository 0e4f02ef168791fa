import Foundation

/// The fixture program, built in the test run: with debug information, a stripped copy, and what it leaves when it crashes.
struct Till: Sendable {
    /// The SwiftPM build folder.
    let build: String
    /// The stripped copy that "runs on the server".
    let stripped: String

    static let shared = Shared { try await Till.make() }

    static let folder = Tool.root + "/Fixtures/Till"
    static let recorded = folder + "/Recorded"

    private static func make() async throws -> Till {
        // Below the package's own build folder: made once, then only checked.
        let base = Tool.root + "/.build/fixtures"
        let build = base + "/till"
        let made = try await Tool.run(
            "/usr/bin/env",
            ["swift", "build", "--package-path", folder, "--scratch-path", build, "-c", "release"])
        guard made.status == 0 else { throw FixtureError(reason: made.all) }
        let server = base + "/till-server"
        try? FileManager.default.removeItem(atPath: server)
        try FileManager.default.createDirectory(atPath: server, withIntermediateDirectories: true)
        let stripped = server + "/till"
        let strip = try await Tool.run("/usr/bin/strip", ["-o", stripped, build + "/release/Till"])
        guard strip.status == 0 else { throw FixtureError(reason: strip.all) }
        return Till(build: build, stripped: stripped)
    }

    /// Crashes the stripped copy; the report and standard error.
    func crash(_ mode: String, in scratch: Scratch) async throws -> (report: String, stderr: String) {
        let report = scratch.path("\(mode).json")
        let outcome = try await Tool.run(
            stripped, [mode],
            environment: [
                "SWIFT_BACKTRACE":
                    "enable=yes,interactive=no,color=no,format=json,symbolicate=off,images=all,output-to=\(report)"
            ])
        guard FileManager.default.fileExists(atPath: report) else { throw FixtureError(reason: outcome.all) }
        return (report, try scratch.write(outcome.errors, to: "\(mode).stderr"))
    }
}

struct FixtureError: Error {
    let reason: String
}

/// An event's frames as tests look at them.
struct Frames {
    let frames: [[String: Any]]
    let event: [String: Any]

    /// Reads the crashed trace of an enriched event's JSON.
    init(_ json: String) throws {
        guard let event = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] else {
            throw FixtureError(reason: "not an object: \(json.prefix(200))")
        }
        self.event = event
        let values = (event["exception"] as? [String: Any])?["values"] as? [[String: Any]]
        frames = (values?.first?["stacktrace"] as? [String: Any])?["frames"] as? [[String: Any]] ?? []
    }

    var exception: [String: Any] {
        ((event["exception"] as? [String: Any])?["values"] as? [[String: Any]])?.first ?? [:]
    }

    var images: [[String: Any]] {
        (event["debug_meta"] as? [String: Any])?["images"] as? [[String: Any]] ?? []
    }

    /// `function file:line:column`, innermost first; `-` for what is missing.
    var lines: [String] {
        frames.reversed().map { frame in
            let file = frame["filename"] as? String ?? "-"
            let line = (frame["lineno"] as? Int).map(String.init) ?? "-"
            let column = (frame["colno"] as? Int).map(String.init) ?? "-"
            return "\(frame["function"] as? String ?? "-") \(file):\(line):\(column)"
        }
    }

    /// The place in a source file that a frame of this function has.
    func place(of function: String) -> String? {
        lines.first { $0.hasPrefix(function + " ") }.map { String($0.dropFirst(function.count + 1)) }
    }

    func own(_ frame: [String: Any]) -> [String: Any] {
        (frame["data"] as? [String: Any])?["symbolist"] as? [String: Any] ?? [:]
    }
}
