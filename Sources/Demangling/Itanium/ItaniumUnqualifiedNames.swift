extension ItaniumParser {
    /// One component of a name, with its ABI tags.
    mutating func unqualifiedName() throws(ItaniumUnreadable) -> (node: Int32, isStructorOrConversion: Bool) {
        var isStructorOrConversion = false
        var node: Int32
        // A friend defined in a class.
        if peek == UInt8(ascii: "F"), isDigit(peekNext) || isLower(peekNext) {
            position += 1
            isDoubtful = true
        }
        switch peek {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            node = try sourceName()
            lastWord = node
        case UInt8(ascii: "L"):
            position += 1
            node = try sourceName()
            lastWord = node
            if peek == UInt8(ascii: "_"), isDigit(peekNext) || peekNext == UInt8(ascii: "_") { isDoubtful = true }
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            isStructorOrConversion = peek == UInt8(ascii: "c") && peekNext == UInt8(ascii: "v")
            node = try operatorName()
        case UInt8(ascii: "C"), UInt8(ascii: "D"):
            isStructorOrConversion = true
            node = try structor()
        case UInt8(ascii: "U"):
            node = try unnamed()
        default:
            throw ItaniumUnreadable()
        }
        while take("B") { node = try make(.tagged, node, sourceName()) }
        return (node, isStructorOrConversion)
    }

    /// A length and that many bytes.
    mutating func sourceName() throws(ItaniumUnreadable) -> Int32 {
        let length = Int(try number())
        guard length > 0, length <= mangled.count - position else { throw ItaniumUnreadable() }
        let bytes = UnsafeBufferPointer(rebasing: mangled[position..<(position + length)])
        position += length
        if isAnonymousNamespace(bytes) { return try make(.word, word: "(anonymous namespace)") }
        return try make(.word, text: bytes)
    }

    /// `_GLOBAL__N_…`, with any of `_`, `.` and `$` in the ninth place.
    private func isAnonymousNamespace(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 10, bytes[0] == UInt8(ascii: "_"), bytes[9] == UInt8(ascii: "N") else { return false }
        let separator = bytes[8]
        guard separator == UInt8(ascii: "_") || separator == UInt8(ascii: ".") || separator == UInt8(ascii: "$") else {
            return false
        }
        let prefix: StaticString = "_GLOBAL_"
        for index in 0..<8 where bytes[index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// `C1` … `C5`, `D0` … `D5`.
    private mutating func structor() throws(ItaniumUnreadable) -> Int32 {
        let isDestructor = peek == UInt8(ascii: "D")
        position += 1
        if !isDestructor, take("I") {
            // Inherited: the base class follows.
            isDoubtful = true
            guard peek &- 0x31 < 2 else { throw ItaniumUnreadable() }
            position += 1
            let word = lastWord
            _ = try type()
            lastWord = word
        } else {
            guard isDigit(peek), peek < UInt8(ascii: "6") else { throw ItaniumUnreadable() }
            position += 1
        }
        guard lastWord >= 0 else { throw ItaniumUnreadable() }
        return try make(.structor, lastWord, isDestructor ? 1 : 0)
    }

    /// `Ul` parameters `E` number `_`, `Ut` number `_`.
    private mutating func unnamed() throws(ItaniumUnreadable) -> Int32 {
        if take("U", "t") {
            let node = try make(.unnamedType, shiftedNumber() + 1)
            try addSubstitution(node)
            return node
        }
        // Clang's blocks.
        if take("U", "b") {
            isDoubtful = true
            _ = try shiftedNumber()
            return try make(.word, word: "'block-literal'")
        }
        guard take("U", "l") else { throw ItaniumUnreadable() }
        // Declarations of the template parameters of a C++20 lambda.
        while peek == UInt8(ascii: "T"), isTemplateParameterDeclaration {
            isDoubtful = true
            try templateParameterDeclaration()
        }
        let parameters = try parameterList()
        if take("Q") { _ = try expression() }
        try expect("E")
        // libiberty, like the compilers, numbers an unnamed type by itself but a lambda only with its function.
        return try make(.lambda, parameters, shiftedNumber() + 1)
    }

    /// `T_`, `T0_` … ; `TL…` counts from an enclosing lambda.
    mutating func templateParameter() throws(ItaniumUnreadable) -> Int32 {
        try expect("T")
        if take("L") {
            isDoubtful = true
            _ = try shiftedNumber()
        }
        return try make(.templateParameter, shiftedNumber())
    }

    /// Abbreviations and back references, at `S`.
    mutating func standardOrSubstitution(isPrefix: Bool) throws(ItaniumUnreadable) -> Int32 {
        position += 1
        let short: StaticString
        let word: StaticString
        switch peek {
        case UInt8(ascii: "a"): (short, word) = ("std::allocator", "allocator")
        case UInt8(ascii: "b"): (short, word) = ("std::basic_string", "basic_string")
        case UInt8(ascii: "s"): (short, word) = ("std::string", "basic_string")
        case UInt8(ascii: "i"): (short, word) = ("std::istream", "basic_istream")
        case UInt8(ascii: "o"): (short, word) = ("std::ostream", "basic_ostream")
        case UInt8(ascii: "d"): (short, word) = ("std::iostream", "basic_iostream")
        default: return try substitution()
        }
        let letter = peek
        position += 1
        let isVerbose = isPrefix && (peek == UInt8(ascii: "C") || peek == UInt8(ascii: "D"))
        lastWord = try make(.word, word: word)
        let text: StaticString =
            switch letter {
            case UInt8(ascii: "s") where isVerbose:
                "std::basic_string<char, std::char_traits<char>, std::allocator<char> >"
            case UInt8(ascii: "i") where isVerbose: "std::basic_istream<char, std::char_traits<char> >"
            case UInt8(ascii: "o") where isVerbose: "std::basic_ostream<char, std::char_traits<char> >"
            case UInt8(ascii: "d") where isVerbose: "std::basic_iostream<char, std::char_traits<char> >"
            default: short
            }
        var node = try make(.standard, word: text)
        while take("B") {
            isDoubtful = true
            node = try make(.tagged, node, sourceName())
            try addSubstitution(node)
        }
        return node
    }

    /// `_ZTV…` and the other names of what the compiler makes itself.
    mutating func specialName() throws(ItaniumUnreadable) -> Int32 {
        if take("T", "V") { return try make(.special, type(), word: "vtable for ") }
        if take("T", "T") { return try make(.special, type(), word: "VTT for ") }
        if take("T", "I") { return try make(.special, type(), word: "typeinfo for ") }
        if take("T", "S") { return try make(.special, type(), word: "typeinfo name for ") }
        if take("T", "H") { return try make(.special, name().node, word: "TLS init function for ") }
        if take("T", "W") { return try make(.special, name().node, word: "TLS wrapper function for ") }
        if take("T", "h") {
            try thunkOffset()
            return try make(.special, encoding(isScope: false), word: "non-virtual thunk to ")
        }
        if take("T", "v") {
            try thunkOffset()
            try thunkOffset()
            return try make(.special, encoding(isScope: false), word: "virtual thunk to ")
        }
        if take("G", "V") { return try make(.special, name().node, word: "guard variable for ") }
        if take("G", "R") {
            let node = try name().node
            // GCC writes a number, Clang the usual `_`, `0_` …
            if isDigit(peek) {
                let number = try number()
                return try make(.referenceTemporary, node, take("_") ? number + 1 : number)
            }
            if take("_") { return try make(.referenceTemporary, node, 0) }
        }
        throw ItaniumUnreadable()
    }

    private mutating func thunkOffset() throws(ItaniumUnreadable) {
        _ = take("n")
        _ = try number()
        try expect("_")
    }
}
