import CrashEvent
import Foundation
import Testing

@testable import CrashReports

/// Every recording, against what it was decoded to when somebody looked at it.
///
/// `SYMBOLIST_REMAKE_GOLDEN=1 swift test --filter RecordedReportTests` writes the golden files again; look at the difference.
@Suite struct RecordedReportTests {
    @Test("decodes to its golden text", arguments: Recording.all)
    func golden(_ recording: Recording) throws {
        var lines: [String] = []
        for found in reports(in: try recording.bytes) {
            lines.append("-- \(found.format.rawValue), line \(found.line)")
            lines += CrashText(found.crash).lines
        }
        let text = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["SYMBOLIST_REMAKE_GOLDEN"] != nil {
            try Data(text.utf8).write(to: URL(filePath: recording.golden))
        }
        let golden = try String(contentsOfFile: recording.golden, encoding: .utf8)
        #expect(text == golden)
    }

    @Test("is there for every format and tool")
    func isComplete() {
        let names = Set(Recording.all.map(\.name))
        for compiler in ["gcc", "clang"] {
            for kind in ["asan-uaf", "asan-thread-uaf", "asan-recursion", "asan-segv", "asan-leak", "ubsan", "lsan"] {
                #expect(names.contains("\(compiler)-\(kind)") && names.contains("\(compiler)-\(kind)-raw"))
            }
        }
        for name in [
            "gcc-tsan-heap", "gcc-tsan-mutex-raw", "clang-fuzz", "glibc-till-signal", "rust-index-full", "gdb-all",
        ] {
            #expect(names.contains(name))
        }
    }

    @Test("gives an event that can be read", arguments: Recording.all)
    func event(_ recording: Recording) throws {
        for found in reports(in: try recording.bytes) {
            let written = try writtenEvent(found.crash)
            let ids = written.event.stackTraces.compactMap(\.threadID)
            #expect(Set(ids).count == ids.count)
            #expect(written.event.stackTraces.contains { $0.isCrashed })
            #expect(written.notes == [])
        }
    }
}
