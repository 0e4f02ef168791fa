import Foundation
import Testing

@testable import Rendering

/// What each event of `Events/` looks like. `SYMBOLIST_REMAKE_GOLDEN=1 swift test --filter GoldenTests` writes the files of
/// `Golden/` again; look at the difference before it is committed, and at the pages with `browser.sh`.
@Suite struct GoldenTests {
    private func check(_ rendered: String, _ file: String) throws {
        let url = Events.folder.appending(path: "Golden/\(file)")
        if ProcessInfo.processInfo.environment["SYMBOLIST_REMAKE_GOLDEN"] == "1" {
            try rendered.write(to: url, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: url, encoding: .utf8)
        guard golden != rendered else { return }
        let pairs = zip(golden.split(separator: "\n"), rendered.split(separator: "\n"))
        let first = pairs.first { $0 != $1 }
        Issue.record("\(file) differs, first:\n- \(first?.0 ?? "(its end)")\n+ \(first?.1 ?? "(its end)")")
    }

    @Test(arguments: Events.names) func text(_ name: String) throws {
        try check(EventText(try Events.story(name)).render(), name + ".txt")
    }

    @Test(arguments: Events.names) func markdown(_ name: String) throws {
        try check(EventMarkdown(try Events.story(name)).render(), name + ".md")
    }

    @Test(arguments: Events.names) func page(_ name: String) throws {
        try check(EventHTML(try Events.story(name)).render(), name + ".html")
    }

    /// As on a narrow terminal.
    @Test(arguments: ["cxx-threads", "columns", "hostile"]) func narrow(_ name: String) throws {
        var options = TextOptions()
        options.width = 60
        try check(EventText(try Events.story(name), options: options).render(), name + ".narrow.txt")
    }

    @Test(arguments: ["async-core", "swift-inlined"]) func allFrames(_ name: String) throws {
        var options = TextOptions()
        options.showsAllFrames = true
        options.context = 0
        try check(EventText(try Events.story(name), options: options).render(), name + ".all.txt")
    }

    @Test func coloured() throws {
        var options = TextOptions()
        options.style = Style(isOn: true)
        let text = EventText(try Events.story("swift-async"), options: options).render()
        try check(text.replacing("\u{1b}", with: "␛"), "swift-async.coloured.txt")
        let plain = EventText(try Events.story("swift-async")).render()
        #expect(text.replacing(/\u{1b}\[[0-9;]*m/, with: "") == plain, "colours change nothing else")
    }

    @Test func severalInOnePage() throws {
        let pages = try ["sanitizer", "no-frames"].map { ($0 + ".json", EventHTML(try Events.story($0))) }
        try check(EventHTML.render(pages.map { (heading: $0.0, page: $0.1) }), "several.html")
    }
}
