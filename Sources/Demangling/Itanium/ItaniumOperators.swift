/// The two letters of an operator, what it is called, and how many operands an expression gives it.
enum ItaniumOperators {
    struct Operator {
        var symbol: StaticString
        var operands: Int
    }

    /// `nil` when the letters are none of an operator.
    static func find(_ first: UInt8, _ second: UInt8) -> Operator? {
        let letters = UInt16(first) << 8 | UInt16(second)
        return assignment(letters) ?? arithmetic(letters) ?? other(letters)
    }

    private static func assignment(_ letters: UInt16) -> Operator? {
        switch letters {
        case code("aN"): Operator(symbol: "&=", operands: 2)
        case code("aS"): Operator(symbol: "=", operands: 2)
        case code("dV"): Operator(symbol: "/=", operands: 2)
        case code("eO"): Operator(symbol: "^=", operands: 2)
        case code("lS"): Operator(symbol: "<<=", operands: 2)
        case code("mI"): Operator(symbol: "-=", operands: 2)
        case code("mL"): Operator(symbol: "*=", operands: 2)
        case code("oR"): Operator(symbol: "|=", operands: 2)
        case code("pL"): Operator(symbol: "+=", operands: 2)
        case code("rM"): Operator(symbol: "%=", operands: 2)
        case code("rS"): Operator(symbol: ">>=", operands: 2)
        default: nil
        }
    }

    private static func arithmetic(_ letters: UInt16) -> Operator? {
        switch letters {
        case code("aa"): Operator(symbol: "&&", operands: 2)
        case code("an"): Operator(symbol: "&", operands: 2)
        case code("cm"): Operator(symbol: ",", operands: 2)
        case code("dv"): Operator(symbol: "/", operands: 2)
        case code("eo"): Operator(symbol: "^", operands: 2)
        case code("eq"): Operator(symbol: "==", operands: 2)
        case code("ge"): Operator(symbol: ">=", operands: 2)
        case code("gt"): Operator(symbol: ">", operands: 2)
        case code("le"): Operator(symbol: "<=", operands: 2)
        case code("ls"): Operator(symbol: "<<", operands: 2)
        case code("lt"): Operator(symbol: "<", operands: 2)
        case code("mi"): Operator(symbol: "-", operands: 2)
        case code("ml"): Operator(symbol: "*", operands: 2)
        case code("ne"): Operator(symbol: "!=", operands: 2)
        case code("oo"): Operator(symbol: "||", operands: 2)
        case code("or"): Operator(symbol: "|", operands: 2)
        case code("pl"): Operator(symbol: "+", operands: 2)
        case code("rm"): Operator(symbol: "%", operands: 2)
        case code("rs"): Operator(symbol: ">>", operands: 2)
        case code("ss"): Operator(symbol: "<=>", operands: 2)
        case code("ad"): Operator(symbol: "&", operands: 1)
        case code("co"): Operator(symbol: "~", operands: 1)
        case code("de"): Operator(symbol: "*", operands: 1)
        case code("mm"): Operator(symbol: "--", operands: 1)
        case code("ng"): Operator(symbol: "-", operands: 1)
        case code("nt"): Operator(symbol: "!", operands: 1)
        case code("pp"): Operator(symbol: "++", operands: 1)
        case code("ps"): Operator(symbol: "+", operands: 1)
        default: nil
        }
    }

    /// Operators whose expressions have a shape of their own.
    private static func other(_ letters: UInt16) -> Operator? {
        switch letters {
        case code("aw"): Operator(symbol: "co_await", operands: 1)
        case code("cl"): Operator(symbol: "()", operands: 0)
        case code("da"): Operator(symbol: "delete[]", operands: 0)
        case code("dl"): Operator(symbol: "delete", operands: 0)
        case code("ix"): Operator(symbol: "[]", operands: 0)
        case code("na"): Operator(symbol: "new[]", operands: 0)
        case code("nw"): Operator(symbol: "new", operands: 0)
        case code("pm"): Operator(symbol: "->*", operands: 2)
        case code("pt"): Operator(symbol: "->", operands: 0)
        case code("qu"): Operator(symbol: "?", operands: 0)
        default: nil
        }
    }

    private static func code(_ letters: StaticString) -> UInt16 {
        UInt16(letters.utf8Start[0]) << 8 | UInt16(letters.utf8Start[1])
    }
}

extension ItaniumParser {
    /// An operator as a function's name.
    mutating func operatorName() throws(ItaniumUnreadable) -> Int32 {
        if take("c", "v") {
            let wasInConversion = isInConversion
            isInConversion = true
            defer { isInConversion = wasInConversion }
            return try make(.conversion, type())
        }
        if take("l", "i") { return try make(.literalOperator, sourceName()) }
        guard let known = ItaniumOperators.find(peek, peekNext) else { throw ItaniumUnreadable() }
        position += 2
        return try make(.operatorName, word: known.symbol)
    }
}
