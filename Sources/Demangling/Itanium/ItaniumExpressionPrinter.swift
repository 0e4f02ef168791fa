extension ItaniumPrinter {
    /// A template argument that is a value: the usual types need no cast.
    mutating func printLiteral(_ piece: ItaniumNode) throws(ItaniumUnreadable) {
        let type = self[piece.a]
        var value = piece.bytes
        let isNegative = value.first == UInt8(ascii: "n")
        if isNegative { value = UnsafeBufferPointer(rebasing: value.dropFirst()) }
        let letter = type.kind == .builtin ? UInt8(truncatingIfNeeded: type.a) : 0
        let suffix: StaticString? =
            switch letter {
            case UInt8(ascii: "i"): ""
            case UInt8(ascii: "j"): "u"
            case UInt8(ascii: "l"): "l"
            case UInt8(ascii: "m"): "ul"
            case UInt8(ascii: "x"): "ll"
            case UInt8(ascii: "y"): "ull"
            default: nil
            }
        if letter == UInt8(ascii: "b"), !isNegative, value.count == 1, value[0] == 0x30 || value[0] == 0x31 {
            return try append(value[0] == 0x30 ? "false" : "true")
        }
        if suffix == nil {
            try append(UInt8(ascii: "("))
            try print(piece.a)
            try append(UInt8(ascii: ")"))
        }
        if isNegative { try append(UInt8(ascii: "-")) }
        let isFloat = [UInt8(ascii: "f"), UInt8(ascii: "d"), UInt8(ascii: "e"), UInt8(ascii: "g")].contains(letter)
        if isFloat { try append(UInt8(ascii: "[")) }
        try append(value)
        if isFloat { try append(UInt8(ascii: "]")) }
        if let suffix { try append(suffix) }
    }

    mutating func printExpression(_ piece: ItaniumNode) throws(ItaniumUnreadable) {
        switch piece.kind {
        case .decltype:
            try append("decltype (")
            try print(piece.a)
            try append(UInt8(ascii: ")"))
        case .unary:
            try append(piece.bytes)
            try printOperand(piece.a)
        case .binary: try printBinary(piece)
        case .ternary:
            try printOperand(piece.a)
            try append(UInt8(ascii: "?"))
            try printOperand(piece.b)
            try append(" : ")
            try printOperand(piece.c)
        case .call:
            try printOperand(piece.a)
            try append(UInt8(ascii: "("))
            try printList(piece.b)
            try append(UInt8(ascii: ")"))
        case .wrapped:
            try append(piece.bytes)
            try append(UInt8(ascii: "("))
            try print(piece.a)
            try append(UInt8(ascii: ")"))
        case .cast:
            try append(UInt8(ascii: "("))
            try print(piece.a)
            try append(UInt8(ascii: ")"))
            try printOperand(piece.b)
        case .functionParameter:
            try append("{parm#")
            try append(number: piece.a)
            try append(UInt8(ascii: "}"))
        case .braced:
            if piece.a >= 0 { try print(piece.a) }
            try append(UInt8(ascii: "{"))
            try printList(piece.b)
            try append(UInt8(ascii: "}"))
        case .namedCast:
            try append(piece.bytes)
            try append(UInt8(ascii: "<"))
            try print(piece.a)
            try append(">(")
            try print(piece.b)
            try append(UInt8(ascii: ")"))
        default: throw ItaniumUnreadable()
        }
    }

    private mutating func printBinary(_ piece: ItaniumNode) throws(ItaniumUnreadable) {
        let symbol = piece.bytes
        if symbol.first == UInt8(ascii: "[") {
            try printOperand(piece.a)
            try append(UInt8(ascii: "["))
            try print(piece.b)
            return try append(UInt8(ascii: "]"))
        }
        // A bare `>` would end the template's arguments.
        let isGreater = symbol.count == 1 && symbol[0] == UInt8(ascii: ">")
        if isGreater { try append(UInt8(ascii: "(")) }
        try printOperand(piece.a)
        try append(symbol)
        try printOperand(piece.b)
        if isGreater { try append(UInt8(ascii: ")")) }
    }

    /// In parentheses, unless it is a name.
    mutating func printOperand(_ node: Int32) throws(ItaniumUnreadable) {
        switch self[node].kind {
        case .word, .standard, .nested, .functionParameter, .braced: try print(node)
        case .list where self[node].b == 1: try printOperand(lists[Int(self[node].a)])
        default:
            try append(UInt8(ascii: "("))
            try print(node)
            try append(UInt8(ascii: ")"))
        }
    }
}
