import Foundation
import Testing

/// A program that was built and crashed in the test run, with the core that it left.
struct CrashedProgram: Sendable {
    /// The executable, with debug information.
    let program: String
    let core: String
    /// Lower-case hexadecimal.
    let buildID: String

    /// The kernel writes cores into the current folder, or gdb has to.
    private static var kernelWritesCores: Bool {
        let pattern = (try? String(contentsOfFile: "/proc/sys/kernel/core_pattern", encoding: .utf8)) ?? "|"
        return !pattern.contains("/") && !pattern.hasPrefix("|")
    }

    static var isPossible: Bool { kernelWritesCores || FileManager.default.isExecutableFile(atPath: "/usr/bin/gdb") }

    /// - Parameters:
    ///   - build: Shell words that make `program` in the current folder; `$FIXTURES` stands for the fixtures.
    ///   - arguments: What makes it crash.
    static func make(_ build: String, _ arguments: String = "", in folder: String) async throws -> CrashedProgram {
        let environment = ["SWIFT_BACKTRACE": "enable=no", "FIXTURES": Tool.root + "/Fixtures"]
        let run =
            kernelWritesCores
            ? "ulimit -c unlimited; ./program \(arguments); mv core* dump.core"
            : "gdb -q -batch -ex run -ex 'generate-core-file dump.core' --args ./program \(arguments)"
        let made = try await Tool.shell(
            "\(build) && { \(run); }", environment: environment, folder: folder)
        let core = folder + "/dump.core"
        guard FileManager.default.fileExists(atPath: core) else { throw FixtureError(reason: made.all) }
        let notes = try await Tool.run("/usr/bin/readelf", ["-nW", folder + "/program"])
        guard let match = notes.output.firstMatch(of: /Build ID: ([0-9a-f]+)/) else {
            throw FixtureError(reason: notes.all)
        }
        return CrashedProgram(program: folder + "/program", core: core, buildID: String(match.1))
    }
}

/// Crashes of the programs, made once.
enum Crashed {
    /// Nested calls in C that end in a null pointer.
    static let nested = Shared {
        try await CrashedProgram.make(
            "gcc -O1 -g -Wl,--build-id -o program \"$FIXTURES/Crashes/nested.c\"", "segv", in: folder("nested"))
    }
    /// An index out of range below nested awaits, with frame pointers, as SwiftPM builds.
    static let async = Shared {
        try await CrashedProgram.make(
            "swiftc -O -g -parse-as-library -Xcc -fno-omit-frame-pointer -Xlinker --build-id "
                + "-o program \"$FIXTURES/Crashes/async.swift\"", in: folder("async"))
    }

    /// Below the package's own build folder, as the other programs that tests build; empty.
    private static func folder(_ name: String) throws -> String {
        let folder = Tool.root + "/.build/fixtures/crashed-" + name
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }
}
