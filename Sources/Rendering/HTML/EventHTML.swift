/// An event as one page that is attached to a ticket: nothing is loaded, nothing runs, all of the event is text.
///
///     header     the reason, the culprit, facts
///     main       the crash's stack: frames of the program open, with source; runs of others folded
///                further stacks · other threads, folded · images that lacked debug information · standard error
///
/// It reads well without its style, prints with everything open, and works from the keyboard: what folds is
/// `details`. A policy in the page itself forbids every script and every request, should a reader's tool mangle it.
public struct EventHTML: Sendable {
    private let story: EventStory
    private let options: HTMLOptions

    /// Shows `story` as `options` say.
    public init(_ story: EventStory, options: HTMLOptions = HTMLOptions()) {
        self.story = story
        self.options = options
    }

    /// The whole document, in UTF-8 without characters that HTML forbids, ending in a newline.
    public func render() -> String { Self.page([self]) }

    /// Several events in one document, each under its heading.
    public static func render(_ events: [(heading: String, page: EventHTML)]) -> String {
        page(events.map(\.page), headings: events.map(\.heading))
    }

    private static func page(_ events: [EventHTML], headings: [String] = []) -> String {
        var html = HTMLWriter()
        html.raw("<!doctype html>\n")
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { html in
                html.void("meta", ["charset": "utf-8"])
                html.void(
                    "meta",
                    [
                        "http-equiv": "Content-Security-Policy",
                        "content": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
                    ])
                html.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                html.void("meta", ["name": "color-scheme", "content": "light dark"])
                html.void("meta", ["name": "referrer", "content": "no-referrer"])
                html.element("title", text: title(events))
                html.element("style") { $0.raw(PageStyle.css) }
            }
            html.newline()
            html.element("body") { html in
                html.element("main") { html in
                    for (position, event) in events.enumerated() {
                        html.newline()
                        html.element("article") { html in
                            event.body(into: &html, heading: headings.count > 1 ? headings[position] : nil)
                        }
                    }
                }
                html.element("footer", text: "Made by Symbolist. The page loads nothing and runs nothing.")
            }
        }
        html.newline()
        return html.output
    }

    private static func title(_ events: [EventHTML]) -> String {
        let first = events.first?.story.reason.first ?? "No event"
        let title = Visible.lines(first, count: 1, limit: 200).first ?? ""
        return events.count > 1 ? "\(events.count) events" : title
    }

    private func body(into html: inout HTMLWriter, heading: String?) {
        html.element("header") { html in
            if let heading { html.element("p", ["class": "dim mono"], text: Visible.text(heading, limit: 1000)) }
            header(into: &html)
        }
        var pages = FramePage(options: options)
        for stack in story.stacks {
            html.newline()
            html.element("section") { html in section(stack, &pages, into: &html) }
        }
        others(&pages, into: &html)
        ImagesPage(story: story).write(into: &html)
        notes(pages, into: &html)
    }

    private func header(into html: inout HTMLWriter) {
        let lines = story.reason.flatMap {
            Visible.lines($0, count: StoryLimits.messageLines, limit: StoryLimits.text)
        }
        html.element("h1", text: lines.first ?? "")
        if lines.count > 1 {
            html.element("div", ["class": "more mono"]) { html in
                for line in lines.dropFirst() { html.element("div", text: line) }
            }
        }
        if let culprit = story.culprit {
            html.element("p") { html in
                html.text("in ")
                html.element("code", text: Visible.text(culprit, limit: 1000))
            }
        }
        if let reported = story.reported {
            html.element("p", ["class": "dim"], text: "reported as " + Visible.text(reported, limit: 1000))
        }
        if let signal = story.signal { html.element("p", ["class": "dim"], text: Visible.text(signal, limit: 1000)) }
        var facts = story.facts + story.furtherFacts
        if let status = story.status { facts.append(("symbolication", status)) }
        guard !facts.isEmpty else { return }
        html.element("dl", ["class": "facts"]) { html in
            for fact in facts {
                html.element("div") { html in
                    html.element("dt", text: Visible.text(fact.name, limit: 200))
                    html.element("dd", text: Visible.text(fact.value, limit: 1000))
                }
            }
        }
    }

    private func section(_ stack: Stack, _ pages: inout FramePage, into html: inout HTMLWriter) {
        if let exception = stack.exception, stack.role == .exception {
            html.element("h2", text: Visible.text(exception, limit: StoryLimits.text))
            if stack.frames.isEmpty { return }
            html.element("h3", text: stack.title())
        } else {
            html.element("h2", text: stack.title())
        }
        html.element("div", ["class": "card"]) { html in
            pages.write(stack, isWhole: true, into: &html)
            for below in stack.ranOn where !below.frames.isEmpty {
                pages.fold("ran on \(below.summary(of: below.frames.indices, own: below.ownPackages))", into: &html) {
                    $0.write(below, isWhole: true, into: &$1)
                }
            }
            registers(of: stack, into: &html)
        }
    }

    private func registers(of stack: Stack, into html: inout HTMLWriter) {
        guard !stack.registers.isEmpty else { return }
        html.element("div", ["class": "fold"]) { html in
            html.element("details") { html in
                html.element("summary") { $0.element("span", ["class": "note"], text: "Registers") }
                html.element("dl", ["class": "regs mono"]) { html in
                    for register in stack.registers {
                        html.element("div") { html in
                            html.element("dt", text: Visible.text(register.name, limit: 40))
                            html.element("dd", text: Visible.text(register.value, limit: 80))
                        }
                    }
                }
            }
        }
    }

    private func others(_ pages: inout FramePage, into html: inout HTMLWriter) {
        guard !story.others.isEmpty else { return }
        html.newline()
        html.element("section") { html in
            let count = story.others.reduce(0) { $0 + $1.threads.count }
            html.element("h2", text: count == 1 ? "Another thread" : "\(count) other threads")
            html.element("div", ["class": "card"]) { html in
                html.element("ol", ["class": "stack"]) { html in
                    for group in story.others.prefix(HTMLOptions.groups) {
                        html.element("li", ["class": "lib"]) { html in
                            pages.fold(title(of: group), isOpen: options.showsAllFrames, into: &html) {
                                $0.write(group.stack, isWhole: false, into: &$1)
                            }
                        }
                    }
                }
                if story.others.count > HTMLOptions.groups {
                    let left = story.others[HTMLOptions.groups...].reduce(0) { $0 + $1.threads.count }
                    html.element("div", ["class": "row note"], text: "… \(left) more threads are not in this page")
                }
            }
        }
    }

    /// Who, and what the program did there.
    private func title(of group: EventStory.ThreadGroup) -> String {
        let frames = group.stack.frames
        let frame = frames.first(where: \.isInApp) ?? frames.first { !$0.isMarker }
        let place = frame?.function.map { " · " + Visible.text($0, limit: 200) } ?? ""
        return OtherThreadsText.title(of: group) + place
    }

    private func notes(_ pages: FramePage, into html: inout HTMLWriter) {
        if let text = story.standardError {
            html.newline()
            html.element("section") { html in
                html.element("h2", text: "Standard error")
                html.element("div", ["class": "card"]) { html in
                    html.element("details") { html in
                        html.element("summary") {
                            $0.element("span", ["class": "note"], text: "what the process wrote before it died")
                        }
                        html.element("div", ["class": "err mono"]) { html in
                            // The last lines are those before the crash.
                            let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.suffix(400)
                            for line in lines {
                                html.element("pre", text: Visible.text(String(line), limit: 2000))
                            }
                        }
                    }
                }
            }
        }
        var limits = story.limits
        if pages.framesLeftOut > 0 { limits.append("\(pages.framesLeftOut) frames are not in this page") }
        guard !limits.isEmpty else { return }
        html.newline()
        html.element("section") { html in
            html.element("h2", text: "Not everything is shown")
            html.element("div", ["class": "card pad"]) { html in
                for limit in limits { html.element("p", text: Visible.text(limit, limit: 1000)) }
            }
        }
    }
}
