/// The frames of a stack as text.
struct FrameText {
    let options: TextOptions
    private var style: Style { options.style }
    /// What stands before places and source lines.
    private static let margin = "          "

    /// All rows of a stack that is shown in full.
    func render(_ stack: Stack, withSource: Bool) -> String {
        var text = ""
        let own = stack.ownPackages
        for row in options.showsAllFrames ? stack.allRows : stack.foldedRows {
            text += self.row(row, of: stack, own: own, withSource: withSource)
        }
        text += ranOn(stack)
        if options.showsAllFrames { text += registers(of: stack) }
        return text
    }

    /// At most `limit` rows of a stack, a line each.
    func brief(_ stack: Stack, limit: Int) -> String {
        let rows = stack.foldedRows.filter { $0 != .async }
        let own = stack.ownPackages
        var text = ""
        let shown = rows.count > limit ? limit - 1 : rows.count
        for row in rows.prefix(shown) { text += self.row(row, of: stack, own: own, withSource: false, isBrief: true) }
        if rows.count > shown {
            let count = rows[shown...].reduce(0) { $0 + $1.frameCount }
            text += note("… \(count) more frames")
        }
        return text + ranOn(stack)
    }

    /// The machine's frames below async ones.
    private func ranOn(_ stack: Stack) -> String {
        stack.ranOn.filter { !$0.frames.isEmpty }.map { below in
            if options.showsAllFrames { return note("ran on:") + render(below, withSource: false) }
            return note("ran on \(below.summary(of: below.frames.indices, own: below.ownPackages))")
        }.joined()
    }

    private func row(
        _ row: StackRow, of stack: Stack, own: Set<String>, withSource: Bool, isBrief: Bool = false
    ) -> String {
        switch row {
        case .frame(let position):
            frame(stack.frames[position], own: own, withSource: withSource, isBrief: isBrief)
        case .async: note("↳ async: awaited by")
        case .folded(let range): note("… " + stack.summary(of: range, own: own))
        case .repeated(let range, let period): note("… " + stack.summary(ofRepeated: range, period: period))
        }
    }

    /// A faint line between frames.
    private func note(_ text: String) -> String { "       " + style.faint(fit(text, 7)) + "\n" }

    private func frame(_ frame: TraceFrame, own: Set<String>, withSource: Bool, isBrief: Bool) -> String {
        let words = FrameWords(frame: frame)
        if let marker = words.marker { return note(marker) }
        let number = String(frame.number)
        let index = String(repeating: " ", count: max(0, 3 - number.count)) + number
        let flags = (isBrief ? [] : words.kinds) + words.problems
        var tail = words.library(own: own) + (flags.isEmpty ? "" : " [\(flags.joined(separator: ", "))]")
        let isLong = frame.isInApp && !isBrief
        // A path without a line says nothing that the image does not.
        if !isLong, frame.line != nil, let place = words.place(isShort: isBrief) { tail += "  " + place }
        let name =
            options.width.map {
                DisplayWidth.cut(words.name, to: max(24, $0 - 7 - DisplayWidth.of(tail)))
            } ?? words.name
        let rest = options.width.map { DisplayWidth.cut(tail, to: max(16, $0 - 7 - DisplayWidth.of(name))) } ?? tail
        var text =
            (frame.isInApp ? style.mark("▶") : " ") + " \(index)  " + styled(name, frame) + style.faint(rest) + "\n"
        guard isLong, let place = words.place(isShort: false) else { return text }
        text += Self.margin + style.place(fit(place, Self.margin.count)) + "\n"
        if withSource, let excerpt = SourceExcerpt(frame, context: options.context) { text += source(excerpt) }
        return text
    }

    private func styled(_ name: String, _ frame: TraceFrame) -> String {
        if frame.runtimeFailure != nil { return style.alarm(name) }
        return frame.isInApp ? style.function(name) : name
    }

    private func source(_ excerpt: SourceExcerpt) -> String {
        let width = excerpt.numberWidth
        let room = options.width.map { max(20, $0 - Self.margin.count - width - 3) }
        // Where the column is beyond the terminal's edge, all lines lose the same beginning.
        let caretColumn = excerpt.caretLead.map { DisplayWidth.of($0) } ?? 0
        let skip = room.map { caretColumn + 4 > $0 ? caretColumn - $0 / 2 : 0 } ?? 0
        var text = ""
        for line in excerpt.lines {
            let digits = String(line.number)
            let row = Self.margin + String(repeating: " ", count: width - digits.count) + digits + " | "
            let shown = (row + window(line.text, skip: skip, room: room)).trimmingEnd
            text += (line.isTarget ? shown : style.faint(shown)) + "\n"
            guard line.isTarget, let lead = excerpt.caretLead else { continue }
            let caret = skip > 0 ? String(repeating: " ", count: caretColumn - skip) : lead
            text += Self.margin + String(repeating: " ", count: width) + " | " + caret + style.alarm("^") + "\n"
        }
        return text
    }

    /// `room` columns of a line from column `skip` on; tabs become spaces where the beginning is missing.
    private func window(_ line: String, skip: Int, room: Int?) -> String {
        guard let room else { return line }
        var shown = line
        if skip > 0 {
            shown = "…"
            var column = 0
            for character in line {
                let width = character == "\t" ? 8 - column % 8 : DisplayWidth.of(character)
                column += width
                if column <= skip + 1 { continue }
                shown +=
                    character == "\t" || column - width < skip + 1
                    ? String(repeating: " ", count: min(width, column - skip - 1)) : String(character)
            }
        }
        guard DisplayWidth.of(shown) > room else { return shown }
        return DisplayWidth.prefix(shown, room - 1) + "…"
    }

    private func registers(of stack: Stack) -> String {
        guard !stack.registers.isEmpty else { return "" }
        let cells = stack.registers.map {
            Visible.text($0.name, limit: 40) + " " + Visible.text($0.value, limit: 80)
        }
        let width = cells.reduce(0) { max($0, DisplayWidth.of($1)) } + 2
        let columns = max(1, min(4, ((options.width ?? 120) - 7) / width))
        var text = note("registers")
        for start in stride(from: 0, to: cells.count, by: columns) {
            let row = cells[start..<min(start + columns, cells.count)].map { cell in
                cell + String(repeating: " ", count: width - DisplayWidth.of(cell))
            }
            text += note("  " + row.joined().trimmingEnd)
        }
        return text
    }

    private func fit(_ text: String, _ taken: Int) -> String {
        options.width.map { DisplayWidth.cut(text, to: max(20, $0 - taken)) } ?? text
    }
}

extension String {
    /// Without the spaces at its end.
    fileprivate var trimmingEnd: String {
        var end = utf8.endIndex
        while end > utf8.startIndex, utf8[utf8.index(before: end)] == UInt8(ascii: " ") {
            end = utf8.index(before: end)
        }
        return String(self[..<end])
    }
}

extension StackRow {
    /// How many frames it stands for.
    var frameCount: Int {
        switch self {
        case .frame: 1
        case .async: 0
        case .folded(let range): range.count
        case .repeated(let range, _): range.count
        }
    }
}
