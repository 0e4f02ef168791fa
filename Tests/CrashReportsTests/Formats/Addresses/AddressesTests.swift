import CrashEvent
import Testing

@testable import CrashReports

@Suite struct AddressesTests {
    private func addresses(_ text: String) -> [UInt64]? {
        let found = TextReports(Array(text.utf8), reading: .test, formats: [AddressesFormat.self])
        guard case .crash(let crash)? = found.reports.first?.report, found.reports.count == 1 else { return nil }
        #expect(crash.images == [ReportedImage()])
        return crash.threads.first?.frames.compactMap { frame in
            guard case .relative(0, let address)? = frame.address, frame.kind == .programCounter else { return nil }
            return address
        }
    }

    @Test(
        arguments: [
            ("0x1139", [0x1139]), ("0x1139\n0x1b04\r\n", [0x1139, 0x1b04]), ("1b04\n10\n", [0x1b04, 0x10]),
            ("# from the ticket\n\n#0 0x10 <_start+1>\n#12: 0x20\n", [0x10, 0x20]), ("0000000000401139\n", [0x401139]),
            ("  0XFFFFFFFFFFFFFFFF  ", [UInt64.max]),
        ] as [(String, [UInt64])])
    func areRead(_ text: String, _ expected: [UInt64]) { #expect(addresses(text) == expected) }

    @Test(arguments: [
        "", "# nothing", "20261122\n20261123", "17\n4\n", "face\n", "added", "0x1139 main", "0x1139\nhello\n",
        "hello\n0x1139", "0x10000000000000000", "0x", "12:30", "1.5", "#0", "0x10 <a", "-5", "0x1139,0x1140",
    ])
    func otherTextIsNot(_ text: String) { #expect(addresses(text) == nil) }

    @Test func areTheLastResort() throws {
        let report = try CrashReports.decode(Array("0x1139\n0x1b04\n".utf8))
        #expect(report.format == .addresses)
        let event = try CrashEvent(report.event)
        #expect(event.images.count == 1)
        #expect(event.stackTraces.first?.frames.map(\.instructionAddress) == [0x1b04, 0x1139])
    }
}
