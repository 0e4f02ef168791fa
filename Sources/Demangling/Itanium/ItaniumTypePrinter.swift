extension ItaniumPrinter {
    /// What of a type comes before the name. `outer` are qualifiers that come behind: they are not said twice.
    mutating func printLeft(_ node: Int32, outer: ItaniumQualifiers = []) throws(ItaniumUnreadable) {
        try enter()
        defer { leave() }
        let piece = self[node]
        switch piece.kind {
        case .qualified:
            // They mean nothing for a function, which a template parameter may turn out to be.
            let own = try targetKind(piece.a) == .functionType ? [] : piece.qualifiers.subtracting(outer)
            try printLeft(piece.a, outer: outer.union(own))
            try printQualifiers(own)
        case .pointer:
            try printLeft(piece.a)
            try open(piece.a, isMember: false)
            try append(UInt8(ascii: "*"))
        case .reference, .rvalueReference:
            try collapsing(piece) { (printer, kind, target) throws(ItaniumUnreadable) in
                try printer.printLeft(target)
                try printer.open(target, isMember: false)
                try printer.append(kind == .reference ? "&" : "&&")
            }
        case .memberPointer:
            try printLeft(piece.b)
            try open(piece.b, isMember: true)
            if last != UInt8(ascii: "(") { try append(UInt8(ascii: " ")) }
            try print(piece.a)
            try append("::*")
        case .functionType:
            try printLeft(piece.a)
            if try !hasRight(piece.a) { try append(UInt8(ascii: " ")) }
        case .array: try printLeft(piece.a, outer: outer)
        case .vector:
            try printLeft(piece.b)
            try append(" __vector(")
            try append(number: piece.a)
            try append(UInt8(ascii: ")"))
        case .postfixed:
            try printLeft(piece.a)
            try append(piece.bytes)
            if piece.b >= 0 { try print(piece.b) }
        case .packExpansion: try printPackExpansion(piece.a)
        case .templateParameter where lambdas > 0:
            try append("auto:")
            try append(number: piece.a + 1)
        case .templateParameter:
            try withArgument(node) { (printer, argument) throws(ItaniumUnreadable) in
                try printer.printLeft(argument, outer: outer)
            }
        case .builtin: try append(piece.bytes)
        default: try print(node)
        }
    }

    /// What of a type comes behind the name and its parameters.
    mutating func printRight(_ node: Int32, isInArray: Bool = false) throws(ItaniumUnreadable) {
        try enter()
        defer { leave() }
        let piece = self[node]
        switch piece.kind {
        case .qualified: try printRight(piece.a, isInArray: isInArray)
        case .pointer: try close(piece.a)
        case .memberPointer: try close(piece.b)
        case .reference, .rvalueReference:
            try collapsing(piece) { (printer, _, target) throws(ItaniumUnreadable) in try printer.close(target) }
        case .functionType:
            try append(UInt8(ascii: "("))
            try printList(piece.b)
            try append(UInt8(ascii: ")"))
            try printQualifiers(piece.qualifiers)
            try printRight(piece.a)
        case .array:
            try append(isInArray ? "[" : " [")
            if piece.b >= 0 { try print(piece.b) }
            try append(UInt8(ascii: "]"))
            try printRight(piece.a, isInArray: true)
        case .postfixed: try printRight(piece.a)
        case .templateParameter where lambdas == 0:
            try withArgument(node) { (printer, argument) throws(ItaniumUnreadable) in
                try printer.printRight(argument, isInArray: isInArray)
            }
        default: break
        }
    }

    /// A part of the type comes behind the name.
    mutating func hasRight(_ node: Int32) throws(ItaniumUnreadable) -> Bool {
        let piece = self[node]
        switch piece.kind {
        case .functionType, .array: return true
        case .qualified, .pointer, .reference, .rvalueReference, .postfixed: return try hasRight(piece.a)
        case .memberPointer: return try hasRight(piece.b)
        case .templateParameter where lambdas == 0:
            return try withArgument(node) { (printer, argument) throws(ItaniumUnreadable) in
                try printer.hasRight(argument)
            }
        default: return false
        }
    }

    /// The kind of what a pointer or reference points to, behind qualifiers and template parameters.
    private mutating func targetKind(_ node: Int32) throws(ItaniumUnreadable) -> ItaniumNode.Kind {
        let piece = self[node]
        switch piece.kind {
        case .qualified: return try targetKind(piece.a)
        case .templateParameter where lambdas == 0:
            return try withArgument(node) { (printer, argument) throws(ItaniumUnreadable) in
                try printer.targetKind(argument)
            }
        default: return piece.kind
        }
    }

    /// The parenthesis that a pointer to a function or an array needs.
    private mutating func open(_ target: Int32, isMember: Bool) throws(ItaniumUnreadable) {
        switch try targetKind(target) {
        case .array: try append(" (")
        case .functionType:
            let needsSpace = isMember || (last != UInt8(ascii: "(") && last != UInt8(ascii: "*"))
            if needsSpace, last != UInt8(ascii: " ") { try append(UInt8(ascii: " ")) }
            try append(UInt8(ascii: "("))
        default: break
        }
    }

    private mutating func close(_ target: Int32) throws(ItaniumUnreadable) {
        let kind = try targetKind(target)
        if kind == .array || kind == .functionType { try append(UInt8(ascii: ")")) }
        try printRight(target)
    }

    /// A reference to a reference is one: an lvalue reference if either is.
    private mutating func collapsing(
        _ piece: ItaniumNode,
        _ body: (inout Self, ItaniumNode.Kind, Int32) throws(ItaniumUnreadable) -> Void
    ) throws(ItaniumUnreadable) {
        func collapse(_ printer: inout Self, _ target: Int32) throws(ItaniumUnreadable) {
            let inner = printer[target]
            if inner.kind == .reference || inner.kind == piece.kind {
                try printer.collapsing(inner, body)
            } else if inner.kind == .rvalueReference {
                try body(&printer, piece.kind, inner.a)
            } else {
                try body(&printer, piece.kind, target)
            }
        }
        guard self[piece.a].kind == .templateParameter, lambdas == 0 else { return try collapse(&self, piece.a) }
        try withArgument(piece.a) { (printer, argument) throws(ItaniumUnreadable) in try collapse(&printer, argument) }
    }

    // MARK: - Packs

    private mutating func printPackExpansion(_ pattern: Int32) throws(ItaniumUnreadable) {
        guard lambdas == 0, let pack = try findPack(pattern) else {
            try printOperand(pattern)
            try append("...")
            return
        }
        let outer = packIndex
        defer { packIndex = outer }
        for index in 0..<Int(self[pack].b) {
            if index > 0 { try append(", ") }
            packIndex = index
            try print(pattern)
        }
    }

    /// The first pack that a pattern names.
    private mutating func findPack(_ node: Int32) throws(ItaniumUnreadable) -> Int32? {
        guard node >= 0 else { return nil }
        try enter()
        defer { leave() }
        let piece = self[node]
        switch piece.kind {
        case .templateParameter:
            let argument = try argument(node, inPack: nil)
            return self[argument].kind == .pack ? argument : nil
        case .word, .standard, .operatorName, .builtin, .lambda, .unnamedType, .packExpansion, .functionParameter,
            .vector, .tagged:
            return nil
        case .list, .pack:
            for index in 0..<Int(piece.b) {
                if let pack = try findPack(lists[Int(piece.a) + index]) { return pack }
            }
            return nil
        case .structor, .literal, .literalOperator, .conversion, .special, .referenceTemporary:
            return try findPack(piece.a)
        default:
            if let pack = try findPack(piece.a) { return pack }
            if let pack = try findPack(piece.b) { return pack }
            return try findPack(piece.c)
        }
    }
}
