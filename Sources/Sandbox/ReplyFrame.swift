/// What a child writes to its reply pipe.
///
///     "SBX1"            the sandbox is in force; the request has not been read
///     0 or 1            the task's reply, or the text of the task's own error
///     8 bytes           length of what follows, little-endian
///     …                 exactly that, then the end
///
/// The mark matters: an exit status that blames the kernel is believed only before it. Behind it the child may be in
/// the hands of its input, and a file must not be able to make a worker believe that the machine is broken.
enum ReplyFrame {
    static let readyMark = Array("SBX1".utf8)
    static let headerLength = readyMark.count + 1 + 8
    /// Longest text of a task's error.
    static let maximumMessage = 64 * 1024

    enum Content: Equatable {
        case reply([UInt8])
        case failure(String)
        case malformed(String)
    }

    static func header(isFailure: Bool, length: Int) -> [UInt8] {
        [isFailure ? 1 : 0] + (0..<8).map { UInt8(truncatingIfNeeded: UInt64(length) >> (8 * UInt64($0))) }
    }

    static func isReady(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: readyMark)
    }

    /// The length that the header claims, as soon as the header is there.
    static func claimedLength(_ bytes: [UInt8]) -> UInt64? {
        guard bytes.count >= headerLength else { return nil }
        return bytes[(readyMark.count + 1)..<headerLength].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads the whole of what a dead child had written.
    static func parse(_ bytes: [UInt8]) -> Content {
        guard isReady(bytes) else { return .malformed("the ready mark is missing") }
        guard let length = claimedLength(bytes) else { return .malformed("it ends inside the header") }
        let body = bytes[headerLength...]
        guard UInt64(body.count) == length else {
            return .malformed("the header claims \(length) bytes, \(body.count) came")
        }
        switch bytes[readyMark.count] {
        case 0: return .reply(Array(body))
        case 1 where body.count <= maximumMessage: return .failure(CleanText.string(body))
        case 1: return .malformed("an error text of \(body.count) bytes")
        case let kind: return .malformed("unknown kind \(kind)")
        }
    }
}

/// Text from a child, made safe for terminals and logs: it may be what a hostile file wants to be printed.
enum CleanText {
    static func string(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar != "\n" && scalar != "\t": text.unicodeScalars.append("\u{fffd}")
            case .format: text.unicodeScalars.append("\u{fffd}")
            default: text.unicodeScalars.append(scalar)
            }
        }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    /// The same without line breaks.
    static func line(_ bytes: some Sequence<UInt8>) -> String {
        String(string(bytes).map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }
}
