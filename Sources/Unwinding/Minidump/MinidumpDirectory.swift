import Bytes
import ParserTasks

/// The streams that are read; numbers of `MINIDUMP_STREAM_TYPE` and of Breakpad's extensions ("Gg" in the upper half).
enum MinidumpStream: UInt32, CaseIterable {
    case threadList = 3
    case moduleList = 4
    case memoryList = 5
    case exception = 6
    case systemInfo = 7
    case memory64List = 9
    case miscInfo = 15
    case memoryInfoList = 16
    case threadNames = 24
    case linuxProcStatus = 0x4767_0004
    case linuxCmdLine = 0x4767_0006
    case linuxMaps = 0x4767_0009

    /// Streams that are known and say nothing about stacks: comments, handles, unloaded modules, thread times, tokens,
    /// Breakpad's own record, `/proc/cpuinfo`, `lsb-release`, the environment (which is nobody's business), the
    /// auxiliary vector, the loader's list (the module list has it), LLDB's further files of `/proc`, the records of Crashpad
    /// and Chromium.
    static let unused: Set<UInt32> = Set(
        [
            0, 8, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 22, 23, 0x4350_0001, 0x4b6b_0002, 0x4767_0001, 0x4767_0002,
            0x4767_0003,
        ]
            + [0x4767_0005, 0x4767_0007, 0x4767_0008] + Array(0x4767_000a...0x4767_000f))
}

/// Where the streams are. Of several of a kind the first counts.
struct MinidumpDirectory {
    /// Seconds since 1970; 0 when the writer did not say.
    var timestamp: UInt32 = 0
    private var locations: [MinidumpStream: MinidumpLocation] = [:]

    /// The part of a stream that is in the file.
    subscript(stream: MinidumpStream) -> MinidumpLocation? { locations[stream] }

    /// Remembers a stream; false when one of the kind is there already.
    mutating func add(_ stream: MinidumpStream, _ location: MinidumpLocation) -> Bool {
        guard locations[stream] == nil else { return false }
        locations[stream] = location
        return true
    }

    var isEmpty: Bool { locations.isEmpty }
}

/// The entries of a stream that is a list.
struct MinidumpList {
    /// Of the first entry, in the file.
    var offset: UInt64
    var stride: UInt64
    /// Entries that are in the file.
    var count: UInt64

    /// Offset of an entry.
    subscript(index: UInt64) -> UInt64 { offset + index * stride }
}

extension MinidumpReader {
    private static let headerSize: UInt64 = 32
    private static let entrySize: UInt64 = 12

    /// Reads header and directory (`MINIDUMP_HEADER`, `MINIDUMP_DIRECTORY`).
    mutating func readDirectory() throws(DumpError) {
        guard let signature = u32(0) else {
            throw .malformed(name, "header", "the file has \(file.count) bytes, a minidump's header alone has 32")
        }
        if signature == 0x4d44_4d50 {
            throw .unsupported(name, "a minidump written by a big-endian processor (PMDM); little-endian ones are read")
        }
        guard signature == 0x504d_444d else { throw .malformed(name, "header", "it does not begin with MDMP") }
        guard
            let version = u32(4), let count = u32(8), let start = u32(12), let time = u32(20),
            UInt64(file.count) >= Self.headerSize
        else {
            throw .malformed(name, "header", "the file has \(file.count) bytes, a minidump's header alone has 32")
        }
        // The upper half is the writer's own.
        if version & 0xffff != 0xa793 { note("header: format version \(version & 0xffff) is not 42899 (0xa793)") }
        directory.timestamp = time
        try readStreams(count: UInt64(count), start: UInt64(start))
        if directory.isEmpty {
            throw .malformed(name, "stream directory", "none of its \(count) streams is one that is read")
        }
    }

    private mutating func readStreams(count: UInt64, start: UInt64) throws(DumpError) {
        let place = present(MinidumpLocation(size: count * Self.entrySize, offset: start))
        let entries = place.size / Self.entrySize
        if entries < count {
            guard entries > 0 else {
                throw .malformed(
                    name, "stream directory",
                    "at offset \(start) of \(file.count) bytes: the file is cut off or damaged")
            }
            note("stream directory: only \(entries) of \(count) entries are in the file")
        }
        var unknown = 0
        var examples: [String] = []
        for index in 0..<entries {
            let entry = place.offset + index * Self.entrySize
            guard let type = u32(entry), let location = location(entry + 4) else { break }
            guard let stream = MinidumpStream(rawValue: type) else {
                if !MinidumpStream.unused.contains(type) {
                    unknown += 1
                    if examples.count < 4 { examples.append("0x" + String(type, radix: 16)) }
                }
                continue
            }
            addStream(stream, location)
        }
        if unknown > 0 {
            let more = unknown > examples.count ? ", …" : ""
            note("\(unknown) streams of unknown kinds were skipped (\(examples.joined(separator: ", "))\(more))")
        }
    }

    private mutating func addStream(_ stream: MinidumpStream, _ location: MinidumpLocation) {
        let present = present(location)
        if present.size < location.size {
            note(
                "stream \(stream): \(present.size) of its \(location.size) bytes at offset \(location.offset) are in the file"
            )
            guard present.size > 0 else { return }
        }
        // LLDB writes an exception for every thread that stopped with the process: the first is the cause.
        if !directory.add(stream, present) { note("there are several streams \(stream): the first is used") }
    }

    /// The entries of `stream`: a 32-bit count, then the entries, with four bytes of padding between in the dumps of some
    /// writers. A count that the stream has no room for is lowered.
    mutating func list(_ stream: MinidumpStream, stride: UInt64) -> MinidumpList? {
        guard let place = directory[stream] else { return nil }
        guard place.size >= 4, let claimed = u32(place.offset).map(UInt64.init) else {
            note("stream \(stream): too short for its count")
            return nil
        }
        let header: UInt64 = place.size == 8 + claimed * stride ? 8 : 4
        return bounded(stream, place, header: header, claimed: claimed, stride: stride)
    }

    /// The entries behind `header` bytes, as many as are claimed and there.
    mutating func bounded(
        _ stream: MinidumpStream, _ place: MinidumpLocation, header: UInt64, claimed: UInt64, stride: UInt64
    ) -> MinidumpList {
        guard stride > 0, header <= place.size else {
            note("stream \(stream): too short for its header")
            return MinidumpList(offset: place.offset, stride: 1, count: 0)
        }
        let room = (place.size - header) / stride
        if claimed > room { note("stream \(stream): \(room) of the \(claimed) entries that it claims are there") }
        return MinidumpList(offset: place.offset + header, stride: stride, count: min(claimed, room))
    }
}
