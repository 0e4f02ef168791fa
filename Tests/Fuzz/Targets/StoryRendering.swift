import CrashEvent
import Rendering

/// Events of strangers as text, HTML and Markdown: no control character passes, and no tag that the event wrote.
enum StoryRendering {
    static func run(_ bytes: [UInt8]) -> Int {
        guard let document = try? JSONDocument(bytes) else { return 0 }
        let story = EventStory(document, limits: StoryLimits(framesPerStack: 200, frames: 2000, stacks: 50, images: 50))
        let text = EventText(story).render()
        let page = EventHTML(story).render()
        let markdown = EventMarkdown(story).render()
        for scalar in text.unicodeScalars where scalar.value < 0x20 && scalar != "\n" && scalar != "\t" {
            fatalError("a control character in the text: \(scalar.value)")
        }
        guard !page.utf8.lowercasedContains("<script") else { fatalError("a script in the page") }
        return 1 &+ text.utf8.count &+ page.utf8.count &+ markdown.utf8.count
    }
}

extension String.UTF8View {
    fileprivate func lowercasedContains(_ text: String) -> Bool {
        let needle = Array(text.utf8)
        let bytes = map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
        guard bytes.count >= needle.count else { return false }
        var position = 0
        while let place = bytes[position...].firstIndex(of: needle[0]) {
            if bytes[place...].starts(with: needle) { return true }
            position = place + 1
        }
        return false
    }
}
