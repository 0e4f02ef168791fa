extension ItaniumParser {
    /// What is known of a name besides its node.
    struct Name {
        var node: Int32
        /// Of `this`, written at the front of the name and printed behind the parameters.
        var qualifiers: ItaniumQualifiers = []
        /// A template's function mangles its return type.
        var hasReturnType = false
    }

    /// A function with its parameters, or an object. `isScope`: something else is inside.
    mutating func encoding(isScope: Bool) throws(ItaniumUnreadable) -> Int32 {
        try enter()
        defer { leave() }
        if peek == UInt8(ascii: "T") || peek == UInt8(ascii: "G") { return try specialName() }
        let name = try self.name()
        // What follows is the name's end, the end of the enclosing name, a clone's suffix, or the parameters.
        guard !isAtEnd else { return name.node }
        var result: Int32 = -1
        if name.hasReturnType {
            result = try type()
            // Nobody asks what the function returns that something is inside of.
            if isScope { result = -1 }
        }
        let parameters = try parameterList()
        // Constraints of a function: libiberty of this age does not know them; they say nothing about the name.
        if take("Q") { _ = try expression() }
        return try make(.function, name.node, result, parameters, qualifiers: name.qualifiers)
    }

    var isAtEnd: Bool { position == mangled.count || peek == UInt8(ascii: "E") || peek == UInt8(ascii: ".") }

    /// Types up to the end; a single `void` is none.
    mutating func parameterList() throws(ItaniumUnreadable) -> Int32 {
        let start = pendingCount
        if peek == UInt8(ascii: "v"), position + 1 == mangled.count || isEndOfParameters(peekNext) {
            position += 1
            return try list(from: start)
        }
        repeat { try add(type()) } while !isEndOfParameters(peek) && position < mangled.count
        return try list(from: start)
    }

    private func isEndOfParameters(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "E"), UInt8(ascii: "."), UInt8(ascii: "Q"): true
        case UInt8(ascii: "R"), UInt8(ascii: "O"):
            // A ref-qualifier at the end of a function type.
            position + 1 < mangled.count && isRefQualifier
        default: false
        }
    }

    private var isRefQualifier: Bool {
        // `position` is at `v` or at the letter itself.
        let letter = peek == UInt8(ascii: "v") ? position + 1 : position
        return letter + 1 < mangled.count && mangled[letter + 1] == UInt8(ascii: "E")
    }

    mutating func name() throws(ItaniumUnreadable) -> Name {
        switch peek {
        case UInt8(ascii: "N"): return try nestedName()
        case UInt8(ascii: "Z"): return try localName()
        case UInt8(ascii: "S"):
            if take("S", "t") {
                let std = try make(.word, word: "std")
                return try withTemplateArguments(make(.nested, std, unqualifiedName().node), isNew: true)
            }
            return try withTemplateArguments(standardOrSubstitution(isPrefix: false), isNew: false)
        default:
            let name = try unqualifiedName()
            var result = try withTemplateArguments(name.node, isNew: true)
            if name.isStructorOrConversion { result.hasReturnType = false }
            return result
        }
    }

    private mutating func withTemplateArguments(_ node: Int32, isNew: Bool) throws(ItaniumUnreadable) -> Name {
        guard peek == UInt8(ascii: "I") else { return Name(node: node) }
        if isNew { try addSubstitution(node) }
        return try Name(node: make(.template, node, templateArguments()), hasReturnType: true)
    }

    /// `N` qualifiers prefix… `E`.
    private mutating func nestedName() throws(ItaniumUnreadable) -> Name {
        try enter()
        defer { leave() }
        position += 1
        // C++23's explicit object parameter says nothing about the name.
        if take("H") { isDoubtful = true }
        var qualifiers = cvQualifiers()
        if take("R") { qualifiers.insert(.reference) } else if take("O") { qualifiers.insert(.rvalueReference) }
        var node: Int32 = -1
        var hasReturnType = false
        var isStructorOrConversion = false
        while !take("E") {
            var isSubstitution = false
            switch peek {
            case UInt8(ascii: "S"):
                isSubstitution = true
                let piece: Int32
                if take("S", "t") {
                    piece = try make(.word, word: "std")
                } else {
                    piece = try standardOrSubstitution(isPrefix: true)
                }
                guard node < 0 else { throw ItaniumUnreadable() }
                node = piece
                hasReturnType = false
            case UInt8(ascii: "I"):
                guard node >= 0 else { throw ItaniumUnreadable() }
                node = try make(.template, node, templateArguments())
                hasReturnType = !isStructorOrConversion
            case UInt8(ascii: "T"):
                guard node < 0 else { throw ItaniumUnreadable() }
                node = try templateParameter()
                hasReturnType = false
            case UInt8(ascii: "M"):
                // The lambda that follows initialises the member before.
                position += 1
                isDoubtful = true
                continue
            case UInt8(ascii: "D") where peekNext == UInt8(ascii: "t") || peekNext == UInt8(ascii: "T"):
                guard node < 0 else { throw ItaniumUnreadable() }
                node = try type()
                isSubstitution = true
            default:
                let piece = try unqualifiedName()
                node = node < 0 ? piece.node : try make(.nested, node, piece.node)
                isStructorOrConversion = piece.isStructorOrConversion
                hasReturnType = false
            }
            if !isSubstitution, peek != UInt8(ascii: "E") { try addSubstitution(node) }
        }
        guard node >= 0 else { throw ItaniumUnreadable() }
        return Name(node: node, qualifiers: qualifiers, hasReturnType: hasReturnType)
    }

    /// `Z` function `E` entity.
    private mutating func localName() throws(ItaniumUnreadable) -> Name {
        try enter()
        defer { leave() }
        position += 1
        let function = try encoding(isScope: true)
        try expect("E")
        if take("s") {
            try discriminator()
            return try Name(node: make(.local, function, make(.word, word: "string literal")))
        }
        if peek == UInt8(ascii: "d") {
            // A default argument's number; libiberty shows it.
            isDoubtful = true
            position += 1
            _ = try shiftedNumber()
        }
        var entity = try name()
        let kind = nodes[Int(entity.node)].kind
        if kind != .lambda, kind != .unnamedType { try discriminator() }
        entity.node = try make(.local, function, entity.node)
        return entity
    }

    /// `_0` … `_9`, `__10_` …: which of several entities of one name; not shown.
    private mutating func discriminator() throws(ItaniumUnreadable) {
        guard peek == UInt8(ascii: "_") else { return }
        if peekNext == UInt8(ascii: "_") {
            position += 2
            _ = try number()
            try expect("_")
        } else if isDigit(peekNext) {
            position += 2
        }
    }

    mutating func cvQualifiers() -> ItaniumQualifiers {
        var qualifiers = ItaniumQualifiers()
        while true {
            let next: ItaniumQualifiers
            switch peek {
            case UInt8(ascii: "r"): next = .restrict
            case UInt8(ascii: "V"): next = .volatile
            case UInt8(ascii: "K"): next = .const
            default: return qualifiers
            }
            // The ABI's order is r, V, K.
            if !qualifiers.isEmpty, qualifiers.rawValue <= next.rawValue { isDoubtful = true }
            if qualifiers.contains(.const) || qualifiers.contains(next) { isDoubtful = true }
            qualifiers.insert(next)
            position += 1
        }
    }
}
