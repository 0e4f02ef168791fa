import CrashEvent

/// Says what is wrong with a Swift crash log between other lines that could not be read, and where.
enum SwiftCrashLogFinder {
    /// The fault of the last crash log in `bytes`, its place counted in the whole input; `nil` without one.
    static func fault(in bytes: [UInt8], limits: JSONLimits) -> JSONError? {
        guard let mark = marks(in: bytes).last else { return nil }
        for start in starts(before: mark, in: bytes) {
            let tail = Array(bytes[start...])
            do throws(JSONError) {
                _ = try prefix(of: tail, limits: limits)
            } catch {
                // The first start is the likeliest one, so its error is the one to tell.
                let line = error.line + bytes[..<start].count { $0 == 0x0a }
                return JSONError(error.reason, offset: start + error.offset, line: line)
            }
        }
        return nil
    }

    /// One value at the start of `bytes`, and the bytes behind it.
    static func prefix(
        of bytes: [UInt8], limits: JSONLimits
    ) throws(JSONError) -> (document: JSONDocument, rest: ArraySlice<UInt8>) {
        do throws(JSONError) {
            return (try JSONDocument(bytes, limits: limits), [])
        } catch {
            guard case .trailing = error.reason else { throw error }
            return (try JSONDocument(Array(bytes[..<error.offset]), limits: limits), bytes[error.offset...])
        }
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
}
