import Bytes
import ELFObject
import Testing

@testable import DWARFReader

/// Damaged bytes into everything that is written in Swift, in this process: a trap would end the test run. (libdw itself
/// is not safe against damaged files; whole damaged files are for the sandboxed child.)
@Suite struct HostileTests {
    /// The sections of a real program.
    struct Sections {
        var information: [UInt8] = []
        var abbreviations: [UInt8] = []
        var line: [UInt8] = []
        var lineStrings: [UInt8] = []
        var strings: [UInt8] = []

        init(_ object: ELFObject) throws {
            func bytes(_ name: String) throws -> [UInt8] {
                guard let section = object.debugSection(name) else { return [] }
                return try object.contents(of: section).withUnsafeBytes { Array($0) }
            }
            information = try bytes("info")
            abbreviations = try bytes("abbrev")
            line = try bytes("line")
            lineStrings = try bytes("line_str")
            strings = try bytes("str")
        }

        func table(_ line: [UInt8], at offset: UInt64, limits: DWARFLimits = .default) -> LineTable? {
            let input = LineTableInput(
                line: line.span.bytes, lineStrings: lineStrings.span.bytes, strings: strings.span.bytes,
                bigEndian: false)
            do throws(ReadFailure) {
                return try LineTable(
                    input, at: offset, compilationDirectory: "/build", rowBudget: limits.rows, limits: limits)
            } catch {
                return nil
            }
        }
    }

    static let builds: [Build] = [
        .c("gcc -O2 -gdwarf-4"), .c("gcc -O2 -gdwarf-5 -gdwarf64"), .c("clang -O2 -gdwarf-5 -gembed-source"),
        .swift("-O -g"),
    ]

    @Test(arguments: builds)
    func damagedLineTables(_ build: Build) throws {
        let sections = try Sections(try Workbench().build(build))
        var random = SplitMix(seed: 1)
        var limits = DWARFLimits()
        limits.rows = 50_000
        var read = 0
        var refused = 0
        for _ in 0..<4000 {
            let line = random.damage(sections.line)
            guard let table = sections.table(line, at: 0, limits: limits) else {
                refused += 1
                continue
            }
            read += 1
            #expect(table.rows.count <= limits.rows)
            // Whatever was read hangs together: file numbers are inside, and the last sequence is closed.
            #expect(table.rows.allSatisfy { $0.file >= -1 && Int($0.file) < table.files.count })
            #expect(table.rows.last?.isEndOfSequence ?? true)
        }
        #expect(read > 100)
        #expect(refused > 100)
    }

    /// Random opcodes behind a valid header.
    @Test func randomLinePrograms() throws {
        let sections = try Sections(try Workbench().build(.c("gcc -O2 -gdwarf-4")))
        var random = SplitMix(seed: 2)
        let header = try #require(lineHeader(sections))
        var rows = 0
        for _ in 0..<3000 {
            var line = Array(sections.line[..<header.program.lowerBound])
            line += (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
            let length = UInt32(line.count - 4)
            for index in 0..<4 { line[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
            rows += try #require(sections.table(line, at: 0)).rows.count
        }
        #expect(rows > 10_000)
    }

    private func lineHeader(_ sections: Sections) -> LineHeader? {
        let input = LineTableInput(
            line: sections.line.span.bytes, lineStrings: sections.lineStrings.span.bytes,
            strings: sections.strings.span.bytes, bigEndian: false)
        do throws(ReadFailure) {
            return try LineHeader(input, at: 0, limits: .default)
        } catch {
            return nil
        }
    }

    /// Damaged unit headers, abbreviations and entries: every walk ends, within the unit.
    @Test(arguments: builds)
    func damagedEntries(_ build: Build) throws {
        let sections = try Sections(try Workbench().build(build))
        var random = SplitMix(seed: 3)
        var walked = 0
        var refused = 0
        for round in 0..<2000 {
            let information = round % 2 == 0 ? random.damage(sections.information) : sections.information
            let abbreviations = round % 2 == 1 ? random.damage(sections.abbreviations) : sections.abbreviations
            for unit in UnitHeader.scan(
                information.span.bytes, abbreviationsSize: abbreviations.count, bigEndian: false)
            where unit.failure == nil {
                do throws(ReadFailure) {
                    walked += try walk(unit, information, abbreviations)
                } catch {
                    refused += 1
                }
            }
        }
        #expect(walked > 1000)
        #expect(refused > 100)
    }

    private func walk(
        _ unit: UnitHeader, _ information: [UInt8], _ abbreviations: [UInt8]
    ) throws(ReadFailure) -> Int {
        let table = try AbbreviationTable(
            abbreviations.span.bytes, unit: unit, bigEndian: false, budget: 100_000, limits: .default)
        var cursor = try EntryCursor(
            information.span.bytes, unit: unit, table: table, bigEndian: false, limits: .default)
        var last = -1
        while let entry = try cursor.next() {
            #expect(entry.offset > last && entry.offset < unit.end && entry.closes <= entry.depth)
            last = entry.offset
            if entry.offset % 3 != 0 { _ = try cursor.attributes() }
        }
        return cursor.count
    }
}
