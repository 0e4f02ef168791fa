/// The words for a frame that text, HTML and Markdown share. All of them are visible text.
struct FrameWords {
    let frame: TraceFrame
    /// Bytes of a name, path or line.
    var limit = StoryLimits.text

    /// The function; for an unresolved frame its address, image and offset: `0x7f00… in libc.so.6 + 0x8aeec`.
    var name: String {
        if let function = frame.function {
            guard frame.status != "symbolicated", let offset = frame.symbolOffset else { return show(function) }
            return show(function) + " + 0x" + String(offset, radix: 16)
        }
        guard let address = frame.address else {
            return frame.path.map { "a frame without a function in " + show(EventImageStory.baseName($0)) }
                ?? "a frame without address"
        }
        let image = frame.package.map { " in " + show(EventImageStory.baseName($0)) } ?? ""
        // Without an image's name an offset says nothing that the address does not.
        let offset = image.isEmpty ? nil : frame.offset
        return show(address) + image + (offset.map { " + 0x" + String($0, radix: 16) } ?? "")
    }

    /// Whether `name` is a function's.
    var hasFunction: Bool { frame.function != nil }

    /// ` in libc.so.6` for a function of a library; empty where the image is the program's, as `own` has it, and where
    /// `name` says it already.
    func library(own: Set<String>) -> String {
        guard hasFunction, !frame.isInApp, let package = frame.package, !own.contains(package) else { return "" }
        return " in " + show(EventImageStory.baseName(package))
    }

    /// Where it is in the source, whole or short.
    func place(isShort: Bool) -> String? { (isShort ? frame.shortPlace : frame.place).map(show) }

    /// What is special about how the frame came about: `inlined`, `async`, ….
    var kinds: [String] {
        var kinds: [String] = []
        if frame.isInlined { kinds.append("inlined") }
        if frame.isAsync { kinds.append("async") }
        if frame.isCompilerGenerated, frame.runtimeFailure == nil { kinds.append("compiler-made") }
        if frame.isFromSymbolTable { kinds.append("symbol table") }
        return kinds
    }

    /// What is wrong with it: why it is not resolved, and that its source may be another.
    var problems: [String] {
        var problems: [String] = []
        switch frame.status {
        case "symbolicated", nil: break
        case "missing": problems.append("no debug file")
        case "missing_symbol": problems.append("no symbol")
        case "unknown_image": problems.append(frame.reason.map(show) ?? "outside every image")
        case "malformed":
            // Beside a name of its own the frame does not show its address.
            let address = frame.function == nil ? nil : frame.address.map { "address " + show($0) }
            problems.append(
                (["malformed"] + [address, frame.reason.map(show)].compactMap { $0 }).joined(separator: ": "))
        case .some(let other): problems.append(show(other))
        }
        if frame.isInApp {
            switch frame.sourceMark {
            case "differs": problems.append("source differs from the one compiled")
            case "newer": problems.append("source is newer than the build")
            default: break
            }
        }
        return problems
    }

    /// For a mark in the place of frames.
    var marker: String? {
        switch frame.role {
        case .frame: nil
        case .omitted(let count): "… \(Self.frames(count)) left out by the reporter"
        case .truncated(nil): "… the report ends here"
        case .truncated(let count): "… the report ends here and leaves out \(Self.frames(count))"
        case .notRead(let count): "… \(Self.frames(UInt64(count))) not shown"
        }
    }

    private static func frames(_ count: UInt64?) -> String {
        guard let count else { return "some frames" }
        return count == 1 ? "1 frame" : "\(count) frames"
    }

    private func show(_ text: String) -> String { Visible.text(text, limit: limit) }
}
