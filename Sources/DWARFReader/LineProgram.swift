/// Runs a line number program (DWARF 5, section 6.2.5) and collects its rows.
///
/// Damage ends the program: ``run(_:header:budget:)`` returns what went wrong beside the rows before it. Opcodes without a
/// meaning here are skipped by the lengths the table itself gives, as the standard asks. Odd values are kept, not refused:
/// columns are clamped to 32 bits, addresses and lines wrap, file numbers outside the table become −1. Discriminators,
/// `is_stmt`, block, prologue and ISA marks are not needed to look up an address.
struct LineProgram: ~Escapable {
    private var reader: ByteReader
    private var header: LineHeader
    private var budget: Int

    private var address: UInt64 = 0
    private var operationIndex: UInt64 = 0
    private var file: UInt64 = 1
    private var line: UInt32 = 1
    private var column: UInt64 = 0
    private(set) var rows: [LineRow] = []
    /// Where the sequence that is being read starts in `rows`.
    private var sequenceStart = 0

    /// Precomputed: what `DW_LNS_const_add_pc` advances by; 0 when `line_range` is 0.
    private let constantAdvance: UInt64

    @_lifetime(copy line)
    private init(_ line: RawSpan, bigEndian: Bool, header: LineHeader, budget: Int) throws(ReadFailure) {
        reader = ByteReader(line, bigEndian: bigEndian)
        try reader.seek(to: UInt64(header.program.lowerBound))
        try reader.limit(toNext: UInt64(header.program.count))
        self.header = header
        self.budget = budget
        // Compilers spend three to six bytes a row.
        rows.reserveCapacity(min(budget, header.program.count / 4))
        constantAdvance = header.lineRange == 0 ? 0 : UInt64((255 - header.opcodeBase) / header.lineRange)
    }

    /// The rows of the program behind `header`, at most `budget`; `header.files` grows by `DW_LNE_define_file`. With a
    /// failure the rows are those before it, the last one made the end of its sequence.
    static func run(
        _ input: borrowing LineTableInput, header: inout LineHeader, budget: Int, limits: DWARFLimits
    ) -> (rows: [LineRow], failure: ReadFailure?) {
        do throws(ReadFailure) {
            var program = try LineProgram(
                input.line, bigEndian: input.bigEndian, header: header, budget: budget)
            var failure: ReadFailure?
            do throws(ReadFailure) {
                try program.execute(limits)
                if program.closeSequence() { failure = .malformed("line program without DW_LNE_end_sequence") }
            } catch {
                failure = error
                _ = program.closeSequence()
            }
            header.files = program.header.files
            return (program.rows, failure)
        } catch {
            return ([], error)
        }
    }

    /// Ends a sequence that the program left open; false when there was none.
    @_lifetime(self: copy self)
    private mutating func closeSequence() -> Bool {
        guard let last = rows.last, rows.count > sequenceStart else { return false }
        rows[rows.count - 1] = LineRow(
            address: last.address, file: last.file, line: last.line, column: last.column, isEndOfSequence: true)
        sequenceStart = rows.count
        return true
    }

    @_lifetime(self: copy self)
    private mutating func execute(_ limits: DWARFLimits) throws(ReadFailure) {
        let opcodeBase = header.opcodeBase
        while !reader.isAtEnd {
            let opcode = try reader.u8()
            if opcode >= opcodeBase {
                guard header.lineRange != 0 else { throw .malformed("line_range 0 with a special opcode") }
                let adjusted = opcode - opcodeBase
                advance(by: UInt64(adjusted / header.lineRange))
                line &+= UInt32(truncatingIfNeeded: Int(header.lineBase) + Int(adjusted % header.lineRange))
                try emit()
            } else if opcode == 0 {
                try extended(limits)
            } else {
                try standard(opcode)
            }
        }
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func advance(by operations: UInt64) {
        let step = UInt64(header.minimumInstructionLength)
        if header.maximumOperations <= 1 {
            address &+= step &* operations
        } else {
            let count = UInt64(header.maximumOperations)
            let sum = operationIndex &+ operations
            address &+= step &* (sum / count)
            operationIndex = sum % count
        }
    }

    @inline(__always)
    @_lifetime(self: copy self)
    private mutating func emit(isEnd: Bool = false) throws(ReadFailure) {
        guard rows.count < budget else { throw .limit(name: "rows", maximum: budget) }
        let index = file &- header.firstFileNumber
        rows.append(
            LineRow(
                address: address, file: index < UInt64(header.files.count) ? Int32(truncatingIfNeeded: index) : -1,
                line: line, column: UInt32(min(column, UInt64(UInt32.max))), isEndOfSequence: isEnd))
    }

    /// The number of LEB128 operands that the standard gives opcodes 1 to 12; `fixed_advance_pc` counts one of its own.
    private static let operandCounts: [UInt8] = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]

    @_lifetime(self: copy self)
    private mutating func standard(_ opcode: UInt8) throws(ReadFailure) {
        let operands = header.standardOpcodeLengths[Int(opcode) - 1]
        // An opcode that the table declares with other operands than the standard's is not the standard's.
        guard opcode <= 12, operands == Self.operandCounts[Int(opcode) - 1] else {
            for _ in 0..<operands { _ = try reader.uleb() }
            return
        }
        switch opcode {
        case 1:  // DW_LNS_copy
            try emit()
        case 2:  // DW_LNS_advance_pc
            advance(by: try reader.uleb())
        case 3:  // DW_LNS_advance_line
            line &+= UInt32(truncatingIfNeeded: try reader.sleb())
        case 4:  // DW_LNS_set_file
            file = try reader.uleb()
        case 5:  // DW_LNS_set_column
            column = try reader.uleb()
        case 8:  // DW_LNS_const_add_pc
            guard header.lineRange != 0 else { throw .malformed("line_range 0 with DW_LNS_const_add_pc") }
            advance(by: constantAdvance)
        case 9:  // DW_LNS_fixed_advance_pc
            address &+= UInt64(try reader.u16())
            operationIndex = 0
        case 12:  // DW_LNS_set_isa
            _ = try reader.uleb()
        default:  // negate_stmt, set_basic_block, set_prologue_end, set_epilogue_begin
            break
        }
    }

    @_lifetime(self: copy self)
    private mutating func extended(_ limits: DWARFLimits) throws(ReadFailure) {
        let length = try reader.uleb()
        guard length > 0 else { return }
        guard length <= UInt64(reader.remaining) else { throw .truncated }
        let end = UInt64(reader.position) + length
        switch try reader.u8() {
        case 1:  // DW_LNE_end_sequence
            try emit(isEnd: true)
            sequenceStart = rows.count
            address = 0
            operationIndex = 0
            file = 1
            line = 1
            column = 0
        case 2:  // DW_LNE_set_address
            address = try reader.unsigned(size: Int(length) - 1)
            operationIndex = 0
        case 3 where header.version < 5:  // DW_LNE_define_file
            guard header.files.count < limits.filesPerUnit else { throw LineHeader.tooManyFiles(limits) }
            let name = try reader.cString()
            header.files.append(try LineHeader.oldEntry(name: name, &reader))
        default:  // DW_LNE_set_discriminator and vendors' opcodes
            break
        }
        try reader.seek(to: end)
    }
}
