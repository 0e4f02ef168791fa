/// The images that lacked debug information, and the commands that would add it.
struct ImagesText {
    let options: TextOptions
    /// Images that are shown unless all are asked for.
    static let limit = 40

    /// The text, empty when nothing is missing.
    func render(_ story: EventStory) -> String {
        guard !story.images.isEmpty else { return "" }
        let style = options.style
        var text = "\n" + style.strong("Images without debug information:") + "\n"
        let shown = options.showsAllFrames ? story.images.count : min(story.images.count, Self.limit)
        for image in story.images.prefix(shown) {
            for (position, line) in Self.lines(for: image).enumerated() {
                text +=
                    (position == 0 ? "  " + (image.isSystem ? style.faint(line) : line) : "      " + style.faint(line))
                    + "\n"
            }
        }
        if shown < story.images.count { text += style.faint("  … \(story.images.count - shown) more") + "\n" }
        let uploads = story.uploads
        if !uploads.isEmpty {
            text += style.strong("To add it, where these builds are:") + "\n"
            // Never cut: it is there to be copied.
            for upload in uploads {
                text += "  " + (upload.isSystem ? style.faint(upload.command) : upload.command) + "\n"
            }
        }
        return text
    }

    /// Status, build id and path; then what there is to say. Visible.
    static func lines(for image: EventImageStory) -> [String] {
        func show(_ text: String) -> String { Visible.text(text, limit: 1024) }
        let status = show(image.statusText)
        let padding = String(repeating: " ", count: max(0, 7 - status.count))
        var lines = [
            status + padding + "  " + (image.buildID.map(show) ?? "no build id") + "  "
                + (image.path.map(show) ?? "an image without a name")
        ]
        if let reason = image.tellingReason { lines.append(show(reason)) }
        if !image.candidates.isEmpty {
            lines.append("builds of its name:")
            for candidate in image.candidates {
                lines.append("  " + show(candidate.buildID) + (candidate.name.map { "  " + show($0) } ?? ""))
            }
        }
        return lines
    }
}
