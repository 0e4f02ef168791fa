import CrashEvent
import CrashReports
import Foundation
import Testing

/// Reports that are cut, damaged or far too large.
@Suite struct SwiftTextHostileTests {
    private static let cut = [
        "group-full.txt", "threads-off.txt", "index-friendly.txt", "index-color.txt", "without-id.txt",
    ]

    /// What a part of a report says has to be said by the whole one, too: a cut address or build id is another one.
    private func check(_ part: ArraySlice<UInt8>, of whole: CrashEvent) throws {
        let report: DecodedReport
        do throws(CrashReportError) {
            report = try CrashReports.decode(Array(part))
        } catch {
            #expect(!error.description.isEmpty)
            return
        }
        let event = try CrashEvent(report.event)
        let addresses = Set(whole.stackTraces.flatMap { $0.frames.compactMap(\.instructionAddress) })
        #expect(
            event.stackTraces.allSatisfy {
                $0.frames.allSatisfy { $0.instructionAddress.map(addresses.contains) ?? true }
            })
        #expect(Set(event.images.compactMap(\.codeID)).isSubset(of: Set(whole.images.compactMap(\.codeID))))
        #expect(Set(event.images.map(\.imageSize)).isSubset(of: Set(whole.images.map(\.imageSize))))
        for trace in event.stackTraces {
            let other = whole.stackTraces.first { $0.threadID == trace.threadID }?.registers ?? [:]
            #expect(trace.registers.allSatisfy { other[$0.key] == $0.value })
        }
        let isWhole =
            event.images.count == whole.images.count && !report.notes.contains { $0.hasPrefix("the report ends") }
        #expect(isWhole || report.notes.contains { $0.hasPrefix("the report ends early, in line ") })
    }

    @Test(arguments: cut)
    func cutAtEveryLine(_ name: String) throws {
        let bytes = try SwiftRecordings.bytes(name)
        let whole = try CrashEvent(CrashReports.decode(bytes).event)
        for end in bytes.indices where bytes[end] == 0x0a { try check(bytes[...end], of: whole) }
    }

    @Test(arguments: cut)
    func cutAtEverySixtyFourBytes(_ name: String) throws {
        let bytes = try SwiftRecordings.bytes(name)
        let whole = try CrashEvent(CrashReports.decode(bytes).event)
        for end in stride(from: 64, to: bytes.count, by: 64) { try check(bytes[..<end], of: whole) }
        for end in stride(from: bytes.count / 3, to: bytes.count / 3 + 200, by: 1) {
            try check(bytes[..<end], of: whole)
        }
    }

    @Test(arguments: ["group-off.json", "overflow.json", "lines.json", "stack-in-log.txt"])
    func cutJSON(_ name: String) throws {
        let bytes = try SwiftRecordings.bytes(name)
        for end in stride(from: 64, to: bytes.count - 64, by: 64) {
            #expect(throws: CrashReportError.self) { try CrashReports.decode(Array(bytes[..<end])) }
        }
    }

    @Test func mutatedReportsNeverCrash() throws {
        var random = SplitMix(seed: 1709)
        var decoded = 0
        let sources = try SwiftRecordings.names.map { try SwiftRecordings.bytes($0) }
        for round in 0..<12_000 {
            var bytes = sources[round % sources.count]
            for _ in 0...random.below(6) {
                let position = random.below(bytes.count)
                switch random.below(6) {
                case 0: bytes[position] = UInt8(random.below(256))
                case 1: bytes.removeSubrange(position..<min(bytes.count, position + random.below(40) + 1))
                case 2:
                    bytes.insert(
                        contentsOf: Array("0 [ra]...\n in  at  0x*** {}\"\\:".utf8)[random.below(8)...], at: position)
                case 3: bytes.insert(contentsOf: [0xff, 0xfe, 0, 0x1b, 0x0d], at: position)
                case 4: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: position)
                default:
                    let other = sources[random.below(sources.count)]
                    let start = random.below(other.count)
                    bytes.insert(contentsOf: other[start..<min(other.count, start + 200)], at: position)
                }
                if bytes.isEmpty { bytes = [0x0a] }
            }
            do throws(CrashReportError) {
                for report in try CrashReports.decodeAll(bytes) {
                    decoded += 1
                    #expect((try? CrashEvent(report.event)) != nil)
                }
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        #expect(decoded > 5000)
    }

    @Test func twoHundredThousandFrames() throws {
        var text =
            "*** Program crashed: Bad pointer dereference at 0x00007fffff7fefd8 ***\nThread 0 \"shop\" crashed:\n"
        for index in 0..<200_000 {
            let address = String(0x5555_5555_0000 + index, radix: 16)
            text += "\(index) [ra] 0x0000\(address) descend(_:) + 96 in shop at /src/shop.swift:16:35\n"
        }
        text +=
            "Images:\n0x0000555555550000–0x0000555555650000 00112233445566778899aabbccddeeff00112233 shop /app/shop\n"
        text += "Backtrace took 1.61s\n"
        #expect(text.utf8.count > 13_000_000)
        let report = try decode(text)
        let frames = try CrashEvent(report.event).stackTraces[0].frames
        #expect(frames.count == 4096 && report.event.count < 3_000_000)
        #expect(frames.last?.instructionAddress == 0x5555_5555_0000)
        #expect(frames.first?.instructionAddress == 0x5555_5555_0000 + 199_999)
        #expect(frames[512].kind == .omitted && frames[512].count == 200_000 - 4095)
        #expect(report.notes.contains("195905 frames were left out, see the omitted markers"))
    }

    @Test func limitsHoldOverThreads() throws {
        var text = "*** Program crashed: Aborted at 0x0000000000000001 ***\n"
        for thread in 0..<50 {
            text += "Thread \(thread)\(thread == 3 ? " crashed" : ""):\n"
            for index in 0..<40 { text += "\(index) [ra] 0x00000000000000\(String(index + 16, radix: 16))\n" }
        }
        text += "Images:\n"
        for image in 16..<99 { text += "0x0000000000\(image)0000–0x0000000000\(image)1000 0011223344 a /a\n" }
        let limits = CrashReportLimits(
            maximumFramesPerThread: 20, maximumFrames: 200, maximumThreads: 12, maximumImages: 5)
        let report = try CrashReports.decode(Array(text.utf8), limits: limits)
        let event = try CrashEvent(report.event)
        #expect(event.threads.count == 12 && event.images.count == 5)
        #expect(event.stackTraces.reduce(0) { $0 + $1.frames.count } <= 200 + 12)
        #expect(report.notes.contains("38 threads over the limit were left out"))
        #expect(report.notes.contains("78 images over the limit were left out"))
    }

    @Test(arguments: [
        "*** Program crashed: Aborted at 0x1 ***\n", "Thread 0 crashed:\n", "{\"kind\":\"crashReport\",\"threads\":[\n",
        "{\"a\n", "{\n", "{\"architecture\":\"x\",\"backtrace\":\"\n", "💣 Program crashed: x\n", "...\n",
    ])
    func beginningsOnlyEnd(_ line: String) {
        let text = String(repeating: line, count: 20_000)
        #expect(throws: CrashReportError.self) { try decode(text) }
    }

    @Test func longLinesAreBounded() throws {
        let name = String(repeating: " in x at y", count: 100_000)
        let report = try decode(
            "*** Program crashed: Aborted at 0x1 ***\nThread 0 crashed:\n0 0x0000000000000010 \(name)\n1 [ra] 0x0000000000000020\n"
        )
        #expect(report.event.count < 20_000)
        #expect(try CrashEvent(report.event).stackTraces[0].frames.count == 2)
    }
}

/// Numbers that are the same in every run.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
