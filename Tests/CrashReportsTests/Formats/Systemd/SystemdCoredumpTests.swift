import CrashEvent
import Foundation
import Testing

@testable import CrashReports

@Suite struct SystemdCoredumpTests {
    @Test(arguments: ["info.txt", "journal.txt", "journal-precise.txt", "journal.json", "older.txt"])
    func isReadAsExpected(_ name: String) throws {
        try LogReportOutline.compare("Journal/\(name)", expected: "Journal/expected/\(name)")
    }

    private func frames(_ path: String) throws -> [UInt64?] {
        let event = try CrashEvent(CrashReports.decode(LogReportOutline.bytes(path)).event)
        return event.stackTraces.flatMap { $0.frames.map(\.instructionAddress) }
    }

    @Test func allFormsHaveTheSameFrames() throws {
        let info = try frames("Journal/info.txt")
        #expect(info.count == 10)
        for other in ["journal.txt", "journal-precise.txt", "journal.json"] {
            #expect(try frames("Journal/\(other)") == info)
        }
    }

    private func entry() throws -> [UInt8] {
        let lines = try LogReportOutline.bytes("Journal/journal.json").split(separator: 0x0a)
        return Array(try #require(lines.first { $0.contains("COREDUMP_PID") }))
    }

    @Test func oneEntryAloneIsADocument() throws {
        let alone = try CrashReports.decode(try entry())
        #expect(alone.format == .systemdCoredump)
        let event = try CrashEvent(alone.event)
        // The memory map has paths and sizes.
        #expect(
            event.images.first { $0.codeFile == "/srv/till/till" }?.codeID == "1a2a623415309e58915f59c48593548966189795"
                || event.images.first?.codeID != nil)
        #expect(event.images.allSatisfy { $0.imageAddress != nil && $0.imageSize != nil })
    }

    /// Journald writes what is no UTF-8 as numbers.
    @Test func theMessageMayBeNumbers() throws {
        let document = try JSONDocument(try entry())
        let message = try #require(document.string("MESSAGE", of: document.root))
        var patch = EventPatch(document)
        let numbers = "[" + Array(message.utf8).map { String($0) }.joined(separator: ",") + "]"
        patch.set(document.root, key: "MESSAGE", to: Array(numbers.utf8))
        let bytes = try patch.apply()
        #expect(try LogReportOutline.text(bytes).contains("0x555555555185"))
        #expect(try LogReportOutline.text(bytes + [0x0a] + Array("{}".utf8)).contains("0x555555555185"))
    }

    @Test func aMessageThatIsLeftOutIsNamed() throws {
        let text =
            #"{"MESSAGE":"x"}"# + "\n"
            + #"{"MESSAGE":null,"COREDUMP_PID":"7","MESSAGE_ID":"fc2e22bc6ee647b6b90729ab34a250b1"}"#
        let found = TextReports(Array(text.utf8), reading: .test)
        #expect(found.reports.isEmpty)
        #expect(found.closest?.mismatch.expected.contains("--all") == true)
        #expect(found.closest?.mismatch.line == 2)
    }

    /// The process's environment may hold secrets.
    @Test func secretsStayWhereTheyAre() throws {
        let document = try JSONDocument(try entry())
        var patch = EventPatch(document)
        patch.set(document.root, key: "COREDUMP_ENVIRON", to: JSONWriter.string("TOKEN=hunter2"))
        let event = try CrashReports.decode(try patch.apply()).event
        #expect(!String(decoding: event, as: UTF8.self).contains("hunter2"))
    }

    @Test func severalEntries() throws {
        let bytes = try LogReportOutline.bytes("Journal/info.txt")
        let reports = try CrashReports.decodeAll(bytes + [0x0a] + bytes)
        #expect(reports.count == 2)
        for report in reports {
            let alone = try CrashReports.decodeAll(report.source)
            #expect(alone.count == 1)
        }
    }

    @Test(arguments: [
        "Process 7 (till) of user 0 dumped core.", "PID: 7 (till)\nUID: 0 (root)\n", "{\"COREDUMP_PID\":\"7\"}\n{}",
        "Message: Process of elimination dumped core\n#0 none", "Stack trace of thread 7:\n#0  0x10 main (till + 0x10)",
    ])
    func otherTextIsNotOne(_ text: String) {
        #expect(TextReports(Array(text.utf8), reading: .test).reports.isEmpty)
    }
}
