import CElfutils
import Glibc

/// One `Dwarf*` over a ``SyntheticImage``, ended together with it. libdw handles belong to one thread, which `~Copyable`
/// and the missing `Sendable` keep true.
///
/// libdw is asked for what depends on a unit's bases and tables: strings, indexed addresses, range lists. Finding entries
/// and attributes is the walk's own work.
struct LibdwHandle: ~Copyable {
    let image: SyntheticImage
    private let elf: OpaquePointer
    private let dwarf: OpaquePointer
    /// Where `.debug_info` begins in memory.
    private let information: UnsafeMutableRawPointer

    /// Takes a finished image. Throws libelf's or libdw's message.
    init(_ image: consuming SyntheticImage) throws(LibraryFailure) {
        guard elf_version(UInt32(EV_CURRENT)) != UInt32(EV_NONE) else { throw LibraryFailure("libelf is too old") }
        let memory = image.memory
        guard let base = memory.baseAddress, let range = image.range(of: ".debug_info") else {
            throw LibraryFailure("no .debug_info")
        }
        guard let elf = elf_memory(base.assumingMemoryBound(to: CChar.self), memory.count) else {
            throw LibraryFailure(String(cString: elf_errmsg(-1)))
        }
        guard let dwarf = dwarf_begin_elf(elf, DWARF_C_READ, nil) else {
            let failure = LibraryFailure.last()
            elf_end(elf)
            throw failure
        }
        self.image = image
        self.elf = elf
        self.dwarf = dwarf
        information = base + range.lowerBound
    }

    deinit {
        dwarf_end(dwarf)
        elf_end(elf)
    }

    /// The headers of all units, read without libdw.
    func unitHeaders(bigEndian: Bool, limits: DWARFLimits) -> [UnitHeader] {
        UnitHeader.scan(
            image.contents(of: ".debug_info"), abbreviationsSize: image.contents(of: ".debug_abbrev").byteCount,
            bigEndian: bigEndian, limits: limits)
    }

    /// Makes a unit that nobody will read acceptable to libdw, which otherwise stops at its header and never finds the
    /// units behind it. Only this private image changes; the caller keeps what the header said. A unit too short for a
    /// header, as zeros between units are, is joined to `previous`, the nearest readable unit before it.
    func neutralise(_ header: UnitHeader, previous: UnitHeader?, bigEndian: Bool) {
        let wordSize = header.is64Bit ? 8 : 4
        let version = header.offset + (header.is64Bit ? 12 : 4)
        if !header.isPadding, header.end - version >= 2 + wordSize + 1 {
            // Version 4, abbreviations at 0, addresses of 8 bytes.
            put(UInt16(4), at: version, bigEndian)
            memset(information + version + 2, 0, wordSize)
            put(UInt8(8), at: version + 2 + wordSize, bigEndian)
        } else if let previous {
            if previous.is64Bit {
                put(UInt64(header.end - previous.offset - 12), at: previous.offset + 4, bigEndian)
            } else if let length = UInt32(exactly: header.end - previous.offset - 4), length < 0xffff_fff0 {
                put(length, at: previous.offset, bigEndian)
            }
        }
    }

    private func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int, _ bigEndian: Bool) {
        information.storeBytes(
            of: bigEndian ? value.bigEndian : value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// libdw's unit whose first entry is at `offset` of `.debug_info`.
    func unit(firstEntry offset: Int) throws(LibraryFailure) -> LibdwUnit {
        var entry = Dwarf_Die()
        guard dwarf_offdie(dwarf, Dwarf_Off(offset), &entry) != nil, let unit = entry.cu else {
            throw LibraryFailure.last()
        }
        // The values below are read in place, so libdw must see the image's own bytes.
        guard entry.addr == information + offset else { throw LibraryFailure(".debug_info was copied") }
        return LibdwUnit(unit: unit, information: information)
    }
}

/// A unit of a ``LibdwHandle``; valid no longer than that.
struct LibdwUnit {
    let unit: OpaquePointer
    let information: UnsafeMutableRawPointer

    private func attribute(_ value: AttributeValue, code: Int) -> Dwarf_Attribute {
        Dwarf_Attribute(
            code: UInt32(code), form: UInt32(value.form),
            valp: (information + value.position).assumingMemoryBound(to: UInt8.self), cu: unit)
    }

    /// The NUL-terminated text of a string attribute; `nil` if it cannot be had. Lives as long as the handle.
    func string(_ value: AttributeValue) -> UnsafePointer<CChar>? {
        var attribute = attribute(value, code: DW_AT_name)
        return dwarf_formstring(&attribute)
    }

    /// An address in any form, indexed ones too.
    func address(_ value: AttributeValue) -> UInt64? {
        var attribute = attribute(value, code: DW_AT_low_pc)
        var result: Dwarf_Addr = 0
        return dwarf_formaddr(&attribute, &result) == 0 ? result : nil
    }

    /// Hands every range of the entry at `offset` to `body` until it answers false.
    func ranges(ofEntryAt offset: Int, _ body: (UInt64, UInt64) -> Bool) throws(LibraryFailure) {
        var entry = Dwarf_Die(addr: information + offset, cu: unit, abbrev: nil, padding__: 0)
        var position = 0
        var base: Dwarf_Addr = 0
        var start: Dwarf_Addr = 0
        var end: Dwarf_Addr = 0
        while true {
            position = dwarf_ranges(&entry, position, &base, &start, &end)
            if position < 0 { throw LibraryFailure.last() }
            if position == 0 || !body(start, end) { return }
        }
    }
}

/// A message of libdw or libelf.
struct LibraryFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }

    /// libdw's last error of this thread; asking clears it.
    static func last() -> LibraryFailure {
        guard let text = dwarf_errmsg(-1) else { return LibraryFailure("unknown error") }
        return LibraryFailure(String(cString: text))
    }
}
