/// What a process wrote to standard error before it died: the only place where `fatalError` and failed preconditions
/// say why. In optimised builds the standard library's own traps print nothing.
enum StandardError {
    /// How much of it an event keeps.
    static let limit = 64 * 1024

    private static let reasons = ["Fatal error", "Precondition failed", "Assertion failed"]

    /// The last `limit` bytes, from the start of a line where there is one.
    static func tail(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        let tail = text.utf8.suffix(limit)
        if let newline = tail.firstIndex(of: 0x0a), tail.index(after: newline) < tail.endIndex {
            return String(decoding: tail[tail.index(after: newline)...], as: UTF8.self)
        }
        // One line longer than the limit: not from the middle of a character.
        return String(decoding: tail.drop { $0 & 0xc0 == 0x80 }, as: UTF8.self)
    }

    /// The last message of the form `MODULE/FILE.swift:LINE: Fatal error: TEXT` (or of a failed precondition or
    /// assertion), from `Fatal error` on, with the further lines of a text of several: `nil` when there is none.
    static func reason(in text: String) -> String? {
        // The lines behind the one that is looked at, the nearest last.
        var behind: [ArraySlice<UInt8>] = []
        for line in lastLines(of: text) {
            for reason in reasons {
                guard let start = message(Array(reason.utf8), in: line) else { continue }
                let lines = [line[start...]] + continuation(behind)
                return String(String(decoding: Array(lines.joined(separator: [0x0a])), as: UTF8.self).prefix(1024))
            }
            behind.append(line)
        }
        return nil
    }

    /// The further lines of a message: up to an empty line, where nothing follows or what the backtracer prints. Without
    /// that end it cannot be told what other threads wrote.
    private static func continuation(_ behind: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>] {
        let next = behind.reversed()
        let lines = next.prefix(64).prefix {
            !$0.isEmpty && !$0.starts(with: "swift-runtime: ") && !$0.starts(with: "*** Signal ")
        }
        guard lines.count < min(64, behind.count) else { return [] }
        let follower = next.dropFirst(lines.count).first { !$0.isEmpty }
        guard let follower else { return Array(lines) }
        let isReport =
            follower.starts(with: "*** ") || follower.starts(with: "swift-runtime: ")
            || follower.first == UInt8(ascii: "{") || SwiftTextLine.isHeadline(follower)
        return isReport ? Array(lines) : []
    }

    /// The lines of the last MiB, the last one first, without carriage returns.
    static func lastLines(of text: String) -> some Sequence<ArraySlice<UInt8>> {
        let lines = Array(text.utf8.suffix(1 << 20)).split(separator: 0x0a, omittingEmptySubsequences: false)
        return lines.reversed().lazy.map { line in line.last == 0x0d ? line.dropLast() : line }
    }

    /// Where `reason` starts in a line: at its beginning, or behind `.swift:LINE: `.
    private static func message(_ reason: [UInt8], in line: ArraySlice<UInt8>) -> Int? {
        var position = line.startIndex
        while let start = ByteSearch.first(of: reason, in: line, from: position) {
            let end = start + reason.count
            let isWhole = end == line.endIndex || line[end...].starts(with: ": ".utf8)
            if isWhole, start == line.startIndex || isLocation(line[..<start]) { return start }
            position = end
        }
        return nil
    }

    /// Whether `text` ends in `.swift:LINE: `.
    private static func isLocation(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.suffix(2).elementsEqual(": ".utf8) else { return false }
        let rest = text.dropLast(2)
        let digits = rest.reversed().prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        return digits > 0 && rest.dropLast(digits).suffix(7).elementsEqual(".swift:".utf8)
    }
}
