@testable import SymbolIndexBuilder

/// Flattening's input and output as text. One column is one address; the first column is 0x100.
///
///     f   [----------)      a function; `(` or `[` opens, `)` closes
///     f/g    [---)          g inlined into f
///     row a  [  b  )        rows at each letter's column; `)` ends the sequence
enum Drawing {
    static let base: UInt64 = 0x100

    /// The functions' numbers are the letters of the last path component: `f` is 0x66.
    static func scope(
        _ path: String, _ drawing: String, in scopes: [FlatteningUnit.Scope] = [], parent: Int? = nil
    ) -> FlatteningUnit.Scope {
        FlatteningUnit.Scope(
            parent: parent, ranges: ranges(drawing), function: UInt32(path.unicodeScalars.last?.value ?? 0),
            call: parent == nil ? .unknown : Place(file: 0, line: UInt32(scopes.count), column: 1))
    }

    static func ranges(_ drawing: String) -> [Range<UInt64>] {
        var result: [Range<UInt64>] = []
        var start: UInt64?
        for (column, character) in drawing.enumerated() {
            let address = base + UInt64(column)
            if character == "[" { start = address }
            if character == ")", let first = start {
                result.append(first..<address)
                start = nil
            }
        }
        return result
    }

    /// Scopes from lines `path drawing`; a path of `f/g` hangs g below the last `f` above it.
    static func unit(offset: UInt64 = 0, scopes lines: [(String, String)], rows: String = "") -> FlatteningUnit {
        var unit = FlatteningUnit(offset: offset)
        var known: [String: Int] = [:]
        for (path, drawing) in lines {
            let parent = path.contains("/") ? known[String(path.dropLast(2))] : nil
            known[path] = unit.scopes.count
            unit.scopes.append(scope(path, drawing, in: unit.scopes, parent: parent))
        }
        for (column, character) in rows.enumerated() where character != " " && character != "-" {
            unit.rows.append(
                .init(
                    address: base + UInt64(column),
                    place: Place(file: 0, line: character.unicodeScalars.first?.value ?? 0, column: 0),
                    isEndOfSequence: character == ")"))
        }
        return unit
    }

    static func live(_ drawing: String) -> LiveCode { LiveCode(ranges(drawing)) }

    /// One text line a piece: address offsets, chain innermost first, row letter.
    static func text(_ unit: FlatUnit) -> [String] {
        unit.pieces.map { piece in
            var chain = ""
            var scope = piece.scope
            while let current = scope {
                chain.unicodeScalars.append(Unicode.Scalar(unit.scopes[current].function) ?? "?")
                scope = unit.scopes[current].parent
            }
            var row = "-"
            if let line = piece.place?.line { row = String(Unicode.Scalar(line) ?? "?") }
            return "\(piece.start - base)..\(piece.end - base) \(chain.isEmpty ? "-" : chain) \(row)"
        }
    }
}
