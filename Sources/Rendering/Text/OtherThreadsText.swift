/// The threads that did not crash: a few lines each, those that look the same once.
struct OtherThreadsText {
    let options: TextOptions
    /// Groups that are shown unless all are asked for.
    static let groupLimit = 20
    /// Rows of each.
    static let rowLimit = 6

    /// The text, empty without other threads.
    func render(_ groups: [EventStory.ThreadGroup]) -> String {
        let shown = options.showsAllFrames ? groups.count : min(groups.count, Self.groupLimit)
        var text = ""
        let frames = FrameText(options: options)
        for group in groups.prefix(shown) {
            let title = Self.title(of: group)
            let cut = options.width.map { DisplayWidth.cut(title, to: max(20, $0 - 1)) } ?? title
            text += "\n" + options.style.strong(cut + ":") + "\n"
            if options.showsAllFrames {
                text += frames.render(group.stack, withSource: false)
            } else {
                text += frames.brief(group.stack, limit: Self.rowLimit)
            }
        }
        if shown < groups.count {
            let count = groups[shown...].reduce(0) { $0 + $1.threads.count }
            text += "\n" + options.style.faint("… \(count) more threads; --all-frames shows them") + "\n"
        }
        return text
    }

    /// `Thread 3 "worker"`, or `7 threads like this: 3 "worker", 4 "worker", …`.
    static func title(of group: EventStory.ThreadGroup) -> String {
        guard group.threads.count > 1 else { return group.stack.title() }
        let names = group.threads.prefix(8).map { thread in
            let id = thread.id.map { Visible.text($0, limit: 40) }
            let name = thread.name.map { "\"" + Visible.text($0, limit: 60) + "\"" }
            return [id, name].compactMap { $0 }.joined(separator: " ")
        }.filter { !$0.isEmpty }
        let more = group.threads.count > 8 ? ", …" : ""
        return "\(group.threads.count) threads like this: " + names.joined(separator: ", ") + more
    }
}
