import CrashEvent
import SymbolIndex
import Symbolication
import Testing

@Suite struct FrameTests {
    private func app() throws -> [Int: ImageAnswer] { [0: .found(try TestIndex.app(), features: TestIndex.features)] }

    @Test func `a trap becomes its whole chain, oldest first`() throws {
        let enriched = try Enriched(makeEvent(frames: [frame(0x401006), frame(0x401100)]), app())
        let frames = enriched.frames()
        #expect(
            frames.map { $0["function"]?.string } == [
                "main", "checkout(_:)", "Array.subscript.getter", "Swift runtime failure: Index out of range",
            ])
        #expect(frames.map { $0["instruction_addr"]?.string } == ["0x401006", "0x401100", "0x401100", "0x401100"])
        #expect(frames.map { $0["symbol_addr"]?.string } == ["0x401000", "0x401100", nil, nil])
        #expect(frames.map { $0["lineno"]?.number } == [10, 20, 77, nil])
        #expect(frames.map { $0["colno"]?.number } == [3, 7, 9, nil])
        #expect(frames.map { $0["in_app"]?.bool } == [true, true, false, false])
        #expect(frames.map { $0["data/symbolist/inlined"]?.bool } == [nil, nil, true, true])
        #expect(frames.map { $0["data/symbolist/lookup_addr"]?.string } == ["0x401005", nil, nil, nil])
        #expect(frames.map { $0["data/symbolist/kind"]?.string } == ["return", "pc", "pc", "pc"])
        #expect(frames.allSatisfy { $0["data/symbolicator_status"]?.string == "symbolicated" })
        #expect(frames.allSatisfy { $0["package"]?.string == "/app/till" && $0["image_addr"]?.string == "0x400000" })
        #expect(frames[1]["raw_function"]?.string == "till.checkout(till.Basket) -> Swift.Int")
        #expect(frames[1]["symbol"]?.string == "$s4till8checkoutySiAA6BasketVF")
        #expect(frames[1]["abs_path"]?.string == "/src/app/Sources/till/main.swift")
        #expect(frames[1]["filename"]?.string == "main.swift")
        #expect(frames[3]["data/symbolist/runtime_failure"]?.string == "Index out of range")
        #expect(frames[3]["data/symbolist/compiler_generated"]?.bool == true)
        #expect(frames[0]["raw_function"] == nil)
        #expect(
            enriched.summary.counts
                == {
                    var counts = SymbolicationSummary.Counts()
                    counts.native = 2
                    counts.symbolicated = 2
                    counts.inlined = 2
                    return counts
                }())
    }

    @Test func `line 0 is compiler-generated, column 0 is left out`() throws {
        let frames = try Enriched(
            makeEvent(frames: [frame(0x401401), frame(0x401200)]), app()
        ).frames()
        #expect(frames[0]["lineno"]?.number == 5)
        #expect(frames[0]["colno"] == nil)
        #expect(frames[0]["data/symbolist/compiler_generated"] == nil)
        #expect(frames[1]["lineno"] == nil)
        #expect(frames[1]["filename"]?.string == "<compiler-generated>")
        #expect(frames[1]["data/symbolist/compiler_generated"]?.bool == true)
        #expect(frames[1]["function"]?.string == "checkout(_:)")
    }

    @Test func `symbol-table names say so`() throws {
        let frame = try #require(Enriched(makeEvent(frames: [frame(0x401300)]), app()).frames().first)
        #expect(frame["data/symbolist/name_from"]?.string == "symbol_table")
        #expect(frame["lineno"] == nil)
        #expect(frame["data/symbolist/compiler_generated"] == nil)
        #expect(frame["in_app"]?.bool == false)
    }

    @Test func `each failure has its status, and names that came stay`() throws {
        let event = makeEvent(
            frames: [
                frame(0x401510, #""function":"mine","lineno":3"#), frame(0x10), #"{"instruction_addr":"zz"}"#,
                #"{"function":"f"}"#,
                frame(0x500010), frame(0x600010), #"{"instruction_addr":"0x10","addr_mode":"rel:9"}"#,
            ],
            images: [
                #"{"image_addr":"0x400000","image_size":65536}"#,
                #"{"image_addr":"0x500000","image_size":65536,"code_file":"/app/x"}"#,
                #"{"image_addr":"0x600000","image_size":65536}"#, #"{"image_addr":"0x700000","image_size":16}"#, "7",
            ])
        let enriched = try Enriched(
            event,
            [
                0: .found(try TestIndex.app(), features: TestIndex.features),
                1: .failed(.malformed, reason: "x: bad header"),
                2: .failed(.timeout, reason: "slow"),
            ])
        #expect(
            enriched.frames().map { $0["data/symbolicator_status"]?.string } == [
                "missing_symbol", "unknown_image", "malformed", "malformed", "malformed", "missing", "unknown_image",
            ])
        #expect(enriched.frames()[0]["function"]?.string == "mine")
        #expect(enriched.frames()[0]["lineno"]?.number == 3)
        #expect(
            enriched.frames()[2]["data/symbolist/reason"]?.string == "instruction_addr is no number of at most 64 bits")
        #expect(enriched.frames()[3]["data/symbolist/reason"]?.string == "no instruction_addr")
        #expect(enriched.frames()[4]["in_app"]?.bool == true)
        #expect(enriched.frames()[1]["in_app"]?.bool == false)
        let images = try #require(enriched.value("debug_meta/images"))
        #expect(images.elements.map { $0["debug_status"]?.string } == ["found", "malformed", "timeout", "unused", nil])
        #expect(images["1/symbolist/reason"]?.string == "x: bad header")
        #expect(
            images["0/features"]?.description
                == #"{"has_debug_info":true,"has_unwind_info":false,"has_symbols":true,"has_sources":true}"#)
        #expect(images["0/arch"]?.string == "x86_64")
        #expect(images["4"]?.description == "7")
        #expect(enriched.summary.status == .partial)
        #expect(enriched.value("contexts/symbolist/status")?.string == "partial")
        let counts = enriched.summary.counts
        #expect(counts.missingSymbol == 1 && counts.unknownImage == 2 && counts.malformed == 3 && counts.missing == 1)
    }

    @Test func `unknown fields stay on the physical entry, verbatim`() throws {
        let more =
            #""vars" : {"a":1.10},  "lock":null,"odd":1e400,"trust":"cfi","data":{"mine":[1 , 2],"symbolist":{"count":7}},"function":"stale","lineno":1,"context_line":"stale""#
        let frames = try Enriched(makeEvent(frames: [frame(0x401120, more)]), app()).frames()
        #expect(frames.count == 2)
        #expect(frames[0].description.contains(#""vars" : {"a":1.10}"#))
        #expect(frames[0].description.contains(#""odd":1e400"#))
        #expect(frames[0]["data/mine"]?.description == "[1 , 2]")
        #expect(frames[0]["data/symbolist/count"]?.number == 7)
        #expect(frames[0]["lineno"]?.number == 20)
        #expect(!frames[0].description.contains("stale"))
        #expect(frames[1]["vars"] == nil && frames[1]["odd"] == nil && frames[1]["data/mine"] == nil)
        #expect(frames[1]["trust"]?.string == "cfi")
    }

    @Test func `other platforms and markers pass through byte for byte`() throws {
        let python = #"{ "platform":"python", "instruction_addr" : "0x401100","function":"f" }"#
        let marker = #"{"data":{"symbolist":{"kind":"omitted","count":7}}}"#
        let end = #"{"data":{"symbolist":{"kind":"truncated"}},"instruction_addr":"0x401100"}"#
        let done = #"{"instruction_addr":"0x401100","data":{"symbolicator_status":"symbolicated"}}"#
        let odd = "[1]"
        let frames = try Enriched(
            makeEvent(frames: [end, python, marker, done, odd, frame(0x401000)]), app()
        ).frames()
        #expect(frames.prefix(5).map(\.description) == [end, python, marker, done, odd])
        #expect(frames.last?["function"]?.string == "main")
    }

    @Test(
        arguments: [
            (#","instruction_addr_adjustment":"none""#, "", ["pc", "pc"]),
            (#","instruction_addr_adjustment":"all""#, "", ["return", "return"]),
            (#","instruction_addr_adjustment":"all_but_first""#, "", ["return", "pc"]),
            ("", #""adjust_instruction_addr":false"#, ["pc", "pc"]),
            ("", #""adjust_instruction_addr":true"#, ["return", "return"]),
            ("", #""data":{"symbolist":{"kind":"async"}}"#, ["async", "async"]), ("", "", ["return", "pc"]),
        ])
    func `every native frame has a kind, and the same one twice`(
        _ trace: String, _ more: String, _ kinds: [String]
    ) throws {
        let event = makeEvent(frames: [frame(0x401006, more), frame(0x401008, more)], trace: trace)
        let enriched = try Enriched(event, app())
        #expect(enriched.frames().map { $0["data/symbolist/kind"]?.string } == kinds)
        #expect(try Enriched(enriched.bytes, app()).text == enriched.text)
    }

    @Test func `beside the application's Swift code, bare C names are what was linked in`() throws {
        var content = SymbolIndexContent(metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["/src/app/main.swift", "/src/app/helper.c"]
        content.functions = [
            .init(name: "run()", fullName: "till.run() -> ()", linkageName: "$s4till3runyyF", language: .swift),
            .init(name: "containsKey", linkageName: "containsKey", entryAddress: 0x1100, isFromSymbolTable: true),
            .init(name: "helper", linkageName: "helper", language: .c, entryAddress: 0x1200),
            .init(
                name: "bare()", fullName: "till.bare() -> ()", linkageName: "$s4till4bareyyF", language: .swift,
                isFromSymbolTable: true),
        ]
        content.scopes = (0..<4).map { .init(function: $0) }
        content.ranges = [
            .init(address: 0x1000, scope: 0, file: 0, line: 1), .init(address: 0x1100, scope: 1),
            .init(address: 0x1200, scope: 2, file: 1, line: 1), .init(address: 0x1300, scope: 3), .hole(0x1400),
        ]
        let images: [Int: ImageAnswer] = [0: .found(try TestIndex.make(content), features: .init())]
        func inApp(_ addresses: [UInt64], _ rules: InAppRules = InAppRules()) throws -> [Bool?] {
            try Enriched(makeEvent(frames: addresses.map { frame($0) }), images, rules: rules).frames()
                .map { $0["in_app"]?.bool }
        }
        #expect(try inApp([0x401101, 0x401201, 0x401301, 0x401000]) == [false, true, true, true])
        // The order of the frames does not matter; a C program without debug information keeps its own names.
        #expect(try inApp([0x401001, 0x401100]) == [true, false])
        #expect(try inApp([0x401101, 0x401201, 0x401300]) == [true, true, true])
        // The operator knows better.
        #expect(try inApp([0x401001, 0x401100], InAppRules(inApp: ["image:/app/till"], notInApp: [])) == [true, true])
    }

    @Test func `a trace without native frames is left alone`() throws {
        let event = makeEvent(frames: [#"{"platform":"python","function":"f"}"#])
        let enriched = try Enriched(event, [:])
        #expect(enriched.value("exception/values/0/raw_stacktrace") == nil)
        #expect(enriched.frames().map(\.description) == [#"{"platform":"python","function":"f"}"#])
    }

    @Test func `every trace is enriched`() throws {
        let trace = #"{"frames":[{"instruction_addr":"0x401000"}]}"#
        let event =
            #"{"platform":"native","exception":{"values":[{"stacktrace":\#(trace)},{"stacktrace":\#(trace)}]},"#
            + #""threads":{"values":[{"id":1,"stacktrace":\#(trace)}]},"stacktrace":\#(trace),"#
            + #""debug_meta":{"images":[{"image_addr":"0x400000","image_size":65536}]}}"#
        let enriched = try Enriched(event, app())
        for path in ["exception/values/0", "exception/values/1", "threads/values/0"] {
            #expect(enriched.value(path + "/stacktrace/frames/0/function")?.string == "main")
            #expect(enriched.value(path + "/raw_stacktrace")?.description == trace)
        }
        #expect(enriched.value("stacktrace/frames/0/function")?.string == "main")
        #expect(enriched.value("raw_stacktrace")?.description == trace)
    }

    @Test(arguments: [(0x400000, 0x400000), (0x7f00_0000_0000, 0), (0x7f00_0000_0000, 0x400000)] as [(UInt64, UInt64)])
    func `PIE, non-PIE and rebased images`(_ start: UInt64, _ base: UInt64) throws {
        let index = try TestIndex.app(base: base)
        let event = makeEvent(
            frames: [frame(start + 0x1000)], images: [#"{"image_addr":\#(start),"image_size":65536}"#])
        let frames = try Enriched(event, [0: .found(index, features: TestIndex.features)]).frames()
        #expect(frames[0]["function"]?.string == "main")
        #expect(frames[0]["symbol_addr"]?.number == start + 0x1000)
    }

    @Test func `relative addresses, by position and by debug id`() throws {
        let event = makeEvent(
            frames: [
                frame(0x1006, #""addr_mode":"rel:1""#),
                frame(0x1000, #""addr_mode":"rel:11111111-2222-3333-4444-555555555555""#),
            ],
            images: ["{}", #"{"image_addr":"0x0","debug_id":"11111111-2222-3333-4444-555555555555"}"#])
        let enriched = try Enriched(event, [1: .found(try TestIndex.app(), features: TestIndex.features)])
        #expect(enriched.frames().map { $0["function"]?.string } == ["main", "main"])
        #expect(enriched.frames()[0]["data/symbolist/lookup_addr"]?.string == "0x1005")
        #expect(enriched.frames()[0]["symbol_addr"]?.string == "0x1000")
        #expect(enriched.frames()[0]["image_addr"] == nil)
        #expect(enriched.value("debug_meta/images/0/debug_status")?.string == "unused")
    }

    @Test func `the image is found with the derived address`() throws {
        // The call is the last instruction of the first image; the return address lies in the second one.
        let images = [
            #"{"image_addr":"0x400000","image_size":4352}"#, #"{"image_addr":"0x401100","image_size":4096}"#,
        ]
        let event = try CrashEvent(Array(makeEvent(frames: [frame(0x401100), frame(0x401000)], images: images).utf8))
        let enriched = try Enriched(
            event.document.bytes,
            [
                0: .found(try TestIndex.app(), features: TestIndex.features), 1: .failed(.missing, reason: "none"),
            ])
        #expect(enriched.frames()[0]["function"]?.string == "main")
        #expect(enriched.frames()[0]["image_addr"]?.string == "0x400000")
    }

    @Test func `the frame behind a signal trampoline is exact, and so is the trampoline`() throws {
        let event = makeEvent(frames: [frame(0x401006), frame(0x401100), frame(0x401300), frame(0x401400)])
        let frames = try Enriched(event, app()).frames()
        #expect(
            frames.map { $0["function"]?.string } == [
                "main", "checkout(_:)", "Array.subscript.getter", "Swift runtime failure: Index out of range",
                "__restore_rt",
                "helper",
            ])
        #expect(frames.map { $0["data/symbolist/kind"]?.string } == ["return", "pc", "pc", "pc", "pc", "pc"])
        // By the event's own name where there is no file.
        let named = makeEvent(
            frames: [frame(0x401100), frame(0x10, #""function":"__restore_rt""#), frame(0x401400)])
        #expect(try Enriched(named, app()).frames().count == 5)
        // A stated address stays what it is.
        let stated = makeEvent(
            frames: [frame(0x401106, #""data":{"symbolist":{"kind":"return"}}"#), frame(0x401300), frame(0x401400)])
        #expect(try Enriched(stated, app()).frames()[0]["data/symbolist/lookup_addr"]?.string == "0x401105")
    }

    @Test(
        arguments: [
            (4, "0x401999", "0x4010ff"), (11, "0x401999", "0x4010ff"), (7, "0x401999", "0x4010ff"),
            (10, "0x401999", nil), (2, "0x401999", nil), (11, "0x401100", nil),
        ] as [(Int, String, String?)])
    func `registers that disagree make the innermost frame a call, for crash signals`(
        _ signal: Int, _ rip: String, _ lookup: String?
    ) throws {
        let event = makeEvent(
            frames: [frame(0x401100)], trace: #","registers":{"rip":"\#(rip)"}"#,
            exception: #""type":"S","value":"","mechanism":{"meta":{"signal":{"number":\#(signal)}}}"#)
        #expect(try Enriched(event, app()).frames()[0]["data/symbolist/lookup_addr"]?.string == lookup)
    }

    @Test func `architecture decides how far back a call is`() throws {
        let event = makeEvent(
            frames: [frame(0x401104), frame(0x401000)],
            images: [#"{"arch":"arm64","image_addr":"0x400000","image_size":65536}"#])
        #expect(try Enriched(event, app()).frames()[0]["data/symbolist/lookup_addr"]?.string == "0x401100")
        let device = makeEvent(
            frames: [frame(0x401104), frame(0x401000)], top: #""contexts":{"device":{"arch":"mips"}},"#)
        #expect(try Enriched(device, app()).frames()[0]["data/symbolist/lookup_addr"]?.string == "0x4010fc")
    }

    @Test func `the event's own in_app false is kept, its true is not believed`() throws {
        let event = makeEvent(frames: [frame(0x401401, #""in_app":false"#), frame(0x401300, #""in_app":true"#)])
        #expect(try Enriched(event, app()).frames().map { $0["in_app"]?.bool } == [false, false])
        let rules = try InAppRules(inApp: ["image:/app/till"], notInApp: [])
        #expect(try Enriched(event, app(), rules: rules).frames().map { $0["in_app"]?.bool } == [true, true])
    }

    @Test func `glue is like what contains it, and nobody's own outside`() throws {
        var content = SymbolIndexContent(metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["//<compiler-generated>"]
        content.functions = [
            .init(name: "thunk for X", linkageName: "$sIeg_Iegr_TR", language: .swift, entryAddress: 0),
            .init(name: "till.f() -> ()", linkageName: "$s4till1fyyF", language: .swift, entryAddress: 0x10),
            .init(name: "main", linkageName: "main", language: .swift, entryAddress: 0x20),
        ]
        content.scopes = [.init(function: 0), .init(function: 1), .init(function: 0, parent: 1), .init(function: 2)]
        content.ranges = [
            .init(address: 0, scope: 0, file: 0, line: 7), .init(address: 0x10, scope: 2, file: 0),
            .init(address: 0x20, scope: 3), .hole(0x30),
        ]
        let index = try TestIndex.make(content)
        let event = makeEvent(frames: [frame(0x400021), frame(0x400001), frame(0x400010)])
        let answers: [Int: ImageAnswer] = [0: .found(index, features: .init())]
        #expect(try Enriched(event, answers).frames().map { $0["in_app"]?.bool } == [true, false, true, true])
        // A path without a file is no source to wait for, though it has a line.
        let resolved = Symbolicator().resolve(try CrashEvent(Array(event.utf8)), images: answers)
        #expect(resolved.sourcesWanted.isEmpty)
    }
}

@Suite struct PlanTests {
    @Test func `says which images frames lie in`() throws {
        let event = try CrashEvent(
            Array(
                makeEvent(
                    frames: [frame(0x500000), frame(0x400010), #"{"instruction_addr":"0x1","addr_mode":"rel:3"}"#],
                    images: [
                        #"{"image_addr":"0x400000","image_size":4096,"code_id":"AA-BB","code_file":"/a"}"#,
                        #"{"image_addr":"0x500000","image_size":4096}"#,
                        #"{"image_addr":"0x600000","image_size":4096}"#,
                        #"{"debug_id":"11111111222233334444555555555555"}"#, "null",
                    ]
                ).utf8))
        let plan = Symbolicator().plan(event)
        #expect(plan.images.map(\.imageIndex) == [0, 1, 2, 3])
        // 0x500000 is a return address that is in no image one byte back, but exact behind a trampoline.
        #expect(plan.referenced.map(\.imageIndex) == [0, 1, 3])
        #expect(plan.images[0].codeID == "aabb")
        #expect(plan.images[3].debugID == "11111111-2222-3333-4444-555555555555")
    }

    @Test func `sources are wanted once, only where there is a line`() throws {
        let event = try CrashEvent(
            Array(
                makeEvent(frames: [frame(0x401121), frame(0x401006), frame(0x401200)]).utf8))
        let resolved = Symbolicator().resolve(event, images: [0: .found(try TestIndex.app(), features: .init())])
        #expect(
            resolved.sourcesWanted.map(\.path) == [
                "/src/app/Sources/till/main.swift", "/home/build-user/swift/stdlib/public/core/Array.swift",
            ])
    }

    @Test func `awaited ids say what is lacking`() throws {
        let event = makeEvent(
            frames: [frame(0x401006), frame(0x500010), frame(0x600010), frame(0x401000)],
            images: [
                #"{"image_addr":"0x400000","image_size":65536,"code_id":"aa"}"#,
                #"{"image_addr":"0x500000","image_size":65536,"code_id":"bb","debug_id":"11111111222233334444555555555555"}"#,
                #"{"image_addr":"0x600000","image_size":65536,"code_id":"cc"}"#,
                #"{"image_addr":"0x700000","image_size":65536,"code_id":"dd"}"#,
            ])
        var content = SymbolIndexContent(
            quality: .partial,
            metadata: IndexMetadata(
                architecture: "x86_64",
                missingInputs: [
                    .init(role: .supplementary, id: "ee", name: "x.dwz"),
                    .init(role: .split, id: "0123", name: "x.dwo"),
                ]))
        content.functions = [.init(name: "f", entryAddress: 0)]
        content.scopes = [.init(function: 0)]
        content.ranges = [.init(address: 0, scope: 0), .hole(0x100)]
        let partial = try TestIndex.make(content)
        let summary = try Enriched(
            event,
            [
                0: .found(try TestIndex.app(), features: .init()), 1: .failed(.missing, reason: "unknown id"),
                2: .found(partial, features: .init()),
            ]
        ).summary
        #expect(
            summary.awaited.map { "\($0.imageIndex) \($0.kind.rawValue) \($0.id) \($0.lacks.rawValue)" } == [
                "0 build_id aa sources", "1 build_id bb object",
                "1 debug_id 11111111-2222-3333-4444-555555555555 object",
                "2 build_id cc debug_information", "2 build_id ee debug_information", "2 dwo_id 0123 debug_information",
            ])
        #expect(summary.images.map(\.status) == [.found, .missing, .found])
        #expect(summary.status == .partial)
    }

    @Test func `complete needs functions and complete debug information, not sources`() throws {
        let event = makeEvent(frames: [frame(0x401000)])
        let app = try TestIndex.app()
        #expect(try Enriched(event, [0: .found(app, features: .init())]).summary.status == .complete)
        let symbols = try TestIndex.app(quality: .symbols)
        #expect(try Enriched(event, [0: .found(symbols, features: .init())]).summary.status == .partial)
        #expect(try Enriched(event, [:]).summary.status == .partial)
    }
}

@Suite struct SourceTests {
    private let text = (1...30).map { "let line\($0) = \($0)\r\n" }.joined()

    @Test(arguments: [SourceMark.exact, .unchecked, .differs, .newer])
    func `frames carry context and the mark of its text`(_ mark: SourceMark) throws {
        let source = SourceText(text: Array(text.utf8), mark: mark)
        let enriched = try Enriched(
            makeEvent(frames: [frame(0x401121), frame(0x401000)]),
            [0: .found(try TestIndex.app(), features: .init())], sources: ["/src/app/Sources/till/main.swift": source])
        let frames = enriched.frames()
        #expect(frames[0]["context_line"]?.string == "let line20 = 20")
        #expect(frames[0]["pre_context"]?.elements.map(\.string) == (15...19).map { "let line\($0) = \($0)" })
        #expect(frames[0]["post_context"]?.elements.map(\.string) == (21...25).map { "let line\($0) = \($0)" })
        #expect(frames[0]["data/symbolist/source"]?.string == mark.rawValue)
        #expect(frames[1]["context_line"] == nil)
        #expect(frames[1]["data/symbolist/source"] == nil)
        #expect(frames[2]["context_line"]?.string == "let line10 = 10")
    }

    @Test func `a cut line says where its column is`() throws {
        let long = String(repeating: "x", count: 500) + "@" + String(repeating: "y", count: 500)
        var content = SymbolIndexContent(metadata: IndexMetadata(architecture: "x86_64"))
        content.files = ["/a.c"]
        content.functions = [.init(name: "f", entryAddress: 0x1000)]
        content.scopes = [.init(function: 0)]
        content.ranges = [
            .init(address: 0x1000, scope: 0, file: 0, line: 1, column: 501),
            .init(address: 0x1100, scope: 0, file: 0, line: 2, column: 2), .hole(0x1200),
        ]
        let source = SourceText(text: Array((long + "\nshort\n").utf8), mark: .exact)
        let enriched = try Enriched(
            makeEvent(frames: [frame(0x401101), frame(0x401000)]),
            [0: .found(try TestIndex.make(content), features: .init())], sources: ["/a.c": source])
        #expect(enriched.frames()[0]["data/symbolist/context_column"] == nil)
        let line = try #require(enriched.frames()[1]["context_line"]?.string)
        let column = try #require(enriched.frames()[1]["data/symbolist/context_column"]?.number)
        #expect(Array(line.utf8)[Int(column) - 1] == UInt8(ascii: "@"))
        #expect(enriched.frames()[1]["colno"]?.number == 501)
    }

    @Test func `a line beyond the text has no context`() throws {
        let source = SourceText(text: Array("one\ntwo\n".utf8), mark: .exact)
        let frames = try Enriched(
            makeEvent(frames: [frame(0x401000)]), [0: .found(try TestIndex.app(), features: .init())],
            sources: ["/src/app/Sources/till/main.swift": source]
        ).frames()
        #expect(frames[0]["context_line"] == nil)
        #expect(frames[0]["data/symbolist/source"] == nil)
    }
}
