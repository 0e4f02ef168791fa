/// The images that lacked debug information as a table, with the commands that would add it.
struct ImagesPage {
    let story: EventStory

    /// Writes the section; nothing for an event without images.
    func write(into html: inout HTMLWriter) {
        guard !story.images.isEmpty || !story.completeImages.isEmpty else { return }
        html.newline()
        html.element("section") { html in
            let isComplete = story.images.isEmpty
            html.element("h2", text: isComplete ? "Images" : "Images without debug information")
            html.element("div", ["class": "card"]) { html in
                if !isComplete {
                    table(story.images, into: &html)
                    for upload in story.uploads { html.element("pre", ["class": "cmd"], text: upload.command) }
                }
                guard !story.completeImages.isEmpty else { return }
                let count = story.imageCount - story.images.count
                html.element("div", ["class": "fold"]) { html in
                    html.element("details") { html in
                        html.element("summary") { html in
                            let what = count == 1 ? "1 image that lacks nothing" : "\(count) images that lack nothing"
                            html.element("span", ["class": "note"], text: what)
                        }
                        table(story.completeImages, into: &html)
                    }
                }
            }
        }
    }

    private func table(_ images: [EventImageStory], into html: inout HTMLWriter) {
        html.element("table") { html in
            html.element("thead") { html in
                html.element("tr") { html in
                    for name in ["Image", "Build id", "Status"] { html.element("th", ["scope": "col"], text: name) }
                }
            }
            html.element("tbody") { html in
                for image in images.prefix(HTMLOptions.images) { row(image, into: &html) }
            }
        }
        if images.count > HTMLOptions.images {
            let left = images.count - HTMLOptions.images
            html.element("div", ["class": "row note"], text: "… \(left) more are not in this page")
        }
    }

    private func row(_ image: EventImageStory, into html: inout HTMLWriter) {
        func show(_ text: String) -> String { Visible.text(text, limit: 1024) }
        html.element("tr") { html in
            html.element(
                "th", ["scope": "row", "class": "mono"], text: image.path.map(show) ?? "an image without a name")
            html.element("td", ["class": "mono id"], text: image.buildID.map(show) ?? "no build id")
            html.element("td") { html in
                html.element("span", ["class": image.isComplete ? "b" : "b bad"], text: show(image.statusText))
                if let reason = image.tellingReason {
                    html.text(" ")
                    html.text(show(reason))
                }
                if image.isMatchedByName { html.element("span", ["class": "b"], text: "matched by name") }
                for candidate in image.candidates {
                    html.element("div") { html in
                        html.text("perhaps ")
                        html.element("code", text: show(candidate.buildID))
                        if let name = candidate.name { html.text(" " + show(name)) }
                    }
                }
            }
        }
    }
}
