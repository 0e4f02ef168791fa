import Bytes
import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// The committed minidumps, with what gdb saw in the same processes.
enum MinidumpFixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/Minidumps/Made")

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func open(_ name: String) throws -> MinidumpFile {
        try MinidumpFile(MappedFile(path: folder.appending(path: name).path), name: name)
    }

    /// A thread in a `.frames` file.
    struct Thread {
        var id: UInt64
        var name: String
        var frames: [Frame]
    }

    /// A physical frame as gdb has it.
    struct Frame {
        var address: UInt64
        /// `pc` or `return`.
        var kind: String
        var file: String
        var function: String
    }

    static func frames(_ name: String) throws -> [Thread] {
        var threads: [Thread] = []
        for line in try String(decoding: bytes(name), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.first == "thread" {
                threads.append(Thread(id: try #require(UInt64(words[1])), name: String(words[2]), frames: []))
            } else {
                let address = try #require(UInt64(words[0].dropFirst(2), radix: 16))
                threads[threads.count - 1].frames.append(
                    Frame(
                        address: address, kind: String(words[1]), file: String(words[2]),
                        function: words[3...].joined(separator: " ")))
            }
        }
        return threads
    }

    static func buildIDs() throws -> [String: String] {
        let lines = try String(decoding: bytes("build-ids.txt"), as: UTF8.self).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { ($0.split(separator: " ")[0], $0.split(separator: " ")[1]) }
                .map { (String($0), String($1)) })
    }
}

@Suite("Minidumps of Crashpad and LLDB")
struct MinidumpRealTests {
    struct Example: CustomTestStringConvertible {
        var program: String
        var writer: String
        var signal: Int
        var testDescription: String { "\(program)-\(writer)" }
    }

    static let examples = [
        Example(program: "mill", writer: "crashpad", signal: 11), Example(program: "mill", writer: "lldb", signal: 11),
        Example(program: "scale", writer: "crashpad", signal: 4), Example(program: "scale", writer: "lldb", signal: 4),
    ]

    @Test("Threads, registers, modules and stacks are what gdb saw", arguments: examples)
    func contents(example: Example) throws {
        let name = "\(example.program)-\(example.writer)"
        let file = try MinidumpFixture.open("\(name).dmp")
        let golden = try MinidumpFixture.frames("\(name).frames")
        #expect(file.inspection.notes == [])
        #expect(file.processor == .x86_64)
        #expect(file.crash.signal == example.signal)
        #expect(file.crash.processID == Int(golden[0].id))
        #expect(file.crash.processName == example.program)
        #expect(file.crash.operatingSystem?.hasPrefix("Linux ") == true)
        #expect(try #require(file.crash.timestamp) > 1_700_000_000)
        let crashed = try #require(file.crash.thread)
        #expect(file.threads[crashed].id == golden[0].id)

        #expect(Set(file.threads.map(\.id)) == Set(golden.map(\.id)))
        for thread in golden {
            let found = try #require(file.threads.first { $0.id == thread.id })
            if example.writer == "crashpad" { #expect(found.name == thread.name) }
            #expect(found.registers.count == 17)
            let pc = try #require(found.registers.last)
            #expect(pc == thread.frames[0].address)
            #expect(file.isExecutable(pc))
            // The stack has each return address, in gdb's order.
            var place = found.registers[7]
            for frame in thread.frames.dropFirst() {
                var words = 0
                while file.integer(at: place, UInt64.self) != frame.address {
                    try #require(words < 4096, "no return address \(frame)")
                    words += 1
                    place += 8
                }
                place += 8
            }
        }
        let program = try #require(
            file.inspection.modules.first { $0.path.hasSuffix("/\(example.program)") })
        #expect(program.buildID == (try MinidumpFixture.buildIDs()[example.program]))
        #expect(program.isExecutable)
        #expect((program.start..<program.end).contains(golden[0].frames[0].address))
        let library = try #require(file.inspection.modules.first { $0.path.hasSuffix("libc.so.6") })
        #expect(library.buildID?.count == 40)
        let inLibrary = try #require(golden.flatMap(\.frames).first { $0.file == "libc.so.6" })
        #expect((library.start..<library.end).contains(inLibrary.address))
        #expect(file.isExecutable(inLibrary.address))
        #expect(!file.isExecutable(file.threads[crashed].registers[7]))
    }

    @Test("Crashpad's siginfo, LLDB's lack of it")
    func signals() throws {
        let crashpad = try MinidumpFixture.open("mill-crashpad.dmp")
        #expect(crashpad.crash.signalCode == 1)
        #expect(crashpad.crash.faultAddress == 0x11)
        let lldb = try MinidumpFixture.open("mill-lldb.dmp")
        #expect(lldb.crash.signalCode == nil)
        #expect(lldb.crash.faultAddress == nil)
        #expect(lldb.crash.arguments?.hasSuffix("/mill") == true)
    }
}
