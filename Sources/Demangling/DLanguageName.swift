/// What a D demangler's text is made of, as far as the simplified form needs it.
enum DLanguageName {
    /// How many bytes of `text` come before its parameter list and the qualifiers behind it:
    /// `till.Basket.total(int) const` → `till.Basket.total`.
    ///
    /// The parentheses of template arguments (`!(int)`) stay: they belong to the name.
    static func lengthWithoutParameters(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return text.count }
        let qualifiers = text[(close + 1)...]
        guard qualifiers.allSatisfy({ $0 == UInt8(ascii: " ") || ($0 >= 0x61 && $0 <= 0x7a) }) else {
            return text.count
        }
        var depth = 0
        for index in stride(from: close, through: 0, by: -1) {
            if text[index] == UInt8(ascii: ")") { depth += 1 }
            guard text[index] == UInt8(ascii: "(") else { continue }
            depth -= 1
            guard depth == 0 else { continue }
            return index > 0 && text[index - 1] != UInt8(ascii: "!") ? index : text.count
        }
        return text.count
    }
}
