import CrashEvent

/// Finds a Swift crash log between other lines, and mends the one fault that its writer is known for.
///
/// Without `output-to` the reporter writes to the stream that the service logs to: what the service said before the
/// crash stands in front of the object, and what a supervisor said stands behind it.
enum SwiftCrashLogFinder {
    struct Found {
        var log: JSONDocument
        /// The text in front of the object, else behind it: the process's standard error.
        var surroundingText = ""
        var notes: [String] = []
    }

    enum Outcome {
        case found(Found)
        /// There is one, with a fault; the place is counted in the whole input.
        case broken(JSONError)
        case none
    }

    /// The last crash log in `bytes`; earlier ones are counted in a note.
    static func find(in bytes: [UInt8], limits: JSONLimits) -> Outcome {
        let marks = marks(in: bytes)
        guard let mark = marks.last else { return .none }
        var broken: JSONError?
        for start in starts(before: mark, in: bytes) {
            do throws(JSONError) {
                guard var found = try read(bytes, from: start, limits: limits) else { continue }
                if marks.count > 1 {
                    found.notes.append("the input holds \(marks.count) crash reports, the last one was read")
                }
                return .found(found)
            } catch {
                // The first start is the likeliest one, so its error is the one to tell.
                if broken == nil {
                    let line = error.line + bytes[..<start].count { $0 == 0x0a }
                    broken = JSONError(error.reason, offset: start + error.offset, line: line)
                }
            }
        }
        return broken.map { .broken($0) } ?? .none
    }

    /// The places of `"kind":"crashReport"`, with any white space around the colon.
    private static func marks(in bytes: [UInt8]) -> [Int] {
        ByteSearch.all(of: Array("\"kind\"".utf8), in: bytes, limit: 1_000_000).filter { place in
            let colon = ByteSearch.skipWhiteSpace(bytes, from: place + 6)
            guard colon < bytes.count, bytes[colon] == UInt8(ascii: ":") else { return false }
            let value = ByteSearch.skipWhiteSpace(bytes, from: colon + 1)
            return bytes[value...].starts(with: "\"crashReport\"".utf8)
        }
    }

    /// Where the object around the mark may start: at the nearest brace, or (keys in another order) at one of the lines
    /// before that begin with a brace.
    private static func starts(before mark: Int, in bytes: [UInt8]) -> [Int] {
        var result: [Int] = []
        var position = mark
        while position > 0, result.count < 4 {
            position -= 1
            guard bytes[position] == UInt8(ascii: "{") else { continue }
            if result.isEmpty || position == 0 || bytes[position - 1] == 0x0a { result.append(position) }
        }
        return result
    }

    private static func read(_ bytes: [UInt8], from start: Int, limits: JSONLimits) throws(JSONError) -> Found? {
        let tail = Array(bytes[start...])
        var notes: [String] = []
        var document: JSONDocument
        var rest: ArraySlice<UInt8>
        do throws(JSONError) {
            (document, rest) = try prefix(of: tail, limits: limits)
        } catch {
            let mended = UnescapedPaths.mend(tail)
            guard mended.count > 0 else { throw error }
            notes.append("\(mended.count) paths with unescaped characters were mended")
            (document, rest) = try prefix(of: mended.bytes, limits: limits)
        }
        guard ReportRecognition.isSwiftCrashLog(document) else { return nil }
        let before = String(decoding: bytes[..<start], as: UTF8.self)
        let after = String(decoding: rest, as: UTF8.self)
        let text = before.allSatisfy(\.isWhitespace) ? after : before
        return Found(log: document, surroundingText: text.allSatisfy(\.isWhitespace) ? "" : text, notes: notes)
    }

    /// One value at the start of `bytes`, and the bytes behind it.
    private static func prefix(
        of bytes: [UInt8], limits: JSONLimits
    ) throws(JSONError) -> (document: JSONDocument, rest: ArraySlice<UInt8>) {
        do throws(JSONError) {
            return (try JSONDocument(bytes, limits: limits), [])
        } catch {
            guard case .trailing = error.reason else { throw error }
            return (try JSONDocument(Array(bytes[..<error.offset]), limits: limits), bytes[error.offset...])
        }
    }
}
