import Bytes
import CAllocationCount
import Testing

@testable import SymbolIndex

/// A look-up allocates nothing until a caller asks for a `String`.
@Suite struct AllocationTests {
    private func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
        let before = allocation_count()
        try body()
        return allocation_count() - before
    }

    @Test func theCounterSeesAllocations() {
        var array: [Int] = []
        let count = allocations { for number in 0..<10_000 { array.append(number) } }
        #expect(count > 5 && array.count == 10_000)
        #expect(allocations { array[7] = String(repeating: "x", count: array.count).utf8.count } > 0)
    }

    @Test(arguments: ["version 1", "version 2"]) func tenThousandLookupsAllocateNothing(_ version: String) throws {
        let content = version == "version 1" ? Sample.random(seed: 1, count: 300) : Sample.dense(seed: 3, count: 5000)
        let index =
            try version == "version 1"
            ? SymbolIndex(mapped(Fixture.bytes("version1-random"))) : opened(content)
        var generator = SplitMix64(state: 11)
        let addresses = (0..<10_000).map { _ in
            let range = content.ranges[Int(generator.next() % UInt64(content.ranges.count))]
            return range.address &+ generator.next() % 8
        }
        let sorted = addresses.sorted()
        var flat = FlatAnswers(addresses: addresses.count, frames: addresses.count * 12)
        var frames = 0
        var bytes = 0
        func count(_ location: IndexedLocation?) {
            guard let location else { return }
            for frame in location.frames {
                frames += 1
                bytes += (frame.function?.name.utf8Count ?? 0) + (frame.file?.utf8Count ?? 0) + Int(frame.line)
            }
        }
        // The runtime makes what it knows of a type when the type is first used, once in the life of the process.
        count(try index.lookup(addresses[0]))
        try index.lookup(sorted: [sorted[0]]) { count($1) }
        try flat.ask(index, [sorted[0]])
        (frames, bytes) = (0, 0)
        let single = try allocations { for address in addresses { count(try index.lookup(address)) } }
        #expect(single == 0)
        let batch = try allocations { try index.lookup(sorted: sorted) { count($1) } }
        #expect(batch == 0)
        #expect(frames > 10_000 && bytes > 10_000)
        var answered = 0
        let direct = try allocations {
            try sorted.withUnsafeBufferPointer { sorted in
                try flat.frames.withUnsafeMutableBufferPointer { frames in
                    try flat.ends.withUnsafeMutableBufferPointer { ends in
                        answered = try index.lookup(sorted: sorted, frames: frames, ends: ends)
                    }
                }
            }
        }
        #expect(direct == 0 && answered == sorted.count)
        #expect(Int(flat.ends[9_999]) == frames / 2)
    }
}
