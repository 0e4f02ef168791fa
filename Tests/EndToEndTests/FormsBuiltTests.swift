import Foundation
import Testing

/// Forms that are too large to keep: made in the test run, with the golden answers of llvm-symbolizer.
@Suite struct FormsBuiltTests {
    private static let sources = Tool.root + "/Fixtures/Forms/Sources"
    private static let golden = "python3 '\(Tool.root)/Fixtures/Forms/Tools/golden.py'"

    /// Swift's own libraries inside: code without debug information beside code with it.
    @Test func theStaticStandardLibrary() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let made = try await Tool.shell(
            """
            set -e
            clang -O2 -g -fPIC -c '\(Self.sources)/press.c'
            swiftc -O -wmo -g -emit-library -static-stdlib -parse-as-library -module-name Mill -module-cache-path cache \
                -I '\(Self.sources)/CPress' -o mill.so '\(Self.sources)/Flour.swift' '\(Self.sources)/Bakery.swift' press.o
            \(Self.golden) make --with llvm --symbols '4Mill|^squeeze$|^[$]sSS5index' mill.so >golden
            """, folder: symbolist.scratch.folder)
        try #require(made.status == 0, "\(made.all)")
        let golden = try GoldenRange.parse(
            try String(contentsOfFile: symbolist.scratch.path("golden"), encoding: .utf8))
        let comparison = try await FormsTests.compare(symbolist, symbolist.scratch.path("mill.so"), golden)
        #expect(comparison.compared > 200)
        #expect(comparison.differences.isEmpty, "\(comparison.summary)")
        let ofLibrary = golden.filter { $0.frames.last?.function?.hasPrefix("$sSS") == true }
        #expect(!ofLibrary.isEmpty)
        #expect(ofLibrary.allSatisfy { $0.frames.count == 1 && $0.frames[0].line == 0 })
    }

    /// 155 MB and 32,768 units: minutes of everybody's time, so `make check` alone asks for it.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SYMBOLIST_TEST_LARGE"] != nil))
    func aLargeObject() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let made = try await Tool.shell(
            """
            set -e
            '\(Tool.root)/Fixtures/Forms/big.sh' big
            \(Self.golden) make --with llvm --symbols '^((f_){14}|(s_){14})(grind|weigh)$' big >golden
            """, folder: symbolist.scratch.folder)
        try #require(made.status == 0, "\(made.all)")
        let big = symbolist.scratch.path("big")
        let size = try FileManager.default.attributesOfItem(atPath: big)[.size] as? Int
        #expect((size ?? 0) > 150_000_000)
        // LLVM names the copy's symbol, we name the function.
        let text = try String(contentsOfFile: symbolist.scratch.path("golden"), encoding: .utf8)
            .replacing(/"(f_|s_){14}/, with: "\"")
        let comparison = try await FormsTests.compare(symbolist, big, try GoldenRange.parse(text))
        #expect(comparison.compared > 150)
        #expect(comparison.differences.isEmpty, "\(comparison.summary)")
    }
}
