import Foundation
import Testing

/// `symbolize` on cores that were made a moment ago.
@Suite(.enabled(if: CrashedProgram.isPossible), .timeLimit(.minutes(10)))
struct DumpSymbolizeTests {
    /// The program's own functions of the crashed thread, innermost first.
    static let own = ["innermost nested.c", "middle nested.c", "outer nested.c", "main nested.c"]

    private func own(_ outcome: Outcome) throws -> [String] {
        try Frames(outcome.output).lines.map { String($0.prefix { $0 != ":" }) }.filter { $0.hasSuffix("nested.c") }
    }

    @Test func withTheExecutable() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let outcome = try await symbolist.symbolist(
            "symbolize", "--json", "--debug-file", crash.program, crash.core)
        #expect(outcome.status == 1, "libc is not there: \(outcome.all)")
        #expect(try own(outcome) == Self.own)
        let frames = try Frames(outcome.output)
        #expect(frames.exception["type"] as? String == "SIGSEGV")
        #expect(frames.exception["value"] as? String == "Segmentation fault at 0x0 (address not mapped)")
        #expect(frames.images.contains { $0["code_id"] as? String == crash.buildID })
        #expect(outcome.errors.contains("no file with this build id to unwind with"), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: symbolist.scratch.path("state")), "no database was made")
        let text = try await symbolist.symbolist("symbolize", "--debug-file", crash.program, crash.core)
        #expect(text.output.hasPrefix("SIGSEGV: Segmentation fault at 0x0"), "\(text.output)")
        #expect(text.output.contains("nested.c:"), "\(text.output)")
    }

    /// The dump names paths of this machine: they count only when the person says so.
    @Test func withTheFilesOfThisMachine() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let without = try await symbolist.symbolist("symbolize", "--json", crash.core)
        #expect(without.status == 1)
        #expect(try own(without).isEmpty)
        let with = try await symbolist.symbolist("symbolize", "--json", "--local-files", crash.core)
        #expect(try own(with) == Self.own, "\(with.all)")
        #expect(with.errors.isEmpty, "\(with.errors)")
        let frames = try Frames(with.output)
        #expect(frames.lines.last?.hasPrefix("_start") == true, "\(frames.lines)")
        let core = (frames.event["contexts"] as? [String: Any])?["core"] as? [String: Any]
        #expect(core?["incomplete_stacks"] == nil, "\(String(describing: core))")
    }

    @Test func afterAnUpload() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let upload = try await symbolist.symbolist("upload", "--no-sources", crash.program)
        #expect(upload.status == 0, "\(upload.all)")
        #expect(try own(await symbolist.symbolist("symbolize", "--json", crash.core)) == Self.own)
        let other = try await symbolist.symbolist("upload", "--no-sources", "--project", "shop", "/bin/true")
        #expect(other.status == 0, "\(other.all)")
    }

    /// Stripped in the field, with a separate debug file: the one unwinds, the other names.
    @Test func strippedWithASeparateDebugFile() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let made = try await Tool.shell(
            "objcopy --only-keep-debug '\(crash.program)' p.debug && strip -o p '\(crash.program)'",
            folder: symbolist.scratch.folder)
        #expect(made.status == 0, "\(made.all)")
        let debugOnly = try await symbolist.symbolist(
            "symbolize", "--json", "--debug-file", symbolist.scratch.path("p.debug"), crash.core)
        #expect(try own(debugOnly).prefix(1) == ["innermost nested.c"], "\(debugOnly.all)")
        #expect(debugOnly.errors.contains("so frame pointers were used"), "\(debugOnly.errors)")
        let both = try await symbolist.symbolist(
            "symbolize", "--json", "--debug-file", symbolist.scratch.path("p.debug"), "--debug-file",
            symbolist.scratch.path("p"), crash.core)
        #expect(try own(both) == Self.own, "\(both.all)")
    }

    @Test(arguments: ["zstd -q -o packed", "lz4 -q - packed <", "xz -k -c >packed", "gzip -c >packed"])
    func compressed(_ command: String) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let plain = try await symbolist.symbolist("symbolize", "--json", "--debug-file", crash.program, crash.core)
        let packed = try await Tool.shell("\(command) '\(crash.core)'", folder: symbolist.scratch.folder)
        #expect(packed.status == 0, "\(packed.all)")
        let path = symbolist.scratch.path("packed")
        let outcome = try await symbolist.symbolist("symbolize", "--json", "--debug-file", crash.program, path)
        #expect(outcome.output == plain.output, "\(outcome.all)")
        let small = try await symbolist.symbolist("symbolize", "--dump-expansion", "1", path)
        if (try FileManager.default.attributesOfItem(atPath: crash.core)[.size] as? Int) ?? 0 > 1 << 20 {
            #expect(small.status == 2, "\(small.all)")
            #expect(small.errors.contains("packed"), "\(small.errors)")
        }
    }

    @Test func throughAPipe() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let plain = try await symbolist.symbolist("symbolize", "--json", "--debug-file", crash.program, crash.core)
        for command in ["cat '\(crash.core)' |", "zstd -q -c '\(crash.core)' |", "<'\(crash.core)'"] {
            let outcome = try await Tool.shell(
                "\(command) '\(Tool.symbolist)' symbolize --json --debug-file '\(crash.program)' -",
                environment: symbolist.environment)
            #expect(outcome.output == plain.output, "\(command): \(outcome.all)")
        }
        let small = try await Tool.shell(
            "head -c 3000000 /dev/zero | cat '\(crash.core)' - | '\(Tool.symbolist)' symbolize --dump-expansion 1 -",
            environment: symbolist.environment)
        #expect(small.status == 2 && small.errors.contains("--dump-expansion"), "\(small.all)")
        let left = try FileManager.default.contentsOfDirectory(atPath: symbolist.scratch.path("cache/dumps"))
        #expect(left.isEmpty, "nothing stays behind")
    }

    /// An await's callers are in the dump's memory only, and the frames of the job runner are kept apart.
    @Test func asyncCallers() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.async.value()
        let outcome = try await symbolist.symbolist("symbolize", "--json", "--local-files", crash.core)
        let names = try Frames(outcome.output).frames.compactMap { $0["function"] as? String }
        for name in ["unitPrice", "lineTotal", "basketTotal", "checkout"] {
            #expect(names.contains { $0.contains(name) }, "\(name) in \(names)")
        }
        let threads = (try Frames(outcome.output).event["threads"] as? [String: Any])?["values"] as? [[String: Any]]
        #expect(threads?.contains { ($0["id"] as? String)?.hasSuffix(".ran-on") == true } == true)
    }

    /// A process with a large reservation: its core is a sparse file, and the limit is on memory, not on size.
    @Test func aSparseCoreOfFourGigabytes() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let source = """
            #include <sys/mman.h>
            #include <string.h>
            int main(void) {
                char *memory = mmap(0, 4ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
                memory[1ul << 31] = 1;
                *(volatile int *)0 = memory[0];
            }
            """
        _ = try symbolist.scratch.write(source, to: "large.c")
        let crash = try await CrashedProgram.make(
            "gcc -g -Wl,--build-id -o program large.c", in: symbolist.scratch.folder)
        let size = try FileManager.default.attributesOfItem(atPath: crash.core)[.size] as? Int ?? 0
        #expect(size > 4 << 30)
        let outcome = try await symbolist.symbolist(
            "symbolize", "--json", "--parser-memory", "300", "--debug-file", crash.program, crash.core)
        #expect(try Frames(outcome.output).lines.first?.hasPrefix("main large.c") == true, "\(outcome.all)")
        // Kept, it is small, and the worker gets it back.
        let enqueue = try await symbolist.symbolist("enqueue", "--keep-dump", crash.core)
        #expect(enqueue.status == 0 && !enqueue.errors.contains("is not kept"), "\(enqueue.all)")
        let du = try await Tool.shell("du -sm --apparent-size '\(symbolist.scratch.path("state"))'")
        #expect(Int(du.output.prefix { $0.isNumber }) ?? .max < 20, "\(du.output)")
        #expect(try await symbolist.symbolist("upload", "--no-sources", crash.program).status == 0)
        _ = try await symbolist.symbolist("worker", "--until-empty", "--parser-memory", "300")
        let shown = try await symbolist.symbolist("events", "show", "1")
        #expect(shown.output.contains("large.c"), "\(shown.all)")
    }
}
