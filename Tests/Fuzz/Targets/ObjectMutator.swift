/// Changes that know ELF and DWARF: they keep a file readable up to the place that they damage.
///
/// Seeds are uncompressed, so a change inside of a section reaches the reader of that section.
public enum ObjectMutator {
    /// A section as the header tells it, kept inside of the file.
    struct Section {
        var header: Int
        var name: String
        var range: Range<Int>
    }

    /// A changed copy; of a pair, one of the two files.
    public static func mutate(_ seed: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var input = ObjectInput(seed)
        if let other = input.other, random.below(2) == 0 {
            input.other = (other.role, mutateFile(other.bytes, &random))
        } else {
            input.object = mutateFile(input.object, &random)
        }
        return input.packed
    }

    private static func mutateFile(_ seed: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = seed
        let sections = sections(of: bytes)
        let debug = sections.filter { $0.name.hasPrefix(".debug_") && !$0.range.isEmpty }
        for _ in 0...random.below(3) {
            guard let section = debug.isEmpty ? nil : debug[random.below(debug.count)] else {
                ByteMutator.change(&bytes, in: bytes.indices, &random)
                continue
            }
            switch random.below(16) {
            case 0: ByteMutator.change(&bytes, in: 0..<64, &random)
            case 1, 2: changeHeader(&bytes, sections, &random)
            case 3: ByteMutator.change(&bytes, in: sections[random.below(sections.count)].range, &random)
            case 4: bytes.removeLast(random.below(bytes.count / 2 + 1))
            case 5, 6: spliceAbbreviations(&bytes, debug, &random)
            case 7: lineProgram(&bytes, debug, &random)
            case 8: rangeList(&bytes, debug, &random)
            default: ByteMutator.change(&bytes, in: section.range, &random)
            }
        }
        return bytes
    }

    /// A field of a section header: type, flags (compressed), address, offset, size, link, info; or another section's.
    private static func changeHeader(_ bytes: inout [UInt8], _ sections: [Section], _ random: inout FuzzRandom) {
        let header = sections[random.below(sections.count)].header
        let source = sections[random.below(sections.count)].header
        // An earlier change may have cut the table off.
        guard header + 64 <= bytes.count, source + 64 <= bytes.count else { return }
        switch random.below(4) {
        case 0:
            // Two headers of the same bytes, or of the same size.
            let place = 0x18 + 8 * random.below(2)
            let copy = Array(bytes[(source + place)..<(source + 0x28)])
            bytes.replaceSubrange((header + place)..<(header + 0x28), with: copy)
        case 1: bytes[header + 9] ^= 0x08  // SHF_COMPRESSED: what follows is taken for a compression header
        default: ByteMutator.change(&bytes, in: header..<(header + 64), &random)
        }
    }

    /// Pieces of abbreviations over others: forms, tags and codes that do not fit the entries, duplicates, cycles.
    private static func spliceAbbreviations(
        _ bytes: inout [UInt8], _ debug: [Section], _ random: inout FuzzRandom
    ) {
        guard let range = debug.first(where: { $0.name.hasPrefix(".debug_abbrev") })?.range.clamped(to: bytes.indices),
            range.count > 8
        else { return }
        if random.below(2) == 0 {
            let length = 1 + random.below(min(32, range.count / 2))
            let source = range.lowerBound + random.below(range.count - length)
            let target = range.lowerBound + random.below(range.count - length)
            bytes.replaceSubrange(target..<(target + length), with: Array(bytes[source..<(source + length)]))
        } else {
            // An attribute's form becomes another one: indirect, implicit constants, indexes, references, lists.
            let forms: [UInt8] = [
                0x01, 0x03, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x13, 0x15, 0x16, 0x17, 0x18,
                0x19,
                0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x29, 0x2c,
            ]
            bytes[range.lowerBound + random.below(range.count)] = forms[random.below(forms.count)]
        }
    }

    /// Opcodes of line programs: extended ones of any length, far advances, sequences without an end.
    private static func lineProgram(_ bytes: inout [UInt8], _ debug: [Section], _ random: inout FuzzRandom) {
        let programs: [[UInt8]] = [
            [0, 9, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0, 1, 1], [0, 0],
            [0, 0xff, 0xff, 0xff, 0xff, 0x0f],
            [2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [3, 0x80, 0x80, 0x80, 0x80, 0x78],
            [8, 8, 8, 8],
            [4, 0xff, 0xff, 0xff, 0xff, 0x0f], [5, 0xff, 0xff, 0xff, 0x7f], [9, 0xff, 0xff], [0, 5, 3, 0x61, 0, 1, 1],
        ]
        overwrite(&bytes, debug, section: ".debug_line", with: programs[random.below(programs.count)], &random)
    }

    /// Entries of range lists: bases, indexes, reversed and endless ranges.
    private static func rangeList(_ bytes: inout [UInt8], _ debug: [Section], _ random: inout FuzzRandom) {
        let lists: [[UInt8]] = [
            [1, 0xff, 0xff, 0xff, 0xff, 0x0f], [2, 0, 0xff, 0x7f], [3, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            [4, 0x7f, 1],
            [4, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [5, 0, 0, 0, 0, 0, 0, 0, 0],
            [7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [8, 0xff],
        ]
        let name = random.below(2) == 0 ? ".debug_rnglists" : ".debug_ranges"
        overwrite(&bytes, debug, section: name, with: lists[random.below(lists.count)], &random)
    }

    private static func overwrite(
        _ bytes: inout [UInt8], _ debug: [Section], section: String, with piece: [UInt8], _ random: inout FuzzRandom
    ) {
        guard let range = debug.first(where: { $0.name.hasPrefix(section) })?.range.clamped(to: bytes.indices),
            range.count > piece.count
        else { return }
        let place = range.lowerBound + random.below(range.count - piece.count)
        bytes.replaceSubrange(place..<(place + piece.count), with: piece)
    }

    // MARK: Reading just enough ELF

    /// The sections of a 64-bit little-endian file, as far as its headers can be read.
    static func sections(of bytes: [UInt8]) -> [Section] {
        func number(_ place: Int, _ size: Int) -> Int {
            guard place >= 0, place + size <= bytes.count else { return 0 }
            let value = (0..<size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[place + $1]) }
            return Int(truncatingIfNeeded: value & (1 << 40 - 1))
        }
        guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return [] }
        let table = number(0x28, 8)
        let headers = (0..<number(0x3c, 2)).map { table + $0 * 64 }.filter { $0 + 64 <= bytes.count }
        let names = number(0x3e, 2) < headers.count ? number(headers[number(0x3e, 2)] + 0x18, 8) : 0
        return headers.map { header in
            let text = bytes.dropFirst(names + number(header, 4)).prefix { $0 != 0 }
            let start = number(header + 0x18, 8)
            let hasBytes = number(header + 4, 4) != 8
            let range = start..<max(start, start + (hasBytes ? number(header + 0x20, 8) : 0))
            return Section(
                header: header, name: String(decoding: text, as: UTF8.self), range: range.clamped(to: bytes.indices))
        }
    }
}

/// Changes of index files: the header's fields, then anywhere.
enum IndexMutator {
    static func mutate(_ seed: [UInt8], _ random: inout FuzzRandom) -> [UInt8] {
        var bytes = seed
        for _ in 0...random.below(4) {
            let range = random.below(3) == 0 ? 0..<min(256, bytes.count) : bytes.indices
            ByteMutator.change(&bytes, in: range, &random, keepingSize: random.below(8) > 0)
        }
        return bytes
    }
}
