/// An event as text: the reason first, then the crashed thread with its source lines, then the other threads in short, and
/// the images that lacked debug information.
///
///     Swift runtime failure: Index out of range
///     in specialized PriceList.unitPrice(of:)
///
///     Thread 0 "till" crashed:
///        0  Swift runtime failure: Index out of range [inlined]
///           … 2 frames of runtime code in till
///     ▶  3  PriceList.unitPrice(of:) [inlined]
///             Sources/Pricing/Basket.swift:23:15
///             23 |         prices[article]
///                |               ^
///
/// Frames of the program itself carry a mark. Every text from the event passes ``Visible/text(_:)``.
public struct EventText: Sendable {
    private let story: EventStory
    private let options: TextOptions
    private var style: Style { options.style }

    /// Shows `story` as `options` say.
    public init(_ story: EventStory, options: TextOptions = TextOptions()) {
        self.story = story
        self.options = options
    }

    /// The whole text, ending in a newline.
    public func render() -> String {
        var text = headline()
        let frames = FrameText(options: options)
        for stack in story.stacks {
            text += "\n"
            if let exception = stack.exception, stack.role == .exception {
                let lines = Visible.lines(exception, count: 4, limit: StoryLimits.text)
                text += message(lines, style.strong)
            }
            if stack.frames.isEmpty { continue }
            text += style.strong(fit(stack.title(), 1) + ":") + "\n"
            text += frames.render(stack, withSource: true)
        }
        text += OtherThreadsText(options: options).render(story.others)
        text += ImagesText(options: options).render(story)
        if !story.limits.isEmpty {
            text += "\n" + style.strong("Not everything is shown:") + "\n"
            for limit in story.limits { text += style.faint("  " + Visible.text(limit, limit: 1000)) + "\n" }
        }
        return text
    }

    private func headline() -> String {
        var text = message(
            story.reason.flatMap { Visible.lines($0, count: StoryLimits.messageLines, limit: StoryLimits.text) },
            style.alarm)
        func line(_ before: String, _ value: String, _ style: (String) -> String, _ limit: Int = 1000) {
            text += before + style(fit(Visible.text(value, limit: limit), before.count)) + "\n"
        }
        if let culprit = story.culprit { line("in ", culprit, style.function) }
        if let reported = story.reported { line("", "reported as " + reported, style.faint) }
        if let signal = story.signal { line("", signal, style.faint) }
        return text + facts()
    }

    /// `till@2.1.0 · production · shop-3`, on as many lines as it takes.
    private func facts() -> String {
        var lines: [String] = []
        for fact in story.facts {
            let value = fit(Visible.text(fact.value, limit: 1000), 2)
            let joined = lines.last.map { $0 + " · " + value }
            if let joined, options.width.map({ DisplayWidth.of(joined) <= $0 }) ?? true {
                lines[lines.count - 1] = joined
            } else {
                lines.append(value)
            }
        }
        return lines.map { style.faint($0) + "\n" }.joined()
    }

    /// The first line as it is, the others moved in, so that none can pass for a part of ours.
    private func message(_ lines: [String], _ style: (String) -> String) -> String {
        lines.enumerated().map { ($0 == 0 ? "" : "    ") + style($1) + "\n" }.joined()
    }

    private func fit(_ text: String, _ taken: Int) -> String {
        options.width.map { DisplayWidth.cut(text, to: max(20, $0 - taken)) } ?? text
    }
}
