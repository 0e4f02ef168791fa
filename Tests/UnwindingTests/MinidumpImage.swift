import Bytes
import Glibc
import ParserTasks

@testable import Unwinding

/// A minidump put together stream by stream, right or deliberately wrong.
struct MinidumpImage {
    private(set) var bytes = [UInt8](repeating: 0, count: 32)
    var streams: [(type: UInt32, size: UInt32, offset: UInt32)] = []
    /// Written over the number of streams.
    var streamCount: UInt32?
    var timestamp: UInt32 = 1_700_000_000
    /// Where each blob and stream begins or ends: places to cut.
    private(set) var boundaries: [Int] = []

    /// Little-endian fields, one after another.
    static func fields(_ values: any FixedWidthInteger...) -> [UInt8] {
        values.flatMap { Self.field($0) }
    }

    private static func field(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Puts bytes somewhere and tells where.
    mutating func blob(_ blob: [UInt8]) -> UInt32 {
        while bytes.count % 8 != 0 { bytes.append(0) }
        let offset = bytes.count
        boundaries.append(offset)
        bytes += blob
        boundaries.append(bytes.count)
        return UInt32(offset)
    }

    mutating func string(_ text: String) -> UInt32 {
        let units = Array(text.utf16)
        return blob(Self.fields(UInt32(units.count * 2)) + units.flatMap { Self.field($0) } + [0, 0])
    }

    mutating func stream(_ type: UInt32, _ contents: [UInt8]) {
        let offset = blob(contents)
        streams.append((type, UInt32(contents.count), offset))
    }

    mutating func stream(_ stream: MinidumpStream, _ contents: [UInt8]) {
        self.stream(stream.rawValue, contents)
    }

    /// A list stream: count, perhaps padding, entries.
    mutating func list(_ stream: MinidumpStream, _ entries: [[UInt8]], padded: Bool = false, count: UInt32? = nil) {
        let padding = padded ? [UInt8](repeating: 0, count: 4) : []
        self.stream(stream, Self.fields(count ?? UInt32(entries.count)) + padding + entries.flatMap { $0 })
    }

    /// The file: the directory comes last.
    func finished() -> [UInt8] {
        var result = bytes
        while result.count % 8 != 0 { result.append(0) }
        let directory = UInt32(result.count)
        for stream in streams { result += Self.fields(stream.type, stream.size, stream.offset) }
        let header = Self.fields(
            0x504d_444d as UInt32, 0x0000_a793 as UInt32, streamCount ?? UInt32(streams.count), directory, 0 as UInt32,
            timestamp, 0 as UInt64)
        result.replaceSubrange(0..<32, with: header)
        return result
    }

    // MARK: Entries

    mutating func systemInfo(
        processor: UInt16 = 9, platform: UInt32 = 0x8201, version: (UInt32, UInt32, UInt32) = (6, 1, 0),
        text: String = "#1 SMP x86_64"
    ) {
        let text = string(text)
        stream(
            .systemInfo,
            Self.fields(
                processor, 6 as UInt16, 0 as UInt16, 4 as UInt8, 0 as UInt8, version.0, version.1, version.2, platform,
                text) + [UInt8](repeating: 0, count: 28))
    }

    static func thread(
        _ id: UInt32, context: (size: UInt32, offset: UInt32),
        stack: (start: UInt64, size: UInt32, offset: UInt32) = (0, 0, 0)
    ) -> [UInt8] {
        fields(
            id, 0 as UInt32, 0 as UInt32, 0 as UInt32, 0 as UInt64, stack.start, stack.size, stack.offset, context.size,
            context.offset)
    }

    mutating func module(
        _ path: String, start: UInt64, size: UInt32, record: [UInt8]
    ) -> [UInt8] {
        let name = string(path)
        let place = record.isEmpty ? 0 : blob(record)
        return Self.fields(start, size, 0 as UInt32, 0 as UInt32, name) + [UInt8](repeating: 0, count: 52)
            + Self.fields(UInt32(record.count), place, 0 as UInt64, 0 as UInt64, 0 as UInt64)
    }

    static func elfRecord(_ buildID: [UInt8]) -> [UInt8] { fields(0x4270_454c as UInt32) + buildID }

    static func exception(
        thread: UInt32, code: UInt32, flags: UInt32 = 1, address: UInt64 = 0,
        context: (size: UInt32, offset: UInt32) = (0, 0)
    ) -> [UInt8] {
        fields(thread, 0 as UInt32, code, flags, 0 as UInt64, address, 0 as UInt32, 0 as UInt32)
            + [UInt8](repeating: 0, count: 120) + fields(context.size, context.offset)
    }

    /// CONTEXT_AMD64 whose registers are `first`, `first` + 1 … by their place in the structure (rax, rcx, rdx, …, rip).
    static func amd64(_ first: UInt64, flags: UInt32 = 0x10_001f, size: Int = 1232) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 48)
        result += fields(flags, 0 as UInt32, 0x33 as UInt16, 0 as UInt16, 0 as UInt16, 0x53 as UInt16, 0x63 as UInt16)
        result += fields(0x2b as UInt16, 0x246 as UInt32) + [UInt8](repeating: 0, count: 48)
        for index: UInt64 in 0..<17 { result += field(first + index) }
        result += [UInt8](repeating: 0, count: max(0, size - result.count))
        return Array(result.prefix(size))
    }

    /// CONTEXT_ARM64 or Breakpad's old structure: x0 = `first`, …, sp = `first` + 31, pc = `first` + 32.
    static func arm64(_ first: UInt64, isOld: Bool) -> [UInt8] {
        var result = isOld ? fields(0x8000_0006 as UInt64) : fields(0x0040_0007 as UInt32, 0x6000_0000 as UInt32)
        for index: UInt64 in 0..<33 { result += field(first + index) }
        if isOld { result += fields(0x6000_0000 as UInt32) }
        return result + [UInt8](repeating: 0, count: (isOld ? 796 : 912) - result.count)
    }

    /// One thread 7 at address 0x1000…, one module, one stack of 4 KB, SIGSEGV at 0x10; Breakpad's streams of /proc.
    static func ordinary() -> MinidumpImage {
        var image = MinidumpImage()
        image.systemInfo()
        let own = image.blob(amd64(0x2000))
        let crashed = image.blob(amd64(0x1000))
        let stack = image.blob((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        image.list(.threadList, [thread(7, context: (1232, own), stack: (0x7000_0000, 4096, stack))], padded: true)
        let name = image.string("worker")
        image.list(.threadNames, [fields(7 as UInt32, UInt64(name))])
        image.stream(
            .exception, exception(thread: 7, code: 11, flags: 1, address: 0x10, context: (1232, crashed)))
        let module = image.module(
            "/opt/böse/app", start: 0x40_0000, size: 0x3000, record: elfRecord(Array(1...20)))
        image.list(.moduleList, [module])
        image.list(.memoryList, [fields(0x7000_0000 as UInt64, 4096 as UInt32, stack)])
        image.stream(
            .miscInfo, fields(24 as UInt32, 1 as UInt32, 4711 as UInt32, 0 as UInt32, 0 as UInt32, 0 as UInt32))
        image.stream(.linuxProcStatus, Array("Name:\tapp\nUmask:\t0022\nPid:\t4712\n".utf8))
        image.stream(.linuxCmdLine, Array("/opt/app\0--port\080\0".utf8))
        image.stream(
            .linuxMaps,
            Array(
                """
                00400000-00401000 r--p 00000000 08:01 11  /opt/böse/app
                00401000-00403000 r-xp 00001000 08:01 11  /opt/böse/app
                00500000-00501000 rw-p 00000000 00:00 0   [heap]
                7f0000000000-7f0000001000 r--p 00000000 08:01 12  /usr/lib/lib one.so
                7f0000001000-7f0000002000 r-xp 00001000 08:01 12  /usr/lib/lib one.so
                7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \u{20}
                7f0000003000-7f0000004000 rw-p 00002000 08:01 12  /usr/lib/lib one.so
                7f0000010000-7f0000020000 r--p 00000000 08:01 13  /usr/share/locale-archive
                7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0  [stack]
                7ffd00100000-7ffd00102000 r-xp 00000000 00:00 0  [vdso]

                """.utf8))
        return image
    }
}

extension MinidumpFile {
    /// Reads bytes as if they were a file of their own.
    init(bytes: [UInt8]) throws(DumpError) {
        try self.init(MappedFile.inMemory(bytes), name: "test.dmp")
    }

    /// Memory, or `nil` when it is not all there.
    func memory(_ address: UInt64, _ count: Int) -> [UInt8]? {
        bytes(at: address, count: UInt64(count), limit: 1 << 20)
    }
}

extension MappedFile {
    /// A mapping that holds `bytes`, whole pages of them readable.
    static func inMemory(_ bytes: [UInt8]) -> MappedFile {
        let size = max(4096, (bytes.count + 4095) & ~4095)
        let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard !bytes.isEmpty, let mapped, mapped != MAP_FAILED else {
            return MappedFile(takingOver: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        bytes.withUnsafeBytes {
            mapped.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(mapped), byteCount: bytes.count)
        }
        return MappedFile(takingOver: UnsafeRawBufferPointer(start: mapped, count: bytes.count))
    }
}
