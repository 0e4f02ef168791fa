extension ItaniumParser {
    mutating func type() throws(ItaniumUnreadable) -> Int32 {
        try enter()
        defer { leave() }
        let node: Int32
        switch peek {
        case UInt8(ascii: "r"), UInt8(ascii: "V"), UInt8(ascii: "K"):
            let qualifiers = cvQualifiers()
            if peek == UInt8(ascii: "F") || (peek == UInt8(ascii: "D") && peekNext == UInt8(ascii: "o")) {
                node = try functionType(qualifiers)
            } else {
                node = try make(.qualified, type(), qualifiers: qualifiers)
            }
        case UInt8(ascii: "P"): node = try modified(.pointer)
        case UInt8(ascii: "R"): node = try modified(.reference)
        case UInt8(ascii: "O"): node = try modified(.rvalueReference)
        case UInt8(ascii: "C"):
            position += 1
            node = try make(.postfixed, type(), word: " _Complex")
        case UInt8(ascii: "F"): node = try functionType([])
        case UInt8(ascii: "A"): node = try arrayType()
        case UInt8(ascii: "M"):
            position += 1
            let owner = try type()
            node = try make(.memberPointer, owner, type())
        case UInt8(ascii: "T"): node = try parameterType()
        case UInt8(ascii: "S"):
            if let known = try standardType() { return known }
            // `St…` and everything with template arguments is a new type.
            node = lastType
        case UInt8(ascii: "D"):
            if let builtin = try extendedType() { return builtin }
            node = lastType
        case UInt8(ascii: "N"), UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            node = try name().node
        case UInt8(ascii: "U"): node = try vendorType()
        case UInt8(ascii: "u"):
            position += 1
            isDoubtful = true
            node = try sourceName()
        default:
            return try builtinType()
        }
        try addSubstitution(node)
        return node
    }

    private mutating func modified(_ kind: ItaniumNode.Kind) throws(ItaniumUnreadable) -> Int32 {
        position += 1
        return try make(kind, type())
    }

    private mutating func functionType(_ qualifiers: ItaniumQualifiers) throws(ItaniumUnreadable) -> Int32 {
        var qualifiers = qualifiers
        if take("D", "o") { qualifiers.insert(.noexcept) }
        try expect("F")
        _ = take("Y")
        let result = try type()
        let parameters = try parameterList()
        if take("R") { qualifiers.insert(.reference) } else if take("O") { qualifiers.insert(.rvalueReference) }
        try expect("E")
        return try make(.functionType, result, parameters, qualifiers: qualifiers)
    }

    private mutating func arrayType() throws(ItaniumUnreadable) -> Int32 {
        position += 1
        var size: Int32 = -1
        if isDigit(peek) {
            size = try numberWord()
        } else if peek != UInt8(ascii: "_") {
            size = try expression()
        }
        try expect("_")
        return try make(.array, type(), size)
    }

    /// Digits as they stand.
    private mutating func numberWord() throws(ItaniumUnreadable) -> Int32 {
        let start = position
        while isDigit(peek) { position += 1 }
        return try make(.word, text: UnsafeBufferPointer(rebasing: mangled[start..<position]))
    }

    /// A template parameter, perhaps a template itself.
    private mutating func parameterType() throws(ItaniumUnreadable) -> Int32 {
        // `struct`, `union` and `enum` before a name.
        if take("T", "s") || take("T", "u") || take("T", "e") {
            isDoubtful = true
            return try name().node
        }
        let node = try templateParameter()
        guard peek == UInt8(ascii: "I"), !isInConversion else { return node }
        try addSubstitution(node)
        return try make(.template, node, templateArguments())
    }

    /// A type that begins with `S`: the node when it is known already, else `nil` and the new one in ``lastType``.
    private mutating func standardType() throws(ItaniumUnreadable) -> Int32? {
        let isStd = peekNext == UInt8(ascii: "t")
        let parsed: Name
        if isStd {
            parsed = try name()
        } else {
            let node = try standardOrSubstitution(isPrefix: false)
            guard peek == UInt8(ascii: "I"), !isInConversion || nodes[Int(node)].kind != .templateParameter else {
                return node
            }
            parsed = try Name(node: make(.template, node, templateArguments()))
        }
        lastType = parsed.node
        return nil
    }

    /// A type that begins with `D`: the node when it is builtin, else `nil` and the new one in ``lastType``.
    private mutating func extendedType() throws(ItaniumUnreadable) -> Int32? {
        switch peekNext {
        case UInt8(ascii: "p"):
            position += 2
            lastType = try make(.packExpansion, type())
        case UInt8(ascii: "t"), UInt8(ascii: "T"):
            position += 2
            isDoubtful = true
            lastType = try make(.decltype, expression())
            try expect("E")
        case UInt8(ascii: "o"):
            lastType = try functionType([])
        case UInt8(ascii: "v"):
            position += 2
            guard isDigit(peek) else { throw ItaniumUnreadable() }
            let count = try number()
            try expect("_")
            lastType = try make(.vector, count, type())
        case UInt8(ascii: "B"), UInt8(ascii: "U"):
            // `_BitInt` of so many bits; libiberty does not know it.
            isDoubtful = true
            let word: StaticString = peekNext == UInt8(ascii: "B") ? "_BitInt" : "unsigned _BitInt"
            position += 2
            lastType = try make(.wrapped, isDigit(peek) ? numberWord() : expression(), word: word)
            try expect("_")
        case UInt8(ascii: "k"), UInt8(ascii: "K"):
            // `auto` with a concept.
            isDoubtful = true
            position += 2
            lastType = try name().node
        default:
            let text: StaticString =
                switch peekNext {
                case UInt8(ascii: "a"): "auto"
                case UInt8(ascii: "c"): "decltype(auto)"
                case UInt8(ascii: "n"): "decltype(nullptr)"
                case UInt8(ascii: "i"): "char32_t"
                case UInt8(ascii: "s"): "char16_t"
                case UInt8(ascii: "u"): "char8_t"
                case UInt8(ascii: "h"): "half"
                case UInt8(ascii: "f"): "decimal32"
                case UInt8(ascii: "d"): "decimal64"
                case UInt8(ascii: "e"): "decimal128"
                default: throw ItaniumUnreadable()
                }
            position += 2
            return try make(.builtin, 0, word: text)
        }
        return nil
    }

    /// `U` qualifier type: calling conventions of functions, address spaces and the like.
    private mutating func vendorType() throws(ItaniumUnreadable) -> Int32 {
        guard isDigit(peekNext) else { return try name().node }
        position += 1
        isDoubtful = true
        let qualifier = try sourceName()
        if peek == UInt8(ascii: "I") { _ = try templateArguments() }
        // Clang numbers a function type and its convention as one type.
        if peek == UInt8(ascii: "F") { return try functionType([]) }
        return try make(.postfixed, type(), qualifier, word: " ")
    }

    private mutating func builtinType() throws(ItaniumUnreadable) -> Int32 {
        let text: StaticString =
            switch peek {
            case UInt8(ascii: "v"): "void"
            case UInt8(ascii: "w"): "wchar_t"
            case UInt8(ascii: "b"): "bool"
            case UInt8(ascii: "c"): "char"
            case UInt8(ascii: "a"): "signed char"
            case UInt8(ascii: "h"): "unsigned char"
            case UInt8(ascii: "s"): "short"
            case UInt8(ascii: "t"): "unsigned short"
            case UInt8(ascii: "i"): "int"
            case UInt8(ascii: "j"): "unsigned int"
            case UInt8(ascii: "l"): "long"
            case UInt8(ascii: "m"): "unsigned long"
            case UInt8(ascii: "x"): "long long"
            case UInt8(ascii: "y"): "unsigned long long"
            case UInt8(ascii: "n"): "__int128"
            case UInt8(ascii: "o"): "unsigned __int128"
            case UInt8(ascii: "f"): "float"
            case UInt8(ascii: "d"): "double"
            case UInt8(ascii: "e"): "long double"
            case UInt8(ascii: "g"): "__float128"
            case UInt8(ascii: "z"): "..."
            default: throw ItaniumUnreadable()
            }
        let letter = peek
        position += 1
        return try make(.builtin, Int32(letter), word: text)
    }

    // MARK: - Template arguments

    /// `I` arguments `E`.
    mutating func templateArguments() throws(ItaniumUnreadable) -> Int32 {
        try enter()
        defer { leave() }
        let word = lastWord
        let wasInConversion = isInConversion
        isInConversion = false
        defer {
            lastWord = word
            isInConversion = wasInConversion
        }
        position += 1
        let start = pendingCount
        while !take("E") {
            if take("Q") {
                _ = try expression()
            } else {
                try add(templateArgument())
            }
        }
        return try list(from: start)
    }

    mutating func templateArgument() throws(ItaniumUnreadable) -> Int32 {
        switch peek {
        case UInt8(ascii: "L"):
            return try literal()
        case UInt8(ascii: "X"):
            position += 1
            isDoubtful = true
            let node = try expression()
            try expect("E")
            return node
        case UInt8(ascii: "I"), UInt8(ascii: "J"):
            let arguments = try templateArguments()
            return try make(.pack, nodes[Int(arguments)].a, nodes[Int(arguments)].b)
        case UInt8(ascii: "T") where isTemplateParameterDeclaration:
            // The parameter's own declaration, where it tells overloads apart; the argument follows.
            isDoubtful = true
            try templateParameterDeclaration()
            return try templateArgument()
        default:
            return try type()
        }
    }

    var isTemplateParameterDeclaration: Bool {
        switch peekNext {
        case UInt8(ascii: "y"), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "p"), UInt8(ascii: "k"): true
        default: false
        }
    }

    /// `Ty`, `Tn` type, `Tt` declarations `E`, `Tp` declaration, `Tk` concept. Not shown.
    mutating func templateParameterDeclaration() throws(ItaniumUnreadable) {
        try enter()
        defer { leave() }
        let word = lastWord
        defer { lastWord = word }
        if take("T", "y") { return }
        if take("T", "n") {
            _ = try type()
        } else if take("T", "p") {
            try templateParameterDeclaration()
        } else if take("T", "k") {
            _ = try name()
        } else if take("T", "t") {
            while !take("E") {
                if take("Q") { _ = try expression() } else { try templateParameterDeclaration() }
            }
        } else {
            throw ItaniumUnreadable()
        }
    }
}
