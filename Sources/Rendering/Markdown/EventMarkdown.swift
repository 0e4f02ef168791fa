/// An event for an issue or a chat: GitHub Flavored Markdown of at most 60,000 bytes, for GitHub takes 65,536 characters.
///
///     ### Swift runtime failure: Index out of range
///     in `PriceList.unitPrice(of:)` · till@1.0 · x86_64
///     ```text
///     ▶  3  PriceList.unitPrice(of:) [inlined]
///     ```
///     <details><summary>3 other threads</summary> … </details>
///
/// What is too long is folded more, step by step, and the last lines say so.
public struct EventMarkdown: Sendable {
    private let story: EventStory
    private let options: TextOptions

    /// Bytes of what ``render()`` returns.
    public static let maximumBytes = 60_000

    /// Shows `story`; of `options` only the context and whether all frames are shown count.
    public init(_ story: EventStory, options: TextOptions = TextOptions()) {
        self.story = story
        var options = options
        options.style = Style(isOn: false)
        options.width = nil
        self.options = options
    }

    /// Where an event came from, for a heading above it: a path as Markdown.
    public static func heading(_ text: String) -> String { MarkdownText.plain(text, limit: 300) }

    /// How much is left out: each step less than the one before.
    private struct Step {
        var context: Int
        var showsAllFrames = false
        /// Lines of each block.
        var lines = Int.max
        /// Bytes of a line.
        var lineBytes = Int.max
        var stacks = Int.max
        var groups = Int.max
        var images = 200
        var isShortened = true
    }

    /// The text, ending in a newline.
    public func render() -> String {
        let steps = [
            Step(context: options.context, showsAllFrames: options.showsAllFrames, isShortened: false),
            Step(context: options.context, groups: 40, images: 60),
            Step(context: 0, lines: 400, lineBytes: 1000, stacks: 20, groups: 20, images: 40),
            Step(context: 0, lines: 120, lineBytes: 400, stacks: 5, groups: 8, images: 20),
            Step(context: 0, lines: 60, lineBytes: 160, stacks: 2, groups: 4, images: 8),
        ]
        var text = ""
        for step in steps {
            text = render(step)
            if text.utf8.count <= Self.maximumBytes { break }
        }
        return text
    }

    private func render(_ step: Step) -> String {
        var text = heading(step)
        var options = options
        options.context = step.context
        options.showsAllFrames = step.showsAllFrames
        let frames = FrameText(options: options)
        for stack in story.stacks.prefix(step.stacks) {
            if let exception = stack.exception, stack.role == .exception {
                text += "\n" + MarkdownText.plain(exception, limit: min(1000, step.lineBytes)) + "\n"
                if stack.frames.isEmpty { continue }
            }
            text += "\n**" + title(of: stack) + "**\n\n"
            text += block(frames.render(stack, withSource: true), step)
        }
        if story.stacks.count > step.stacks { text += "\n… \(story.stacks.count - step.stacks) more stacks\n" }
        text += others(step, options) + images(step, options)
        if !story.limits.isEmpty {
            text += "\n" + story.limits.prefix(20).map { "- " + MarkdownText.plain($0, limit: 300) + "\n" }.joined()
        }
        if step.isShortened {
            text += "\n*Shortened to fit into an issue; `symbolist symbolize` shows more.*\n"
        }
        return text
    }

    /// `**Thread 1 `worker` crashed**`: the words of ``Stack/title(limit:)``, with id and name as code.
    private func title(of stack: Stack) -> String {
        if stack.role == .report || stack.isNamedBySentence, let name = stack.name {
            return MarkdownText.plain(name.capitalizedFirst, limit: 200)
        }
        var parts = ["Stack trace"]
        if let thread = stack.thread {
            let isNumber = thread.utf8.count < 20 && thread.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            parts = ["Thread", isNumber ? thread : MarkdownText.code(thread, limit: 100)]
        }
        if let name = stack.name, !name.isEmpty { parts.append(MarkdownText.code(name, limit: 100)) }
        if stack.isCrashed { parts.append("crashed") }
        return parts.joined(separator: " ")
    }

    private func heading(_ step: Step) -> String {
        let limit = min(600, step.lineBytes)
        let lines = story.reason.flatMap { Visible.lines($0, count: StoryLimits.messageLines, limit: limit) }
        var text = "### " + MarkdownText.plain(lines.first ?? "", limit: limit) + "\n"
        if lines.count > 1 { text += "\n" + block(lines.dropFirst().map { $0 + "\n" }.joined(), step) }
        var facts: [String] = []
        if let culprit = story.culprit { facts.append("in " + MarkdownText.code(culprit, limit: limit)) }
        facts += story.facts.map { MarkdownText.code($0.value, limit: 200) }
        if !facts.isEmpty { text += "\n" + facts.joined(separator: " · ") + "\n" }
        let more = [
            story.reported.map { "reported as " + MarkdownText.code($0, limit: limit) },
            story.signal.map { MarkdownText.plain($0, limit: limit) },
        ]
        let rest = more.compactMap { $0 }
        if !rest.isEmpty { text += "\n" + rest.joined(separator: " · ") + "\n" }
        return text
    }

    private func others(_ step: Step, _ options: TextOptions) -> String {
        guard !story.others.isEmpty else { return "" }
        let count = story.others.reduce(0) { $0 + $1.threads.count }
        var shown = Array(story.others.prefix(step.groups))
        if step.showsAllFrames == false { shown = Array(shown.prefix(OtherThreadsText.groupLimit)) }
        var body = OtherThreadsText(options: options).render(shown)
        if body.hasPrefix("\n") { body.removeFirst() }
        let left = count - shown.reduce(0) { $0 + $1.threads.count }
        if left > 0 { body += "\n… \(left) more threads\n" }
        return details(count == 1 ? "1 other thread" : "\(count) other threads", body, step)
    }

    private func images(_ step: Step, _ options: TextOptions) -> String {
        guard !story.images.isEmpty else { return "" }
        var body = ""
        for image in story.images.prefix(step.images) {
            for (position, line) in ImagesText.lines(for: image).enumerated() {
                body += (position == 0 ? "" : "    ") + line + "\n"
            }
        }
        if story.images.count > step.images { body += "… \(story.images.count - step.images) more\n" }
        for upload in story.uploads { body += "\n" + upload.command + "\n" }
        let count = story.images.count
        return details("\(count) \(count == 1 ? "image" : "images") without debug information", body, step)
    }

    private func details(_ summary: String, _ body: String, _ step: Step) -> String {
        "\n<details><summary>\(MarkdownText.summary(summary))</summary>\n\n" + block(body, step) + "\n</details>\n"
    }

    private func block(_ text: String, _ step: Step) -> String {
        guard step.lines < Int.max || step.lineBytes < Int.max else { return MarkdownText.block(text) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
        var shown = lines.prefix(step.lines).map { line in
            line.utf8.count > step.lineBytes ? Visible.text(String(line), limit: step.lineBytes) : String(line)
        }
        if lines.count > shown.count { shown.append("… \(lines.count - shown.count) more lines") }
        return MarkdownText.block(shown.map { $0 + "\n" }.joined())
    }
}
