import CrashEvent
import Foundation
import Testing

@testable import CrashReports

@Suite struct KernelLogTests {
    @Test(arguments: ["real", "oops-x86", "oops-arm64", "old", "stall"])
    func isReadAsExpected(_ name: String) throws {
        try LogReportOutline.compare("KernelLogs/\(name).log", expected: "KernelLogs/expected/\(name).txt")
    }

    /// The file offset that the event's image gives for the frame is the one that readelf and addr2line confirmed.
    @Test func realLinesGiveTheOffsetsOfTheFile() throws {
        let golden = String(decoding: try LogReportOutline.bytes("KernelLogs/golden.txt"), as: UTF8.self)
        let offsets = golden.split(separator: "\n").compactMap { line in
            line.split(separator: " ").first { $0.hasPrefix("offset=0x") }.flatMap {
                UInt64($0.dropFirst(9), radix: 16)
            }
        }
        let reports = try CrashReports.decodeAll(LogReportOutline.bytes("KernelLogs/real.log"))
        var found: [UInt64] = []
        for report in reports {
            let event = try CrashEvent(report.event)
            guard let image = event.images.first, image.codeFile?.hasPrefix("crash-") == true,
                let start = image.imageAddress, let frame = event.stackTraces.first?.frames.first,
                let address = frame.instructionAddress,
                let mapping = event.document.node(at: "symbolist", "mapping_offset", from: image.node),
                let offset = event.document.text(mapping).flatMap({ UInt64($0.dropFirst(2), radix: 16) })
            else { continue }
            found.append(address - start + offset)
        }
        #expect(found == offsets)
        #expect(found.count == 24)
        #expect(reports.count == 30)
    }

    @Test func codeIsOfTheInstruction() throws {
        let reports = try CrashReports.decodeAll(LogReportOutline.bytes("KernelLogs/real.log"))
        let event = try CrashEvent(try #require(reports.first).event)
        let document = event.document
        let image = try #require(event.images.first)
        let code = try #require(document.node(at: "symbolist", "code", from: image.node))
        let bytes = try #require(document.string("bytes", of: code))
        let address = try #require(document.string("address", of: code).flatMap { UInt64($0.dropFirst(2), radix: 16) })
        // <8b> is at the instruction pointer.
        let place = Int(0x0000_55f8_0a17_e8a0 - address) * 2
        #expect(bytes.dropFirst(place).hasPrefix("8b0425"))
    }

    @Test func linesThatInterleaveHaveNoCode() throws {
        let line =
            "[1.0] a[1]: segfault at 10 ip 000055f80a17e8a0 sp 00007ffe812dad68 error 4 in a[8a0,55f80a17e000+1000]\n"
        let code = "[1.0] Code: 10 5b <8b> 04\n"
        let event = try CrashReports.decodeAll(Array((line + line + code + code).utf8))
        #expect(event.count == 2)
        #expect(event.allSatisfy { !String(decoding: $0.event, as: UTF8.self).contains("\"code\":{") })
        #expect(event[1].notes.contains { $0.contains("may belong") })
    }

    @Test(arguments: [
        (0x4, "read", "no page there", "user"), (0x6, "write", "no page there", "user"),
        (0x7, "write", "protection of the page", "user"), (0x15, "instruction fetch", "protection of the page", "user"),
        (0x0, "read", "no page there", "kernel"), (0x25, "read", "forbidden by a protection key", "user"),
        (0x9, "read", "reserved bit in a page table", "kernel"), (0x44, "read", "shadow stack", "user"),
        (0x8006, "write", "SGX", "user"),
    ])
    func errorCodes(_ code: UInt64, _ access: String, _ cause: String, _ mode: String) {
        let fault = PageFault(code: code)
        #expect(fault.access == access)
        #expect(fault.cause == cause)
        #expect(fault.mode == mode)
    }

    /// Names are what a program likes.
    @Test func namesMayHoldAnything() throws {
        let line =
            "traps: a] b[7] x[23171] trap int3 ip:558d60b935ea sp:7f3c5c1febf0 error:0 in ti\"l]l [x[15ea,558d60b92000+3000]"
        let fault = try #require(UserFault(Array(line.utf8)[...]))
        #expect(fault.name == "a] b[7] x")
        #expect(fault.threadID == "23171")
        #expect(
            fault.mapping
                == UserFault.Mapping(
                    name: "ti\"l]l [x", start: 0x558d_60b9_2000, size: 0x3000, fileOffset: 0x15ea))
        #expect(fault.crash.threads[0].frames[0].kind == .returnAddress)
    }

    @Test(arguments: [
        "till[1]: segfault at 10 ip 0000 sp 0000 error 4 in till[ffffffffffffffffff,0+1000]",
        "till[1]: segfault at 10 ip 0000000000001000 sp 0000 error 4 in till[0,0+1000]",
        "till[1]: segfault at 10 ip ffffffffffffffff sp 0 error 4 in till[0,fffffffffffff000+1000]",
        "till[1]: segfault at 10 ip 1 sp 0 error 4 in [0,0+1000]", "till[1]: segfault at 10 ip 1 sp 0 error 4 in",
    ])
    func impossibleMappingsAreNone(_ line: String) throws {
        let fault = try #require(UserFault(Array(line.utf8)[...]))
        #expect(fault.mapping == nil)
        _ = fault.crash
    }

    @Test(arguments: [
        "till: segfault at 10 ip 1 sp 2 error 4", "till[x]: segfault at 10 ip 1 sp 2 error 4",
        "till[1]: segfault at 10 ip 1 sp 2", "till[1]: segfault at ip", "packet from ip:10 and sp:20",
        "WARNING: CPU: 0 is hot", "BUG: the drawer sticks\nplease open\nRIP: the old drawer\nCall Trace:\n a line\n",
        "general protection fault", "------------[ cut here ]------------",
    ])
    func otherTextIsNotOne(_ text: String) {
        #expect(TextReports(Array(text.utf8), reading: .test).reports.isEmpty)
    }
}

extension TextReading {
    static let test = TextReading(limits: .default, context: ReportContext(), eventID: "")
}
