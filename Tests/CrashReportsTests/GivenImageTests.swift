import CrashEvent
import Testing

@testable import CrashReports

/// `-e FILE` and `--build-id ID`: builds for images without an id.
@Suite struct GivenImageTests {
    private func images(_ event: String, _ given: [GivenImage]) throws -> [String] {
        let report = try CrashReports.decode(Array(event.utf8), context: ReportContext(images: given))
        let document = try JSONDocument(report.event)
        let list = try #require(document.node(at: "debug_meta", "images"))
        return document.elements(of: list).map { String(decoding: document.rawBytes(of: $0), as: UTF8.self) }
    }

    private static func event(_ images: String) -> String {
        #"{"event_id":"1","debug_meta":{"images":[\#(images)]}}"#
    }

    @Test func `an image without an id gets that of its namesake`() throws {
        let given = [GivenImage(name: "build/till", codeID: "AA11"), GivenImage(name: "libc.so.6", codeID: "bb22")]
        #expect(
            try images(
                Self.event(#"{"code_file":"/app/till"},{"code_file":"/app/other"},{"code_file":"/lib/libc.so.6"}"#),
                given) == [
                    #"{"code_file":"/app/till","code_id":"aa11"}"#, #"{"code_file":"/app/other"}"#,
                    #"{"code_file":"/lib/libc.so.6","code_id":"bb22"}"#,
                ])
    }

    @Test func `an id that the dump gives stays`() throws {
        let image = #"{"code_file":"/app/till","code_id":"cc33"}"#
        #expect(try images(Self.event(image), [GivenImage(name: "till", codeID: "aa11")]) == [image])
    }

    @Test func `a nameless image gets the only build, of several none`() throws {
        let nameless = Self.event(#"{"type":"elf"}"#)
        #expect(
            try images(nameless, [GivenImage(name: "till", codeID: "aa11")]) == [
                #"{"type":"elf","code_id":"aa11","code_file":"till"}"#
            ])
        #expect(
            try images(nameless, [GivenImage(name: "till", codeID: "aa11"), GivenImage(name: "b", codeID: "bb")]) == [
                #"{"type":"elf"}"#
            ])
    }

    @Test func `an address makes an image where the dump lists none`() throws {
        let given = [GivenImage(name: "till", codeID: "aa11", address: 0x5600_0000)]
        let made = #"{"type":"elf","code_id":"aa11","code_file":"till","image_addr":"0x56000000"}"#
        #expect(try images(#"{"event_id":"1"}"#, given) == [made])
        #expect(try images(Self.event(#"{"image_addr":"0x1"}"#), given) == [#"{"image_addr":"0x1"}"#, made])
        #expect(try images(Self.event(#"{"image_addr":"0x56000000","code_id":"dd"}"#), given).count == 1)
    }

    @Test func `the context's JSON keeps them`() throws {
        let context = ReportContext(images: [GivenImage(name: "till", codeID: "aa", address: 16), GivenImage()])
        #expect(try ReportContext(json: context.json) == context)
    }
}
