/// Runs line number programs (DWARF 5, section 6.2.5) and collects their rows.
///
/// Most opcodes are *special*: one byte that moves address and line and makes a row. What each of them does is worked out
/// once per table, so that a row costs two additions and a store:
///
///     special[opcode]   address += 4, line −= 1   → row
///
/// Damage ends the program: ``run(_:_:header:budget:limits:into:)`` returns what went wrong beside the rows before it.
/// Opcodes without a meaning here are skipped by the lengths the table itself gives, as the standard asks. Odd values are
/// kept, not refused: columns are clamped to 32 bits, addresses and lines wrap, file numbers outside the table become −1.
/// Discriminators, `is_stmt`, block, prologue and ISA marks are not needed to look up an address.
struct LineProgram {
    private var header: LineHeader
    private let input: LineTableInput
    private let limits: DWARFLimits
    private var position: Int
    private let end: Int

    private var address: UInt64 = 0
    private var operationIndex: UInt64 = 0
    private var file: UInt64 = 1
    private var fileIndex: Int32 = -1
    private var line: UInt32 = 1
    private var column: UInt32 = 0
    /// Where the sequence that is being read starts in the rows.
    private var sequenceStart: Int
    private let rowLimit: Int
    private let rowBudget: Int

    /// What an opcode does, worked out once per table.
    private struct Action {
        /// What a special opcode adds.
        var operations: UInt32 = 0
        var line: Int16 = 0
        var kind: UInt8 = Action.rare

        static let special: UInt8 = 0
        static let copy: UInt8 = 1
        static let nothing: UInt8 = 2
        static let advanceLine: UInt8 = 3
        static let setColumn: UInt8 = 4
        static let advancePC: UInt8 = 5
        static let rare: UInt8 = 6
    }
    private let special: UnsafeMutablePointer<Action>

    /// Adds the rows of the program behind `header`, at most `budget`, to `rows`; `header.files` grows by
    /// `DW_LNE_define_file`. With a failure the rows are those before it, the last one made the end of its sequence.
    static func run(
        _ input: LineTableInput, header: inout LineHeader, budget: Int, limits: DWARFLimits, into rows: inout [LineRow]
    ) -> ReadFailure? {
        let special = UnsafeMutablePointer<Action>.allocate(capacity: 256)
        defer { special.deallocate() }
        var program = LineProgram(input, header, budget: budget, limits, special, start: rows.count)
        // Compilers spend three to six bytes a row.
        rows.reserveCapacity(rows.count + min(budget, header.program.count / 3))
        var failure: ReadFailure?
        do throws(ReadFailure) {
            try program.execute(&rows)
            if program.closeSequence(&rows) { failure = .malformed("line program without DW_LNE_end_sequence") }
        } catch {
            failure = error
            _ = program.closeSequence(&rows)
        }
        header.files = program.header.files
        return failure
    }

    private init(
        _ input: LineTableInput, _ header: LineHeader, budget: Int, _ limits: DWARFLimits,
        _ special: UnsafeMutablePointer<Action>, start: Int
    ) {
        self.input = input
        self.header = header
        self.limits = limits
        self.special = special
        position = header.program.lowerBound
        end = header.program.upperBound
        sequenceStart = start
        rowBudget = budget
        rowLimit = start + budget
        fileIndex = header.fileIndex(1)
        for opcode in 0..<256 { special[opcode] = Self.action(of: opcode, header) }
    }

    private static func action(of opcode: Int, _ header: LineHeader) -> Action {
        var action = Action()
        let hasOneOperation = header.maximumOperations <= 1
        if opcode >= Int(header.opcodeBase) {
            guard header.lineRange != 0 else { return action }
            let adjusted = opcode - Int(header.opcodeBase)
            action.operations = UInt32(adjusted / Int(header.lineRange))
            action.line = Int16(header.lineBase) + Int16(adjusted % Int(header.lineRange))
            if hasOneOperation {
                action.operations *= UInt32(header.minimumInstructionLength)
                action.kind = Action.special
            }
            return action
        }
        // The standard's opcodes mean what the standard says only where the table gives them its operands.
        guard opcode > 0, opcode <= operandCounts.count,
            header.standardOpcodeLengths[opcode - 1] == operandCounts[opcode - 1]
        else { return action }
        switch opcode {
        case 1: action.kind = Action.copy
        case 2 where hasOneOperation: action.kind = Action.advancePC
        case 3: action.kind = Action.advanceLine
        case 5: action.kind = Action.setColumn
        case 6, 7, 10, 11: action.kind = Action.nothing
        default: break
        }
        return action
    }

    /// Ends a sequence that the program left open; false when there was none.
    private mutating func closeSequence(_ rows: inout [LineRow]) -> Bool {
        guard let last = rows.last, rows.count > sequenceStart else { return false }
        rows[rows.count - 1] = LineRow(
            address: last.address, file: last.file, line: last.line, column: last.column, isEndOfSequence: true)
        sequenceStart = rows.count
        return true
    }

    /// The registers in local variables and a small buffer for rows: this loop runs once for every opcode, and what it
    /// stores elsewhere costs more than what it does. Rare opcodes go through the members.
    private mutating func execute(_ rows: inout [LineRow]) throws(ReadFailure) {
        let buffer = UnsafeMutableBufferPointer<LineRow>.allocate(capacity: Self.bufferSize)
        defer { buffer.deallocate() }
        var buffered = 0
        let base = input.line.base
        let special = special
        let minimumLength = UInt64(header.minimumInstructionLength)
        var p = base + position
        let last = base + end
        var address = address
        var line = line
        var column = column
        var fileIndex = fileIndex
        while p < last {
            let action = special[Int(p.pointee)]
            p += 1
            switch action.kind {
            case Action.special:
                address &+= UInt64(action.operations)
                line &+= UInt32(bitPattern: Int32(action.line))
            case Action.copy: break
            case Action.nothing: continue
            case Action.advanceLine where p < last && p.pointee < 0x80:
                // Bit 6 is the sign.
                line &+= UInt32(bitPattern: Int32(Int8(bitPattern: p.pointee << 1) >> 1))
                p += 1
                continue
            case Action.setColumn where p < last && p.pointee < 0x80:
                column = UInt32(p.pointee)
                p += 1
                continue
            case Action.advancePC where p < last && p.pointee < 0x80:
                address &+= minimumLength &* UInt64(p.pointee)
                p += 1
                continue
            default:
                if buffered > 0 { try flush(buffer, &buffered, &rows) }
                position = p - base
                (self.address, self.line, self.column, self.fileIndex) = (address, line, column, fileIndex)
                try rare(p[-1], &rows)
                p = base + position
                (address, line, column, fileIndex) = (self.address, self.line, self.column, self.fileIndex)
                continue
            }
            buffer.initializeElement(
                at: buffered,
                to: LineRow(address: address, file: fileIndex, line: line, column: column, isEndOfSequence: false))
            buffered += 1
            if buffered == Self.bufferSize { try flush(buffer, &buffered, &rows) }
        }
        try flush(buffer, &buffered, &rows)
    }

    private static let bufferSize = 256

    /// Moves the rows of the buffer to `rows`, as many as there is room for.
    private func flush(
        _ buffer: UnsafeMutableBufferPointer<LineRow>, _ buffered: inout Int, _ rows: inout [LineRow]
    ) throws(ReadFailure) {
        let count = min(buffered, rowLimit - rows.count)
        rows.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<count]))
        let isFull = count < buffered
        buffered = 0
        if isFull { throw .limit(name: "rows", maximum: rowBudget) }
    }

    /// Any opcode, with all checks.
    private mutating func rare(_ opcode: UInt8, _ rows: inout [LineRow]) throws(ReadFailure) {
        if opcode >= header.opcodeBase {
            guard header.lineRange != 0 else { throw .malformed("line_range 0 with a special opcode") }
            let advance = special[Int(opcode)]
            if header.maximumOperations <= 1 {
                address &+= UInt64(advance.operations)
            } else {
                self.advance(by: UInt64(advance.operations))
            }
            line &+= UInt32(bitPattern: Int32(advance.line))
            try emit(&rows)
        } else if opcode == 0 {
            try extended(&rows)
        } else {
            try standard(opcode, &rows)
        }
    }

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

    private mutating func emit(_ rows: inout [LineRow], isEnd: Bool = false) throws(ReadFailure) {
        guard rows.count < rowLimit else { throw .limit(name: "rows", maximum: rowBudget) }
        rows.append(
            LineRow(address: address, file: fileIndex, line: line, column: column, isEndOfSequence: isEnd))
    }

    private mutating func uleb() throws(ReadFailure) -> UInt64 {
        guard position < end else { throw .truncated }
        let first = input.line.base[position]
        if first < 0x80 {
            position += 1
            return UInt64(first)
        }
        return try withReader { reader throws(ReadFailure) in try reader.uleb() }
    }

    private mutating func sleb() throws(ReadFailure) -> Int64 {
        guard position < end else { throw .truncated }
        let first = input.line.base[position]
        if first < 0x80 {
            position += 1
            // Bit 6 is the sign.
            return Int64(Int8(bitPattern: first << 1) >> 1)
        }
        return try withReader { reader throws(ReadFailure) in try reader.sleb() }
    }

    /// Reads with all checks from the program's current place.
    private mutating func withReader<Value>(
        _ body: (inout ByteReader) throws(ReadFailure) -> Value
    ) throws(ReadFailure) -> Value {
        var reader = ByteReader(input.line, bigEndian: input.space.bigEndian)
        try reader.seek(to: UInt64(position))
        try reader.limit(toNext: UInt64(end - position))
        let value = try body(&reader)
        position = reader.position
        return value
    }

    /// The number of LEB128 operands that the standard gives opcodes 1 to 12; `fixed_advance_pc` counts one of its own.
    private static let operandCounts: [UInt8] = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]

    private mutating func standard(_ opcode: UInt8, _ rows: inout [LineRow]) throws(ReadFailure) {
        let operands = header.standardOpcodeLengths[Int(opcode) - 1]
        // An opcode that the table declares with other operands than the standard's is not the standard's.
        guard opcode <= 12, operands == Self.operandCounts[Int(opcode) - 1] else {
            for _ in 0..<operands { _ = try uleb() }
            return
        }
        switch opcode {
        case 1:  // DW_LNS_copy
            try emit(&rows)
        case 2:  // DW_LNS_advance_pc
            advance(by: try uleb())
        case 3:  // DW_LNS_advance_line
            line &+= UInt32(truncatingIfNeeded: try sleb())
        case 4:  // DW_LNS_set_file
            file = try uleb()
            fileIndex = header.fileIndex(file)
        case 5:  // DW_LNS_set_column
            column = UInt32(truncatingIfNeeded: min(try uleb(), UInt64(UInt32.max)))
        case 8:  // DW_LNS_const_add_pc
            guard header.lineRange != 0 else { throw .malformed("line_range 0 with DW_LNS_const_add_pc") }
            advance(by: UInt64((255 - header.opcodeBase) / header.lineRange))
        case 9:  // DW_LNS_fixed_advance_pc
            address &+= UInt64(try withReader { reader throws(ReadFailure) in try reader.u16() })
            operationIndex = 0
        case 12:  // DW_LNS_set_isa
            _ = try uleb()
        default:  // negate_stmt, set_basic_block, set_prologue_end, set_epilogue_begin
            break
        }
    }

    private mutating func extended(_ rows: inout [LineRow]) throws(ReadFailure) {
        let length = try uleb()
        guard length > 0 else { return }
        guard length <= UInt64(end - position) else { throw .truncated }
        let next = position + Int(length)
        let opcode = input.line.base[position]
        switch opcode {
        case 1:  // DW_LNE_end_sequence
            try emit(&rows, isEnd: true)
            sequenceStart = rows.count
            address = 0
            operationIndex = 0
            file = 1
            fileIndex = header.fileIndex(file)
            line = 1
            column = 0
        case 2:  // DW_LNE_set_address
            position += 1
            address = try withReader { reader throws(ReadFailure) in try reader.unsigned(size: Int(length) - 1) }
            operationIndex = 0
        case 3 where header.version < 5:  // DW_LNE_define_file
            guard header.files.count < limits.filesPerUnit else { throw LineHeader.tooManyFiles(limits) }
            position += 1
            let input = input
            let entry = try withReader { reader throws(ReadFailure) in
                let name = try reader.cString()
                return try LineHeader.oldEntry(input.inLine(name), &reader)
            }
            header.files.append(entry)
            fileIndex = header.fileIndex(file)
        default:  // DW_LNE_set_discriminator and vendors' opcodes
            break
        }
        position = next
    }
}
