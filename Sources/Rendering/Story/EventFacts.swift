import CrashEvent

/// Reads everything of an event that is no stack and no image.
struct EventFacts {
    private let document: JSONDocument
    private let crash: JSONNode?

    /// `crash` is the exception that the event is about.
    init(_ document: JSONDocument, crash: JSONNode?) {
        self.document = document
        self.crash = crash
    }

    /// Fills in reason, culprit, signal, facts, status, limits and standard error.
    func fill(_ story: inout EventStory) {
        let own = document.node(at: "contexts", "symbolist")
        story.status = own.flatMap { document.string("status", of: $0) }
        story.culprit = own.flatMap { document.string("culprit", of: $0) }
        if let limits = own.flatMap({ document.array("limits", of: $0) }) {
            story.limits = document.elements(of: limits).prefix(20).compactMap { document.string($0) } + story.limits
        }
        fillReason(own, &story)
        fillFacts(&story)
        story.standardError = document.node(at: "extra", "stderr").flatMap { document.string($0) }
            .flatMap { $0.contains { !$0.isWhitespace } ? $0 : nil }
    }

    /// `ValueError: no such article`; `nil` for an exception that says nothing.
    static func title(of exception: JSONNode, in document: JSONDocument) -> String? {
        let parts = [document.string("type", of: exception), document.string("value", of: exception)]
        let text = parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        return text.isEmpty ? nil : text
    }

    private func fillReason(_ own: JSONNode?, _ story: inout EventStory) {
        let type = crash.flatMap { document.string("type", of: $0) }
        let value = crash.flatMap { document.string("value", of: $0) }
        let given = own.flatMap { document.string("crash_reason", of: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        var title = crash.flatMap { Self.title(of: $0, in: document) }
        // What the program itself said comes before the signal that it died of.
        let said = given ?? value.flatMap { $0.contains("Fatal error") ? $0 : nil }
        if let said, title.map({ !$0.hasPrefix(said) }) ?? true {
            if let old = title, old != said, value != said { story.reported = old }
            title = said
        }
        if title == nil {
            title = document.node(at: "logentry").flatMap { node in
                document.string(node) ?? document.string("formatted", of: node) ?? document.string("message", of: node)
            }
            title =
                title
                ?? document.node(at: "message").flatMap { node in
                    document.string(node) ?? document.string("formatted", of: node)
                }
        }
        if let title, title.contains(where: { !$0.isWhitespace }) { story.reason = [title] }
        if let reported = own.flatMap({ document.object("reported", of: $0) }) {
            story.reported = Self.title(of: reported, in: document) ?? story.reported
        }
        fillSignal(type: type, &story)
    }

    private func fillSignal(type: String?, _ story: inout EventStory) {
        guard let mechanism = crash.flatMap({ document.object("mechanism", of: $0) }) else { return }
        let shown = (story.reason.first ?? "") + " " + (story.reported ?? "")
        var parts: [String] = []
        if let signal = document.node(at: "meta", "signal", from: mechanism) {
            let number = document.member("number", of: signal).flatMap { document.text($0) }
            let name = document.string("name", of: signal) ?? type
            if let name, !shown.contains(name) {
                parts.append("signal \(name)" + (number.map { " (\($0))" } ?? ""))
            }
            if let code = document.string("code_name", of: signal) { parts.append(code) }
        } else if let type, !shown.contains(type), type.hasPrefix("SIG") {
            parts.append("signal \(type)")
        }
        if let fault = document.node(at: "data", "fault_address", from: mechanism).flatMap({ document.text($0) }),
            !shown.contains(fault)
        {
            parts.append("fault address \(fault)")
        }
        if !parts.isEmpty { story.signal = parts.joined(separator: ", ") }
    }

    private func fillFacts(_ story: inout EventStory) {
        func fact(_ name: String, _ path: [String]) -> (name: String, value: String)? {
            var node = document.root
            for key in path {
                guard let next = document.member(key, of: node) else { return nil }
                node = next
            }
            guard let text = document.text(node), !text.isEmpty else { return nil }
            return (name, name == "time" ? Timestamp.text(text) : text)
        }
        story.facts = [
            fact("release", ["release"]), fact("environment", ["environment"]), fact("host", ["server_name"]),
            fact("time", ["timestamp"]), fact("architecture", ["contexts", "device", "arch"]),
        ].compactMap { $0 }
        story.furtherFacts = [
            fact("system", ["contexts", "os", "raw_description"])
                ?? fact("system", ["contexts", "os", "name"]),
            fact("event", ["event_id"]), fact("distribution", ["dist"]), fact("platform", ["platform"]),
        ].compactMap { $0 }.filter { $0.value != "native" }
        if let tags = document.node(at: "tags") { story.furtherFacts += self.tags(tags) }
    }

    /// `tags` is an object, or an array of pairs.
    private func tags(_ node: JSONNode) -> [(name: String, value: String)] {
        var tags: [(String, String)] = []
        for (key, value) in document.members(of: node).prefix(100) {
            if let name = document.string(key), let text = document.text(value) { tags.append((name, text)) }
        }
        for pair in document.elements(of: node).prefix(100) {
            var values = document.elements(of: pair)
            if let name = values.next().flatMap({ document.text($0) }),
                let text = values.next().flatMap({ document.text($0) })
            {
                tags.append((name, text))
            }
        }
        return tags
    }
}

/// Times for people.
enum Timestamp {
    /// Seconds since 1970 as `2026-11-22T17:11:51Z`, rounded down; any other text as it is.
    static func text(_ text: String) -> String {
        guard let seconds = Double(text), seconds >= 0, seconds < 253_402_300_800 else { return text }
        let whole = Int(seconds)
        let (days, rest) = whole.quotientAndRemainder(dividingBy: 86_400)
        // Civil date from days: years begin in March, so that the leap day is a year's last.
        let shifted = days + 719_468
        let (era, day) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = era * 400 + yearOfEra + (month < 10 ? 0 : 1)
        let date = [year, month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1]
        let time = [rest / 3600, rest / 60 % 60, rest % 60]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let years = String(repeating: "0", count: max(0, 4 - String(date[0]).count)) + String(date[0])
        return years + "-" + two(date[1]) + "-" + two(date[2]) + "T" + time.map(two).joined(separator: ":") + "Z"
    }
}
