import Bytes
import ELFObject
import Testing

@testable import DWARFReader

/// Damaged bytes into the whole reader, in this process: a trap would end the test run.
@Suite struct HostileTests {
    static let builds: [Build] = [
        .c("gcc -O2 -gdwarf-4"), .c("gcc -O2 -gdwarf-5 -gdwarf64"), .c("clang -O2 -gdwarf-5 -gembed-source"),
        .cxx("g++ -O2 -gdwarf-5"), .cxx("clang++ -O2 -gdwarf-4"), .cxx("g++ -O2 -gdwarf-4 -fdebug-types-section"),
        .swift("-O -g"), .freestanding("--target=powerpc-linux-gnu -gdwarf-5"),
    ]

    /// Whatever was read of damaged sections hangs together: every number leads to something.
    static func check(_ code: UnitCode, _ limits: DWARFLimits) {
        #expect(code.rows.count <= limits.rows && code.scopes.count <= limits.scopes)
        #expect(code.rows.allSatisfy { $0.file >= -1 && Int($0.file) < code.files.count })
        #expect(code.rows.last?.isEndOfSequence ?? true)
        #expect(code.ranges.allSatisfy { $0.start < $0.end })
        for (index, scope) in code.scopes.enumerated() {
            #expect(scope.parent >= -1 && scope.parent < Int32(index))
            #expect(scope.function >= 0 && Int(scope.function) < code.functions.count)
            #expect(scope.callFile >= -1 && Int(scope.callFile) < code.files.count)
            #expect(!scope.ranges.isEmpty && scope.ranges.upperBound <= code.ranges.count)
        }
        for function in code.functions {
            #expect(function.declarationFile >= -1 && Int(function.declarationFile) < code.files.count)
        }
        #expect(code.problems.count <= UnitCode.maximumProblems)
    }

    @Test(arguments: builds)
    func damagedSections(_ build: Build) throws {
        let sections = try SectionSet(try Workbench().build(build))
        var limits = DWARFLimits()
        limits.rows = 200_000
        var random = SplitMix(seed: 3)
        var outcome = SectionSet.Outcome()
        for _ in 0..<1500 { sections.damaged(&random).read(limits, into: &outcome) }
        #expect(outcome.unitsRead > 1000)
        #expect(outcome.unitsRefused > 10)
        #expect(outcome.problems > 100)
        #expect(outcome.rows > 1000 && outcome.scopes > 1000)
    }

    /// Random opcodes behind a valid header.
    @Test func randomLinePrograms() throws {
        let sections = try SectionSet(try Workbench().build(.c("gcc -O2 -gdwarf-4")))
        let line = sections.bytes[.line] ?? []
        let program = try #require(
            try line.withUnsafeBufferPointer { buffer in
                let space = DebugSpace(file: "random", line: SectionBytes(buffer))
                return try LineHeader(LineTableInput(space), at: 0, limits: .default).program.lowerBound
            })
        var random = SplitMix(seed: 2)
        var outcome = SectionSet.Outcome()
        for _ in 0..<3000 {
            var bytes = Array(line[..<program])
            bytes += (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
            let length = UInt32(bytes.count - 4)
            for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
            var set = sections
            set.bytes[.line] = bytes
            set.read(.default, into: &outcome)
        }
        #expect(outcome.rows > 10_000)
    }

    /// Every section cut at many places.
    @Test(arguments: builds)
    func truncated(_ build: Build) throws {
        let sections = try SectionSet(try Workbench().build(build))
        var outcome = SectionSet.Outcome()
        for (kind, bytes) in sections.bytes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 97)) {
                var set = sections
                set.bytes[kind] = Array(bytes[..<length])
                set.read(.default, into: &outcome)
            }
        }
        #expect(outcome.unitsRead + outcome.unitsRefused > 200)
    }
}
