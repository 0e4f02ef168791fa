/// The frames of stacks as lists in a page. Frames are counted against the page's limit, so that an event with hundreds of
/// thousands of frames becomes a page that a browser opens.
struct FramePage {
    let options: HTMLOptions
    private var framesLeft = HTMLOptions.frames
    /// Frames that were not written.
    private(set) var framesLeftOut = 0

    init(options: HTMLOptions) { self.options = options }

    /// Writes a stack; `isWhole` with source.
    mutating func write(_ stack: Stack, isWhole: Bool, into html: inout HTMLWriter) {
        let own = stack.ownPackages
        let rows = stack.foldedRows
        html.element("ol", ["class": "stack"]) { html in
            var stackLeft = HTMLOptions.framesPerStack
            for (position, row) in rows.enumerated() {
                guard stackLeft > 0, framesLeft > 0 else {
                    let count = rows[position...].reduce(0) { $0 + $1.frameCount }
                    framesLeftOut += count
                    html.element("li", ["class": "row note"], text: "… \(count) more frames are not in this page")
                    return
                }
                switch row {
                case .frame(let position):
                    take(1, &stackLeft)
                    frame(stack.frames[position], own: own, isWhole: isWhole, into: &html)
                case .async:
                    html.element("li", ["class": "between note"], text: "↳ async: awaited by")
                case .folded(let range):
                    let shown = range.prefix(min(stackLeft, framesLeft))
                    take(shown.count, &stackLeft)
                    html.element("li", ["class": "lib"]) { html in
                        fold("… " + stack.summary(of: range, own: own), isOpen: options.showsAllFrames, into: &html) {
                            page, html in
                            html.element("ol", ["class": "stack"]) { html in
                                for position in shown {
                                    page.frame(stack.frames[position], own: own, isWhole: false, into: &html)
                                }
                                page.leftOut(range.count - shown.count, into: &html)
                            }
                        }
                    }
                case .repeated(let range, let period):
                    html.element(
                        "li", ["class": "row note"],
                        text: "… " + stack.summary(ofRepeated: range, period: period))
                }
            }
        }
    }

    /// Writes what `body` writes behind a line that opens it.
    mutating func fold(
        _ title: String, isOpen: Bool = false, into html: inout HTMLWriter,
        _ body: (inout Self, inout HTMLWriter) -> Void
    ) {
        html.element("div", ["class": "fold"]) { html in
            html.element("details", isOpen ? ["open": ""] : [:]) { html in
                html.element("summary") { $0.element("span", ["class": "note"], text: title) }
                body(&self, &html)
            }
        }
    }

    private mutating func take(_ count: Int, _ stackLeft: inout Int) {
        stackLeft -= count
        framesLeft -= count
    }

    private mutating func leftOut(_ count: Int, into html: inout HTMLWriter) {
        guard count > 0 else { return }
        framesLeftOut += count
        html.element("li", ["class": "row note"], text: "… \(count) more frames are not in this page")
    }

    private func frame(_ frame: TraceFrame, own: Set<String>, isWhole: Bool, into html: inout HTMLWriter) {
        let words = FrameWords(frame: frame, limit: 2000)
        if let marker = words.marker {
            html.element("li", ["class": "row note"], text: marker)
            return
        }
        let kind = frame.runtimeFailure != nil ? "fail" : frame.isInApp ? "app" : "lib"
        let excerpt = isWhole && frame.isInApp ? SourceExcerpt(frame, context: options.context) : nil
        html.element("li", ["class": kind]) { html in
            guard let excerpt else {
                html.element("div", ["class": "row"]) { line(words, own: own, into: &$0) }
                return
            }
            html.element("details", ["open": ""]) { html in
                html.element("summary") { line(words, own: own, into: &$0) }
                source(excerpt, into: &html)
            }
        }
        html.newline()
    }

    private func line(_ words: FrameWords, own: Set<String>, into html: inout HTMLWriter) {
        html.element("span", ["class": "no"], text: String(words.frame.number))
        html.element("span", ["class": "w"]) { html in
            html.element("code", ["class": "fn"], text: words.name)
            let library = words.library(own: own)
            if !library.isEmpty { html.element("span", ["class": "at"], text: library) }
            for (texts, style) in [(words.kinds, "b"), (words.problems, "b bad")] {
                for text in texts {
                    html.text(" ")
                    html.element("span", ["class": style], text: text)
                }
            }
            if let place = words.place(isShort: false) {
                html.text(" ")
                html.element("span", ["class": "at"], text: place)
            }
        }
    }

    private func source(_ excerpt: SourceExcerpt, into html: inout HTMLWriter) {
        html.element("div", ["class": "src"]) { html in
            for line in excerpt.lines {
                html.element("div", ["class": line.isTarget ? "l t" : "l"]) { html in
                    html.element("span", ["class": "n"], text: String(line.number))
                    html.element("span", ["class": "c"]) { html in
                        guard line.isTarget, let lead = excerpt.lead, line.text.hasPrefix(lead) else {
                            html.text(line.text)
                            return
                        }
                        let rest = line.text.dropFirst(lead.count)
                        html.text(lead)
                        let mark = rest.hasPrefix(excerpt.mark) ? excerpt.mark : ""
                        html.element("mark", text: mark.isEmpty ? " " : mark)
                        html.text(String(rest.dropFirst(mark.count)))
                    }
                }
            }
        }
    }
}
