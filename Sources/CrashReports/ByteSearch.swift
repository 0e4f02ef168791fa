import Glibc

/// Finding bytes in bytes.
enum ByteSearch {
    /// The first place of `needle` in `bytes` at or behind `start`, an index of `bytes`.
    static func first(of needle: [UInt8], in bytes: ArraySlice<UInt8>, from start: Int? = nil) -> Int? {
        let start = start ?? bytes.startIndex
        guard !needle.isEmpty, start <= bytes.endIndex else { return nil }
        return bytes[start...].withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return nil }
            var position = 0
            while position + needle.count <= haystack.count,
                let hit = memchr(base + position, Int32(needle[0]), haystack.count - needle.count + 1 - position)
            {
                position = UnsafeRawPointer(hit) - base
                if memcmp(hit, needle, needle.count) == 0 { return start + position }
                position += 1
            }
            return nil
        }
    }

    /// The places of `needle`, in order.
    static func all(of needle: [UInt8], in bytes: [UInt8], limit: Int) -> [Int] {
        var result: [Int] = []
        var position = 0
        while result.count < limit, let found = first(of: needle, in: bytes[...], from: position) {
            result.append(found)
            position = found + needle.count
        }
        return result
    }

    /// The first index at or behind `start` that is no JSON white space.
    static func skipWhiteSpace(_ bytes: [UInt8], from start: Int) -> Int {
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { break }
            position += 1
        }
        return position
    }
}
