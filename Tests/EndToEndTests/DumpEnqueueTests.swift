import Foundation
import Testing

/// Cores and minidumps through the job table.
@Suite(.enabled(if: CrashedProgram.isPossible), .timeLimit(.minutes(10)))
struct DumpEnqueueTests {
    private func sql(_ symbolist: Installation, _ statement: String) async throws -> String {
        try await Tool.run("/usr/bin/sqlite3", [symbolist.database, statement]).output
    }

    private func document(_ symbolist: Installation, _ id: Int = 1) async throws -> Frames {
        try Frames(await symbolist.symbolist("events", "show", "--json", String(id)).output)
    }

    private func dump(_ frames: Frames) -> [String: Any]? {
        let contexts = frames.event["contexts"] as? [String: Any]
        return (contexts?["symbolist"] as? [String: Any])?["dump"] as? [String: Any]
    }

    private func functions(_ frames: Frames) -> [String] {
        frames.lines.map { String($0.prefix { $0 != " " }) }
    }

    @Test func aCoreIsEnqueuedAsItsEvent() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        #expect(try await symbolist.symbolist("upload", "--no-sources", crash.program).status == 0)
        let enqueue = try await symbolist.symbolist("enqueue", "--release", "till@1", crash.core)
        #expect(enqueue.status == 0 && enqueue.output == "1\n", "\(enqueue.all)")
        let size =
            Int(
                try await sql(symbolist, "SELECT length(payload_text) FROM raw_events").filter { $0.isNumber }) ?? .max
        #expect(size < 200_000, "the stacks, not the dump")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let frames = try await document(symbolist)
        #expect(functions(frames).prefix(4) == ["innermost", "middle", "outer", "main"])
        #expect(frames.event["release"] as? String == "till@1")
        #expect(dump(frames) == nil, "the dump is kept only on request")
        let blobs = try await Tool.shell("find '\(symbolist.scratch.path("state"))' -size +1M | grep -v sqlite")
        #expect(blobs.output.isEmpty, "\(blobs.output)")
    }

    /// The heart of it: the executable comes after the crash, and the stacks become whole by themselves.
    @Test func aKeptCoreIsUnwoundAgainWhenItsExecutableComes() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let enqueue = try await symbolist.symbolist("enqueue", "--keep-dump", crash.core)
        #expect(enqueue.status == 0, "\(enqueue.all)")
        #expect(!enqueue.errors.contains("is not kept"), "\(enqueue.errors)")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.output.hasPrefix("1 events enriched"), "\(worker.all)")
        let before = try await document(symbolist)
        #expect(functions(before).filter { $0 != "-" }.isEmpty, "\(before.lines)")
        let kept = try #require(dump(before))
        #expect(kept["format"] as? String == "elf-core")
        #expect(kept["unwound_with"] as? [String] == [])
        let digest = try #require(kept["digest"] as? String)
        let blob = symbolist.scratch.path("state/debug-files/objects/\(digest.prefix(2))/\(digest.dropFirst(2))")
        let same = try await Tool.shell("zstd -dc < '\(blob)' | cmp - '\(crash.core)'")
        #expect(same.status == 0, "\(same.all)")

        #expect(try await symbolist.symbolist("upload", "--no-sources", crash.program).status == 0)
        let again = try await symbolist.symbolist("worker", "--until-empty")
        #expect(again.output.hasPrefix("1 events enriched"), "\(again.all)")
        let after = try await document(symbolist)
        #expect(functions(after).prefix(4) == ["innermost", "middle", "outer", "main"], "\(after.lines)")
        #expect(dump(after)?["unwound_with"] as? [String] == [crash.buildID])

        // libc makes it whole, to the outermost frame.
        let libc = try #require(
            after.images.first { ($0["code_file"] as? String)?.contains("libc.so") == true }?["code_file"] as? String)
        #expect(try await symbolist.symbolist("upload", "--no-sources", libc).status == 0)
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let whole = try await document(symbolist)
        #expect(functions(whole).last == "_start", "\(whole.lines)")
        #expect((dump(whole)?["unwound_with"] as? [String])?.count == 2)
        #expect(whole.event["event_id"] as? String == before.event["event_id"] as? String)
    }

    @Test func aKeptDumpThatIsGoneCostsNothingElse() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let packed = try await Tool.shell("zstd -q -o core.zst '\(crash.core)'", folder: symbolist.scratch.folder)
        #expect(packed.status == 0)
        let enqueue = try await symbolist.symbolist("enqueue", "--keep-dump", symbolist.scratch.path("core.zst"))
        #expect(enqueue.status == 0, "\(enqueue.all)")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let digest = try #require(dump(try await document(symbolist))?["digest"] as? String)
        let blob = symbolist.scratch.path("state/debug-files/objects/\(digest.prefix(2))/\(digest.dropFirst(2))")
        let same = try await Tool.shell("cmp '\(blob)' core.zst", folder: symbolist.scratch.folder)
        #expect(same.status == 0, "what came compressed is kept as it came")
        try Data("damaged".utf8).write(to: URL(filePath: blob))
        #expect(try await symbolist.symbolist("upload", "--no-sources", crash.program).status == 0)
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let after = try await document(symbolist)
        #expect(functions(after).first == "innermost", "\(after.lines)")
        #expect((dump(after)?["problem"] as? String)?.contains("damaged") == true, "\(String(describing: dump(after)))")
        #expect(try await sql(symbolist, "SELECT count(*) FROM queue WHERE state = 'done'") == "1\n")
    }

    /// The same crash with this machine's files: whole at once.
    @Test func withTheFilesOfThisMachine() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let enqueue = try await symbolist.symbolist("enqueue", "--local-files", crash.core)
        #expect(enqueue.status == 0 && enqueue.errors.isEmpty, "\(enqueue.all)")
        #expect(try await symbolist.symbolist("upload", "--no-sources", crash.program).status == 0)
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let frames = try await document(symbolist)
        #expect(frames.frames.count > 5, "\(frames.lines)")
        #expect(functions(frames).prefix(4) == ["innermost", "middle", "outer", "main"])
    }

    /// Somebody else's program writes the dump into the table.
    @Test func aCoreInTheTableItself() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        #expect(try await symbolist.symbolist("upload", "--no-sources", crash.program).status == 0)
        let packed = try await Tool.shell("zstd -q -o core.zst '\(crash.core)'", folder: symbolist.scratch.folder)
        #expect(packed.status == 0)
        for path in [crash.core, symbolist.scratch.path("core.zst")] {
            _ = try await sql(symbolist, "INSERT INTO raw_events (payload_bytes) VALUES (readfile('\(path)'))")
        }
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.output.hasPrefix("2 events enriched"), "\(worker.all)")
        for id in [1, 2] {
            #expect(functions(try await document(symbolist, id)).prefix(2) == ["innermost", "middle"])
        }
    }

    @Test func severalFilesOfWhichOneIsBroken() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let cut = try await Tool.shell("head -c 100 '\(crash.core)' > cut", folder: symbolist.scratch.folder)
        #expect(cut.status == 0)
        let enqueue = try await symbolist.symbolist(
            "enqueue", "--json", crash.core, symbolist.scratch.path("cut"), Till.recorded + "/c.json")
        #expect(enqueue.status == 1, "\(enqueue.all)")
        #expect(enqueue.output.split(separator: "\n").count == 2)
        #expect(enqueue.errors.contains("cut"), "\(enqueue.errors)")
    }
}
