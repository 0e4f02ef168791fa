// How long a look-up takes in a warm, mapped index: what `make bench` runs beside the same loop over symbolic's C interface.
//
//     symbolist-bench INDEX ADDRESSES
//
// ADDRESSES holds hexadecimal link addresses, one a line, in random order. An answer is the whole inline chain as pointers
// and lengths: function name, path, line and column of every frame. Prints one line of JSON, nanoseconds an address,
// medians over the passes.
import Bytes
import Foundation
import SymbolIndex

/// What the answers add up to, so that no part of them can be left out; the same for every way of asking.
private struct Sum {
    var frames = 0
    var answers = 0
    var text = 0
    var places: UInt64 = 0

    @inline(__always)
    mutating func add(_ found: Slice<UnsafeMutableBufferPointer<FlatFrame>>) {
        answers += found.isEmpty ? 0 : 1
        for frame in found {
            frames += 1
            places &+= UInt64(frame.line) &+ UInt64(frame.column)
            text &+= Int(frame.nameLength) &+ Int(frame.fileLength)
            if frame.name == nil, frame.file == nil { text &+= 1 }
        }
    }
}

private func fail(_ reason: String) -> Never {
    FileHandle.standardError.write(Data("symbolist-bench: \(reason)\n".utf8))
    exit(1)
}

/// Nanoseconds an address of the median pass, and what the last pass found.
private func measure(_ count: Int, passes: Int, _ body: (inout Sum) throws -> Void) rethrows -> (Double, Sum) {
    var times: [Double] = []
    var sum = Sum()
    for _ in 0..<passes {
        sum = Sum()
        let start = nanoseconds()
        try body(&sum)
        times.append(Double(nanoseconds() - start) / Double(count))
    }
    return (times.sorted()[times.count / 2], sum)
}

private func nanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let text = try? String(contentsOfFile: arguments[2], encoding: .utf8) else {
    fail("usage: symbolist-bench INDEX ADDRESSES")
}
let addresses = text.split(separator: "\n").compactMap { UInt64($0.hasPrefix("0x") ? $0.dropFirst(2) : $0, radix: 16) }
guard !addresses.isEmpty else { fail("no addresses in \(arguments[2])") }

do {
    let index = try SymbolIndex(MappedFile(path: arguments[1]))
    let passes = 31
    let room = UnsafeMutableBufferPointer<FlatFrame>.allocate(capacity: 4096 * 4)
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 1024)
    defer {
        room.deallocate()
        ends.deallocate()
    }

    /// All addresses in portions whose frames stay in the processor's cache.
    func lookUp(rising addresses: [UInt64], _ sum: inout Sum) throws {
        try addresses.withUnsafeBufferPointer { all in
            var next = 0
            while next < all.count {
                let portion = UnsafeBufferPointer(rebasing: all[next..<min(all.count, next + ends.count)])
                let count = try index.lookup(sorted: portion, frames: room, ends: ends)
                guard count > 0 else { fail("no room for the frames of one address") }
                for number in 0..<count {
                    sum.add(room[Int(number == 0 ? 0 : ends[number - 1])..<Int(ends[number])])
                }
                next += count
            }
        }
    }

    let (single, found) = try measure(addresses.count, passes: passes) { sum in
        for address in addresses {
            guard let count = try index.lookup(address, frames: room) else { fail("no room for one address") }
            sum.add(room[..<count])
        }
    }
    let rising = addresses.sorted()
    let (batched, foundRising) = try measure(addresses.count, passes: passes) { try lookUp(rising: rising, &$0) }
    let (withSorting, _) = try measure(addresses.count, passes: passes) { try lookUp(rising: addresses.sorted(), &$0) }
    guard found.frames == foundRising.frames, found.places == foundRising.places, found.text == foundRising.text else {
        fail("single and batched look-ups differ")
    }
    let figures = [single, batched, withSorting].map { String(format: "%.1f", $0) }
    print(
        #"{"addresses": \#(addresses.count), "answers": \#(found.answers), "frames": \#(found.frames), "#
            + #""single_ns": \#(figures[0]), "batched_ns": \#(figures[1]), "batched_with_sorting_ns": \#(figures[2])}"#)
} catch {
    fail("\(error)")
}
