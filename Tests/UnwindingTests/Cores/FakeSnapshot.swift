import ParserTasks

@testable import Unwinding

/// A process of a few words.
struct FakeSnapshot: ProcessSnapshot {
    var processor = SnapshotProcessor.x86_64
    var threads: [SnapshotThread] = []
    var crash = SnapshotCrash()
    var modules: [DumpModule] = []
    var words: [UInt64: UInt64] = [:]
    var code: [Range<UInt64>] = []

    var inspection: DumpInspection {
        DumpInspection(
            format: "fake", architecture: processor.rawValue, modules: modules, threadCount: threads.count, notes: [])
    }

    /// Whole words only.
    func read(_ address: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard bytes.count % 8 == 0 else { return false }
        for place in stride(from: 0, to: bytes.count, by: 8) {
            guard let word = words[address &+ UInt64(place)] else { return false }
            bytes.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self)
        }
        return true
    }

    func isExecutable(_ address: UInt64) -> Bool {
        code.contains { $0.contains(address) }
    }
}
