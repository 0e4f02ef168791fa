import CrashEvent
import CrashReports
import Foundation
import Testing

/// Reports that Swift's backtracer wrote, under many settings. `SYMBOLIST_REMAKE_GOLDEN=1` writes the expectations anew.
@Suite struct SwiftRecordingTests {
    @Test func thereAreRecordings() {
        #expect(SwiftRecordings.names.count >= 40)
    }

    @Test(arguments: SwiftRecordings.names)
    func decodesToWhatIsExpected(_ name: String) throws {
        let dump = try SwiftReportDump(SwiftRecordings.decode(name)).text
        let expectation = SwiftRecordings.folder.appending(path: name + ".decoded")
        if ProcessInfo.processInfo.environment["SYMBOLIST_REMAKE_GOLDEN"] != nil {
            try Data(dump.utf8).write(to: expectation)
        }
        #expect(try String(decoding: Data(contentsOf: expectation), as: UTF8.self) == dump)
    }

    /// Text and JSON of the same crash: the same addresses, because they were not randomised.
    @Test(arguments: ["index", "group", "stack"], ["off", "full"])
    func textAndJSONAgree(_ mode: String, _ symbolicate: String) throws {
        let text = try CrashEvent(SwiftRecordings.decode("\(mode)-\(symbolicate).txt").event)
        let json = try CrashEvent(SwiftRecordings.decode("\(mode)-\(symbolicate).json").event)
        let (left, right) = (try #require(text.stackTraces.first), try #require(json.stackTraces.first))
        #expect(left.isCrashed && right.isCrashed && left.threadName == right.threadName)
        #expect(left.frames.map(\.kind) == right.frames.map(\.kind))
        #expect(left.frames.map(\.instructionAddress) == right.frames.map(\.instructionAddress))
        #expect(left.frames.map(\.count) == right.frames.map(\.count))
        #expect(Set(left.registers.keys) == Set(right.registers.keys))
        #expect(left.frames.map(\.package) == right.frames.map(\.package))
        // A name that the text has, the JSON has too, mangled or not.
        for (one, other) in zip(left.frames, right.frames) where one.function != nil {
            #expect(one.function == other.function)
        }
        #expect(text.exceptions.map(\.type) == json.exceptions.map(\.type))
        #expect(text.exceptions.map(\.signalNumber) == json.exceptions.map(\.signalNumber))
        // Which threads of a pool are there is not the same in two runs, and with them the images.
        guard mode != "group" else { return }
        #expect(text.exceptions.map(\.value) == json.exceptions.map(\.value))
        #expect(text.stackTraces.count == json.stackTraces.count)
        #expect(text.images.map(\.codeID) == json.images.map(\.codeID))
        #expect(text.images.map(\.codeFile) == json.images.map(\.codeFile))
        #expect(text.images.map(\.imageAddress) == json.images.map(\.imageAddress))
        #expect(text.images.map(\.imageSize) == json.images.map(\.imageSize))
    }

    /// The same crash symbolicated or not has the same frames: the lines of one address are one.
    @Test(arguments: ["index", "group", "stack"])
    func symbolicationAddsNoFrames(_ mode: String) throws {
        let off = try CrashEvent(SwiftRecordings.decode("\(mode)-off.txt").event)
        let full = try CrashEvent(SwiftRecordings.decode("\(mode)-full.txt").event)
        let (left, right) = (try #require(off.stackTraces.first), try #require(full.stackTraces.first))
        #expect(left.frames.compactMap(\.instructionAddress) == right.frames.compactMap(\.instructionAddress))
        #expect(left.frames.map(\.kind) == right.frames.map(\.kind))
    }

    @Test func colouredReportsAreThePlainOnes() throws {
        let plain = try SwiftReportDump(SwiftRecordings.decode("index-auto.txt")).text
        #expect(try SwiftReportDump(SwiftRecordings.decode("index-color.txt")).text == plain)
    }

    @Test func whatFatalErrorSaidIsTheReason() throws {
        func reason(_ name: String) throws -> String? {
            try CrashEvent(SwiftRecordings.decode(name).event).exceptions.first?.value
        }
        #expect(try reason("fatal.txt") == "Fatal error: no \"price\"")
        #expect(try reason("to-file.txt") == "Fatal error: no \"price\"")
        #expect(try reason("lines.txt") == "Fatal error: no price\nfor the tea:\n  out of stock")
        #expect(try reason("lines.json") == "Fatal error: no price\nfor the tea:\n  out of stock")
        #expect(
            try reason("toplevel.txt")
                == #"Fatal error: Error raised at top level: toplevel.Broken(reason: "the till\nis empty")"#)
        #expect(try reason("precondition.txt")?.hasPrefix("Illegal instruction at 0x") == true)
    }
}
