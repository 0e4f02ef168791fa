import CrashEvent
import Testing

@testable import Rendering

/// Events of any size make an answer of bounded size that says what it lacks.
@Suite struct LimitTests {
    private func event(frames count: Int, threads: Int = 1, images: Int = 0) throws -> JSONDocument {
        var json = #"{"exception":{"values":[{"type":"Overflow","thread_id":0}]},"threads":{"values":["#
        for thread in 0..<threads {
            json += thread == 0 ? "" : ","
            json += #"{"id":\#(thread),"crashed":\#(thread == 0),"stacktrace":{"frames":["#
            json += (0..<count).map { #"{"function":"t\#(thread)f\#($0)","in_app":true,"package":"/a"}"# }.joined(
                separator: ",")
            json += "]}}"
        }
        json += #"]},"debug_meta":{"images":["#
        json += (0..<images).map { #"{"code_file":"/app/\#($0)","debug_status":"missing"}"# }.joined(separator: ",")
        return try JSONDocument(Array((json + "]}}").utf8))
    }

    @Test func twoHundredThousandFrames() throws {
        let story = EventStory(try event(frames: 200_000))
        #expect(story.stacks.first?.frames.count == 4001)
        #expect(story.limits == ["196000 frames are not shown"])
        var options = TextOptions()
        options.showsAllFrames = true
        let text = EventText(story, options: options).render()
        #expect(text.contains("… 196000 frames not shown\n"))
        #expect(text.contains("▶   0  t0f199999\n") && text.contains("t0f0\n"), "both ends")
        #expect(text.contains("  196000 frames are not shown\n"))
        #expect(text.utf8.count < 200_000)
        let page = EventHTML(story).render()
        #expect(page.contains("more frames are not in this page") && page.utf8.count < 1_000_000)
        let markdown = EventMarkdown(story).render()
        #expect(markdown.utf8.count < 60_000 && markdown.contains("Shortened to fit into an issue"))
    }

    @Test func manyThreadsAndImages() throws {
        let story = EventStory(try event(frames: 100, threads: 3000, images: 5000))
        #expect(story.limits.contains("2000 threads over the limit of 1000 are not shown"), "\(story.limits)")
        #expect(story.limits.contains("4000 more images without debug information are not listed"))
        #expect(story.stacks.first?.frames.count == 100, "the crash's frames come first")
        let markdown = EventMarkdown(story).render()
        #expect(markdown.utf8.count < 60_000)
        let text = EventText(story).render()
        #expect(text.contains("more threads; --all-frames shows them") && text.utf8.count < 100_000)
        #expect(EventHTML(story).render().utf8.count < 3_000_000)
    }

    @Test func longNames() throws {
        let long = String(repeating: "Generic<", count: 200_000)
        let json =
            #"{"exception":{"values":[{"type":"\#(long)","stacktrace":{"frames":[{"function":"\#(long)","in_app":true}]}}]}}"#
        let story = try Events.story(json: json)
        for text in [EventText(story).render(), EventMarkdown(story).render(), EventHTML(story).render()] {
            #expect(text.utf8.count < 100_000 && text.contains("bytes]…"))
        }
    }
}
