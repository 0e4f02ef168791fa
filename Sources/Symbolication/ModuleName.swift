/// Which module (Swift), outermost namespace (C++) or crate (Rust) a function comes from, read from its names.
///
/// The mangled name answers where it can, since it says so at its start; the full name answers for extensions, which
/// belong to the module that wrote them (`(extension in App):Swift.Array.sum()`), and where there is no mangled name.
enum ModuleName {
    /// The module of a function; `nil` where the names do not say, as for C functions and thunks without an owner.
    static func module(linkageName: String?, fullName: String, language: FunctionLanguage) -> String? {
        switch language {
        case .swift:
            if isGlue(fullName) { return nil }
            let entity = entityText(of: fullName)
            if let module = extendingModule(of: entity) { return module }
            if let linkageName, let module = swiftModule(mangled: linkageName) {
                // `__C` is where the importer puts C declarations: nobody's module.
                return module.hasPrefix("__C") ? nil : module
            }
            return leadingComponent(of: entity)
        case .cpp:
            if let linkageName, linkageName.hasPrefix("_Z") { return itaniumNamespace(mangled: linkageName) }
            return namespace(of: fullName)
        case .rust:
            return crate(of: fullName)
        case .other:
            return nil
        }
    }

    // MARK: - Swift

    /// The first context of a Swift symbol: `$s4Main3fooyyF` → `Main`, `$sSayxSicig` → `Swift`.
    static func swiftModule(mangled: String) -> String? {
        let prefixes = ["$s", "_$s", "$S", "_$S", "$e", "_$e", "_T0", "@__swiftmacro_"]
        guard let prefix = prefixes.first(where: { mangled.hasPrefix($0) }) else { return nil }
        let rest = mangled.utf8.dropFirst(prefix.utf8.count)
        guard let first = rest.first else { return nil }
        switch first {
        case UInt8(ascii: "s"):
            return "Swift"
        case UInt8(ascii: "S"):
            guard let second = rest.dropFirst().first else { return nil }
            switch second {
            case UInt8(ascii: "o"), UInt8(ascii: "C"): return "__C"
            case UInt8(ascii: "c"): return "_Concurrency"
            case 0x41...0x5a, 0x61...0x7a: return "Swift"
            default: return nil
            }
        default:
            return counted(rest)
        }
    }

    /// A thunk between calling conventions is mangled by the types it converts (`$s7Element…TR`), not by an owner.
    private static func isGlue(_ fullName: String) -> Bool {
        fullName.hasPrefix("thunk for ") || fullName.hasPrefix("reabstraction thunk ")
            || SystemCode.contains(fullName, " thunk for ") || SystemCode.contains(fullName, " reabstraction thunk ")
    }

    /// `(extension in App):…` → `App`.
    private static func extendingModule(of entity: Substring) -> String? {
        let marker = "(extension in "
        guard entity.hasPrefix(marker), let end = entity.firstIndex(of: ")") else { return nil }
        return String(entity[entity.index(entity.startIndex, offsetBy: marker.count)..<end])
    }

    /// The part of a full Swift name that names the declaration: behind `specialization <…> of`, `closure #1 (…) -> …
    /// in`, `static` and the like.
    private static func entityText(of fullName: String) -> Substring {
        var depth = 0
        var start = fullName.startIndex
        let bytes = fullName.utf8
        var previous: UInt8 = 0
        for index in bytes.indices {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "<"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ">") where previous == UInt8(ascii: "-"): break
            case UInt8(ascii: ")"), UInt8(ascii: ">"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: " ") where depth == 0:
                let rest = bytes[index...]
                for word in [" in ", " of ", " for "] where rest.starts(with: word.utf8) {
                    start = bytes.index(index, offsetBy: word.utf8.count)
                }
            default: break
            }
            previous = byte
        }
        var entity = fullName[start...]
        let modifiers = ["static ", "class ", "@objc ", "override ", "prefix ", "postfix ", "merged ", "conformance "]
        while let modifier = modifiers.first(where: { entity.hasPrefix($0) }) {
            entity = entity.dropFirst(modifier.count)
        }
        return entity
    }

    /// `Main.Basket.total()` → `Main`; `nil` for a text without a dot behind its first identifier.
    private static func leadingComponent(of entity: Substring) -> String? {
        let identifier = entity.utf8.prefix { isIdentifier($0) }
        guard !identifier.isEmpty, identifier.endIndex < entity.endIndex,
            entity.utf8[identifier.endIndex] == UInt8(ascii: ".")
        else { return nil }
        return String(Substring(identifier))
    }

    // MARK: - C++ and Rust

    /// The outermost name of an Itanium-mangled function in a namespace or class; `nil` for a global function.
    static func itaniumNamespace(mangled: String) -> String? {
        var rest = withoutSpecialName(mangled.utf8.dropFirst(2))
        while rest.first == UInt8(ascii: "Z") { rest = rest.dropFirst() }
        if rest.starts(with: "St".utf8) { return "std" }
        guard rest.first == UInt8(ascii: "N") else { return nil }
        rest = rest.dropFirst()
        while let byte = rest.first, "rVKRO".utf8.contains(byte) { rest = rest.dropFirst() }
        // St is std itself; Sa, Sb, Ss, Si, So, Sd are templates and classes of it.
        if rest.first == UInt8(ascii: "S"), let second = rest.dropFirst().first, "tabsiod".utf8.contains(second) {
            return "std"
        }
        let name = counted(rest)
        // The anonymous namespace is nobody's name.
        return name == "_GLOBAL__N_1" ? nil : name
    }

    /// Behind what marks thunks (`Thn8_`, `Tv0_n24_`), tables of a class (`TV`, `TI`, …) and guards (`GV`).
    private static func withoutSpecialName(_ text: Substring.UTF8View) -> Substring.UTF8View {
        for (marker, offsets) in [("Th", 1), ("Tv", 2)] where text.starts(with: marker.utf8) {
            var rest = text.dropFirst(2)
            for _ in 0..<offsets {
                guard let end = rest.firstIndex(of: UInt8(ascii: "_")) else { return text }
                rest = rest[rest.index(after: end)...]
            }
            return rest
        }
        let tables = ["TV", "TT", "TI", "TS", "TH", "TW", "GV", "GR"]
        return tables.contains { text.starts(with: $0.utf8) } ? text.dropFirst(2) : text
    }

    /// The outermost name of a demangled C++ function: `void app::run<int>(std::string)` → `app`.
    private static func namespace(of fullName: String) -> String? {
        let tables = [
            "non-virtual thunk to ", "virtual thunk to ", "vtable for ", "typeinfo for ", "guard variable for ",
        ]
        let marker = tables.first { fullName.hasPrefix($0) } ?? ""
        var depth = 0
        var start = fullName.index(fullName.startIndex, offsetBy: marker.count)
        let bytes = fullName.utf8
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "<"): depth += 1
            case UInt8(ascii: ">"): depth -= 1
            case UInt8(ascii: "(") where depth == 0 && !bytes[index...].starts(with: "(anonymous".utf8):
                return firstScope(of: fullName[start..<index])
            case UInt8(ascii: " ") where depth == 0: start = bytes.index(after: index)
            default: break
            }
        }
        return firstScope(of: fullName[start...])
    }

    /// The crate of a Rust path: `<alloc::vec::Vec<T> as core::ops::Index>::index` → `alloc`.
    private static func crate(of fullName: String) -> String? {
        var rest = fullName[...]
        let openers = ["<", "&", "(", "[", "mut ", "dyn ", "impl "]
        while let opener = openers.first(where: { rest.hasPrefix($0) }) { rest = rest.dropFirst(opener.count) }
        let identifier = rest.utf8.prefix { isIdentifier($0) }
        let behind = rest[identifier.endIndex...]
        if !identifier.isEmpty, behind.hasPrefix("::") || behind.hasPrefix("[") { return String(Substring(identifier)) }
        // A type of no crate: of the language (`<[u8]>::concat`), or a parameter (`<T as app::Shape>::draw`). Only core
        // may give the former functions of its own; a trait's implementation belongs to the trait's crate.
        guard fullName.hasPrefix("<") else { return nil }
        guard let start = fullName.firstRange(of: " as ")?.upperBound else { return "core" }
        let trait = fullName[start...].utf8.prefix { isIdentifier($0) }
        return trait.isEmpty ? nil : String(Substring(trait))
    }

    private static func firstScope(of name: Substring) -> String? {
        let identifier = name.utf8.prefix { isIdentifier($0) }
        guard !identifier.isEmpty, name[identifier.endIndex...].utf8.starts(with: "::".utf8) else { return nil }
        return String(Substring(identifier))
    }

    // MARK: - Tools

    /// A decimal count and as many bytes: `4Main…` → `Main`.
    private static func counted(_ text: Substring.UTF8View) -> String? {
        var count = 0
        var rest = text
        while let byte = rest.first, (0x30...0x39).contains(byte) {
            // A leading 0 starts Swift's Punycode and word substitutions, which no module of interest needs.
            guard count > 0 || byte != 0x30, count < 10_000 else { return nil }
            count = count * 10 + Int(byte - 0x30)
            rest = rest.dropFirst()
        }
        guard count > 0, rest.count >= count else { return nil }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }

    private static func isIdentifier(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }
}

/// The languages whose names say where they come from.
enum FunctionLanguage: Sendable {
    case swift
    case cpp
    case rust
    /// C, assembler and the rest: names without a module.
    case other
}
