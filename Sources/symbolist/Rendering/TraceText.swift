import CrashEvent

/// An enriched event as text: the reason first, then the crashed thread with its source lines, then the other threads, and
/// the images that nothing was known of.
///
///     Swift runtime failure: Index out of range
///
///     Thread 0 "till" crashed:
///        0  Swift runtime failure: Index out of range [inlined]
///     ▶  3  PriceList.unitPrice(of:) [inlined]
///             Sources/Pricing/Basket.swift:23:15
///             23 |         prices[article]
///                |               ^
///
/// Frames of the program itself carry a mark. Every text from the event passes ``Terminal/visible(_:)``.
struct TraceText {
    let document: JSONDocument
    let style: Style
    /// Source lines shown around the line itself; 0 shows the line alone.
    var context = 2

    /// The whole text, ending in a newline.
    func render() -> String {
        var text = headline()
        for trace in document.traces() {
            text += "\n" + title(of: trace) + "\n"
            for (number, frame) in trace.frames.reversed().enumerated() {
                text += render(frame, number: number, withSource: trace.isMain)
            }
        }
        return text + imagesWithoutSymbols()
    }

    private func headline() -> String {
        var lines: [String] = []
        let context = document.node(at: "contexts", "symbolist")
        for exception in document.list("exception") {
            let type = document.string("type", of: exception)
            let value = document.string("value", of: exception)
            lines.append(style.alarm(show([type, value].compactMap { $0 }.joined(separator: ": "))))
        }
        if lines.isEmpty, let reason = context.flatMap({ document.string("crash_reason", of: $0) }) {
            lines.append(style.alarm(show(reason)))
        }
        if let culprit = context.flatMap({ document.string("culprit", of: $0) }) {
            lines.append("in " + style.function(show(culprit)))
        }
        if let reported = context.flatMap({ document.object("reported", of: $0) }) {
            let parts = [document.string("type", of: reported), document.string("value", of: reported)]
            lines.append(style.faint("reported as " + show(parts.compactMap { $0 }.joined(separator: ": "))))
        }
        let facts = ["release", "environment", "server_name", "timestamp"]
            .compactMap { document.member($0, of: document.root).flatMap { document.text($0) } }
        if !facts.isEmpty { lines.append(style.faint(show(facts.joined(separator: " · ")))) }
        return lines.map { $0 + "\n" }.joined()
    }

    private func title(of trace: Trace) -> String {
        var title = trace.thread.map { "Thread \(show($0))" } ?? "Stack trace"
        if let name = trace.name { title += " \"\(show(name))\"" }
        return style.strong(title + (trace.isCrashed ? " crashed:" : ":"))
    }

    private func render(_ frame: TraceFrame, number: Int, withSource: Bool) -> String {
        switch frame.kind {
        case "omitted":
            return style.faint("      … \(frame.count.map(String.init) ?? "some") frames left out by the reporter")
                + "\n"
        case "truncated":
            return style.faint("      … the report ends here") + "\n"
        default: break
        }
        let index = String(repeating: " ", count: max(0, 3 - String(number).count)) + String(number)
        var line = (frame.isInApp ? style.mark("▶") : " ") + " \(index)  " + name(of: frame)
        let flags = flags(of: frame)
        if !flags.isEmpty { line += " " + style.faint("[\(flags.joined(separator: ", "))]") }
        line += "\n"
        if let place = frame.place {
            line += "          " + (frame.isInApp ? style.place(show(place)) : style.faint(show(place))) + "\n"
        }
        if withSource, frame.isInApp, let source = frame.source, let number = frame.line {
            line += sourceLines(frame, source, at: Int(clamping: number))
        }
        return line
    }

    private func name(of frame: TraceFrame) -> String {
        if let function = frame.function {
            let text = show(function)
            if frame.runtimeFailure != nil { return style.alarm(text) }
            return frame.isInApp ? style.function(text) : text
        }
        let address = frame.address.map(show) ?? "no address"
        let image = frame.package.map { " in " + show(String($0.split(separator: "/").last ?? "?")) } ?? ""
        return address + image
    }

    private func flags(of frame: TraceFrame) -> [String] {
        var flags: [String] = []
        if frame.isInlined { flags.append("inlined") }
        if frame.kind == "async" { flags.append("async") }
        if frame.isCompilerGenerated, frame.runtimeFailure == nil { flags.append("compiler-generated") }
        switch frame.status {
        case "symbolicated", nil: break
        case "missing": flags.append("no debug file")
        case "missing_symbol": flags.append("no symbol")
        case "unknown_image": flags.append(frame.reason.map(show) ?? "outside every image")
        case "malformed":
            // Beside a name of its own the frame does not show its address.
            let address = frame.function == nil ? nil : frame.address.map { "address " + show($0) }
            flags.append((["malformed"] + [address, frame.reason.map(show)].compactMap { $0 }).joined(separator: ": "))
        case .some(let other): flags.append(show(other))
        }
        if let mark = frame.sourceMark, frame.isInApp {
            switch mark {
            case "differs": flags.append("source differs from the one compiled")
            case "newer": flags.append("source is newer than the build")
            default: break
            }
        }
        return flags
    }

    private func sourceLines(_ frame: TraceFrame, _ source: String, at number: Int) -> String {
        let before = frame.before.suffix(context)
        let after = frame.after.prefix(context)
        let width = String(number + after.count).count
        let margin = "          "
        func row(_ number: Int, _ text: String) -> String {
            let digits = String(number)
            return margin + String(repeating: " ", count: width - digits.count) + digits + " | " + show(text)
        }
        var text = ""
        for (offset, line) in before.enumerated() {
            text += style.faint(row(number - before.count + offset, line)) + "\n"
        }
        text += row(number, source) + "\n"
        if let column = frame.sourceColumn.map({ Int(clamping: $0) }), column > 0, column <= source.utf8.count + 1 {
            // Columns count bytes (DWARF 5, section 6.2.2); tabs are kept so that the caret stands below its byte.
            let lead = show(String(decoding: source.utf8.prefix(column - 1), as: UTF8.self))
                .map { $0 == "\t" ? "\t" : " " }
            text +=
                margin + String(repeating: " ", count: width) + " | " + lead.joined() + style.alarm("^") + "\n"
        }
        for (offset, line) in after.enumerated() {
            text += style.faint(row(number + 1 + offset, line)) + "\n"
        }
        return text
    }

    private func imagesWithoutSymbols() -> String {
        guard let images = document.node(at: "debug_meta", "images"), document.kind(of: images) == .array else {
            return ""
        }
        var rows: [String] = []
        for image in document.elements(of: images) {
            guard let status = document.string("debug_status", of: image), status != "found", status != "unused" else {
                continue
            }
            let name = document.string("code_file", of: image) ?? "an image without a name"
            let id = document.string("code_id", of: image) ?? document.string("debug_id", of: image)
            let reason = document.object("symbolist", of: image).flatMap { document.string("reason", of: $0) }
            let isPlain = status == "missing" && id != nil && reason.map(saysNotUploaded) ?? true
            rows.append("  \(status)  \(id ?? "no build id")  \(name)")
            if !isPlain, let reason { rows.append("           \(reason)") }
        }
        guard !rows.isEmpty else { return "" }
        return "\n" + style.strong("Images without debug information (symbolist upload FILE adds one):") + "\n"
            + rows.map { style.faint(show($0)) + "\n" }.joined()
    }

    /// That no file with its id was uploaded is what "missing" says; any other reason is worth its line.
    private func saysNotUploaded(_ reason: String) -> Bool {
        reason.hasPrefix("no debug file with ") && !reason.contains { ",;".contains($0) }
    }

    private func show(_ text: String) -> String { Terminal.visible(text) }
}
