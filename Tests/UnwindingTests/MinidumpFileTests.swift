import Bytes
import ParserTasks
import Testing

@testable import Unwinding

/// Minidumps made field by field: what each stream means.
@Suite("Minidumps, by stream")
struct MinidumpFileTests {
    @Test("Breakpad's streams")
    func ordinary() throws {
        let file = try MinidumpFile(bytes: MinidumpImage.ordinary().finished())
        #expect(file.inspection.format == "minidump")
        #expect(file.inspection.architecture == "x86_64")
        #expect(file.inspection.notes == [])
        #expect(
            file.inspection.modules == [
                DumpModule(
                    path: "/opt/böse/app", buildID: "0102030405060708090a0b0c0d0e0f1011121314", start: 0x40_0000,
                    end: 0x40_3000, isExecutable: true),
                DumpModule(
                    path: "/usr/lib/lib one.so", buildID: nil, start: 0x7f00_0000_0000, end: 0x7f00_0000_4000,
                    isExecutable: true),
                DumpModule(
                    path: "[vdso]", buildID: nil, start: 0x7ffd_0010_0000, end: 0x7ffd_0010_2000, isExecutable: true),
            ])
        #expect(file.crash.processID == 4711)
        #expect(file.crash.processName == "app")
        #expect(file.crash.arguments == "/opt/app --port 80")
        #expect(file.crash.signal == 11)
        #expect(file.crash.signalCode == 1)
        #expect(file.crash.faultAddress == 0x10)
        #expect(file.crash.thread == 0)
        #expect(file.crash.timestamp == 1_700_000_000)
        #expect(file.crash.operatingSystem == "Linux 6.1.0 #1 SMP x86_64")
        #expect(file.isExecutable(0x40_1000))
        #expect(!file.isExecutable(0x40_0fff))
        #expect(!file.isExecutable(0x7000_0000))
        #expect(file.memory(0x7000_0000, 3) == [0, 7, 14])
        #expect(file.memory(0x7000_0ffe, 2) != nil)
        #expect(file.memory(0x7000_0ffe, 3) == nil)
        #expect(file.memory(0x6fff_ffff, 1) == nil)
        #expect(file.memory(.max, 8) == nil)
    }

    @Test("The exception's registers replace the thread's, by DWARF number")
    func registers() throws {
        let file = try MinidumpFile(bytes: MinidumpImage.ordinary().finished())
        let thread = try #require(file.threads.first)
        #expect(thread.id == 7)
        #expect(thread.name == "worker")
        // rax rdx rcx rbx rsi rdi rbp rsp, from the structure's rax rcx rdx rbx rsp rbp rsi rdi.
        #expect(thread.registers.prefix(8) == [0x1000, 0x1002, 0x1001, 0x1003, 0x1006, 0x1007, 0x1005, 0x1004])
        #expect(thread.registers.suffix(9) == Array(0x1008...0x1010))
        #expect(thread.named.first { $0.name == "rip" }?.value == 0x1010)
        #expect(thread.named.first { $0.name == "rflags" }?.value == 0x246)
        #expect(thread.named.first { $0.name == "ss" }?.value == 0x2b)
    }

    @Test("ARM64, in both layouts", arguments: [false, true])
    func arm64(isOld: Bool) throws {
        var image = MinidumpImage()
        image.systemInfo(processor: isOld ? 0x8003 : 12, text: "Linux 5.15.0 aarch64")
        let context = image.blob(MinidumpImage.arm64(0x4000, isOld: isOld))
        image.list(.threadList, [MinidumpImage.thread(1, context: (isOld ? 796 : 912, context))])
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.processor == .aarch64)
        #expect(file.threads.first?.registers == Array(0x4000...0x4020))
        #expect(file.threads.first?.named.suffix(3).map(\.name) == ["sp", "pc", "pstate"])
        #expect(file.threads.first?.named.last?.value == 0x6000_0000)
        #expect(file.crash.operatingSystem == "Linux 5.15.0 aarch64")
        #expect(file.crash.signal == nil)
        #expect(file.crash.thread == nil)

        // Without system info the registers tell.
        image.streams.removeFirst()
        let bare = try MinidumpFile(bytes: image.finished())
        #expect(bare.processor == .aarch64)
        #expect(bare.inspection.notes.contains { $0.contains("no system info") })
    }

    @Test("Identifiers of modules")
    func identifiers() throws {
        let guid = MinidumpImage.fields(0x5344_5352 as UInt32) + Array(1...16) + MinidumpImage.fields(0 as UInt32) + [0]
        let records: [([UInt8], String?)] = [
            (MinidumpImage.elfRecord([0xab, 0xcd]), "abcd"),
            (MinidumpImage.elfRecord([UInt8](repeating: 0, count: 20)), nil),
            (MinidumpImage.elfRecord([UInt8](repeating: 1, count: 65)), nil),
            (guid, nil),
            (MinidumpImage.fields(0x1234_5678 as UInt32), nil),
            ([], nil),
        ]
        var image = MinidumpImage()
        image.systemInfo()
        var modules: [[UInt8]] = []
        for (index, record) in records.enumerated() {
            modules.append(
                image.module("/m\(index)", start: UInt64(index + 1) << 20, size: 4096, record: record.0))
        }
        image.list(.moduleList, modules)
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.inspection.modules.map(\.buildID) == records.map(\.1))
        #expect(file.inspection.modules.allSatisfy { $0.isExecutable })
        #expect(file.inspection.notes.contains { $0.contains("1 modules have a GUID (RSDS)") })
        #expect(file.inspection.notes.contains { $0.contains("unknown kind 0x12345678") })
        #expect(file.inspection.notes.contains { $0.contains("a build id of 65 bytes") })
        #expect(file.inspection.notes.contains("there is no thread list"))
        #expect(file.crash.processName == "m0")
    }

    @Test("Overlapping memory: the lower piece keeps its bytes, then the first listed")
    func overlaps() throws {
        var image = MinidumpImage()
        image.systemInfo()
        let ones = image.blob([UInt8](repeating: 1, count: 16))
        let twos = image.blob([UInt8](repeating: 2, count: 32))
        image.list(
            .memoryList,
            [
                MinidumpImage.fields(0x1008 as UInt64, 32 as UInt32, twos),
                MinidumpImage.fields(0x1000 as UInt64, 16 as UInt32, ones),
                // The same again is no conflict.
                MinidumpImage.fields(0x1000 as UInt64, 16 as UInt32, ones),
                MinidumpImage.fields(0x2000 as UInt64, 16 as UInt32, twos),
                MinidumpImage.fields(0x2000 as UInt64, 16 as UInt32, ones),
                // Inside another.
                MinidumpImage.fields(0x1002 as UInt64, 4 as UInt32, twos),
            ])
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.memory(0x1000, 40) == [UInt8](repeating: 1, count: 16) + [UInt8](repeating: 2, count: 24))
        #expect(file.memory(0x1000, 41) == nil)
        #expect(file.memory(0x2000, 16) == [UInt8](repeating: 2, count: 16))
        #expect(file.inspection.notes.contains { $0.hasPrefix("3 pieces of memory overlap") })
    }

    @Test("64-bit memory list")
    func memory64() throws {
        var image = MinidumpImage()
        image.systemInfo()
        let base = image.blob(Array(0..<24))
        image.stream(
            .memory64List,
            MinidumpImage.fields(
                2 as UInt64, UInt64(base), 0x9000 as UInt64, 16 as UInt64, 0x8000 as UInt64, 8 as UInt64))
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.memory(0x8000, 8) == Array(16..<24))
        #expect(file.memory(0x9000, 16) == Array(0..<16))
        #expect(file.memory(0x8008, 1) == nil)
    }

    @Test("Executable memory of the memory info list")
    func memoryInfo() throws {
        var image = MinidumpImage()
        image.systemInfo()
        func entry(_ start: UInt64, _ protection: UInt32) -> [UInt8] {
            MinidumpImage.fields(
                start, start, 0 as UInt32, 0 as UInt32, 0x1000 as UInt64, 0x1000 as UInt32, protection, 0 as UInt32,
                0 as UInt32)
        }
        image.stream(
            .memoryInfoList,
            MinidumpImage.fields(16 as UInt32, 48 as UInt32, 2 as UInt64) + entry(0x1000, 0x20) + entry(0x2000, 0x04))
        let code = image.module("/code", start: 0x1000, size: 0x1000, record: [])
        let data = image.module("/data", start: 0x2000, size: 0x1000, record: [])
        image.list(.moduleList, [code, data])
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.inspection.modules.map(\.isExecutable) == [true, false])
        #expect(file.isExecutable(0x1fff))
        #expect(!file.isExecutable(0x2000))
    }

    @Test("A build id that only the memory has")
    func buildIDInMemory() throws {
        let note = MinidumpImage.fields(4 as UInt32, 8 as UInt32, 3 as UInt32) + Array("GNU\0".utf8) + Array(1...8)
        var elf: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        elf += MinidumpImage.fields(3 as UInt16, 62 as UInt16, 1 as UInt32, 0 as UInt64, 64 as UInt64, 0 as UInt64)
        elf += MinidumpImage.fields(
            0 as UInt32, 64 as UInt16, 56 as UInt16, 2 as UInt16, 0 as UInt16, 0 as UInt16, 0 as UInt16)
        for (type, offset, size) in [(1, 0, 4096), (4, 176, note.count)] {
            elf += MinidumpImage.fields(
                UInt32(type), 5 as UInt32, UInt64(offset), UInt64(offset), UInt64(offset), UInt64(size), UInt64(size),
                8 as UInt64)
        }
        elf += note
        var image = MinidumpImage()
        image.systemInfo()
        let place = image.blob(elf)
        image.list(.memoryList, [MinidumpImage.fields(0x5000 as UInt64, UInt32(elf.count), place)])
        let module = image.module("/m", start: 0x5000, size: 4096, record: [])
        image.list(.moduleList, [module])
        #expect(try MinidumpFile(bytes: image.finished()).inspection.modules.first?.buildID == "0102030405060708")
    }

    @Test("A dump that was asked for has no crash")
    func requested() throws {
        var image = MinidumpImage.ordinary()
        image.streams.removeAll { $0.type == MinidumpStream.exception.rawValue }
        image.stream(.exception, MinidumpImage.exception(thread: 7, code: 0xffff_ffff))
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.crash.signal == nil)
        #expect(file.crash.thread == nil)
        #expect(file.inspection.notes.contains { $0.contains("nothing crashed") })
        #expect(file.threads.first?.registers.last == 0x2010)
    }

    @Test(
        "Fault addresses, only of signals that the kernel raised for an instruction",
        arguments: [(11, 1, true), (11, 0, false), (11, 0x80, false), (6, 1, false), (7, 2, true), (11, -6, false)])
    func faultAddress(signal: Int, code: Int, has: Bool) throws {
        var image = MinidumpImage.ordinary()
        image.streams.removeAll { $0.type == MinidumpStream.exception.rawValue }
        image.stream(
            .exception,
            MinidumpImage.exception(
                thread: 7, code: UInt32(signal), flags: UInt32(bitPattern: Int32(code)), address: 0x99))
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.crash.signal == signal)
        #expect(file.crash.signalCode == code)
        #expect(file.crash.faultAddress == (has ? 0x99 : nil))
    }

    @Test("A crashed thread that is not listed is added, one with unusable registers keeps its own")
    func unlistedThread() throws {
        var image = MinidumpImage.ordinary()
        image.streams.removeAll { $0.type == MinidumpStream.exception.rawValue }
        var other = image
        let context = image.blob(MinidumpImage.amd64(0x3000))
        image.stream(.exception, MinidumpImage.exception(thread: 8, code: 11, context: (1232, context)))
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.threads.map(\.id) == [7, 8])
        #expect(file.crash.thread == 1)
        #expect(file.threads.last?.registers.first == 0x3000)

        let noContext = other.blob([UInt8](repeating: 0, count: 1232))
        other.stream(.exception, MinidumpImage.exception(thread: 7, code: 11, context: (1232, noContext)))
        let fallback = try MinidumpFile(bytes: other.finished())
        #expect(fallback.threads.first?.registers.first == 0x2000)
        #expect(fallback.inspection.notes.contains { $0.contains("the exception's registers cannot be used") })
    }
}
