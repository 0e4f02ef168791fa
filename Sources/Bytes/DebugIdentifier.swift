/// Sentry's debug id of an ELF file: the one place of its rule, for the child that reads objects and for the events that
/// name them.
public enum DebugIdentifier {
    /// The debug id of a GNU build id: its first 16 bytes, zero-padded, as a GUID. In little-endian files the first
    /// three fields are byte-swapped; the appendix is always 0 and left out. `nil` for an empty build id.
    public static func make(buildID: [UInt8], isLittleEndian: Bool = true) -> String? {
        guard !buildID.isEmpty else { return nil }
        var bytes = Array(buildID.prefix(16))
        bytes.append(contentsOf: repeatElement(0, count: 16 - bytes.count))
        let order = isLittleEndian ? [3, 2, 1, 0, 5, 4, 7, 6] : [0, 1, 2, 3, 4, 5, 6, 7]
        return dashed(Array(Hexadecimal.string((order + [8, 9, 10, 11, 12, 13, 14, 15]).map { bytes[$0] }).utf8))
    }

    /// The one form of a debug id: lower case, dashed, without an appendix of 0. Reads dashed and undashed ids in any
    /// case, with `-age`, and Breakpad's 32 digits with the age directly behind. `nil` when the text is none of these.
    public static func normalized(_ text: String) -> String? {
        var digits: [UInt8] = []
        var appendix: [UInt8] = []
        // A dash behind the 32nd digit parts the appendix; the others carry no meaning.
        for byte in text.utf8 {
            if byte == UInt8(ascii: "-") { continue }
            let digit = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            guard (0x30...0x39).contains(digit) || (0x61...0x66).contains(digit) else { return nil }
            if digits.count < 32 { digits.append(digit) } else { appendix.append(digit) }
            guard appendix.count <= 8 else { return nil }
        }
        guard digits.count == 32 else { return nil }
        let age = appendix.drop { $0 == 0x30 }
        return dashed(digits) + (age.isEmpty ? "" : "-" + String(decoding: age, as: UTF8.self))
    }

    /// The one form of a code id (build id): lower case, without dashes. `nil` for an empty one. Other text stays as it
    /// is.
    public static func normalizedCodeID(_ text: String) -> String? {
        let id = text.utf8.lazy.filter { $0 != UInt8(ascii: "-") }.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }
        return id.isEmpty ? nil : String(decoding: Array(id), as: UTF8.self)
    }

    private static func dashed(_ digits: [UInt8]) -> String {
        var result: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { result.append(UInt8(ascii: "-")) }
            result.append(digit)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
