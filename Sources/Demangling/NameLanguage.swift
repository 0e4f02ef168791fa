import Glibc

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
        var name = linkageName
        return name.withUTF8 { bytes in
            let (language, count) = detect(bytes)
            return (language, String(decoding: bytes[..<count], as: UTF8.self))
        }
    }

    /// The language of a name in UTF-8 bytes, and how many of its bytes its demangler gets.
    static func detect(_ linkageName: UnsafeBufferPointer<UInt8>) -> (language: NameLanguage, count: Int) {
        guard let first = linkageName.first else { return (.none, 0) }
        var count = linkageName.count
        // Not at the start: the names of macro expansions begin with `@`.
        if let at = index(of: UInt8(ascii: "@"), in: linkageName, from: 1) { count = at }
        let name = UnsafeBufferPointer(rebasing: linkageName[..<count])
        let language: NameLanguage =
            switch first {
            case UInt8(ascii: "_"): afterUnderscore(name)
            case UInt8(ascii: "$"): isSwift(name, from: 1) ? .swift : .none
            case UInt8(ascii: "@"): starts(name, with: "@__swiftmacro_") ? .swift : .none
            default: .none
            }
        return (language, count)
    }

    private static func afterUnderscore(_ name: UnsafeBufferPointer<UInt8>) -> NameLanguage {
        guard name.count > 1 else { return .none }
        switch name[1] {
        case UInt8(ascii: "Z"):
            guard isItanium(name) else { return .none }
            return name.count > 2 && name[2] == UInt8(ascii: "N") && endsInLegacyRustHash(name) ? .rust : .cpp
        case UInt8(ascii: "R"):
            return isRust(name) ? .rust : .none
        case UInt8(ascii: "$"):
            return isSwift(name, from: 2) ? .swift : .none
        case UInt8(ascii: "T"):
            return starts(name, with: "_T0") ? .swift : .none
        case UInt8(ascii: "D"):
            let isD = (name.count > 2 && isDigit(name[2])) || (name.count == 6 && starts(name, with: "_Dmain"))
            return isD ? .d : .none
        default:
            return .none
        }
    }

    /// What may follow `_Z`: a name, an operator, or what the compiler makes itself. `_ZERO` is C.
    private static func isItanium(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.count > 2 else { return true }
        switch name[2] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "N"),
            UInt8(ascii: "L"), UInt8(ascii: "S"), UInt8(ascii: "T"), UInt8(ascii: "Z"), UInt8(ascii: "D"),
            UInt8(ascii: "U"), UInt8(ascii: "W"):
            return true
        case UInt8(ascii: "G"):
            guard name.count > 3 else { return true }
            return "VRATIr".utf8.contains(name[3])
        default: return false
        }
    }

    /// What may follow `_R`: the paths that a symbol can have. `_Read` and `_RANGE` are C.
    private static func isRust(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        name.count > 2 && "CMXYNI".utf8.contains(name[2])
    }

    private static func isSwift(_ name: UnsafeBufferPointer<UInt8>, from index: Int) -> Bool {
        guard index < name.count else { return false }
        switch name[index] {
        case UInt8(ascii: "s"), UInt8(ascii: "S"), UInt8(ascii: "e"): return true
        default: return false
        }
    }

    private static func starts(_ name: UnsafeBufferPointer<UInt8>, with prefix: StaticString) -> Bool {
        guard name.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount where name[index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// `_ZN…17h<16 hexadecimal digits>E`, perhaps followed by `.llvm.…` and the like.
    private static func endsInLegacyRustHash(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        // Rust's own dots inside components are written `..` or `$…$`: a suffix is a dot right behind the closing `E`.
        if isLegacyRustHash(name, before: name.count) { return true }
        var position = 20
        while let dot = index(of: UInt8(ascii: "."), in: name, from: position) {
            if isLegacyRustHash(name, before: dot) { return true }
            position = dot + 1
        }
        return false
    }

    /// Every name is searched twice, hence the C library's search.
    private static func index(of byte: UInt8, in name: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard start < name.count, let base = UnsafeRawPointer(name.baseAddress),
            let found = memchr(base + start, Int32(byte), name.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private static func isLegacyRustHash(_ name: UnsafeBufferPointer<UInt8>, before end: Int) -> Bool {
        let start = end - 20
        guard start >= 0, name[end - 1] == UInt8(ascii: "E"), name[start] == UInt8(ascii: "1"),
            name[start + 1] == UInt8(ascii: "7"), name[start + 2] == UInt8(ascii: "h")
        else { return false }
        return name[(start + 3)..<(end - 1)].allSatisfy {
            isDigit($0) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f"))
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
