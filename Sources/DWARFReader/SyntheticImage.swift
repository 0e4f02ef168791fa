import Glibc

/// An ELF file made in private memory that holds nothing but decompressed `.debug_*` sections:
///
///     ELF header │ .debug_abbrev 0… │ .debug_info 0… │ … │ section names │ section headers
///
/// It is what libdw gets to see instead of the uploaded file. So libdw never inflates anything, never meets an odd ELF
/// container, and finds no `.gnu_debugaltlink` or `.gnu_debuglink` whose path it would open. Class, byte order and machine
/// are those of the original. Zero bytes follow every section, so that a string or number without an end stops there
/// instead of running into the next section.
struct SyntheticImage: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var count = 0
    private let is64Bit: Bool
    private let bigEndian: Bool
    private var sections: [(name: String, range: Range<Int>)] = []

    /// Zero bytes behind every section.
    private static let padding = 64

    init(is64Bit: Bool, bigEndian: Bool) {
        self.is64Bit = is64Bit
        self.bigEndian = bigEndian
        _ = extend(by: 64, cleared: true)
    }

    deinit {
        free(base)
    }

    /// The whole image; ends with the image.
    var memory: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: count) }

    /// Where a section's bytes begin in the image; `nil` when it has none such.
    func range(of name: String) -> Range<Int>? {
        sections.first { $0.name == name }?.range
    }

    /// A section's bytes, empty when it is absent.
    @_lifetime(borrow self)
    func contents(of name: String) -> RawSpan {
        let range = range(of: name) ?? 0..<0
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[range])
        // The memory lives until `deinit` and is not changed after `finish`.
        return _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }

    /// Adds a section. False when the system gives no memory.
    mutating func append(_ name: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let range = extend(by: bytes.count) else { return false }
        copy(bytes, to: range.lowerBound)
        sections.append((name, range))
        return true
    }

    /// Writes headers and section names. Call once, after the last section. False when the system gives no memory.
    mutating func finish(machine: UInt16) -> Bool {
        var names: [UInt8] = [0]
        var nameOffsets: [Int] = []
        for section in sections {
            nameOffsets.append(names.count)
            names += Array(section.name.utf8) + [0]
        }
        let tableNameOffset = names.count
        names += Array(".shstrtab".utf8) + [0]
        guard let nameRange = extend(by: names.count) else { return false }
        names.withUnsafeBytes { copy($0, to: nameRange.lowerBound) }

        let entrySize = is64Bit ? 64 : 40
        let total = sections.count + 2
        guard let table = extend(by: total * entrySize, cleared: true) else { return false }
        for (index, section) in sections.enumerated() {
            writeSectionHeader(
                at: table.lowerBound + (index + 1) * entrySize, name: nameOffsets[index], type: 1, section.range)
        }
        writeSectionHeader(
            at: table.lowerBound + (total - 1) * entrySize, name: tableNameOffset, type: 3, nameRange)
        writeHeader(machine: machine, sectionHeaders: table.lowerBound, count: total)
        // Ends right behind the table: libelf takes the size as the file's.
        count = table.upperBound
        return true
    }

    /// Room for `size` bytes, 16-aligned, with zeros before and behind them and, when `cleared`, in them.
    private mutating func extend(by size: Int, cleared: Bool = false) -> Range<Int>? {
        let start = (count + 15) & ~15
        let (sum, overflow) = start.addingReportingOverflow(size)
        let (end, overflow2) = sum.addingReportingOverflow(Self.padding)
        guard !overflow, !overflow2 else { return nil }
        if end > capacity {
            guard let grown = realloc(base, end) else { return nil }
            base = grown
            capacity = end
        }
        if let base {
            memset(base + count, 0, (cleared ? end : start) - count)
            memset(base + end - Self.padding, 0, Self.padding)
        }
        count = end
        return start..<(start + size)
    }

    private func copy(_ bytes: UnsafeRawBufferPointer, to offset: Int) {
        guard let base, let source = bytes.baseAddress else { return }
        memcpy(base + offset, source, bytes.count)
    }

    // MARK: Headers (gABI, chapter 4)

    private func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        base?.storeBytes(of: bigEndian ? value.bigEndian : value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// A field that is 4 bytes in ELF32 and 8 in ELF64.
    private func putWord(_ value: Int, at32: Int, at64: Int) {
        if is64Bit {
            put(UInt64(truncatingIfNeeded: value), at: at64)
        } else {
            put(UInt32(truncatingIfNeeded: value), at: at32)
        }
    }

    private func writeSectionHeader(at offset: Int, name: Int, type: UInt32, _ range: Range<Int>) {
        put(UInt32(truncatingIfNeeded: name), at: offset)
        put(type, at: offset + 4)
        putWord(range.lowerBound, at32: offset + 16, at64: offset + 24)
        putWord(range.count, at32: offset + 20, at64: offset + 32)
        putWord(1, at32: offset + 32, at64: offset + 48)
    }

    private func writeHeader(machine: UInt16, sectionHeaders: Int, count: Int) {
        let identification: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, is64Bit ? 2 : 1, bigEndian ? 2 : 1, 1]
        identification.withUnsafeBytes { copy($0, to: 0) }
        put(UInt16(3), at: 16)  // ET_DYN: nothing is relocated.
        put(machine, at: 18)
        put(UInt32(1), at: 20)
        putWord(sectionHeaders, at32: 32, at64: 40)
        let sizes = is64Bit ? 52 : 40
        put(UInt16(is64Bit ? 64 : 52), at: sizes)
        put(UInt16(is64Bit ? 64 : 40), at: sizes + 6)
        put(UInt16(truncatingIfNeeded: count), at: sizes + 8)
        put(UInt16(truncatingIfNeeded: count - 1), at: sizes + 10)
    }
}
