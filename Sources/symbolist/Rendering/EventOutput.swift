import CrashEvent
import Glibc
import Rendering

/// Writes enriched events to standard output in the format that was asked for, as they come; a page is written at the end,
/// for it is one document.
///
///     text, markdown   a heading before each when there are several
///     json             one event after the other, each ending in a newline: `jq` reads them all
///     html             one page
struct EventOutput {
    private let options: OutputOptions
    private let terminal: Terminal
    private var count = 0
    private var pages: [(heading: String, page: EventHTML)] = []

    init(_ options: OutputOptions) {
        self.options = options
        terminal = Terminal.of(STDOUT_FILENO)
    }

    /// Writes an event.
    /// - Parameter heading: Where it came from, when there are several.
    mutating func write(_ bytes: [UInt8], heading: String? = nil) throws {
        defer { count += 1 }
        if options.chosen == .json { return StandardOutput.write(line: bytes) }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes)
        } catch {
            throw CommandFailure(.internalError, "the enriched event cannot be read: \(error)")
        }
        let story = EventStory(document)
        let space = count == 0 ? "" : "\n"
        switch options.chosen {
        case .json: break
        case .html: pages.append((heading ?? "", EventHTML(story, options: options.page)))
        case .markdown:
            let text = EventMarkdown(story, options: options.text(on: terminal))
            StandardOutput.write(
                space + (heading.map { "## " + EventMarkdown.heading($0) + "\n\n" } ?? "") + text.render())
        case .text:
            let text = options.text(on: terminal)
            let title = heading.map { text.style.strong("══ \(Terminal.visible($0)) ══") + "\n\n" } ?? ""
            StandardOutput.write(space + title + EventText(story, options: text).render())
        }
    }

    /// Writes what is one document for all events.
    func end() {
        guard options.chosen == .html, !pages.isEmpty else { return }
        StandardOutput.write(EventHTML.render(pages))
    }
}
