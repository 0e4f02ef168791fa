import CSandbox
import Glibc

/// The page in which a child says what it works on, as the parent reads it: with `pread`, so that nothing the child
/// does to the memory can fault here. See `report.c` for the layout.
///
///     parent                             child
///     csandbox_report_file ─ descriptor ─▶ SandboxChild.main maps it, closes the descriptor
///     progress(), work()  ◀─── page ────  SandboxChild.progress, working(on:of:at:), from any thread
struct ChildReport {
    private static let slotCount = 63
    private static let slotSize = 256
    private static let textSize = 112
    /// Steps that a text names before it says "and more".
    private static let stepLimit = 4

    let descriptor: Int32

    /// Units done and to do, `nil` while the child has said nothing of them. Never more done than there are.
    func progress() -> (done: UInt64, total: UInt64)? {
        var numbers: (done: UInt64, total: UInt64) = (0, 0)
        let count = withUnsafeMutableBytes(of: &numbers) { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == 16, numbers.total > 0 else { return nil }
        return (min(numbers.done, numbers.total), numbers.total)
    }

    /// What the child's threads were at, in words, cleaned and bounded: `reading .debug_info of till at 0x2f, 0x1b04`.
    /// Of a child that died of a signal only the thread that died counts. Empty when the child has said nothing.
    func work() -> String {
        var page = [UInt8](repeating: 0, count: Int(CSANDBOX_REPORT_SIZE))
        guard pread(descriptor, &page, page.count, 0) == page.count else { return "" }
        return page.withUnsafeBytes { Self.work($0) }
    }

    private static func work(_ page: UnsafeRawBufferPointer) -> String {
        let dying = Int(page.loadUnaligned(fromByteOffset: 20, as: UInt32.self))
        let isOne = (1...slotCount).contains(dying)
        // In the order of the slots; places of one step together.
        var steps: [(text: String, places: [UInt64], hidden: Int)] = []
        for slot in isOne ? (dying - 1)..<dying : 0..<slotCount {
            let base = 64 + slot * slotSize
            let current = page.loadUnaligned(fromByteOffset: base + 8, as: UInt32.self)
            guard current == 1 || current == 2 else { continue }
            let start = base + 16 + (Int(current) - 1) * textSize
            let text = CleanText.line(page[start..<(start + textSize)].prefix { $0 != 0 })
            guard !text.isEmpty else { continue }
            let place = page.loadUnaligned(fromByteOffset: base, as: UInt64.self)
            if let known = steps.firstIndex(where: { $0.text == text }) {
                guard place != .max else { continue }
                if steps[known].places.count < stepLimit {
                    steps[known].places.append(place)
                } else {
                    steps[known].hidden += 1
                }
            } else {
                steps.append((text, place == .max ? [] : [place], 0))
            }
        }
        let more = steps.count > stepLimit ? " and more" : ""
        return steps.prefix(stepLimit).map { step in
            guard !step.places.isEmpty else { return step.text }
            let places = step.places.sorted().map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
            return "\(step.text) at \(places)" + (step.hidden > 0 ? " and \(step.hidden) more" : "")
        }.joined(separator: "; ") + more
    }
}

/// What a child left behind: its last words and what it worked on. Both are from the child, cleaned and bounded;
/// neither is proof of anything.
public struct ChildTraces: Sendable, Equatable {
    /// The end of what it wrote to standard error, at most 4096 bytes.
    public var standardError: String
    /// What its threads were at, such as `reading .debug_info of till at 0x2f`; empty when it did not say.
    public var work: String

    /// Traces.
    public init(standardError: String = "", work: String = "") {
        self.standardError = standardError
        self.work = work
    }
}

extension ChildTraces: ExpressibleByStringLiteral {
    /// Last words alone.
    public init(stringLiteral text: String) {
        self.init(standardError: text)
    }
}
