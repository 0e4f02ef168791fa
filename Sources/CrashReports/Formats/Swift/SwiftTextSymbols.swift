/// Takes apart what stands behind a frame's address: `SYMBOL + OFFSET in IMAGE at FILE:LINE:COLUMN`.
///
/// Names hold ` in ` (`closure #1 in f(_:)`), and names, images and paths may hold ` at `. So it is split from the right,
/// and the image has to be one of the report's; a report without images is split where the image is a single word.
struct SwiftTextSymbols {
    /// One line's names. Line and column are 1-based.
    struct Symbol: Equatable {
        var name: String?
        var offset: UInt64?
        var image: String?
        var file: String?
        var line: Int?
        var column: Int?

        /// Whether the name is a linkage name (`demangle=no`).
        var isMangled: Bool {
            guard let name else { return false }
            return ["$s", "$S", "$e", "_$s", "_$S", "_Z", "_R"].contains { name.hasPrefix($0) }
        }
    }

    /// Longer ones are left whole.
    private static let maximumLength = 8192
    private static let maximumTries = 16
    private static let `in` = Array(" in ".utf8)
    private static let at = Array(" at ".utf8)

    private let names: Set<ArraySlice<UInt8>>
    private let longestName: Int

    init(_ images: [SwiftTextImage]) {
        // No file has a longer name.
        names = Set(images.lazy.map(\.name).filter { !$0.isEmpty && $0.count <= 255 })
        longestName = names.lazy.map(\.count).max() ?? 0
    }

    /// The parts of `text`.
    func symbol(_ text: ArraySlice<UInt8>) -> Symbol {
        guard text.count <= Self.maximumLength else { return Symbol(name: text.prefix(1024).text + "…") }
        let places = places(of: Self.in, in: text)
        for place in places {
            let rest = text[(place + 4)...]
            if isImage(rest) { return symbol(text[..<place], image: rest, location: nil) }
            var position = rest.startIndex
            for _ in 0..<Self.maximumTries {
                guard let end = ByteSearch.first(of: Self.at, in: rest, from: position) else { break }
                if isImage(rest[..<end]) {
                    return symbol(text[..<place], image: rest[..<end], location: rest[(end + 4)...])
                }
                position = end + 4
            }
        }
        for needsLocation in [true, false] {
            for place in places {
                let rest = text[(place + 4)...]
                let end = ByteSearch.first(of: Self.at, in: rest)
                let image = end.map { rest[..<$0] } ?? rest
                guard end != nil || !needsLocation, !image.isEmpty, !image.contains(0x20) else { continue }
                return symbol(text[..<place], image: image, location: end.map { rest[($0 + 4)...] })
            }
        }
        // A symbol of no image.
        if let place = text.lastPlace(of: Array(" at /".utf8)) {
            return symbol(text[..<place], image: nil, location: text[(place + 4)...])
        }
        return symbol(text, image: nil, location: nil)
    }

    private func isImage(_ text: ArraySlice<UInt8>) -> Bool { text.count <= longestName && names.contains(text) }

    /// From the right.
    private func places(of needle: [UInt8], in text: ArraySlice<UInt8>) -> [Int] {
        var places: [Int] = []
        var rest = text
        while places.count < Self.maximumTries, let place = rest.lastPlace(of: needle) {
            places.append(place)
            rest = text[..<(place + needle.count - 1)]
        }
        return places
    }

    private func symbol(
        _ name: ArraySlice<UInt8>, image: ArraySlice<UInt8>?, location: ArraySlice<UInt8>?
    ) -> Symbol {
        var symbol = Symbol()
        var name = name
        if let digits = Self.trailingNumber(name) {
            let rest = name.dropLast(digits.length)
            if rest.suffix(3).elementsEqual(" + ".utf8) || rest.suffix(3).elementsEqual(" - ".utf8) {
                if rest.suffix(2).first == UInt8(ascii: "+") { symbol.offset = digits.value }
                name = rest.dropLast(3)
            }
        }
        symbol.name = name.isEmpty ? nil : name.text
        symbol.image = image?.text
        guard var file = location else { return symbol }
        // Line 0 is not printed, column 0 is.
        var numbers: [UInt64] = []
        while numbers.count < 2, let digits = Self.trailingNumber(file),
            file.dropLast(digits.length).last == UInt8(ascii: ":")
        {
            numbers.insert(digits.value, at: 0)
            file = file.dropLast(digits.length + 1)
        }
        if file.contains("<compiler-generated>") || file.isEmpty { return symbol }
        symbol.file = file.text
        symbol.line = numbers.first.flatMap { $0 > 0 ? Int(exactly: $0) : nil }
        if symbol.line != nil, numbers.count > 1, numbers[1] > 0 { symbol.column = Int(exactly: numbers[1]) }
        return symbol
    }

    /// The decimal digits that `text` ends with.
    private static func trailingNumber(_ text: ArraySlice<UInt8>) -> (value: UInt64, length: Int)? {
        let length = text.reversed().prefix { (0x30...0x39).contains($0) }.count
        guard length > 0, length <= 19, let value = UInt64(text.suffix(length).text) else { return nil }
        return (value, length)
    }
}
