import Bytes
import ParserTasks

/// A line of `/proc/PID/maps` with a path, or with none.
///
///     7f12a4000000-7f12a4021000 r-xp 00001000 08:01 1835019    /usr/lib/libexample.so (deleted)
struct LinuxMapping: Equatable {
    var addresses: Range<UInt64>
    var isExecutable: Bool
    var fileOffset: UInt64
    /// Empty for anonymous memory.
    var path: String

    /// The line; `nil` when it is not one. Anything behind the inode is the path, blanks and all.
    init?(_ line: UnsafeRawBufferPointer) {
        var rest = line[...]
        func field() -> Slice<UnsafeRawBufferPointer>? {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard let end = rest.firstIndex(where: { $0 == 0x20 || $0 == 0x09 }) ?? (rest.isEmpty ? nil : rest.endIndex)
            else {
                return nil
            }
            defer { rest = rest[end...] }
            return rest[..<end]
        }
        guard let addresses = field(), let dash = addresses.firstIndex(of: 0x2d),
            let start = Self.hexadecimal(addresses[..<dash]),
            let end = Self.hexadecimal(addresses[addresses.index(after: dash)...]), start <= end,
            let permissions = field(), permissions.count >= 4, let offset = field().flatMap(Self.hexadecimal),
            field() != nil, field() != nil
        else { return nil }
        self.addresses = start..<end
        isExecutable = permissions[permissions.index(permissions.startIndex, offsetBy: 2)] == 0x78
        fileOffset = offset
        let path = rest.drop { $0 == 0x20 || $0 == 0x09 }
        self.path = String(decoding: path.prefix(MinidumpLimits.nameLength), as: UTF8.self)
    }

    private static func hexadecimal(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
            case 0x41...0x46: value = value << 4 | UInt64(digit - 0x41 + 10)
            default: return nil
            }
        }
        return value
    }
}

/// What was mapped, as `/proc/PID/maps` in the dump (Breakpad, LLDB) or the memory info list (Crashpad) says.
struct MinidumpMappings {
    /// In the order of the addresses, as the kernel writes them; empty without `/proc/PID/maps`.
    var files: [LinuxMapping] = []
    /// Executable memory; `nil` when the dump does not say.
    var executable: AddressRanges?

    /// The mapped files, by address: a file's mappings follow one another with rising offsets; anonymous memory may be
    /// between (the part of a segment that is not in the file).
    private(set) var mapped: [DumpModule] = []

    /// The mapped files with code. Data files are mapped as well, and [stack], [heap] and [vsyscall] have no build id.
    var modules: [DumpModule] {
        mapped.filter { $0.isExecutable && ($0.path.hasPrefix("/") || $0.path == "[vdso]") }
    }

    /// Groups ``files``.
    mutating func group() {
        var lastOffset: UInt64 = 0
        for mapping in files where !mapping.path.isEmpty {
            if let last = mapped.last, last.path == mapping.path, mapping.fileOffset > lastOffset {
                mapped[mapped.count - 1].end = max(last.end, mapping.addresses.upperBound)
                mapped[mapped.count - 1].isExecutable = last.isExecutable || mapping.isExecutable
            } else {
                mapped.append(
                    DumpModule(
                        path: mapping.path, buildID: nil, start: mapping.addresses.lowerBound,
                        end: mapping.addresses.upperBound, isExecutable: mapping.isExecutable))
            }
            lastOffset = mapping.fileOffset
        }
    }
}

extension MinidumpReader {
    /// Reads `/proc/PID/maps`, else the memory info list.
    mutating func readMappings() -> MinidumpMappings {
        var result = MinidumpMappings()
        if let place = directory[.linuxMaps] {
            result.files = readMaps(place)
            let code = result.files.lazy.filter(\.isExecutable).map(\.addresses)
            result.group()
            if !result.files.isEmpty { result.executable = AddressRanges(Array(code)) }
        }
        if result.executable == nil { result.executable = readMemoryInfo() }
        return result
    }

    private mutating func readMaps(_ place: MinidumpLocation) -> [LinuxMapping] {
        let file = file
        guard let bytes = DumpBytes(file.bytes).piece(place.offset, place.size) else { return [] }
        var mappings: [LinuxMapping] = []
        var damaged = 0
        var leftOut = 0
        var textSize = 0
        bytes.bytes.withUnsafeBytes { buffer in
            for line in buffer.split(separator: 0x0a, omittingEmptySubsequences: true) {
                guard mappings.count < MinidumpLimits.modules * 4, textSize <= MinidumpLimits.textSize else {
                    leftOut += 1
                    continue
                }
                if let mapping = LinuxMapping(UnsafeRawBufferPointer(rebasing: line)) {
                    mappings.append(mapping)
                    textSize += mapping.path.utf8.count
                } else if line.contains(where: { $0 != 0 }) {
                    damaged += 1
                }
            }
        }
        if damaged > 0 { note("stream linuxMaps: \(damaged) lines are not understood") }
        if leftOut > 0 { note("stream linuxMaps: \(leftOut) lines are left out, there are too many") }
        return mappings
    }

    /// `MINIDUMP_MEMORY_INFO_LIST`: sizes of header and entry, a 64-bit count, then entries whose protection is Windows'.
    private mutating func readMemoryInfo() -> AddressRanges? {
        guard let place = directory[.memoryInfoList] else { return nil }
        guard place.size >= 16, let header = u32(place.offset), let stride = u32(place.offset + 4),
            let count = u64(place.offset + 8), header >= 16, stride >= 48
        else {
            note("stream memoryInfoList: its header is damaged")
            return nil
        }
        let list = bounded(.memoryInfoList, place, header: UInt64(header), claimed: count, stride: UInt64(stride))
        var executable: [Range<UInt64>] = []
        for index in 0..<min(list.count, UInt64(MinidumpLimits.memoryRanges)) {
            guard let start = u64(list[index]), let size = u64(list[index] + 24), let protection = u32(list[index] + 36)
            else { break }
            let (end, isOverflow) = start.addingReportingOverflow(size)
            // PAGE_EXECUTE, with nothing, reading, writing, copying.
            if protection & 0xf0 != 0, !isOverflow { executable.append(start..<end) }
        }
        return list.count > 0 ? AddressRanges(executable) : nil
    }
}
