import CrashEvent
import SymbolIndex
import Symbolication
import Testing

/// Images and frames of dumps that say less than an address in an image: a mapping of the code only, a symbol and an offset,
/// a name.
@Suite struct ImagePlaceTests {
    /// As lld links: the code is at file offset 0x600 and at address 0x1600.
    private static func linkedByLLD() throws -> SymbolIndex {
        var content = SymbolIndexContent(
            baseAddress: 0, quality: .full,
            loadSegments: [
                .init(fileOffset: 0, address: 0, fileSize: 0x5f0, memorySize: 0x5f0, flags: 4),
                .init(fileOffset: 0x600, address: 0x1600, fileSize: 0x800, memorySize: 0x800, flags: 5),
            ], metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["/src/till.c"]
        content.functions = [
            .init(name: "total", linkageName: "total", language: .c, entryAddress: 0x1700),
            .init(name: "tax", linkageName: "tax", language: .c, entryAddress: 0x1800),
            .init(name: "tax", linkageName: "tax", language: .c, entryAddress: 0x1900),
        ]
        content.scopes = [.init(function: 0), .init(function: 1), .init(function: 2)]
        content.ranges = [
            .init(address: 0x1700, scope: 0, file: 0, line: 7), .init(address: 0x1800, scope: 1, file: 0, line: 20),
            .init(address: 0x1900, scope: 2, file: 0, line: 30), .hole(0x1a00),
        ]
        return try TestIndex.make(content)
    }

    /// An executable whose lowest segment is at 0x1000.
    private static func fixed() throws -> SymbolIndex {
        var content = SymbolIndexContent(
            baseAddress: 0x1000, quality: .full,
            loadSegments: [.init(fileOffset: 0, address: 0x1000, fileSize: 0x1000, memorySize: 0x1000, flags: 5)],
            metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["/src/till.c"]
        content.functions = [.init(name: "total", linkageName: "total", language: .c, entryAddress: 0x1700)]
        content.scopes = [.init(function: 0)]
        content.ranges = [.init(address: 0x1700, scope: 0, file: 0, line: 7), .hole(0x1800)]
        return try TestIndex.make(content)
    }

    private static func image(_ own: String) -> String {
        #"{"type":"elf","code_file":"till","image_addr":"0x560000001000","image_size":4096,"symbolist":{\#(own)}}"#
    }

    @Test func `a place in a mapping of the code goes through the load segments`() throws {
        // The kernel maps whole pages: file offset 0 is at the mapping's start, the code from 0x600 on.
        for own in [#""mapping_offset":"0x0""#, #""mapping":"executable""#] {
            let event = makeEvent(frames: [frame(0x5600_0000_1710)], images: [Self.image(own)])
            let enriched = try Enriched(event, [0: .found(try Self.linkedByLLD(), features: .init())])
            #expect(enriched.frames()[0]["function"]?.string == "total")
            #expect(enriched.frames()[0]["lineno"]?.number == 7)
            #expect(enriched.frames()[0]["symbol_addr"]?.string == "0x560000001700")
            // What the decoder wrote stays, so that the enriched event can be enriched again.
            let again = try Enriched(enriched.bytes, [0: .found(try Self.linkedByLLD(), features: .init())])
            #expect(again.text == enriched.text)
        }
    }

    @Test func `relative addresses of a file at fixed addresses are link addresses`() throws {
        let place = #""addr_mode":"rel:0","data":{"symbolist":{"kind":"return"}}"#
        let image = #"{"type":"elf","code_file":"/app/till","image_vmaddr":"0x0"}"#
        let event = makeEvent(frames: [frame(0x1711, place)], images: [image])
        let enriched = try Enriched(event, [0: .found(try Self.fixed(), features: .init())])
        #expect(enriched.frames()[0]["function"]?.string == "total")
        // An image with a place in memory is where it is, whatever else the client says.
        let placed = #"{"type":"elf","code_file":"/app/till","image_addr":"0x400000","image_vmaddr":"0x0"}"#
        let absolute = makeEvent(
            frames: [frame(0x400711, #""data":{"symbolist":{"kind":"return"}}"#)], images: [placed])
        let other = try Enriched(absolute, [0: .found(try Self.fixed(), features: .init())])
        #expect(other.frames()[0]["function"]?.string == "total")
    }

    @Test func `an offset behind what the file maps is a hole`() throws {
        for own in [#""mapping_offset":"0x9000""#, #""mapping_offset":"0xffffffffffffffff""#] {
            let event = makeEvent(frames: [frame(0x5600_0000_1710)], images: [Self.image(own)])
            let enriched = try Enriched(event, [0: .found(try Self.linkedByLLD(), features: .init())])
            #expect(enriched.frames()[0]["data/symbolicator_status"]?.string == "missing_symbol")
        }
    }

    @Test func `a symbol and an offset are an address in the file that the frame names`() throws {
        func symbolic(_ name: String, _ offset: String, _ package: String = "/app/till") -> String {
            #"{"function":"\#(name)","package":"\#(package)","#
                + #""data":{"symbolist":{"kind":"return","symbol_offset":"\#(offset)"}}}"#
        }
        let event = makeEvent(
            frames: [
                symbolic("total", "0x10"), symbolic("tax", "0x4"), symbolic("nobody", "0x4"),
                symbolic("total", "0x10", "libother.so"), symbolic("total", "0xffffffffffffffff"),
            ], images: [#"{"type":"elf","code_file":"till"}"#])
        let plan = Symbolicator().plan(try CrashEvent(Array(event.utf8)))
        #expect(plan.referenced.map(\.imageIndex) == [0])
        let enriched = try Enriched(event, [0: .found(try Self.linkedByLLD(), features: .init())])
        let frames = enriched.frames()
        #expect(
            frames.map { $0["data/symbolicator_status"]?.string } == [
                "symbolicated", "missing_symbol", "missing_symbol", "unknown_image", "missing_symbol",
            ])
        #expect(frames[0]["lineno"]?.number == 7)
        #expect(frames[0]["abs_path"]?.string == "/src/till.c")
        // Several functions of one name answer nothing; the name that came stays.
        #expect(frames[1]["function"]?.string == "tax" && frames[1]["lineno"] == nil)
        let missing = try Enriched(event, [0: .failed(.missing, reason: "none")])
        #expect(missing.frames()[0]["data/symbolicator_status"]?.string == "missing")
    }

    @Test func `a frame with names only is copied and nobody's loss`() throws {
        let named = #"{"function":"inlined","lineno":4,"data":{"symbolist":{"kind":"named"}}}"#
        let enriched = try Enriched(
            makeEvent(frames: [named, frame(0x401000)]), [0: .found(try TestIndex.app(), features: .init())])
        let judged = String(named.dropLast()) + #","in_app":true}"#
        #expect(enriched.frames()[0].description == judged)
        #expect(enriched.summary.status == .complete)
    }

    @Test func `candidates of an image without an id are listed`() throws {
        let enriched = try Enriched(
            makeEvent(frames: [frame(0x401000)], images: [#"{"code_file":"/app/till","image_addr":"0x400000"}"#]),
            [
                0: .failed(
                    .missing, reason: "2 builds",
                    candidates: [.init(id: "aa", name: "till"), .init(id: "bb", name: nil)])
            ])
        #expect(
            enriched.value("debug_meta/images/0/symbolist/candidates")?.description
                == #"[{"id":"aa","name":"till"},{"id":"bb"}]"#)
    }
}
