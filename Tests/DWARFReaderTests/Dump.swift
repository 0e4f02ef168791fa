import DWARFReader

/// Reads what llvm-dwarfdump prints.
enum Dump {
    struct Scope: Equatable {
        var isInlined: Bool
        var ranges: [Range<UInt64>]
    }

    /// Subprograms and inlined subroutines that have code, in the order of the file.
    static func scopes(_ text: String) -> [Scope] {
        var result: [Scope] = []
        var tag = ""
        var low: UInt64?
        var ranges: [Range<UInt64>] = []
        func finish() {
            let live = ranges.filter { !$0.isEmpty }
            if !live.isEmpty, tag == "DW_TAG_subprogram" || tag == "DW_TAG_inlined_subroutine" {
                result.append(Scope(isInlined: tag == "DW_TAG_inlined_subroutine", ranges: live))
            }
            (tag, low, ranges) = ("", nil, [])
        }
        for line in text.split(separator: "\n") {
            if line.hasPrefix("0x") {
                finish()
                tag = String(line.split(separator: " ").dropFirst().first ?? "")
            } else if let range = line.firstRange(of: "DW_AT_low_pc\t(") {
                low = number(line[range.upperBound...])
            } else if let range = line.firstRange(of: "DW_AT_high_pc\t("), let start = low {
                if let end = number(line[range.upperBound...]), start <= end { ranges.append(start..<end) }
            } else if line.contains("[0x"), tag != "", !line.contains("):"), !line.contains("DW_OP") {
                // A line of a range list: `[0x…, 0x…)`.
                let parts = line.split(separator: "[").last?.split(separator: ",") ?? []
                if parts.count == 2, let start = number(parts[0]), let end = number(parts[1].drop { $0 == " " }) {
                    if start <= end { ranges.append(start..<end) }
                }
            }
        }
        finish()
        return result
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard text.hasPrefix("0x") else { return nil }
        return UInt64(text.dropFirst(2).prefix { $0.isHexDigit }, radix: 16)
    }
}
