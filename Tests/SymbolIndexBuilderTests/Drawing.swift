import SymbolIndex

@testable import DWARFReader
@testable import SymbolIndexBuilder

/// Flattening's input and output as text. One column is one address; the first column is 0x100.
///
///     f   [----------)      a function; `(` or `[` opens, `)` closes
///     f/g    [---)          g inlined into f
///     row a  [  b  )        rows at each letter's column; `)` ends the sequence
enum Drawing {
    static let base: UInt64 = 0x100

    static func ranges(_ drawing: String) -> [UnitRange] {
        var result: [UnitRange] = []
        var start: UInt64?
        for (column, character) in drawing.enumerated() {
            let address = base + UInt64(column)
            if character == "[" { start = address }
            if character == ")", let first = start {
                result.append(UnitRange(start: first, end: address))
                start = nil
            }
        }
        return result
    }

    /// Scopes from lines `path drawing`; a path of `f/g` hangs g below the last `f` above it. Functions have the letter of
    /// the last component as name and as line of their declaration.
    static func unit(offset: UInt64 = 0, scopes lines: [(String, String)] = [], rows: String = "") -> UnitCode {
        var unit = UnitCode()
        unit.offset = offset
        unit.files = [file]
        var known: [String: Int] = [:]
        for (path, drawing) in lines {
            let parent = path.contains("/") ? known[String(path.dropLast(2))] : nil
            known[path] = unit.scopes.count
            unit.addScope(path.last ?? "?", ranges(drawing), parent: parent)
        }
        for (column, character) in rows.enumerated() where character != " " && character != "-" {
            unit.rows.append(
                LineRow(
                    address: base + UInt64(column), file: 0, line: character.unicodeScalars.first?.value ?? 0,
                    column: 0,
                    isEndOfSequence: character == ")"))
        }
        return unit
    }

    /// The path `/a.c`, whose text stands in ``inputs``.
    static let file = LineFile(
        compilationDirectory: .none, directory: .none,
        name: TextReference(section: DebugSpace.TextSection.strings.rawValue, offset: 0))

    /// The section that ``file`` stands in; never freed.
    static let strings: SectionBytes = {
        let text = Array("/a.c\0".utf8)
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
        _ = copy.initialize(from: text)
        return SectionBytes(base: UnsafePointer(copy.baseAddress.unsafelyUnwrapped), count: text.count)
    }()

    static func live(_ drawing: String) -> LiveCode { LiveCode(ranges(drawing).map { $0.start..<$0.end }) }

    static func flat(_ unit: UnitCode, _ live: LiveCode) -> FlatUnit {
        var flattener = UnitFlattener(live: live)
        return flattener.flatten(unit)
    }

    /// One text line a piece: address offsets, chain innermost first, row letter.
    static func text(_ flat: FlatUnit, of unit: UnitCode) -> [String] {
        var result: [String] = []
        for run in flat.runs.indices {
            let range = flat.pieces(ofRun: run)
            for piece in range {
                var chain = ""
                var scope = flat.pieces[piece].scope
                while scope >= 0 {
                    let function = flat.functions[Int(flat.scopes[Int(scope)].function)]
                    let letter = unit.functions[Int(function)].declarationLine
                    chain.unicodeScalars.append(Unicode.Scalar(letter) ?? "?")
                    scope = flat.scopes[Int(scope)].parent
                }
                let hasPlace =
                    flat.place(ofPiece: piece).file != nil || flat.pieces[piece].file != FlatUnit.Piece.noFile
                let row = hasPlace ? String(Unicode.Scalar(flat.pieces[piece].line) ?? "?") : "-"
                let start = flat.runs[run].start + UInt64(flat.pieces[piece].offset)
                let end = flat.end(ofPiece: piece, run: run, pieces: range)
                result.append("\(start - base)..\(end - base) \(chain.isEmpty ? "-" : chain) \(row)")
            }
        }
        return result
    }
}

extension UnitCode {
    /// Adds a scope of the function with this letter.
    mutating func addScope(
        _ letter: Character, _ ranges: [UnitRange], parent: Int? = nil, entryAddress: UInt64? = nil,
        callLine: UInt32 = 0
    ) {
        let line = letter.unicodeScalars.first?.value ?? 0
        var function = functions.firstIndex { $0.declarationLine == line }
        if function == nil {
            var new = UnitFunction()
            new.declarationLine = line
            new.name = TextReference(section: TextReference.arenaSection, offset: UInt64(arena.count))
            arena += Array(String(letter).utf8) + [0]
            functions.append(new)
            function = functions.count - 1
        }
        scopes.append(
            UnitScope(
                entryAddress: entryAddress ?? ranges.first?.start ?? 0, parent: Int32(parent ?? -1),
                function: Int32(function ?? -1), callFile: parent == nil ? -1 : 0, callLine: callLine, callColumn: 1,
                firstRange: UInt32(self.ranges.count), rangeCount: UInt32(ranges.count), isInlined: parent != nil))
        self.ranges += ranges
    }
}
