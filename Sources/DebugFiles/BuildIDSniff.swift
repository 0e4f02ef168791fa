import Bytes

/// Looks for the bytes of a GNU build-id note near the start of a file that the parser refused. Not a parser: a name
/// and a type that seldom stand together by chance, compared byte by byte.
enum BuildIDSniff {
    private static let window = 1 << 16

    static func find(in file: FileDescriptor) -> String? {
        guard let bytes = try? file.read(at: 0, count: window, path: "object") else { return nil }
        let name: [UInt8] = [0x47, 0x4E, 0x55, 0]  // "GNU"
        guard bytes.count >= 16 else { return nil }
        for start in 0...(bytes.count - 16) where bytes[start] == 4 || bytes[start + 3] == 4 {
            // namesz 4, descsz, type 3 (NT_GNU_BUILD_ID), in either byte order.
            guard bytes[(start + 12)..<(start + 16)].elementsEqual(name) else { continue }
            let words = (0..<3).map { Array(bytes[(start + 4 * $0)..<(start + 4 * $0 + 4)]) }
            for order in [words, words.map { $0.reversed() }] {
                let values = order.map { $0.reversed().reduce(0) { $0 << 8 | Int($1) } }
                guard values[0] == 4, values[2] == 3, (4...64).contains(values[1]),
                    start + 16 + values[1] <= bytes.count
                else { continue }
                return Hexadecimal.string(bytes[(start + 16)..<(start + 16 + values[1])])
            }
        }
        return nil
    }
}
