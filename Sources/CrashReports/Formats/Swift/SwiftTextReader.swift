/// Collects the parts of a text report, line by line.
///
/// Which grammars a line is tried with depends on the part that the report is in, so that lines of other writers are
/// rarely taken for the report's own. They are passed over and counted.
struct SwiftTextReader {
    private enum Part { case threads, registers, images }

    /// Lines of others in a row that end the search for the report's next line.
    private static let maximumForeignLines = 64

    private let limits: CrashReportLimits
    private var part = Part.threads
    private var addressDigits = 16
    private var isComplete = false
    private var foreignLines = 0
    private var threadsLeftOut = 0
    /// The lines are of a thread over the limit.
    private var isLeavingOut = false
    private var imagesLeftOut = 0
    private var firstCrashed: Int?

    private(set) var headline: SwiftTextLine.Headline?
    private(set) var architecture: String?
    private(set) var operatingSystem: String?
    private(set) var threads: [SwiftTextThread] = []
    private(set) var images: [SwiftTextImage] = []
    private(set) var omittedImages: UInt64?
    /// Seconds, as JSON.
    private(set) var backtraceTime: [UInt8]?
    /// Lines of frames; gaps not.
    private(set) var frameCount = 0
    /// Lines of the report that were read.
    private(set) var understood = 0
    /// Whether attributes tell the kinds of addresses; `preset=friendly` prints none.
    private(set) var saysKinds = false
    private(set) var notes: [String] = []

    init(limits: CrashReportLimits) { self.limits = limits }

    /// The position of the thread that the report is about.
    var crashedThread: Int? { firstCrashed ?? (threads.count == 1 ? 0 : nil) }

    /// Reads from the cursor's line to the report's last one, and leaves the cursor behind it.
    mutating func read(_ lines: inout LineCursor) {
        let start = lines.position
        var end = start
        var foreign = 0
        while let line = lines.line, !isComplete {
            if lines.position > start, SwiftTextLine.isHeadline(line) { break }
            if take(line) {
                understood += 1
                foreignLines += foreign
                foreign = 0
                end = lines.position + 1
            } else if line.contains(where: { $0 > 0x20 }), !line.starts(with: "swift-runtime: ") {
                foreign += 1
                if foreign > Self.maximumForeignLines { break }
            }
            lines.advance()
        }
        lines.move(to: max(end, start))
        note(lastLine: lines)
    }

    private mutating func note(lastLine lines: LineCursor) {
        if headline == nil { notes.append("the beginning of the report is missing") }
        if !isComplete {
            var last = lines
            last.move(to: lines.position - 1)
            notes.append("the report ends early, in line \(last.number)")
        }
        if foreignLines > 0 { notes.append("\(foreignLines) lines between the report's own were passed over") }
        if threadsLeftOut > 0 { notes.append("\(threadsLeftOut) threads over the limit were left out") }
        if imagesLeftOut > 0 { notes.append("\(imagesLeftOut) images over the limit were left out") }
        if threads.count > 1, crashedThread == nil { notes.append("no thread is marked as crashed") }
        if images.isEmpty { notes.append("the report has no images: its addresses cannot be resolved") }
    }

    // MARK: - Lines

    /// Takes a line that belongs to the report; false for any other.
    private mutating func take(_ line: ArraySlice<UInt8>) -> Bool {
        if headline == nil, threads.isEmpty, let found = SwiftTextLine.headline(line) {
            headline = found
            return true
        }
        guard let first = line.first(where: { $0 != 0x20 }) else { return false }
        // By far the most lines are frames.
        if part == .threads, (0x30...0x39).contains(first) || first == UInt8(ascii: "."), takeFrame(line) {
            return true
        }
        switch first {
        case UInt8(ascii: "T"):
            guard let thread = SwiftTextLine.thread(line) else { return false }
            add(thread)
            return true
        case UInt8(ascii: "P"):
            guard threads.isEmpty, let found = SwiftTextLine.platform(line) else { return false }
            (architecture, operatingSystem) = found
            if isNarrow(found.architecture) { addressDigits = 8 }
            return true
        case UInt8(ascii: "R") where line.trimmed.elementsEqual("Registers:".utf8):
            part = .registers
            return true
        case UInt8(ascii: "I"):
            let (isHeading, omitted) = SwiftTextLine.imagesHeading(line)
            guard isHeading else { return false }
            part = .images
            omittedImages = omitted
            return true
        case UInt8(ascii: "B"): return takeEnd(line)
        case UInt8(ascii: "0") where part == .images:
            guard let image = SwiftTextLine.image(line, digits: addressDigits) else { return false }
            if images.count < limits.maximumImages { images.append(image) } else { imagesLeftOut += 1 }
            return true
        default:
            return part == .threads && !threads.isEmpty && SwiftTextLine.isSource(line) || takeRegisters(line)
        }
    }

    private func isNarrow(_ architecture: String) -> Bool {
        ["i386", "i486", "i586", "i686", "arm", "armv6", "armv7", "armv7l", "arm64_32"].contains(architecture)
    }

    private mutating func add(_ thread: SwiftTextThread) {
        part = .threads
        if threads.count < limits.maximumThreads {
            if thread.isCrashed, firstCrashed == nil { firstCrashed = threads.count }
            threads.append(thread)
            isLeavingOut = false
        } else {
            threadsLeftOut += 1
            isLeavingOut = true
        }
    }

    private mutating func takeFrame(_ line: ArraySlice<UInt8>) -> Bool {
        guard !threads.isEmpty, var frame = SwiftTextLine.frame(line, digits: addressDigits) else {
            return !threads.isEmpty && SwiftTextLine.isSource(line)
        }
        frame.line = line
        if !frame.isGap { frameCount += 1 }
        if !frame.attributes.isDisjoint(with: [.returnAddress, .async]) { saysKinds = true }
        if !isLeavingOut { threads[threads.count - 1].frames.append(frame) }
        return true
    }

    /// Registers stand inside each thread, or below all for the crashed one.
    private mutating func takeRegisters(_ line: ArraySlice<UInt8>) -> Bool {
        guard part != .images, !threads.isEmpty else { return false }
        let registers = SwiftTextLine.registers(line, digits: addressDigits)
        guard !registers.isEmpty else { return false }
        let position = part == .registers ? crashedThread ?? threads.count - 1 : threads.count - 1
        if part == .threads, isLeavingOut { return true }
        if threads[position].registers.count < 256 { threads[position].registers += registers }
        return true
    }

    /// `Backtrace took 0.01s`.
    private mutating func takeEnd(_ line: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(line.trimmed)
        guard scanner.skip("Backtrace took "), let word = scanner.word(), word.last == UInt8(ascii: "s") else {
            return false
        }
        var number = LineScanner(word.dropLast())
        if let seconds = number.decimal(), number.skip("."), let parts = number.word(), parts.count == 2,
            parts.allSatisfy({ (0x30...0x39).contains($0) })
        {
            backtraceTime = Array("\(seconds).\(parts.text)".utf8)
        }
        isComplete = true
        return true
    }
}
