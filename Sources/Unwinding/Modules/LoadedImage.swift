/// An ELF file as it lies in memory: its headers and what they point to, read through the memory of a process (or the
/// load segments of a file, which is the same thing). Section headers are not in memory, program headers are.
///
/// Nothing is kept: every question reads what it needs, a few hundred bytes.
struct LoadedImage {
    /// Reads `count` bytes at an absolute address, at most `limit` of them; `nil` when not all are there.
    typealias Memory = (_ address: UInt64, _ count: UInt64, _ limit: Int) -> [UInt8]?

    /// A program header.
    struct Segment {
        var type: UInt32
        var flags: UInt32
        var address: UInt64
        var memorySize: UInt64
    }

    /// Where the file begins, absolute.
    let start: UInt64
    let type: UInt16
    let machine: UInt16
    let segments: [Segment]
    /// Absolute address of link address 0.
    let bias: UInt64
    /// The lowest load segment's page, as linked.
    let linkBase: UInt64
    private let memory: Memory

    /// The 64-bit little-endian ELF file at `start`; `nil` when there is none whose headers are all readable.
    init?(at start: UInt64, _ memory: @escaping Memory) {
        guard let head = memory(start, 64, 64), Self.number(head, 0, 7) == 0x01_0102_464c_457f else {
            return nil
        }
        let count = Self.number(head, 56, 2)
        // Real files have about a dozen.
        guard count > 0, count <= 128, Self.number(head, 54, 2) == 56 else { return nil }
        let (tableAddress, isOverflow) = start.addingReportingOverflow(Self.number(head, 32, 8))
        guard !isOverflow, let table = memory(tableAddress, count * 56, 1 << 13) else { return nil }
        self.start = start
        self.memory = memory
        type = UInt16(Self.number(head, 16, 2))
        machine = UInt16(Self.number(head, 18, 2))
        segments = stride(from: 0, to: Int(count) * 56, by: 56).map { place in
            Segment(
                type: UInt32(Self.number(table, place, 4)), flags: UInt32(Self.number(table, place + 4, 4)),
                address: Self.number(table, place + 16, 8), memorySize: Self.number(table, place + 40, 8))
        }
        let lowest = segments.lazy.filter { $0.type == 1 }.map(\.address).min() ?? 0
        linkBase = lowest & ~4095
        bias = start &- linkBase
    }

    /// Behind the highest load segment, absolute.
    var end: UInt64 {
        var end = start
        for segment in segments where segment.type == 1 {
            let (sum, isOverflow) = segment.address.addingReportingOverflow(segment.memorySize)
            if !isOverflow { end = max(end, bias &+ sum) }
        }
        return end
    }

    /// `count` bytes at a link address, at most `limit`; `nil` when not all are there.
    func bytes(atLinkAddress address: UInt64, count: UInt64, limit: Int) -> [UInt8]? {
        memory(bias &+ address, count, limit)
    }

    /// The GNU build id, where its note is readable.
    func buildID() -> [UInt8]? {
        for segment in segments.lazy.filter({ $0.type == 4 }).prefix(8) {
            guard let notes = memory(bias &+ segment.address, segment.memorySize, 1 << 14) else { continue }
            var position = 0
            while position + 12 <= notes.count {
                let nameSize = Int(Self.number(notes, position, 4))
                let size = Int(Self.number(notes, position + 4, 4))
                let descriptor = position + 12 + (nameSize + 3) & ~3
                guard descriptor <= notes.count, size <= notes.count - descriptor else { break }
                if Self.number(notes, position + 8, 4) == 3, nameSize == 4, (1...64).contains(size),
                    Self.number(notes, position + 12, 4) == 0x0055_4e47
                {
                    return Array(notes[descriptor..<descriptor + size])
                }
                position = descriptor + (size + 3) & ~3
            }
        }
        return nil
    }

    /// The name that a shared library gives itself (`DT_SONAME`).
    func sharedObjectName() -> String? {
        guard let dynamic = segments.first(where: { $0.type == 2 }),
            let entries = memory(bias &+ dynamic.address, min(dynamic.memorySize, 16 * 512), 16 * 512)
        else { return nil }
        var strings: UInt64?
        var name: UInt64?
        for place in stride(from: 0, to: entries.count - 15, by: 16) {
            switch Self.number(entries, place, 8) {
            case 5: strings = Self.number(entries, place + 8, 8)
            case 14: name = Self.number(entries, place + 8, 8)
            default: break
            }
        }
        guard var table = strings, let name else { return nil }
        // The dynamic linker has made it absolute, but for the vDSO.
        if table < bias { table &+= bias }
        return Self.text(at: table &+ name, limit: 256, memory)
    }

    /// The NUL-terminated text at `address`; `nil` when it is empty or not there.
    static func text(at address: UInt64, limit: Int, _ memory: Memory) -> String? {
        var bytes: [UInt8] = []
        // Byte by byte: the page behind it may not be there.
        while bytes.count < limit, let byte = memory(address &+ UInt64(bytes.count), 1, 1)?.first, byte != 0 {
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// A little-endian number of up to 8 bytes; the caller has checked that they are there.
    static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<size where offset + index < bytes.count {
            value |= UInt64(bytes[offset + index]) << UInt64(8 * index)
        }
        return value
    }
}
