import CrashEvent

/// The reporter writes an image's `path` and a frame's `image` without JSON escapes: a quote or backslash in a
/// program's path breaks the whole object. What must follow such a value is known, so its end can be found.
enum UnescapedPaths {
    /// Longer than any path that the system can open.
    private static let maximumLength = 8192
    /// Bytes looked at in search of values' ends, over the whole input: values without an end must not cost more.
    private static let maximumWork = 16 << 20
    private static let keys: [(key: [UInt8], next: [UInt8])] = [
        (Array("\"path\"".utf8), Array("\"baseAddress\"".utf8)),
        (Array("\"image\"".utf8), Array("\"sourceLocation\"".utf8)),
    ]

    /// The bytes with those values escaped that are no valid JSON strings, and how many there were.
    static func mend(_ bytes: [UInt8]) -> (bytes: [UInt8], count: Int) {
        var places: [(start: Int, next: [UInt8])] = []
        for (key, next) in keys {
            for place in ByteSearch.all(of: key, in: bytes, limit: 1_000_000) {
                let colon = ByteSearch.skipWhiteSpace(bytes, from: place + key.count)
                guard colon < bytes.count, bytes[colon] == UInt8(ascii: ":") else { continue }
                let quote = ByteSearch.skipWhiteSpace(bytes, from: colon + 1)
                guard quote < bytes.count, bytes[quote] == UInt8(ascii: "\"") else { continue }
                places.append((quote, next))
            }
        }
        var result: [UInt8] = []
        var copied = 0
        var count = 0
        var work = maximumWork
        for (start, next) in places.sorted(by: { $0.start < $1.start }) where start >= copied && work > 0 {
            guard let end = end(of: start, in: bytes, next: next, work: &work) else { continue }
            let value = bytes[start...end]
            if (try? JSONDocument(Array(value))) != nil { continue }
            result.append(contentsOf: bytes[copied..<start])
            result.append(contentsOf: quoted(value.dropFirst().dropLast()))
            copied = end + 1
            count += 1
        }
        guard count > 0 else { return (bytes, 0) }
        result.append(contentsOf: bytes[copied...])
        return (result, count)
    }

    /// Escapes bytes, which need not be UTF-8.
    private static func quoted(_ content: ArraySlice<UInt8>) -> [UInt8] {
        var result = [UInt8(ascii: "\"")]
        for byte in content {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: result += JSONWriter.string(String(Unicode.Scalar(byte))).dropFirst().dropLast()
            default: result.append(byte)
            }
        }
        return result + [UInt8(ascii: "\"")]
    }

    /// The quote that ends the value: the first one with the next key or the end of the object behind it.
    private static func end(of start: Int, in bytes: [UInt8], next: [UInt8], work: inout Int) -> Int? {
        let limit = min(bytes.count, start + maximumLength)
        var position = start + 1
        defer { work -= position - start }
        while position < limit {
            defer { position += 1 }
            guard bytes[position] == UInt8(ascii: "\"") else { continue }
            let follower = ByteSearch.skipWhiteSpace(bytes, from: position + 1)
            guard follower < bytes.count else { return nil }
            if bytes[follower] == UInt8(ascii: "}") { return position }
            guard bytes[follower] == UInt8(ascii: ",") else { continue }
            let key = ByteSearch.skipWhiteSpace(bytes, from: follower + 1)
            if bytes[key...].starts(with: next) { return position }
        }
        return nil
    }
}
