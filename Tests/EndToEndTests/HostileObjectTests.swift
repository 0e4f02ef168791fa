import Foundation
import Testing

/// Objects that somebody broke: each costs itself, with a reason, and nothing else.
@Suite struct HostileObjectTests {
    /// Changes that are the same in every run.
    private struct Mutator {
        var state: UInt64

        mutating func next(below limit: Int) -> Int {
            // SplitMix64, Steele, Lea and Flood 2014.
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((z ^ (z >> 31)) % UInt64(max(1, limit)))
        }

        mutating func mutate(_ original: [UInt8], kind: Int) -> [UInt8] {
            var bytes = original
            let tail = max(0, bytes.count - 3000)
            switch kind {
            case 0:  // anywhere: most of a file is debug information
                for _ in 0...next(below: 40) { bytes[next(below: bytes.count)] = UInt8(next(below: 256)) }
            case 1:  // the header and the program headers
                for _ in 0...next(below: 3) { bytes[4 + next(below: 500)] ^= UInt8(1 << next(below: 8)) }
            case 2:  // the section headers
                for _ in 0...next(below: 8) { bytes[tail + next(below: bytes.count - tail)] = UInt8(next(below: 256)) }
            case 3:  // cut
                bytes.removeLast(1 + next(below: bytes.count - 100))
            case 4:  // a run of extreme values: lengths and counts
                let start = next(below: bytes.count - 16)
                for index in start..<(start + 8) { bytes[index] = 0xff }
            default:  // a piece copied to another place: valid words where they do not belong
                let length = 1 + next(below: 200)
                let source = next(below: bytes.count - length)
                let target = next(below: bytes.count - length)
                bytes.replaceSubrange(target..<(target + length), with: original[source..<(source + length)])
            }
            return bytes
        }
    }

    enum Original: String, CaseIterable, Sendable {
        case till
        case cxx

        func path(in scratch: Scratch) async throws -> String {
            switch self {
            case .till: Till.recorded + "/till.debug"
            case .cxx: try await Specimen.cxx("g++", "-O2", "-gdwarf-5").make(in: scratch)
            }
        }
    }

    @Test(arguments: Original.allCases) func mutatedFilesCostThemselvesOnly(_ original: Original) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let source = try await original.path(in: symbolist.scratch)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: source)))
        var mutator = Mutator(state: original == .till ? 11 : 12)
        var paths: [String] = []
        for number in 0..<150 {
            let path = symbolist.scratch.path("mutant-\(number)")
            try Data(mutator.mutate(bytes, kind: number % 6)).write(to: URL(filePath: path))
            paths.append(path)
        }
        let upload = try await Tool.run(
            Tool.symbolist, ["upload", "--json", "--no-sources", "--parser-time", "60"] + paths + [source],
            environment: symbolist.environment)
        #expect(upload.status == 1, "some cannot be read: \(upload.errors)")
        let report = try JSONSerialization.jsonObject(with: Data(upload.output.utf8)) as? [String: Any]
        let outcomes = try #require(report?["outcomes"] as? [[String: Any]])
        let statuses = Dictionary(
            outcomes.map { ($0["path"] as? String ?? "?", $0["status"] as? String ?? "?") }
        ) { first, _ in first }
        #expect(Set(statuses.keys) == Set(paths + [source]), "every file has its outcome")
        #expect(statuses[source] == "stored", "the whole one is stored among them")
        for outcome in outcomes where outcome["status"] as? String == "failed" {
            #expect((outcome["reason"] as? String)?.isEmpty == false, "\(outcome)")
        }
        // Both happen: some changes cannot be seen, some leave nothing.
        #expect(statuses.values.contains("failed") && statuses.values.count { $0 == "stored" } > 10)

        // Indexes are built of every fifth; an answer or a reason, never a crash.
        for path in paths.enumerated().filter({ $0.offset % 5 == 0 }).map(\.element) {
            let answer = try await symbolist.symbolist(
                "addr2line", "--parser-time", "60", "-afi", "-e", path, "0x3000", "0x1200")
            #expect(answer.status == 0 || answer.status == 1, "\(path): \(answer.all)")
            #expect(answer.status == 0 ? answer.output.contains("0x") : answer.errors.contains(path), "\(answer.all)")
        }
        let after = try await symbolist.symbolist("upload", "--no-sources", source)
        #expect(after.status == 0 && after.output.contains("1 unchanged"), "\(after.all)")
    }

    @Test func aFIFOIsNotWaitedFor() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let folder = symbolist.scratch.path("build")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let pipe = folder + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let named = try await symbolist.symbolist("upload", pipe)
        #expect(named.status == 1, "\(named.all)")
        #expect(named.output.contains("failed    \(pipe)"), "\(named.output)")
        try FileManager.default.copyItem(atPath: Till.recorded + "/till.debug", toPath: folder + "/till.debug")
        let walked = try await symbolist.symbolist("upload", "--no-sources", folder)
        #expect(walked.status == 0 && walked.output.contains("1 stored"), "\(walked.all)")
    }

    /// The line table names a FIFO and a device as sources: they are neither waited for nor read.
    @Test func sourcesThatAreNoFilesAreNotRead() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let folder = symbolist.scratch.path("sources")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(mkfifo(folder + "/pipe.c", 0o600) == 0)
        _ = try symbolist.scratch.write(
            "#line 1 \"\(folder)/pipe.c\"\nint a(void) { return 1; }\n#line 1 \"/dev/zero\"\nint b(void) { return 2; }\n"
                + "#line 1 \"\(folder)\"\nint main(void) { return a() + b(); }\n", to: "sources/main.c")
        let built = try await Tool.shell("gcc -g -Wl,--build-id -o program main.c", folder: folder)
        #expect(built.status == 0, "\(built.all)")
        let upload = try await symbolist.symbolist("upload", "-v", "--source-root", "/", folder + "/program")
        #expect(upload.status == 0, "\(upload.all)")
        #expect(upload.output.contains(#/no source +.*pipe\.c: /#), "\(upload.output)")
        #expect(upload.output.contains(#/no source +/dev/zero: /#), "\(upload.output)")
    }

    @Test func foldersThatLinkToThemselvesEnd() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let made = try await Tool.shell(
            """
            mkdir -p build/deep/er && cp '\(Till.recorded)/till.debug' build/deep/er/
            ln -s . build/self && ln -s ../.. build/deep/up && ln -s loop build/loop && ln -s absent build/dangling
            ln -s deep build/again
            """, folder: symbolist.scratch.folder)
        #expect(made.status == 0, "\(made.all)")
        let upload = try await symbolist.symbolist("upload", "--no-sources", symbolist.scratch.path("build"))
        #expect(upload.status == 0, "\(upload.all)")
        #expect(upload.output.contains("1 stored, 0 unchanged\n"), "once: \(upload.output)")
    }

    /// Compressed debug sections answer as the plain ones do, to the byte.
    @Test(arguments: ["zlib", "zlib-gnu", "zstd"]) func compressedSections(_ kind: String) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let plain = Till.recorded + "/till.debug"
        let packed = symbolist.scratch.path("till.debug")
        let made = try await Tool.shell("objcopy --compress-debug-sections=\(kind) '\(plain)' '\(packed)'")
        #expect(made.status == 0, "\(made.all)")
        let sections = try await Tool.run("/usr/bin/readelf", ["-tW", packed]).output
        #expect(sections.contains(kind == "zlib-gnu" ? ".zdebug_info" : "COMPRESSED"), "it is compressed")
        let input = try await BinaryFacts(plain).addresses.map { String($0, radix: 16) + "\n" }.joined()
        let first = try await symbolist.symbolist("addr2line", "-afiC", "-e", plain, input: input)
        let second = try await symbolist.symbolist("addr2line", "-afiC", "-e", packed, input: input)
        #expect(first.output == second.output)
        #expect(first.output.contains("Basket.swift:23"))
        let upload = try await symbolist.symbolist("upload", "--no-sources", packed)
        #expect(upload.status == 0 && upload.output.contains("debug info"), "\(upload.all)")
    }
}
