import Testing

@testable import Rendering

/// What must hold whatever an event says.
enum Checks {
    /// Faults of text for terminals: characters that a terminal or a reader would take for something else.
    static func faults(ofText text: String) -> [String] {
        let scalar = text.unicodeScalars.first { Visible.isHidden($0) && $0 != "\n" }
        return scalar.map { ["U+\(String($0.value, radix: 16)) in the text"] } ?? []
    }

    /// Faults of a page: elements that do not nest, text that is markup, attributes and elements that no page has.
    static func faults(ofPage page: String) -> [String] {
        var faults = faults(ofText: page)
        guard page.hasPrefix("<!doctype html>\n") else { return ["no doctype"] }
        var open: [Substring] = []
        var rest = page.dropFirst("<!doctype html>\n".count)
        while let bracket = rest.firstIndex(where: { $0 == "<" || $0 == ">" }), faults.count < 5 {
            guard rest[bracket] == "<" else { return faults + ["a bare > at \(rest[bracket...].prefix(40))"] }
            if let bad = reference(in: rest[..<bracket]) { faults.append(bad) }
            guard let end = rest[bracket...].firstIndex(of: ">") else { return faults + ["a tag without end"] }
            let tag = rest[rest.index(after: bracket)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                let name = tag.dropFirst()
                if open.popLast() != name { faults.append("</\(name)> closes another element") }
                continue
            }
            let name = tag.prefix { $0.isLetter || $0.isNumber }
            if !elements.contains(String(name)) { faults.append("<\(name)> is no element of a page") }
            faults += attributeFaults(tag.dropFirst(name.count))
            if name != "meta" { open.append(name) }
            if name == "style" {
                guard let close = rest.firstRange(of: "</style>") else { return faults + ["style without end"] }
                rest = rest[close.lowerBound...]
            }
        }
        if !open.isEmpty { faults.append("not closed: \(open.joined(separator: " "))") }
        return faults
    }

    private static let elements: Set<String> = [
        "html", "head", "meta", "title", "style", "body", "header", "article", "main", "footer", "section", "h1", "h2",
        "h3", "p", "div",
        "span", "code", "pre", "mark", "details", "summary", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody",
        "tr",
        "th", "td",
    ]

    private static func attributeFaults(_ text: Substring) -> [String] {
        var rest = text
        while let match = rest.prefixMatch(of: /\ ([a-z-]+)="([^"<>]*)"/) {
            if !["class", "lang", "charset", "http-equiv", "content", "name", "open", "scope"].contains(match.1) {
                return ["attribute \(match.1)"]
            }
            rest = rest[match.range.upperBound...]
        }
        return rest.isEmpty ? [] : ["attributes that cannot be read: \(rest.prefix(60))"]
    }

    private static func reference(in text: Substring) -> String? {
        for ampersand in text.indices where text[ampersand] == "&" {
            let rest = text[ampersand...]
            if !["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].contains(where: rest.hasPrefix) {
                return "a bare & at \(rest.prefix(20))"
            }
        }
        return nil
    }

    /// Faults of Markdown: blocks that do not end, and text outside of code that GitHub would make into something.
    static func faults(ofMarkdown text: String) -> [String] {
        var faults = faults(ofText: text)
        if text.utf8.count > EventMarkdown.maximumBytes { faults.append("\(text.utf8.count) bytes") }
        var fence: String?
        var details = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let open = fence {
                if line.allSatisfy({ $0 == "`" }), line.count >= open.count { fence = nil }
                continue
            }
            if line.hasPrefix("```") {
                fence = String(line.prefix { $0 == "`" })
                continue
            }
            if line.hasPrefix("<details><summary>") { details += 1 }
            if line == "</details>" { details -= 1 }
            var prose = withoutCode(line)
            for tag in ["<details><summary>", "</summary>", "</details>"] { prose = prose.replacing(tag, with: "") }
            for reference in prose.matches(of: /&#[0-9]+;/).reversed() { prose.removeSubrange(reference.range) }
            if let bad = ["<", ">", "@", "](", "://", "`", "www.", "&"].first(where: prose.contains) {
                faults.append("\(bad) in \(line.prefix(100))")
            }
            if prose.dropFirst(line.hasPrefix("### ") ? 4 : 0).contains("#") {
                faults.append("# in \(line.prefix(100))")
            }
        }
        if fence != nil || details != 0 { faults.append("a block does not end") }
        return faults
    }

    /// A line without its inline code: a run of backticks up to the next run of the same length (GFM, section 6.3).
    private static func withoutCode(_ line: Substring) -> String {
        var prose = ""
        var rest = line
        while let start = rest.firstIndex(of: "`") {
            prose += rest[..<start]
            let run = rest[start...].prefix { $0 == "`" }
            var search = rest[run.endIndex...]
            var end: Substring.Index?
            while let next = search.firstIndex(of: "`") {
                let other = search[next...].prefix { $0 == "`" }
                search = search[other.endIndex...]
                if other.count == run.count {
                    end = other.endIndex
                    break
                }
            }
            guard let end else { return prose + rest[start...] }
            rest = rest[end...]
        }
        return prose + rest
    }
}
