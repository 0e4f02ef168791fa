extension ItaniumParser {
    /// `L` type value `E`, or `L_Z` encoding `E`.
    mutating func literal() throws(ItaniumUnreadable) -> Int32 {
        try enter()
        defer { leave() }
        position += 1
        if take("_", "Z") || take("Z") {
            let node = try encoding(isScope: false)
            try expect("E")
            return node
        }
        let type = try type()
        let start = position
        while peek != UInt8(ascii: "E") {
            guard position < mangled.count else { throw ItaniumUnreadable() }
            position += 1
        }
        let value = UnsafeBufferPointer(rebasing: mangled[start..<position])
        position += 1
        if value.isEmpty { isDoubtful = true }
        return try make(.literal, type, text: value)
    }

    mutating func expression() throws(ItaniumUnreadable) -> Int32 {
        try enter()
        defer { leave() }
        _ = take("g", "s")
        switch peek {
        case UInt8(ascii: "L"): return try literal()
        case UInt8(ascii: "T"): return try templateParameter()
        case UInt8(ascii: "f"): return try parameterOrFold()
        case UInt8(ascii: "s"):
            if let node = try queryExpression() { return node }
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try unresolvedName()
        case UInt8(ascii: "o") where peekNext == UInt8(ascii: "n"): return try unresolvedName()
        default: break
        }
        if let node = try callOrConversion() { return node }
        if let node = try accessOrAllocation() { return node }
        return try operatorExpression()
    }

    /// `fp_`, `fp0_`, `fL0p_`, `fpT`; folds `fl`, `fr`, `fL`, `fR`.
    private mutating func parameterOrFold() throws(ItaniumUnreadable) -> Int32 {
        position += 1
        if take("p", "T") { return try make(.word, word: "this") }
        if peek == UInt8(ascii: "p") || (peek == UInt8(ascii: "L") && isDigit(peekNext)) {
            if take("L") { _ = try number() }
            try expect("p")
            _ = cvQualifiers()
            return try make(.functionParameter, shiftedNumber() + 1)
        }
        let isBinary = peek == UInt8(ascii: "L") || peek == UInt8(ascii: "R")
        let isLeft = peek == UInt8(ascii: "l") || peek == UInt8(ascii: "L")
        guard isBinary || isLeft || peek == UInt8(ascii: "r") else { throw ItaniumUnreadable() }
        position += 1
        guard let known = ItaniumOperators.find(peek, peekNext) else { throw ItaniumUnreadable() }
        position += 2
        let dots = try make(.word, word: "...")
        let first = try expression()
        let symbol = UnsafeBufferPointer(start: known.symbol.utf8Start, count: known.symbol.utf8CodeUnitCount)
        guard isBinary else {
            return try make(.binary, isLeft ? dots : first, isLeft ? first : dots, text: symbol)
        }
        return try make(.binary, make(.binary, first, dots, text: symbol), expression(), text: symbol)
    }

    /// `sz`, `st`, `sZ`, `sP`, `sp`, `sr`, `sc`.
    private mutating func queryExpression() throws(ItaniumUnreadable) -> Int32? {
        if take("s", "t") { return try make(.wrapped, type(), word: "sizeof ") }
        if take("s", "z") { return try make(.wrapped, expression(), word: "sizeof ") }
        if take("s", "Z") {
            let pack = peek == UInt8(ascii: "T") ? try templateParameter() : try expression()
            return try make(.wrapped, pack, word: "sizeof...")
        }
        if take("s", "P") {
            let start = pendingCount
            while !take("E") { try add(templateArgument()) }
            return try make(.wrapped, list(from: start), word: "sizeof...")
        }
        if take("s", "p") { return try make(.packExpansion, expression()) }
        if take("s", "r") { return try resolvedName() }
        if take("s", "c") { return try make(.namedCast, type(), expression(), word: "static_cast") }
        return nil
    }

    /// Behind `sr`: a type, or `N` types, and a name inside.
    private mutating func resolvedName() throws(ItaniumUnreadable) -> Int32 {
        var node: Int32
        if take("N") {
            node = try scopeType()
            while !take("E") { node = try make(.nested, node, simpleName()) }
        } else if isDigit(peek) {
            node = try simpleName()
            while isDigit(peek) { node = try make(.nested, node, simpleName()) }
            guard take("E") else { return node }
        } else {
            node = try scopeType()
        }
        return try make(.nested, node, unresolvedName())
    }

    /// A template parameter, a decltype or a substitution, perhaps with arguments.
    private mutating func scopeType() throws(ItaniumUnreadable) -> Int32 {
        let node = try type()
        guard peek == UInt8(ascii: "I") else { return node }
        return try make(.template, node, templateArguments())
    }

    private mutating func simpleName() throws(ItaniumUnreadable) -> Int32 {
        let node = try sourceName()
        guard peek == UInt8(ascii: "I") else { return node }
        return try make(.template, node, templateArguments())
    }

    /// An identifier, `on` operator, or `dn` destructor, with template arguments.
    private mutating func unresolvedName() throws(ItaniumUnreadable) -> Int32 {
        if take("o", "n") {
            let node = try operatorName()
            guard peek == UInt8(ascii: "I") else { return node }
            return try make(.template, node, templateArguments())
        }
        if take("d", "n") {
            let word = isDigit(peek) ? try simpleName() : try type()
            return try make(.structor, word, 1)
        }
        return try simpleName()
    }

    private mutating func expressions(until end: Unicode.Scalar) throws(ItaniumUnreadable) -> Int32 {
        let start = pendingCount
        while !take(end) { try add(expression()) }
        return try list(from: start)
    }

    private mutating func callOrConversion() throws(ItaniumUnreadable) -> Int32? {
        if take("c", "l") || take("c", "p") { return try make(.call, expression(), expressions(until: "E")) }
        if take("c", "v") {
            let type = try type()
            if take("_") { return try make(.cast, type, expressions(until: "E")) }
            return try make(.cast, type, expression())
        }
        if take("t", "l") { return try make(.braced, type(), expressions(until: "E")) }
        if take("i", "l") { return try make(.braced, -1, expressions(until: "E")) }
        if take("d", "c") { return try make(.namedCast, type(), expression(), word: "dynamic_cast") }
        if take("c", "c") { return try make(.namedCast, type(), expression(), word: "const_cast") }
        if take("r", "c") { return try make(.namedCast, type(), expression(), word: "reinterpret_cast") }
        if take("a", "t") { return try make(.wrapped, type(), word: "alignof ") }
        if take("a", "z") { return try make(.wrapped, expression(), word: "alignof ") }
        if take("n", "x") { return try make(.wrapped, expression(), word: "noexcept ") }
        if take("t", "i") { return try make(.wrapped, type(), word: "typeid ") }
        if take("t", "e") { return try make(.wrapped, expression(), word: "typeid ") }
        return nil
    }

    private mutating func accessOrAllocation() throws(ItaniumUnreadable) -> Int32? {
        if take("d", "t") { return try member(".") }
        if take("p", "t") { return try member("->") }
        if take("d", "s") {
            let first = try expression()
            return try make(.binary, first, expression(), word: ".*")
        }
        if take("i", "x") {
            let first = try expression()
            return try make(.binary, first, expression(), word: "[]")
        }
        if take("q", "u") {
            let condition = try expression()
            let first = try expression()
            return try make(.ternary, condition, first, expression())
        }
        if take("t", "r") { return try make(.word, word: "throw") }
        if take("t", "w") { return try make(.wrapped, expression(), word: "throw ") }
        if take("d", "l") { return try make(.wrapped, expression(), word: "delete ") }
        if take("d", "a") { return try make(.wrapped, expression(), word: "delete[] ") }
        if take("n", "w") || take("n", "a") {
            let arguments = try expressions(until: "_")
            let type = try type()
            let initializer = take("p", "i") ? try expressions(until: "E") : -1
            if initializer < 0 { try expect("E") }
            _ = arguments
            return try make(.wrapped, type, word: "new ")
        }
        return nil
    }

    private mutating func member(_ symbol: StaticString) throws(ItaniumUnreadable) -> Int32 {
        let object = try expression()
        let member = take("s", "r") ? try resolvedName() : try unresolvedName()
        return try make(.binary, object, member, word: symbol)
    }

    private mutating func operatorExpression() throws(ItaniumUnreadable) -> Int32 {
        guard let known = ItaniumOperators.find(peek, peekNext), known.operands > 0 else { throw ItaniumUnreadable() }
        position += 2
        let symbol = UnsafeBufferPointer(start: known.symbol.utf8Start, count: known.symbol.utf8CodeUnitCount)
        if known.operands == 2 {
            let first = try expression()
            return try make(.binary, first, expression(), text: symbol)
        }
        // `pp_` and `mm_` stand before their operand.
        if peek == UInt8(ascii: "_") { position += 1 }
        return try make(.unary, expression(), text: symbol)
    }
}
