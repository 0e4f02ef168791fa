import ELFObject

/// The functions of one module, sorted, with the one fact that async unwinding needs of each: whether it is a piece of an
/// async function.
///
/// Swift cuts an async function at its awaits. The pieces behind a cut are functions of their own whose mangled names end
/// in `TY<digits>_` (behind a suspension) or `TQ<digits>_` (behind an awaited call). On Linux that suffix is the only
/// marker there is. Names are looked at and not kept: 24 bytes a function.
struct AsyncSymbols {
    private struct Function {
        var start: UInt64
        var end: UInt64
        var isAsyncPiece: Bool
    }

    private var functions: [Function] = []
    /// Whether any of the files has a full symbol table: without one local functions, which most pieces are, are unknown.
    private(set) var isComplete = false
    /// What kept a table from being read.
    private(set) var problem: String?

    /// The functions of the files, the debug file's among them, in link addresses.
    init(_ files: [ELFObject]) {
        for file in files {
            do throws(ELFError) {
                try add(file.symbols())
            } catch {
                problem = error.description
            }
            if isComplete { break }
        }
        functions.sort { ($0.start, $0.end, $0.isAsyncPiece ? 0 : 1) < ($1.start, $1.end, $1.isAsyncPiece ? 0 : 1) }
    }

    private mutating func add(_ table: ELFSymbolTable) throws(ELFError) {
        for symbol in table where symbol.kind == .function {
            if symbol.table != .dynsym { isComplete = true }
            let (end, isOverflow) = symbol.value.addingReportingOverflow(symbol.size)
            guard !isOverflow else { continue }
            // A damaged name costs this symbol only.
            let isPiece = (try? table.withName(of: symbol) { Self.isAsyncPiece($0) }) ?? false
            functions.append(Function(start: symbol.value, end: end, isAsyncPiece: isPiece))
        }
    }

    /// Whether the link address lies in an async piece.
    func isAsyncPiece(_ address: UInt64) -> Bool {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = low + (high - low) / 2
            if functions[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        // Aliases and folded functions share a place: any of them counts.
        guard low > 0 else { return false }
        let start = functions[low - 1].start
        var index = low - 1
        while index >= 0, functions[index].start == start {
            if functions[index].isAsyncPiece, address < functions[index].end { return true }
            index -= 1
        }
        return false
    }

    /// Whether a mangled name is that of a piece; what LLVM adds behind a dot (`.cold.1`, `.llvm.42`) does not matter.
    static func isAsyncPiece(_ name: UnsafeRawBufferPointer) -> Bool {
        // "$s", "$S" and "$e" begin Swift's mangled names.
        guard name.count > 6, name[0] == UInt8(ascii: "$") else { return false }
        var end = name.firstIndex(of: UInt8(ascii: ".")) ?? name.count
        guard end > 6, name[end - 1] == UInt8(ascii: "_") else { return false }
        end -= 1
        var digits = 0
        while end > 2, (0x30...0x39).contains(name[end - 1]) {
            end -= 1
            digits += 1
        }
        guard digits > 0, end > 3, name[end - 2] == UInt8(ascii: "T") else { return false }
        return name[end - 1] == UInt8(ascii: "Y") || name[end - 1] == UInt8(ascii: "Q")
    }
}
