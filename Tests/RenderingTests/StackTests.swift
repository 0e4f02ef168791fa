import Testing

@testable import Rendering

/// Which frames are shown, and what is said of the others.
@Suite struct StackTests {
    private func frame(_ function: String, own: Bool = true, package: String = "/app/till", _ data: String = "")
        -> String
    {
        #"{"function":"\#(function)","in_app":\#(own),"package":"\#(package)","data":{"symbolist":{"kind":"return"\#(data)}}}"#
    }

    private func library(_ function: String, _ name: String = "/lib/libc.so.6") -> String {
        frame(function, own: false, package: name)
    }

    private func marker(_ kind: String, _ count: Int) -> String {
        #"{"data":{"symbolist":{"kind":"\#(kind)","count":\#(count)}}}"#
    }

    @Test func runsOfLibrariesAreFolded() throws {
        let text = try Events.text(frames: [
            library("raise"), library("abort"), library("unwind", "/x/libstdc++.so.6.0.30"), library("throw"),
            frame("load()"),
            library("run", "/x/libdispatch.so"), frame("main"), library("a"), library("b", "/x/[vdso]"),
        ])
        #expect(
            text.split(separator: "\n").dropFirst(2).map { $0.drop { $0 == " " } } == [
                "0  raise in libc.so.6", "… 2 frames of libc, libstdc++", "3  throw in libc.so.6", "▶   4  load()",
                "5  run in libdispatch.so", "▶   6  main", "… 2 frames of libc, [vdso]",
            ])
    }

    @Test func theInnermostPhysicalFrameStays() throws {
        let inlined = #","inlined":true"#
        let text = try Events.text(frames: [
            frame("check", own: false, inlined), frame("get", own: false, inlined), frame("map", own: false),
            frame("sort", own: false), frame("reduce", own: false), frame("filter", own: false), frame("main"),
        ])
        for name in ["check [inlined]", "get [inlined]", "map", "filter", "main"] {
            #expect(text.contains("  \(name)\n"))
        }
        #expect(text.contains("… 2 frames of runtime code in till\n"), "\(text)")
    }

    @Test func allFramesAreShownWhenAskedFor() throws {
        var options = TextOptions()
        options.showsAllFrames = true
        let names = (0..<40).map { "f\($0)" }
        let text = try Events.text(frames: names.map { library($0) }, options: options)
        for name in names { #expect(text.contains("  \(name) in libc.so.6\n")) }
        #expect(!text.contains("…"))
        let folded = try Events.text(frames: names.map { library($0) })
        #expect(folded.contains("  f11 in") && !folded.contains("  f12 in"), "a stack without a frame of the program")
        #expect(folded.contains("… 28 frames of libc\n"))
    }

    @Test func aRecursionIsFolded() throws {
        let cycle = [frame("even(_:)"), frame("odd(_:)"), frame("parity(_:)")]
        let frames = [frame("leaf")] + Array(repeating: cycle, count: 50).joined() + [frame("main")]
        let text = try Events.text(frames: frames)
        #expect(text.contains("… the same 3 frames 49 times more\n"), "\(text)")
        #expect(text.contains("▶ 151  main\n"))
        #expect(try Events.text(frames: Array(repeating: frame("f"), count: 9)).contains("the same frame 8 times more"))
        let few = try Events.text(frames: Array(repeating: frame("f"), count: 3))
        #expect(!few.contains("the same"), "three are shown")
    }

    @Test func markersKeepTheirCounts() throws {
        let text = try Events.text(frames: [
            library("a"), library("b"), library("c"), marker("omitted", 47), marker("omitted", 1), frame("main"),
            marker("truncated", 3),
        ])
        #expect(text.contains("… 47 frames left out by the reporter\n"))
        #expect(text.contains("… 1 frame left out by the reporter\n"))
        #expect(text.contains("… the report ends here and leaves out 3 frames\n"))
    }

    @Test func asyncCallersAreMarked() throws {
        let async = #"{"function":"\#("caller")","in_app":true,"data":{"symbolist":{"kind":"async"}}}"#
        let text = try Events.text(frames: [frame("piece"), async, async])
        #expect(
            text.contains("▶   0  piece\n       ↳ async: awaited by\n▶   1  caller [async]\n▶   2  caller [async]\n"))
    }

    @Test func theStackOfTheCrashComesFirst() throws {
        let json = #"""
            {"exception":{"values":[{"type":"Old","thread_id":1,"stacktrace":{"frames":[{"function":"old"}]}},
            {"type":"New","value":"said","thread_id":2,"stacktrace":{"frames":[{"function":"new"}]}},
            {"type":"Bystander","thread_id":3,"stacktrace":{"frames":[{"function":"bystander"}]}}]},
            "threads":{"values":[{"id":3,"crashed":false},{"id":2,"crashed":true,"stacktrace":{"frames":[{"function":"new"}]}}]}}
            """#
        let story = try Events.story(json: json)
        #expect(story.reason == ["New: said"])
        #expect(
            story.stacks.map(\.role) == [.main, .exception, .exception], "the thread's own stack is the exception's")
        #expect(
            story.stacks.map(\.exception) == [
                "Exception 2 of 3: New: said", "Exception 3 of 3: Bystander", "Exception 1 of 3: Old",
            ])
    }

    @Test func threadsAlikeAreCounted() throws {
        let threads = (0..<300).map {
            #"{"id":\#($0),"name":"w\#($0)","stacktrace":{"frames":[{"function":"f\#($0 % 30)","instruction_addr":"0x\#($0)"}]}}"#
        }
        let json = #"{"message":"m","threads":[\#(threads.joined(separator: ","))]}"#
        let story = try Events.story(json: json)
        #expect(story.others.isEmpty == false && story.stacks.count == 1, "the first is what there is to look at")
        let text = EventText(story).render()
        #expect(text.contains("more threads; --all-frames shows them\n"))
        var options = TextOptions()
        options.showsAllFrames = true
        let all = EventText(story, options: options).render()
        for name in 0..<30 { #expect(all.contains("f\(name)\n") || all.contains("f\(name) ")) }
    }

    @Test(arguments: [
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", "libc", true), ("/app/libgeo.so", "libgeo", false),
        ("/usr/lib/libstdc++.so.6.0.30", "libstdc++", true), ("till", "till", false), ("/app/.so", ".so", false),
        ("/app/usr/till", "till", false), ("[vdso]", "[vdso]", true),
        ("/opt/swift/usr/lib/swift/linux/libFoo.so", "libFoo", true),
        ("/app/lib/libswiftCore.so", "libswiftCore", true), ("/opt/till/till", "till", false),
        ("/lib64/ld-linux-x86-64.so.2", "ld-linux-x86-64", true), ("/", "/", false),
    ]) func imagesOfTheSystem(_ path: String, _ name: String, _ isSystem: Bool) throws {
        let json = #"{"debug_meta":{"images":[{"code_file":"\#(path)","debug_status":"missing"}]}}"#
        let image = try #require(try Events.story(json: json).images.first)
        #expect(EventImageStory.libraryName(path) == name)
        #expect(image.isSystem == isSystem)
    }
}
