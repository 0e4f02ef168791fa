import CrashEvent
import SymbolIndex
import Testing

@testable import Symbolication

@Suite struct HostileEventTests {
    private func app() throws -> [Int: ImageAnswer] { [0: .found(try TestIndex.app(), features: TestIndex.features)] }

    @Test(arguments: [
        #"{"exception":7,"threads":"x","debug_meta":[]}"#,
        #"{"platform":"native","exception":{"values":[null,7,{"stacktrace":{"frames":[null,[],"x",{}]}}]}}"#,
        #"{"platform":"native","stacktrace":{"frames":[{"instruction_addr":-1},{"instruction_addr":1e3},{"instruction_addr":{}}]}}"#,
        #"{"platform":"native","stacktrace":{"frames":[{"instruction_addr":"0xffffffffffffffff"},{"instruction_addr":0}]},"debug_meta":{"images":[{"image_addr":1,"image_size":"0xffffffffffffffff"}]}}"#,
        #"{"platform":"native","stacktrace":{"frames":[{"instruction_addr":"0x5","data":7,"addr_mode":"rel:-1"}],"frames":[{"instruction_addr":"0x5","data":[],"data":{"symbolist":8}}]},"stacktrace":{"frames":[{"instruction_addr":"0x401100"}]},"debug_meta":{"images":[{"image_addr":1}]}}"#,
        #"{"platform":"native","contexts":{"symbolist":{"reported":{"exception":99}}},"exception":{"values":[{"type":"Swift runtime failure"}]}}"#,
        #"{"platform":"native","contexts":{"symbolist":{"reported":{"exception":0}}},"exception":{"values":[{"type":"Swift runtime failure","value":"x"}]}}"#,
        #"{"platform":"native","debug_meta":{"images":[{"image_addr":"0x400000","image_size":-5},{"image_addr":"0x400000"}]},"stacktrace":{"registers":[],"frames":[{"instruction_addr":"0x401000"}],"instruction_addr_adjustment":7}}"#,
    ])
    func `odd events come out as valid events, the same twice`(_ event: String) throws {
        let once = try Enriched(event, app())
        #expect(try Enriched(once.bytes, app()).text == once.text)
    }

    @Test func `mutated events never break anything`() throws {
        let images = try app()
        var random = Generator(state: 7)
        let seeds = IdempotenceTests.events.map { Array($0.utf8) }
        let tokens = [
            "null", "{}", "[]", "\"x\"", "-1", "0xff", "}", "{", ",", "\"frames\":", "\"stacktrace\":{}", "1e9",
        ]
        var valid = 0
        for _ in 0..<3000 {
            var bytes = seeds.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, at + Int.random(in: 0...12, using: &random))
                bytes.replaceSubrange(at..<end, with: Array(tokens.randomElement(using: &random)!.utf8))
            }
            guard (try? CrashEvent(bytes)) != nil else { continue }
            valid += 1
            let once = try Enriched(bytes, images)
            #expect(try Enriched(once.bytes, images).bytes == once.bytes, "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(valid > 50)
    }

    @Test func `a damaged index costs its image only`() throws {
        var random = Generator(state: 3)
        let sound = try SymbolIndexWriter.encode(Self.content)
        var malformed = 0
        for _ in 0..<800 {
            var bytes = sound
            for _ in 0..<4 {
                bytes[Int.random(in: 64..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let index = try? TestIndex.open(bytes) else { continue }
            let event = makeEvent(
                frames: [frame(0x401006), frame(0x501006), frame(0x401100)],
                images: [
                    #"{"image_addr":"0x400000","image_size":65536}"#, #"{"image_addr":"0x500000","image_size":65536}"#,
                ])
            let enriched = try Enriched(
                event,
                [
                    0: .found(index, features: .init()), 1: .found(try TestIndex.app(), features: .init()),
                ])
            #expect(
                enriched.frames().contains {
                    $0["function"]?.string == "main" && $0["image_addr"]?.string == "0x500000"
                })
            if enriched.summary.images[0].status == .malformed {
                malformed += 1
                #expect(enriched.value("debug_meta/images/0/debug_status")?.string == "malformed")
                #expect(enriched.summary.status == .partial)
            }
        }
        #expect(malformed > 0)
    }

    private static let content: SymbolIndexContent = {
        var content = SymbolIndexContent(metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["/a.c"]
        content.functions = [.init(name: "outer", entryAddress: 0x1000), .init(name: "inner")]
        content.scopes = [.init(function: 0), .init(function: 1, parent: 0, callFile: 0, callLine: 2)]
        content.ranges = [.init(address: 0x1000, scope: 1, file: 0, line: 1), .hole(0x2000)]
        return content
    }()

    @Test func `a stack overflow keeps its 200,000 frames, resolved as far as the limit goes`() throws {
        let deep = frame(0x401122)
        let event = makeEvent(
            frames: [frame(0x401001)] + Array(repeating: deep, count: 200_000) + [frame(0x401100)])
        let limit = 4 << 20
        let enriched = try Enriched(event, app(), limits: SymbolicationLimits(addedBytes: limit))
        let counts = enriched.summary.counts
        #expect(counts.native == 200_002)
        #expect(counts.symbolicated > 3000)
        #expect(counts.symbolicated + counts.leftByLimits == counts.native)
        #expect(enriched.bytes.count <= 2 * event.utf8.count + limit + 4096 + 200)
        let trace = try #require(enriched.value("exception/values/0/stacktrace/frames"))
        var frames = trace.document.elements(of: trace.node)
        #expect(frames.next().map { Value(document: trace.document, node: $0) }?["function"]?.string == "main")
        #expect(enriched.event.stackTraces[0].isFromRaw)
        #expect(enriched.event.stackTraces[0].frames.count == 200_002)
    }

    @Test func `limits spend themselves on the two ends of a trace first`() {
        #expect(EventEnrichment.orderOfInterest(count: 3) == [2, 1, 0])
        let order = EventEnrichment.orderOfInterest(count: 1000)
        #expect(order.prefix(2) == [999, 998])
        #expect(order[127...129] == [872, 127, 126])
        #expect(order[255...257] == [0, 871, 870])
        #expect(Set(order).count == 1000)
    }

    @Test func `limits take the outer frames, and say so`() throws {
        let event = makeEvent(frames: (0..<100).map { frame(0x401000 + UInt64($0)) } + [frame(0x401100)])
        let enriched = try Enriched(event, app(), limits: SymbolicationLimits(addedBytes: 4000))
        let counts = enriched.summary.counts
        #expect(counts.native == 101)
        #expect(counts.leftByLimits > 80 && counts.leftByLimits < 100)
        #expect(enriched.frames().last?["function"]?.string == "Swift runtime failure: Index out of range")
        #expect(enriched.frames()[0].description == frame(0x401000))
        #expect(enriched.summary.status == .partial)
        #expect(
            enriched.value("contexts/symbolist/limits/0")?.string
                == "4000 bytes of frames: \(counts.leftByLimits) frames left as they came")
        #expect(enriched.bytes.count <= 2 * event.utf8.count + 4000 + 4096 + 200)
        let again = try Enriched(enriched.bytes, app(), limits: SymbolicationLimits(addedBytes: 4000))
        #expect(again.text == enriched.text)
    }

    @Test func `chains have a limit`() throws {
        let event = makeEvent(frames: (0..<10).map { frame(0x401000 + UInt64($0)) })
        let enriched = try Enriched(event, app(), limits: SymbolicationLimits(chainEntries: 3))
        #expect(enriched.summary.counts.symbolicated == 3)
        #expect(enriched.summary.counts.leftByLimits == 7)
        #expect(enriched.summary.limits == ["3 entries of inline chains: 7 frames left as they came"])
    }

    @Test func `source context has a limit`() throws {
        let source = SourceText(text: Array(repeating: 0x0a, count: 100), mark: .exact)
        let event = makeEvent(frames: [frame(0x401006), frame(0x401006), frame(0x401000)])
        let enriched = try Enriched(
            event, app(), sources: ["/src/app/Sources/till/main.swift": source],
            limits: SymbolicationLimits(contextBytes: 100))
        #expect(enriched.frames().map { $0["context_line"]?.string } == [nil, nil, ""])
        #expect(enriched.summary.limits == ["100 bytes of source context: further frames have none"])
    }

    @Test func `images have a limit`() throws {
        let event = makeEvent(frames: [frame(0x401000)], images: Array(repeating: "{}", count: 5))
        let enriched = try Enriched(event, [:], limits: SymbolicationLimits(annotatedImages: 2))
        #expect(
            enriched.value("debug_meta/images")?.elements.map { $0["debug_status"]?.string } == [
                "unused", "unused", nil, nil, nil,
            ])
        #expect(enriched.summary.limits == ["2 images: those behind have no status"])
    }
}
