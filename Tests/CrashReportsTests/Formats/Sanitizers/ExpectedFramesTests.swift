import Foundation
import Testing

@testable import CrashReports

/// Reports whose program lies beside them: the addresses that are looked up in it must be those for which the fixture's
/// script asked another symbolizer.
@Suite struct ExpectedFramesTests {
    private static let recordings = Recording.all.filter { FileManager.default.fileExists(atPath: expected($0)) }

    private static func expected(_ recording: Recording) -> String {
        String(recording.path.dropLast(4)) + ".expected"
    }

    /// Where `setarch -R` puts a position independent program.
    private static let program: UInt64 = 0x5555_5555_4000

    @Test("look up the addresses of the program that was run", arguments: recordings)
    func lookups(_ recording: Recording) throws {
        let lines = try String(contentsOfFile: Self.expected(recording), encoding: .utf8).split(separator: "\n")
        let expected = lines.compactMap { UInt64($0.split(separator: " ")[0].dropFirst(2), radix: 16) }
        var actual: [UInt64] = []
        for crash in reports(in: try recording.bytes).map(\.crash) {
            let own = crash.images.indices.filter { index in
                let image = crash.images[index]
                let name = image.path?.split(separator: "/").last ?? ""
                return image.address == Self.program || image.linkAddress == 0 || name == "gcc-race"
            }
            #expect(own.count == 1)
            for frame in crash.threads.flatMap(\.frames) {
                let back: UInt64 = frame.kind == .returnAddress ? 1 : 0
                switch frame.address {
                case .relative(let image, let offset) where own.contains(image): actual.append(offset - back)
                case .absolute(let address) where crash.images[own[0]].address == Self.program:
                    let offset = address &- Self.program &- back
                    if offset < 1 << 20 { actual.append(offset) }
                default: break
                }
            }
        }
        #expect(expected.count > 3)
        // Lines inlined at one address are one frame.
        #expect(Self.distinct(actual) == Self.distinct(expected))
    }

    private static func distinct(_ addresses: [UInt64]) -> [UInt64] {
        addresses.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    @Test("are there for each tool with a program")
    func isComplete() {
        #expect(Self.recordings.count >= 25)
    }
}
