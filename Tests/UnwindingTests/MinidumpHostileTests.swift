import Bytes
import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// Damaged minidumps give an answer or a `DumpError`. A trap or an endless loop would end the test process.
@Suite("Minidumps, damaged")
struct MinidumpHostileTests {
    /// SplitMix64, so that a failure can be made again from its seed.
    struct Numbers {
        var state: UInt64

        mutating func next(below bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((value ^ (value >> 31)) % UInt64(bound))
        }
    }

    enum Outcome {
        case whole
        case shortened
        case refused
    }

    /// Reads everything that can be read; whatever comes out is in bounds and proportion.
    @discardableResult
    private func exercise(_ bytes: [UInt8]) throws -> Outcome {
        let file: MinidumpFile
        do {
            file = try MinidumpFile(bytes: bytes)
        } catch {
            #expect(error.message.hasPrefix("test.dmp: "))
            #expect(error.message.count < 400)
            return .refused
        }
        #expect(file.inspection.notes.count <= MinidumpLimits.notes)
        #expect(file.inspection.notes.allSatisfy { $0.utf8.count < 400 })
        #expect(file.threads.count <= bytes.count / 48 + 1)
        #expect(file.inspection.threadCount == file.threads.count)
        if let thread = file.crash.thread { #expect(file.threads.indices.contains(thread)) }
        let expected = file.processor == .x86_64 ? 17 : 33
        for thread in file.threads {
            #expect(thread.registers.isEmpty || thread.registers.count == expected)
            for address in thread.registers { _ = file.memory(address, 64) }
        }
        for module in file.inspection.modules {
            #expect(module.start <= module.end)
            _ = file.isExecutable(module.start)
            _ = file.memory(module.start, 4096)
        }
        for address: UInt64 in [0, 0x7000_0000, .max - 7, .max] { _ = file.memory(address, 4096) }
        return file.inspection.notes.isEmpty ? .whole : .shortened
    }

    private static let real = ["mill-crashpad", "mill-lldb", "scale-crashpad"]

    @Test("Cut off: at every boundary of a stream and its neighbours")
    func truncatedAtBoundaries() throws {
        let image = MinidumpImage.ordinary()
        let whole = image.finished()
        // With the directory first, a cut leaves the rest usable.
        let directory = whole[(whole.count - image.streams.count * 12)...]
        #expect(try exercise(whole) == .whole)
        for boundary in image.boundaries + stride(from: 0, to: whole.count, by: 64) {
            for place in [boundary - 1, boundary, boundary + 1] where place >= 0 && place <= whole.count {
                let outcome = try exercise(Array(whole[..<place]))
                if place < directory.startIndex + 12 { #expect(outcome == .refused) }
                let padding = (8 - place % 8) % 8
                var moved = Array(whole[..<place]) + [UInt8](repeating: 0, count: padding)
                if moved.count >= 32 {
                    moved.replaceSubrange(12..<16, with: MinidumpImage.fields(UInt32(moved.count)))
                }
                moved += directory
                try exercise(moved)
            }
        }
    }

    @Test("Cut off: real dumps every 4 KB", arguments: real)
    func truncatedReal(name: String) throws {
        let bytes = try MinidumpFixture.bytes("\(name).dmp")
        #expect(try exercise(bytes) != .refused)
        var outcomes: Set<Outcome> = []
        for size in stride(from: 0, to: bytes.count, by: 4096) { outcomes.insert(try exercise(Array(bytes[..<size]))) }
        for size in stride(from: 0, to: bytes.count, by: 97) { outcomes.insert(try exercise(Array(bytes[..<size]))) }
        #expect(!outcomes.contains(.whole), "a cut was not seen")
    }

    @Test("Wrong and huge counts of every list")
    func counts() throws {
        let original = MinidumpImage.ordinary()
        for count: UInt32 in [0, 2, 1000, 0x1555_5556, 0x7fff_ffff, 0xffff_ffff] {
            for stream in original.streams {
                var bytes = original.finished()
                bytes.replaceSubrange(Int(stream.offset)..<Int(stream.offset) + 4, with: MinidumpImage.fields(count))
                try exercise(bytes)
            }
            var image = original
            image.streamCount = count
            try exercise(image.finished())
            image = original
            image.stream(
                .memory64List, MinidumpImage.fields(UInt64(count) << 32, UInt64(count), UInt64.max, UInt64.max))
            image.stream(
                .memoryInfoList,
                MinidumpImage.fields(16 as UInt32, count, UInt64(count) << 30) + [UInt8](repeating: 0xff, count: 96))
            try exercise(image.finished())
        }
        let huge = try MinidumpFile(
            bytes: {
                var image = MinidumpImage.ordinary()
                image.streams.removeAll { $0.type == MinidumpStream.threadList.rawValue }
                image.list(.threadList, [MinidumpImage.thread(9, context: (0, 0))], count: 0xffff_ffff)
                return image.finished()
            }())
        #expect(
            huge.inspection.notes.contains("stream threadList: 1 of the 4294967295 entries that it claims are there"))
    }

    @Test("Every 32-bit field of the ordinary dump, set to extremes and to offsets of others")
    func fields() throws {
        let image = MinidumpImage.ordinary()
        let whole = image.finished()
        let values: [UInt32] = [0, 1, 0x20, UInt32(whole.count) - 1, UInt32(whole.count), 0x8000_0000, 0xffff_ffff]
        for place in stride(from: 0, to: whole.count - 4, by: 4) {
            for value in values + [UInt32(place)] {
                var bytes = whole
                bytes.replaceSubrange(place..<place + 4, with: MinidumpImage.fields(value))
                try exercise(bytes)
            }
        }
    }

    @Test("Everything points at itself: streams, names, contexts, memory")
    func cycles() throws {
        for offset: UInt32 in [0, 4, 8, 12, 24, 28, 32, 36, 40] {
            for size: UInt32 in [12, 48, 4096, 0xffff_ffff] {
                var image = MinidumpImage()
                for stream in MinidumpStream.allCases { image.streams.append((stream.rawValue, size, offset)) }
                try exercise(image.finished())
                image = MinidumpImage.ordinary()
                for index in image.streams.indices where image.streams[index].type != MinidumpStream.systemInfo.rawValue
                {
                    image.streams[index].offset = offset
                    image.streams[index].size = size
                }
                try exercise(image.finished())
            }
        }
    }

    @Test("Thousands of records that share one long name cost a bounded amount of text")
    func sharedNames() throws {
        var image = MinidumpImage()
        image.systemInfo()
        let name = image.string(String(repeating: "x", count: 4096))
        image.list(
            .moduleList,
            (0..<25_000).map { index in
                MinidumpImage.fields(UInt64(index) << 16, 4096 as UInt32, 0 as UInt32, 0 as UInt32, name)
                    + [UInt8](repeating: 0, count: 84)
            })
        image.list(.threadList, (0..<11_000).map { MinidumpImage.thread($0, context: (0, 0)) })
        image.stream(.exception, MinidumpImage.exception(thread: 10_999, code: 11))
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.inspection.modules.count == MinidumpLimits.modules)
        #expect(file.inspection.modules.reduce(0) { $0 + $1.path.utf8.count } <= MinidumpLimits.textSize)
        #expect(file.threads.count == MinidumpLimits.threads + 1)
        #expect(file.crash.thread == MinidumpLimits.threads)
        #expect(file.inspection.notes.contains { $0.contains("5000 modules beyond 20000 are left out") })
        #expect(file.inspection.notes.contains { $0.contains("texts beyond 8388608 bytes are left out") })
        #expect(file.inspection.notes.contains { $0.contains("999 threads beyond 10000 are left out") })
    }

    @Test("Thousands of modules whose ELF headers are one and the same, with notes all over")
    func sharedHeaders() throws {
        var image = MinidumpImage()
        image.systemInfo()
        let count = 128
        var elf: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        elf += MinidumpImage.fields(3 as UInt16, 62 as UInt16, 1 as UInt32, 0 as UInt64, 64 as UInt64, 0 as UInt64)
        elf += MinidumpImage.fields(
            0 as UInt32, 64 as UInt16, 56 as UInt16, UInt16(count), 0 as UInt16, 0 as UInt16, 0 as UInt16)
        let segment = MinidumpImage.fields(
            4 as UInt32, 4 as UInt32, 0 as UInt64, 0 as UInt64, 0 as UInt64, 16_000 as UInt64, 16_000 as UInt64,
            4 as UInt64)
        for _ in 0..<count { elf += segment }
        elf += [UInt8](repeating: 0, count: 16_384 - elf.count)
        let place = image.blob(elf)
        image.list(.memoryList, [MinidumpImage.fields(0x10_0000 as UInt64, UInt32(elf.count), place)])
        let modules = (0..<10_000).map { _ in
            MinidumpImage.fields(0x10_0000 as UInt64, 4096 as UInt32) + [UInt8](repeating: 0, count: 96)
        }
        image.list(.moduleList, modules)
        let file = try MinidumpFile(bytes: image.finished())
        #expect(file.inspection.modules.count == 10_000)
        #expect(file.inspection.notes.contains { $0.contains("not all build ids were looked for") })
    }

    @Test("Memory lists that claim the whole address space")
    func hugeMemory() throws {
        var image = MinidumpImage()
        image.systemInfo()
        let place = image.blob([UInt8](repeating: 5, count: 64))
        image.list(
            .memoryList,
            [
                MinidumpImage.fields(0 as UInt64, 0xffff_ffff as UInt32, 0 as UInt32),
                MinidumpImage.fields(UInt64.max - 3, 64 as UInt32, place),
                MinidumpImage.fields(UInt64.max, 64 as UInt32, place),
                MinidumpImage.fields(0x8000_0000 as UInt64, 64 as UInt32, 0xffff_fff0 as UInt32),
            ])
        let bytes = image.finished()
        let file = try MinidumpFile(bytes: bytes)
        #expect(file.memory(0, bytes.count) == bytes)
        #expect(file.memory(1, bytes.count) == nil)
        #expect(file.memory(UInt64.max - 3, 3) == [5, 5, 5])
        #expect(file.memory(UInt64.max - 3, 4) == nil)
        #expect(file.memory(0x8000_0000, 1) == nil)
        #expect(file.inspection.notes.contains { $0.hasPrefix("4 pieces of memory are not, or not wholly") })
    }

    @Test("40,000 random mutations")
    func mutations() throws {
        var numbers = Numbers(state: 20_231_122)
        let originals =
            try [MinidumpImage.ordinary().finished()]
            + Self.real.map { try MinidumpFixture.bytes("\($0).dmp") }
        var counts: [Outcome: Int] = [:]
        for round in 0..<40_000 {
            var bytes = originals[round % originals.count]
            for _ in 0...numbers.next(below: 6) {
                // Headers and lists are where the structure is: the small end of Crashpad's, the directory of the others.
                let region = numbers.next(below: 3) == 0 ? bytes.count : min(bytes.count, 4096)
                let place =
                    numbers.next(below: 2) == 0
                    ? numbers.next(below: region) : bytes.count - 1 - numbers.next(below: region)
                switch numbers.next(below: 4) {
                case 0: bytes[place] = UInt8(numbers.next(below: 256))
                case 1: bytes[place] ^= 1 << UInt8(numbers.next(below: 8))
                case 2: for index in place..<min(place + 4, bytes.count) { bytes[index] = 0xff }
                default:
                    let length = min(1 + numbers.next(below: 64), bytes.count - place)
                    let source = numbers.next(below: bytes.count - length + 1)
                    let copied = Array(bytes[source..<source + length])
                    bytes.replaceSubrange(place..<place + length, with: copied)
                }
            }
            if numbers.next(below: 8) == 0 { bytes.removeLast(numbers.next(below: bytes.count)) }
            counts[try exercise(bytes), default: 0] += 1
        }
        // The mutations reach all ends.
        for outcome in [Outcome.whole, .shortened, .refused] { #expect(counts[outcome, default: 0] > 100) }
    }
}
