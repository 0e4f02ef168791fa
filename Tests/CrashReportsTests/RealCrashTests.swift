import CrashEvent
import CrashReports
import Foundation
import Testing

/// A Swift program compiled and crashed here, by the toolchain that runs the tests.
@Suite(.serialized) struct RealCrashTests {
    private static let source = #"""
        import Glibc
        struct Basket { var items: [Int]; func price(_ index: Int) -> Int { items[index] } }
        @inline(never) func checkout(_ basket: Basket, _ index: Int) -> Int { basket.price(index) * 2 }
        func run(_ index: Int) async -> Int { await Task.yield(); return checkout(Basket(items: [1]), index + 5) }
        @main struct Program {
            static func main() async {
                switch CommandLine.arguments.dropFirst().first {
                case "fatal": fatalError("no \"price\"")
                case "pointer": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
                case "abort": abort()
                default: print(await run(CommandLine.arguments.count))
                }
            }
        }
        """#

    private struct Crash {
        var log: [UInt8]
        var stderr: String
    }

    /// A folder with the program, removed at the end of the test.
    private func withProgram(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "crash-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.source.utf8).write(to: folder.appending(path: "till.swift"))
        let compiled = try execute(
            "/usr/bin/env",
            ["swiftc", "-O", "-g", "-parse-as-library", "-Xcc", "-fno-omit-frame-pointer", "till.swift", "-o", "till"],
            in: folder, environment: [:])
        try #require(compiled.status == 0, "\(compiled.stderr)")
        try body(folder)
    }

    private func execute(
        _ path: String, _ arguments: [String], in folder: URL, environment: [String: String]
    ) throws -> (status: Int32, stderr: String) {
        let errors = folder.appending(path: "stderr-\(UUID().uuidString)")
        try Data().write(to: errors)
        let handle = try FileHandle(forWritingTo: errors)
        defer { try? handle.close() }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    private func crash(
        _ folder: URL, program: String = "till", _ arguments: [String] = [], symbolicate: String = "off"
    ) throws -> Crash {
        let log = folder.appending(path: "log-\(UUID().uuidString).json")
        let settings =
            "enable=yes,interactive=no,color=no,format=json,images=all,registers=crashed,symbolicate=\(symbolicate),"
            + "output-to=\(log.path)"
        let result = try execute(
            folder.appending(path: program).path, arguments, in: folder, environment: ["SWIFT_BACKTRACE": settings])
        #expect(result.status != 0)
        return Crash(log: Array(try Data(contentsOf: log)), stderr: result.stderr)
    }

    @Test func realLogsDecode() throws {
        try withProgram { folder in
            let index = try CrashReports.decode(crash(folder).log)
            let event = try CrashEvent(index.event)
            let trace = try #require(event.stackTraces.first)
            #expect(trace.container == .exception(0) && trace.isCrashed)
            #expect(event.exceptions[0].type == "SIGILL" || event.exceptions[0].type == "SIGTRAP")
            #expect(trace.frames.last { $0.kind == .programCounter } != nil)
            #expect(trace.frames.contains { $0.kind == .asyncResumePoint && $0.adjustInstructionAddress == false })
            #expect(!trace.registers.isEmpty)
            let program = try #require(event.images.first { $0.codeFile?.hasSuffix("/till") == true })
            let start = try #require(program.imageAddress)
            let size = try #require(program.imageSize)
            #expect(program.codeID?.count == 40 && program.debugID?.count == 36)
            let address = try #require(trace.frames.last?.instructionAddress)
            #expect(address >= start && address - start < size)
            #expect(event.document.node(at: "contexts", "swift_backtrace", "backtraceTime") != nil)

            let fatal = try crash(folder, ["fatal"])
            let told = try CrashReports.decode(fatal.log, context: ReportContext(stderr: fatal.stderr))
            #expect(try CrashEvent(told.event).exceptions[0].value == "Fatal error: no \"price\"")

            let pointer = try CrashEvent(CrashReports.decode(crash(folder, ["pointer"]).log).event)
            #expect(pointer.exceptions[0].type == "SIGSEGV")
            #expect(pointer.exceptions[0].value == "Bad pointer dereference at 0x8")

            let abort = try CrashEvent(CrashReports.decode(crash(folder, ["abort"]).log).event)
            #expect(abort.exceptions[0].type == "SIGABRT" && abort.exceptions[0].value == "Aborted")
        }
    }

    @Test func realLogsInOtherShapesDecode() throws {
        try withProgram { folder in
            // Symbolicated by the runtime: inlined entries, one frame an address.
            let full = try CrashEvent(CrashReports.decode(crash(folder, symbolicate: "full").log).event)
            let frames = try #require(full.stackTraces.first?.frames)
            #expect(frames.last?.function == "checkout(_:_:)")
            let addresses = frames.compactMap(\.instructionAddress)
            #expect(Set(addresses).count == addresses.count)

            // The reporter does not escape paths.
            let odd = #"ti"ll\x"#
            try FileManager.default.copyItem(at: folder.appending(path: "till"), to: folder.appending(path: odd))
            for symbolicate in ["off", "full"] {
                let report = try CrashReports.decode(crash(folder, program: odd, symbolicate: symbolicate).log)
                #expect(try CrashEvent(report.event).images.contains { $0.codeFile?.hasSuffix("/" + odd) == true })
            }

            // The log on standard error, behind what the program said.
            let mixed = try execute(
                folder.appending(path: "till").path, ["fatal"], in: folder,
                environment: ["SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,format=json,symbolicate=off"])
            let report = try CrashReports.decode(Array(mixed.stderr.utf8))
            #expect(report.format == .swiftCrashLog)
            #expect(try CrashEvent(report.event).exceptions[0].value == "Fatal error: no \"price\"")
        }
    }
}
