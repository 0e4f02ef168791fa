import Bytes
import ParserTasks

/// `MINIDUMP_SYSTEM_INFO`, as far as it matters.
struct MinidumpSystem {
    var processor: SnapshotProcessor?
    /// `Linux 6.1.0 #1 SMP … x86_64`.
    var operatingSystem: String?
}

extension MinidumpReader {
    /// The system info stream; refuses systems and processors that are not read.
    mutating func readSystem() throws(DumpError) -> MinidumpSystem {
        var result = MinidumpSystem()
        guard let place = directory[.systemInfo] else {
            note("there is no system info: the processor is told from the registers")
            return result
        }
        guard place.size >= 32, let processor = u16(place.offset), let major = u32(place.offset + 8),
            let minor = u32(place.offset + 12), let build = u32(place.offset + 16),
            let platform = u32(place.offset + 20),
            let version = u32(place.offset + 24)
        else {
            note("stream systemInfo: \(place.size) bytes are too few")
            return result
        }
        let system: String
        switch platform {
        case 0x8201: system = "Linux"
        case 0x8203: system = "Android"
        default:
            throw .unsupported(name, "a minidump of \(Self.platform(platform)); those of Linux are read")
        }
        switch processor {
        case 9: result.processor = .x86_64
        case 12, 0x8003: result.processor = .aarch64
        case 0xffff: note("stream systemInfo: the processor is unknown: it is told from the registers")
        default:
            throw .unsupported(
                name, "a minidump of \(Self.processor(processor)); those of x86-64 and ARM64 are read")
        }
        let text = version == 0 ? "" : text(UInt64(version), of: "stream systemInfo") ?? ""
        // Breakpad's text is all of uname, Crashpad's and LLDB's only what is behind the version number.
        if text.hasPrefix(system) {
            result.operatingSystem = text
        } else if (major, minor, build) == (0, 0, 0) {
            result.operatingSystem = text.isEmpty ? system : "\(system) \(text)"
        } else {
            result.operatingSystem = "\(system) \(major).\(minor).\(build)" + (text.isEmpty ? "" : " \(text)")
        }
        return result
    }

    private static func platform(_ number: UInt32) -> String {
        switch number {
        case 0...3: "Windows"
        case 0x8000: "Unix"
        case 0x8101: "macOS"
        case 0x8102: "iOS"
        case 0x8202: "Solaris"
        case 0x8204: "PlayStation 3"
        case 0x8205: "Native Client"
        case 0x8206: "Fuchsia"
        default: "an unknown system (platform 0x\(String(number, radix: 16)))"
        }
    }

    private static func processor(_ number: UInt16) -> String {
        switch number {
        case 0, 10: "32-bit x86"
        case 1, 0x8004: "MIPS"
        case 3: "PowerPC"
        case 5: "32-bit ARM"
        case 6: "Itanium"
        case 0x8001: "SPARC"
        case 0x8002: "64-bit PowerPC"
        case 0x8005, 0x8006: "RISC-V"
        default: "an unknown processor (\(number))"
        }
    }

    /// What the process was: `MINIDUMP_MISC_INFO`, `/proc/PID/status`, `/proc/PID/cmdline`.
    mutating func readProcess(into crash: inout SnapshotCrash) {
        if let place = directory[.miscInfo], place.size >= 12, let flags = u32(place.offset + 4),
            let id = u32(place.offset + 8), flags & 1 != 0
        {
            crash.processID = Int(id)
        }
        if let place = directory[.linuxProcStatus] {
            let status = firstLines(of: place)
            if let name = status["Name"], !name.isEmpty { crash.processName = name }
            if crash.processID == nil { crash.processID = status["Pid"].flatMap { Int($0) } }
        }
        if let place = directory[.linuxCmdLine], let line = commandLine(place) { crash.arguments = line }
    }

    /// `KEY:\tVALUE` lines, the first of a key; the kernel writes less than 2 KB.
    private func firstLines(of place: MinidumpLocation) -> [String: String] {
        var result: [String: String] = [:]
        guard let text = DumpBytes(file.bytes).text(place.offset, min(place.size, 4096)) else { return result }
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let key = String(line[..<colon])
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            if result[key] == nil { result[key] = String(value) }
        }
        return result
    }

    private mutating func commandLine(_ place: MinidumpLocation) -> String? {
        let size = min(place.size, 65_536)
        if size < place.size { note("stream linuxCmdLine: \(place.size - size) bytes are left out") }
        guard var bytes = DumpBytes(file.bytes).array(place.offset, size) else { return nil }
        // Each argument ends with a NUL.
        while bytes.last == 0 { bytes.removeLast() }
        return bytes.isEmpty ? nil : String(decoding: bytes.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}
