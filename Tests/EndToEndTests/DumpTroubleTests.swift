import Foundation
import Testing

/// Dumps that are not what they seem: an answer or an error that says what is wrong, never a crash.
@Suite(.enabled(if: CrashedProgram.isPossible), .timeLimit(.minutes(10)))
struct DumpTroubleTests {
    /// Content counts, not the name.
    @Test func aTextWithACoresName() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = try String(contentsOfFile: Till.recorded + "/c.json", encoding: .utf8)
        let plain = try await symbolist.symbolist("symbolize", "--json", Till.recorded + "/c.json")
        let core = try symbolist.scratch.write(report, to: "core")
        #expect(try await symbolist.symbolist("symbolize", "--json", core).output == plain.output)
        let packed = try await Tool.shell("zstd -q core", folder: symbolist.scratch.folder)
        #expect(packed.status == 0)
        let expanded = try await symbolist.symbolist("symbolize", "--json", core + ".zst")
        #expect(expanded.output == plain.output, "\(expanded.all)")
        let enqueue = try await symbolist.symbolist("enqueue", core + ".zst")
        #expect(enqueue.status == 0, "\(enqueue.all)")
        let nonsense = try symbolist.scratch.write("\u{7f}ELF, but not really", to: "core.2")
        let outcome = try await symbolist.symbolist("symbolize", nonsense)
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.all)")
        #expect(outcome.errors.contains("core.2"), "\(outcome.errors)")
    }

    @Test func truncatedCores() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let size = (try FileManager.default.attributesOfItem(atPath: crash.core)[.size] as? Int) ?? 0
        let cut = symbolist.scratch.path("cut")
        for length in [20, 64, 600, 3000, 4096, 5000, 8192, 12288, 16384, size / 2, size - 1] {
            let made = try await Tool.shell("head -c \(length) '\(crash.core)' > '\(cut)'")
            #expect(made.status == 0)
            let outcome = try await symbolist.symbolist("symbolize", "--json", "--debug-file", crash.program, cut)
            #expect([0, 1, 2].contains(outcome.status), "\(length): \(outcome.all)")
            if outcome.status == 2 {
                #expect(outcome.errors.contains("cut") && outcome.output.isEmpty, "\(length): \(outcome.all)")
            }
        }
    }

    @Test func truncatedCompression() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        for packer in ["zstd -q", "lz4 -q", "xz", "gzip"] {
            let cut = symbolist.scratch.path("cut")
            let made = try await Tool.shell(
                "\(packer) -c '\(crash.core)' > whole; head -c 9000 whole > cut",
                folder: symbolist.scratch.folder)
            #expect(made.status == 0, "\(made.all)")
            let outcome = try await symbolist.symbolist("symbolize", cut)
            #expect(outcome.status == 2, "\(packer): \(outcome.all)")
            #expect(outcome.errors.contains("cut"), "\(outcome.errors)")
        }
    }

    @Test func theMemoryLimitIsNamed() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await Crashed.nested.value()
        let outcome = try await symbolist.symbolist("symbolize", "--parser-memory", "1", crash.core)
        #expect(outcome.status == 2, "\(outcome.all)")
        #expect(
            outcome.errors.contains("dump.core: ") && outcome.errors.contains("--parser-memory"), "\(outcome.errors)")
    }
}
