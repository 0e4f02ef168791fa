/// The language a linkage name was mangled by.
public enum NameLanguage: String, Sendable, Equatable, Hashable, CaseIterable {
    case swift
    case cpp
    case rust
    case d
    /// Not mangled: C, Go, assembler.
    case none

    /// The language of `linkageName`, and the part of the name that its demangler gets.
    ///
    /// The order is the whole trick. A version (`@GLIBCXX_3.4`) is cut first, because with it the C++ demangler fails.
    /// Legacy Rust comes before C++, whose mangling it borrows: else the hash shows as a last path component.
    public static func detect(_ linkageName: String) -> (language: NameLanguage, mangled: String) {
        var name = linkageName[...]
        // Not at the start: the names of macro expansions begin with `@`.
        if let at = name.utf8.dropFirst().firstIndex(of: UInt8(ascii: "@")) { name = name[..<at] }
        let bytes = name.utf8
        let language: NameLanguage =
            if isRust(bytes) {
                .rust
            } else if bytes.starts(with: "_Z".utf8) {
                .cpp
            } else if swiftPrefixes.contains(where: { bytes.starts(with: $0) }) {
                .swift
            } else if isD(bytes) {
                .d
            } else {
                .none
            }
        return (language, String(name))
    }

    private static let swiftPrefixes = ["$s", "_$s", "$S", "_$S", "$e", "_$e", "_T0", "@__swiftmacro_"].map {
        Array($0.utf8)
    }

    private static func isD(_ name: Substring.UTF8View) -> Bool {
        if name.elementsEqual("_Dmain".utf8) { return true }
        guard name.starts(with: "_D".utf8), let third = name.dropFirst(2).first else { return false }
        return isDigit(third)
    }

    private static func isRust(_ name: Substring.UTF8View) -> Bool {
        if name.starts(with: "_R".utf8) {
            // Every path begins with a capital; `_Read` is C.
            guard let third = name.dropFirst(2).first else { return false }
            return third >= UInt8(ascii: "A") && third <= UInt8(ascii: "Z")
        }
        return name.starts(with: "_ZN".utf8) && endsInLegacyRustHash(name)
    }

    /// `_ZN…17h<16 hexadecimal digits>E`, perhaps followed by `.llvm.…` and the like.
    private static func endsInLegacyRustHash(_ name: Substring.UTF8View) -> Bool {
        // Rust's own dots inside components are written `..` or `$…$`: a suffix is a dot right behind the closing `E`.
        let ends = [name.endIndex] + name.indices.filter { name[$0] == UInt8(ascii: ".") }
        return ends.contains { end in
            let tail = Array(name[..<end].suffix(20))
            return tail.count == 20 && tail.starts(with: "17h".utf8) && tail[19] == UInt8(ascii: "E")
                && tail[3..<19].allSatisfy { isDigit($0) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f")) }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
