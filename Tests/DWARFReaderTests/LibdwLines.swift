import CElfutils
import Glibc

/// libdw's own reading of all line tables of a file, as a second opinion.
struct LibdwLines {
    struct Row: Equatable {
        var address: UInt64
        var path: String
        var line: Int
        var column: Int
        var isEnd: Bool
    }

    /// Rows by unit offset, in libdw's order: sorted by address, ends first.
    private(set) var rows: [UInt64: [Row]] = [:]

    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let dwarf = dwarf_begin(descriptor, DWARF_C_READ) else { return nil }
        defer { dwarf_end(dwarf) }
        var unit: OpaquePointer?
        var next: OpaquePointer?
        var root = Dwarf_Die()
        while dwarf_get_units(dwarf, unit, &next, nil, nil, &root, nil) == 0 {
            unit = next
            let offset = dwarf_dieoffset(&root) - dwarf_cuoffset(&root)
            var lines: OpaquePointer?
            var count = 0
            guard dwarf_getsrclines(&root, &lines, &count) == 0 else { continue }
            rows[offset] = (0..<count).map { Self.row(dwarf_onesrcline(lines, $0)) }
        }
    }

    private static func row(_ line: OpaquePointer?) -> Row {
        var address: Dwarf_Addr = 0
        var number: Int32 = 0
        var column: Int32 = 0
        var isEnd = false
        dwarf_lineaddr(line, &address)
        dwarf_lineno(line, &number)
        dwarf_linecol(line, &column)
        dwarf_lineendsequence(line, &isEnd)
        let path = dwarf_linesrc(line, nil, nil).map { String(cString: $0) } ?? ""
        return Row(address: address, path: path, line: Int(number), column: Int(column), isEnd: isEnd)
    }
}
