/// Takes out what only a terminal understands.
enum TerminalEscapes {
    /// Appends `line` without escape sequences (ECMA-48: CSI … final byte, OSC … BEL or ST, and two-byte ones) and without
    /// what a carriage return in the middle overwrote.
    static func strip(_ line: ArraySlice<UInt8>, into result: inout [UInt8]) {
        let start = result.count
        guard line.contains(where: { $0 == 0x1b || $0 == 0x0d }) else {
            result += line
            return
        }
        var position = line.startIndex
        while position < line.endIndex {
            switch line[position] {
            case 0x1b: position = end(ofEscapeAt: position, in: line)
            case 0x0d:
                // What follows is written over the line; nothing follows a line end's own.
                if position + 1 < line.endIndex { result.removeSubrange(start...) }
                position += 1
            case let byte:
                result.append(byte)
                position += 1
            }
        }
    }

    /// Behind the sequence; a sequence without an end is only its first byte.
    private static func end(ofEscapeAt start: Int, in line: ArraySlice<UInt8>) -> Int {
        let next = start + 1
        guard next < line.endIndex else { return next }
        switch line[next] {
        case UInt8(ascii: "["):
            // Parameters and intermediates are 0x20...0x3f, the final byte 0x40...0x7e.
            var position = next + 1
            while position < line.endIndex, (0x20...0x3f).contains(line[position]) { position += 1 }
            guard position < line.endIndex, (0x40...0x7e).contains(line[position]) else { return next }
            return position + 1
        case UInt8(ascii: "]"):
            guard let end = line[next...].prefix(4096).firstIndex(where: { $0 == 0x07 || $0 == 0x1b }) else {
                return next
            }
            return line[end] == 0x07 ? end + 1 : min(end + 2, line.endIndex)
        case 0x40...0x5f: return next + 1
        case UInt8(ascii: "("), UInt8(ascii: ")"): return min(next + 2, line.endIndex)
        default: return next
        }
    }
}
