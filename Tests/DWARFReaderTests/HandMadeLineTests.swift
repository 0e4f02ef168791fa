import Testing

@testable import DWARFReader

/// Line tables put together byte by byte, for what today's compilers do not write.
@Suite struct HandMadeLineTests {
    /// A version 4 table in 32-bit DWARF with one directory `inc` and one file `a.c` in it.
    struct Table {
        var version: UInt16 = 4
        var minimumInstructionLength: UInt8 = 1
        var maximumOperations: UInt8 = 1
        var lineRange: UInt8 = 14
        var opcodeBase: UInt8 = 13
        var lengths: [UInt8] = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]
        var tables: [UInt8] = Array("inc".utf8) + [0, 0] + Array("a.c".utf8) + [0, 1, 0, 0, 0]
        var program: [UInt8] = []

        var bytes: [UInt8] {
            var parameters: [UInt8] = [minimumInstructionLength]
            if version >= 4 { parameters.append(maximumOperations) }
            parameters += [1, UInt8(bitPattern: -5), lineRange, opcodeBase] + lengths + tables
            let body =
                [UInt8(version), 0] + little(UInt32(parameters.count)) + parameters + program
            return little(UInt32(body.count)) + body
        }

        private func little(_ value: UInt32) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }

        struct Result {
            var paths: [String]
            var rows: [LineRow]
            var failure: ReadFailure?
        }

        func read(limits: DWARFLimits = .default) throws(ReadFailure) -> Result {
            let bytes = bytes
            return try bytes.withUnsafeBufferPointer { buffer throws(ReadFailure) in
                let space = DebugSpace(file: "hand-made", line: SectionBytes(buffer))
                let inputs = DebugInputs(spaces: [space], limits: limits)
                let input = LineTableInput(space)
                var header = try LineHeader(input, at: 0, limits: limits)
                var rows: [LineRow] = []
                let failure = LineProgram.run(
                    input, header: &header, budget: limits.rows, limits: limits, into: &rows)
                let paths = header.files.map { file in
                    var path = Array("/build".utf8)
                    PathJoiner.append(inputs.bytes(of: header.directory(of: file)), to: &path, from: 0)
                    PathJoiner.append(inputs.bytes(of: file.name), to: &path, from: 0)
                    return String(decoding: path, as: UTF8.self)
                }
                return Result(paths: paths, rows: rows, failure: failure)
            }
        }
    }

    static let setAddress: [UInt8] = [0, 9, 2, 0x00, 0x10, 0, 0, 0, 0, 0, 0]
    static let endSequence: [UInt8] = [0, 1, 1]

    @Test func pathsAndRegisters() throws {
        var table = Table()
        // copy; special: +1 line +1 address; end.
        table.program = Self.setAddress + [5, 7, 1, 13 + 14 + 6, 2, 4] + Self.endSequence
        let result = try table.read()
        #expect(result.failure == nil)
        #expect(result.paths == ["/build/inc/a.c"])
        #expect(
            result.rows == [
                LineRow(address: 0x1000, file: 0, line: 1, column: 7, isEndOfSequence: false),
                LineRow(address: 0x1001, file: 0, line: 2, column: 7, isEndOfSequence: false),
                LineRow(address: 0x1005, file: 0, line: 2, column: 7, isEndOfSequence: true),
            ])
    }

    @Test func veryLongInstructionWords() throws {
        var table = Table()
        (table.minimumInstructionLength, table.maximumOperations) = (16, 3)
        // Seven operations are two words of three and one operation more; the next two fill the third word.
        table.program = Self.setAddress + [2, 7, 1, 2, 2, 1] + Self.endSequence
        #expect(try table.read().rows.map(\.address) == [0x1020, 0x1030, 0x1030])
    }

    @Test func filesDefinedByTheProgram() throws {
        var table = Table()
        let entry = Array("b.c".utf8) + [0, 0, 0, 0]
        table.program =
            Self.setAddress + [0, UInt8(entry.count + 1), 3] + entry + [4, 2, 1, 4, 9, 1] + Self.endSequence
        let result = try table.read()
        #expect(result.paths == ["/build/inc/a.c", "/build/b.c"])
        // File 9 does not exist.
        #expect(result.rows.map(\.file) == [1, -1, -1])
    }

    @Test func unknownOpcodesAreSkippedByTheirLengths() throws {
        var table = Table()
        table.opcodeBase = 15
        // Opcode 13 has two operands, 14 none; opcode 5 is declared with two, so it is not the standard's set_column.
        table.lengths = [0, 1, 1, 1, 2, 0, 0, 0, 1, 0, 0, 1, 2, 0]
        table.program =
            Self.setAddress + [13, 0x81, 1, 5, 14, 5, 3, 4, 0, 3, 0x80, 9, 9, 1] + Self.endSequence
        let result = try table.read()
        #expect(result.failure == nil)
        #expect(result.rows.map(\.column) == [0, 0])
        #expect(result.rows.map(\.address) == [0x1000, 0x1000])
    }

    @Test func oddValuesAreKept() throws {
        var table = Table()
        // Column 2⁴⁰, line −1 (wrapped), then an advance that wraps the address.
        table.program =
            Self.setAddress + [5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 3, 0x7e, 1] + [2]
            + [UInt8](repeating: 0xff, count: 9) + [1, 1] + Self.endSequence
        let rows = try table.read().rows
        #expect(rows[0].column == UInt32.max)
        #expect(rows[0].line == UInt32.max)
        #expect(rows[1].address == 0xfff)
    }

    @Test func damageKeepsTheRowsBefore() throws {
        var table = Table()
        table.program = Self.setAddress + [1, 2, 8, 1, 2, 8, 1, 0, 200, 2]
        let result = try table.read()
        #expect(result.failure != nil)
        #expect(result.rows.map(\.address) == [0x1000, 0x1008, 0x1010])
        #expect(result.rows.map(\.isEndOfSequence) == [false, false, true])
        // A program that just stops says so too.
        table.program = Self.setAddress + [1, 2, 8, 1]
        let open = try table.read()
        #expect(open.failure != nil)
        #expect(open.rows.map(\.isEndOfSequence) == [false, true])
    }

    @Test func zeroLineRange() throws {
        var table = Table()
        table.lineRange = 0
        table.program = Self.setAddress + [1, 8, 1]
        #expect(try table.read().failure != nil)
        table.program = Self.setAddress + [1, 200, 1]
        #expect(try table.read().failure != nil)
    }

    @Test func limitsEndTheReading() throws {
        var table = Table()
        var limits = DWARFLimits()
        limits.rows = 10
        table.program = Self.setAddress + [UInt8](repeating: 1, count: 50)
        #expect(try table.read(limits: limits).rows.count == 10)
        limits.filesPerUnit = 0
        #expect(throws: ReadFailure.self) { try table.read(limits: limits) }
        limits.filesPerUnit = 10
        limits.textPerUnit = 5
        #expect(throws: ReadFailure.self) { try table.read(limits: limits) }
    }

    @Test(arguments: [1, 6, 0xff] as [UInt16])
    func unknownVersions(_ version: UInt16) {
        var table = Table()
        table.version = version
        #expect(throws: ReadFailure.self) { try table.read() }
    }

    @Test(arguments: [
        ("/a", "b.c", "/a/b.c"), ("/a/", "b.c", "/a/b.c"), ("/a", "/b.c", "/b.c"), ("", "b.c", "b.c"), ("/", "b", "/b"),
        ("/a", "", "/a"),
    ])
    func joining(_ directory: String, _ name: String, _ path: String) {
        var joined = Array(directory.utf8)
        Array(name.utf8).withUnsafeBufferPointer { PathJoiner.append($0, to: &joined, from: 0) }
        #expect(String(decoding: joined, as: UTF8.self) == path)
    }
}
