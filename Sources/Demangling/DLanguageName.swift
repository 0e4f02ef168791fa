/// What a D demangler's text is made of, as far as the simplified form needs it.
enum DLanguageName {
    /// `text` without its parameter list and the qualifiers behind it: `till.Basket.total(int) const` →
    /// `till.Basket.total`.
    ///
    /// The parentheses of template arguments (`!(int)`) stay: they belong to the name.
    static func withoutParameters(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return text }
        let qualifiers = bytes[(close + 1)...]
        guard qualifiers.allSatisfy({ $0 == UInt8(ascii: " ") || ($0 >= 0x61 && $0 <= 0x7a) }) else { return text }
        var depth = 0
        for index in stride(from: close, through: 0, by: -1) {
            if bytes[index] == UInt8(ascii: ")") { depth += 1 }
            guard bytes[index] == UInt8(ascii: "(") else { continue }
            depth -= 1
            guard depth == 0 else { continue }
            guard index > 0, bytes[index - 1] != UInt8(ascii: "!") else { return text }
            return String(decoding: bytes[..<index], as: UTF8.self)
        }
        return text
    }
}
