import Foundation
import Testing

/// An event that asks for every golden address of a program, and the frames of its enriched form.
///
/// The program runs somewhere else than it was linked for, so image and addresses are moved. A frame's address is that of an
/// instruction, not a return address; a few dozen make a thread.
struct FormEvent {
    let json: String
    /// Moved, in the order of `ranges`.
    private let addresses: [[UInt64]]
    private let ranges: [GoldenRange]

    private static let slide: UInt64 = 0x5510_0000_0000

    init(_ form: Form, _ buildID: String) throws {
        ranges = try GoldenRange.read(form.golden)
        addresses = ranges.map { $0.addresses.map { $0 &+ Self.slide } }
        let (base, size) = try Self.extent(of: form.path)
        let frames = addresses.joined().map {
            #"{"platform":"native","instruction_addr":"0x\#(String($0, radix: 16))","adjust_instruction_addr":false}"#
        }
        let threads = stride(from: 0, to: frames.count, by: 40).map { start in
            let some = frames[start..<min(start + 40, frames.count)].joined(separator: ",\n")
            return #"{"id":\#(start),"stacktrace":{"frames":[\#(some)]}}"#
        }
        json = """
            {"platform":"native","threads":{"values":[\(threads.joined(separator: ",\n"))]},
            "debug_meta":{"images":[{"type":"elf","code_id":"\(buildID)","code_file":"/usr/bin/mill",
            "image_addr":"0x\(String(base &+ Self.slide, radix: 16))","image_size":\(size)}]}}
            """
    }

    /// Compares the frames of an enriched event.
    func compare(_ enriched: String, less: String? = nil) throws -> FormComparison {
        let event = try Frames(enriched).event
        let threads = (event["threads"] as? [String: Any])?["values"] as? [[String: Any]] ?? []
        var chains: [UInt64: [FormFrame]] = [:]
        for thread in threads {
            let frames = (thread["stacktrace"] as? [String: Any])?["frames"] as? [[String: Any]] ?? []
            // The document has the oldest first; chains have the innermost first.
            for frame in frames.reversed() {
                let text = frame["instruction_addr"] as? String ?? ""
                guard let address = UInt64(text.dropFirst(2), radix: 16) else { continue }
                guard frame["function"] != nil || frame["lineno"] != nil || frame["abs_path"] != nil else { continue }
                chains[address, default: []].append(
                    FormFrame(
                        linkageName: frame["symbol"] as? String,
                        name: frame["raw_function"] as? String ?? frame["function"] as? String,
                        file: frame["abs_path"] as? String, line: frame["lineno"] as? Int ?? 0,
                        column: frame["colno"] as? Int ?? 0))
            }
        }
        let lesser = try less.map { try GoldenRange.read($0) }
        var comparison = FormComparison()
        for (range, addresses) in zip(ranges, addresses) {
            for address in addresses {
                let lesser = lesser?.first { $0.contains(address &- Self.slide) }
                comparison.compare(
                    address, chains[address] ?? [], range.frames.map(\.inEvent), less: lesser?.frames.map(\.inEvent))
            }
        }
        return comparison
    }

    /// How many frames of an enriched event say anything.
    static func answered(_ enriched: String) throws -> Int {
        let threads = (try Frames(enriched).event["threads"] as? [String: Any])?["values"] as? [[String: Any]] ?? []
        return threads.reduce(0) { count, thread in
            let frames = (thread["stacktrace"] as? [String: Any])?["frames"] as? [[String: Any]] ?? []
            return count + frames.count { $0["function"] != nil || $0["lineno"] != nil }
        }
    }

    /// Where a 64-bit little-endian program is loaded, and how much of memory it takes.
    private static func extent(of path: String) throws -> (base: UInt64, size: UInt64) {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        func number(_ offset: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
        }
        let table = Int(number(0x20, 8))
        let entrySize = Int(number(0x36, 2))
        let loads = (0..<Int(number(0x38, 2))).map { table + $0 * entrySize }.filter { number($0, 4) == 1 }
        let first = try #require(loads.map { number($0 + 0x10, 8) }.min()) & ~0xfff
        let end = try #require(loads.map { number($0 + 0x10, 8) + number($0 + 0x28, 8) }.max())
        return (first, end - first)
    }
}
