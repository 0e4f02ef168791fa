import CrashEvent
import Foundation
import Testing

@testable import CrashReports

@Suite struct SentryEnvelopeTests {
    private func message(_ bytes: [UInt8]) -> String {
        do throws(CrashReportError) {
            return "decoded as \(try CrashReports.decode(bytes).format)"
        } catch {
            return error.description
        }
    }

    @Test func theSDKsEventIsTakenAsItIs() throws {
        let bytes = try LogReportOutline.bytes("Envelopes/python.envelope")
        let report = try CrashReports.decode(bytes)
        #expect(report.format == .sentryEnvelope)
        #expect(report.source == bytes)
        #expect(report.notes.isEmpty)
        #expect(ByteSearch.first(of: report.event, in: bytes[...]) != nil)
        let event = try CrashEvent(report.event)
        let trace = try #require(event.stackTraces.first)
        #expect(trace.frames.map(\.addressMode) == [.absolute, .relative(imageIndex: 0), .relative(imageIndex: 0)])
        #expect(trace.instructionAddressAdjustment == "all_but_first")
        // A negative size is none.
        #expect(event.images.map(\.imageSize) == [98304, nil])
    }

    @Test func attachmentsAreListed() throws {
        let report = try CrashReports.decode(LogReportOutline.bytes("Envelopes/python-attachment.envelope"))
        #expect(report.notes == ["attachment 'till.log', 30 bytes, was not used"])
        #expect(try CrashEvent(report.event).stackTraces.first?.frames.count == 3)
    }

    @Test func theEnvelopesIDIsTheEvents() throws {
        let bytes = try LogReportOutline.bytes("Envelopes/native-minidump.envelope")
        let report = try CrashReports.decode(bytes)
        let document = try JSONDocument(report.event)
        #expect(document.string("event_id", of: document.root) == "1f2e3d4c-0000-4000-8000-000000000001")
        #expect(
            report.notes == [
                "minidump 'minidump.dmp', 268 bytes, was not used",
                "items passed over: 1 of type client_report, 1 of type session",
            ])
        let minidump = try #require(CrashReports.embeddedMinidump(in: bytes))
        #expect(bytes[minidump.range].starts(with: "MDMP".utf8))
        #expect(minidump.range.count == 268)
        #expect(minidump.eventID == "1f2e3d4c-0000-4000-8000-000000000001")
        #expect(minidump.event != nil)
    }

    @Test func contextOfAMinidump() throws {
        let event = #"{"release":"till@1","environment":"prod","tags":{"a":"b"},"user":{"id":"7"},"server_name":"h"}"#
        let text =
            "{}\n{\"type\":\"event\"}\n\(event)\n{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\"}\nMDMP"
        let found = try #require(CrashReports.embeddedMinidump(in: Array(text.utf8)))
        #expect(
            found.context
                == ReportContext(
                    release: "till@1", environment: "prod", serverName: "h", tags: ["a": "b"],
                    user: Array(#"{"id":"7"}"#.utf8)))
        #expect(CrashReports.embeddedMinidump(in: Array("hello".utf8)) == nil)
    }

    @Test(arguments: [
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"event\",\"length\":99}\n{}",
            "a malformed Sentry envelope: item 1, at byte 41: it should have 99 bytes, the input ends after 2"
        ),
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"session\"}\n{}\n{\"type\":\"event\",\"length\":1}\n{}",
            "a malformed Sentry envelope: item 2, at byte 63: no line feed behind its 1 bytes"
        ),
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"event\",\"length\":-1}\n{}",
            "a malformed Sentry envelope: item 1, at byte 12: its length is no number of bytes"
        ),
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"event\"}\n{\"a\":}",
            "a malformed Sentry envelope: item 1, at byte 34: the event: '}' at byte 5, line 1, expected a value"
        ),
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"session\"}\n{}\n{\"no\":1}\n",
            "a malformed Sentry envelope: item 2, at byte 34: its headers have no type"
        ),
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"session\"}\n{}\nhello\n",
            "a malformed Sentry envelope: item 2, at byte 34: its headers: 'h' at byte 0, line 1, expected a value"
        ),
        (
            "{\"dsn\":\"x\"}\n{\"type\":\"session\"}\n{}",
            "looks like a Sentry envelope without an event, which has items of type session only"
        ),
        ("{}\n{\"type\":\"event\"}\n{\"exception\":{}}\n\n", "decoded as sentryEnvelope"),
        ("{}\r\n{\"type\":\"event\"}\n{\"exception\":{\"a\":NaN,\"b\":-Infinity}}", "decoded as sentryEnvelope"),
    ])
    func whatIsWrongIsSaid(_ text: String, _ expected: String) { #expect(message(Array(text.utf8)) == expected) }

    @Test func storeBodies() throws {
        let event = #"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","exception":{"values":[]}}"#
        let encoded = Array(Data(event.utf8).base64EncodedString().utf8)
        #expect(try CrashReports.decode(encoded).event == Array(event.utf8))
        #expect(Base64.decode(Array("eyJ".utf8)) == Array("{\"".utf8))
        #expect(Base64.decode(Array("e3 0=\n".utf8)) == Array("{}".utf8))
        for text in ["", "a", "ey!=", "e===", "=ey"] { #expect(Base64.decode(Array(text.utf8)) == nil) }
    }

    /// Other lines of JSON are no envelope.
    @Test(arguments: [
        "{\"MESSAGE\":\"x\"}\n{\"MESSAGE\":\"y\",\"type\":\"event\"}\n", "{\"a\":1}\n{\"type\":\"event\"}\n{}",
        "{}\n{}\n",
    ])
    func otherLinesAreNot(_ text: String) throws {
        #expect(try SentryEnvelope(Array(text.utf8), limits: .default) == nil)
    }
}
