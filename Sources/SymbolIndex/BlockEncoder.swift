import Glibc

/// Packs the ranges of one bucket after the other into blocks; see `BlockHeader` for what a block is.
struct BlockEncoder: ~Copyable {
    /// The part's, which outlive the encoder; numbers in them were checked when they were added.
    private let scopes: UnsafeBufferPointer<RangePart.Scope>
    private let declarations: UnsafeBufferPointer<FunctionDeclaration>
    private var bucketShift: UInt64 = 0
    private var unitShift: UInt64 = 0

    /// The blocks of the region.
    private var bytes = ScratchBuffer<UInt8>(capacity: 1 << 16)
    var byteCount: Int { bytes.count }
    /// Scopes in all blocks of the region, and how many different ones.
    private(set) var writtenScopes = 0
    private(set) var distinctScopes = 0

    /// By scope: the last block that has it and its number there. A stamp counts all blocks of the part.
    private var marks: ScratchBuffer<Mark>
    private var stamp: UInt32 = 0
    private var regionStamp: UInt32 = 0
    private var chain = ScratchBuffer<UInt32>()

    /// The block being made.
    private var entries = ScratchBuffer<Entry>()
    private var calls = ScratchBuffer<Call>()
    private var files: [UInt32] = []
    private var fileCodes: [UInt32: UInt32] = [:]

    private struct Mark {
        var stamp: UInt32
        var number: UInt32
    }

    private struct Place {
        var fileCode: UInt32
        var line: UInt32
        /// The line of the declaration that the place is relative to.
        var declaration: UInt32
        var column: UInt32
    }

    private struct Entry {
        var scope: UInt32
        var place: Place
    }

    private struct Call {
        var parent: UInt32
        var function: UInt32
        var place: Place
    }

    /// Widths of lines and columns of places.
    private struct Extent {
        var lowest = Int64.max
        var highest = Int64.min
        var column: UInt32 = 0

        @inline(__always) mutating func note(_ place: Place) {
            column |= place.column
            guard place.line != 0 else { return }
            let difference = Int64(place.line) &- Int64(place.declaration)
            lowest = min(lowest, difference)
            highest = max(highest, difference)
        }

        var isSigned: Bool { lowest < 0 }

        /// Bits of the largest code.
        var lineWidth: Int {
            guard highest >= lowest else { return 0 }
            func code(_ difference: Int64) -> UInt64 {
                (isSigned ? UInt64(bitPattern: difference << 1 ^ difference >> 63) : UInt64(difference)) + 1
            }
            return 64 - max(code(lowest), code(highest)).leadingZeroBitCount
        }

        var columnWidth: Int { 32 - column.leadingZeroBitCount }
    }

    init(scopes: UnsafeBufferPointer<RangePart.Scope>, declarations: UnsafeBufferPointer<FunctionDeclaration>) {
        self.scopes = scopes
        self.declarations = declarations
        marks = ScratchBuffer(repeating: Mark(stamp: 0, number: 0), count: scopes.count)
    }

    /// Starts the blocks of a region.
    mutating func begin(_ region: EncodedRegion) {
        bucketShift = region.bucketShift
        unitShift = region.unitShift
        bytes.clear()
        writtenScopes = 0
        distinctScopes = 0
        regionStamp = stamp
    }

    /// The blocks since `begin`.
    func copyBytes() -> [UInt8] { Array(UnsafeBufferPointer(start: bytes.base, count: bytes.count)) }

    /// Adds the block of a bucket.
    ///
    /// - Parameters:
    ///   - starts: The ranges that begin in the bucket, at least one.
    ///   - carried: The range that began before; `nil` at the start of a region.
    ///   - bucket: The bucket's first address.
    mutating func append(
        _ starts: UnsafeBufferPointer<RangePart.Start>, carried: RangePart.Start?, bucket: UInt64
    ) throws(SymbolIndexError) {
        guard stamp < UInt32.max else { throw .invalidContent("more than 4,294,967,294 blocks in a part") }
        stamp += 1
        entries.clear()
        calls.clear()
        if !files.isEmpty { files.removeAll(keepingCapacity: true) }
        if !fileCodes.isEmpty { fileCodes.removeAll(keepingCapacity: true) }
        var extent = Extent()
        if starts[0].address != bucket {
            let before =
                carried ?? RangePart.Start(address: 0, scope: RangePart.Start.hole, file: .max, line: 0, column: 0)
            append(entry: before, &extent)
        }
        for start in starts { append(entry: start, &extent) }
        var callExtent = Extent()
        var functions: UInt32 = 0
        for position in 0..<calls.count {
            functions |= calls[position].function
            callExtent.note(calls[position].place)
        }
        writtenScopes += calls.count
        var hasBare = false
        for position in 0..<entries.count where entries[position].scope >= RangePart.Start.hole {
            hasBare = true
            var entry = entries[position]
            entry.scope = UInt32(truncatingIfNeeded: calls.count) &+ (entry.scope == RangePart.Start.hole ? 0 : 1)
            entries[position] = entry
        }
        var largestFile: UInt32 = 0
        for file in files { largestFile |= file &+ 1 }
        let unitWidth = bucketShift - unitShift
        let listBits = UInt64(starts.count) &* unitWidth &+ 32
        let hasList = unitWidth > BlockStarts.maximumBitmapWidth || listBits < 1 << unitWidth && unitWidth > 6
        write(
            BlockHeader(
                lineWidth: extent.lineWidth, columnWidth: extent.columnWidth, callLineWidth: callExtent.lineWidth,
                callColumnWidth: callExtent.columnWidth, functionWidth: 32 - functions.leadingZeroBitCount,
                fileWidth: 32 - largestFile.leadingZeroBitCount, scopeCount: calls.count, fileCount: files.count,
                hasList: hasList, hasBareEntries: hasBare, hasSignedLines: extent.isSigned,
                hasSignedCallLines: callExtent.isSigned),
            starts, bucket)
    }

    private mutating func append(entry start: RangePart.Start, _ extent: inout Extent) {
        var scope = start.scope
        var declaration = FunctionDeclaration()
        if scope < RangePart.Start.hole {
            declaration = declarations[Int(scopes[Int(scope)].function)]
            scope = number(of: scope)
        }
        let place = Place(
            fileCode: code(start.file, declaredIn: declaration.file), line: start.line, declaration: declaration.line,
            column: start.column)
        extent.note(place)
        entries.append(Entry(scope: scope, place: place))
    }

    /// The number of the scope in the block; adds it and its ancestors.
    private mutating func number(of scope: UInt32) -> UInt32 {
        var current = scope
        while marks[Int(current)].stamp != stamp {
            chain.append(current)
            let parent = scopes[Int(current)].parent
            if parent == current { break }
            current = parent
        }
        while chain.count > 0 {
            let next = chain[chain.count - 1]
            chain.setCount(chain.count - 1)
            let record = scopes[Int(next)]
            if marks[Int(next)].stamp <= regionStamp { distinctScopes += 1 }
            let number = UInt32(truncatingIfNeeded: calls.count)
            marks[Int(next)] = Mark(stamp: stamp, number: number)
            if record.parent == next {
                let place = Place(fileCode: 0, line: 0, declaration: 0, column: 0)
                calls.append(Call(parent: number, function: record.function, place: place))
                continue
            }
            let declaration = declarations[Int(scopes[Int(record.parent)].function)]
            calls.append(
                Call(
                    parent: marks[Int(record.parent)].number, function: record.function,
                    place: Place(
                        fileCode: code(record.callFile, declaredIn: declaration.file), line: record.callLine,
                        declaration: declaration.line, column: record.callColumn)))
        }
        return marks[Int(scope)].number
    }

    @inline(__always)
    private mutating func code(_ file: UInt32, declaredIn expected: UInt32) -> UInt32 {
        file == expected ? 0 : code(unexpected: file)
    }

    private mutating func code(unexpected file: UInt32) -> UInt32 {
        if files.count <= 16 {
            if let known = files.firstIndex(of: file) { return UInt32(known + 1) }
        } else {
            if fileCodes.isEmpty {
                for (position, file) in files.enumerated() { fileCodes[file] = UInt32(position + 1) }
            }
            if let known = fileCodes[file] { return known }
        }
        files.append(file)
        if !fileCodes.isEmpty { fileCodes[file] = UInt32(files.count) }
        return UInt32(files.count)
    }

    private mutating func write(
        _ header: BlockHeader, _ starts: UnsafeBufferPointer<RangePart.Start>, _ bucket: UInt64
    ) {
        let unitWidth = bucketShift - unitShift
        let view = BlockView(
            header: header, scopes: 0, scopeCount: UInt64(calls.count), fileCount: UInt64(files.count))
        let hasCounts =
            header.shortScopeCount == BlockHeader.longScopeCount || header.shortFileCount == BlockHeader.longFileCount
        let fixed = BlockHeader.size + (hasCounts ? 8 : 0)
        let startBytes =
            header.hasList ? 4 + Int((UInt64(starts.count) * unitWidth + 7) / 8) : 1 << (Int(unitWidth) - 3)
        let packed = Int((view.entries + UInt64(entries.count) * view.entryWidth + 7) / 8)
        let size = fixed + startBytes + packed
        let position = bytes.count
        // The writer of bits stores whole words.
        let needed = position + size + 16
        if needed > bytes.capacity { bytes.reserve(max(needed, bytes.capacity * 2)) }
        var target = UnsafeMutableRawPointer(bytes.base + position)
        target.storeBytes(of: header.raw.littleEndian, as: UInt64.self)
        if hasCounts {
            target.storeBytes(of: UInt32(calls.count).littleEndian, toByteOffset: 8, as: UInt32.self)
            target.storeBytes(of: UInt32(files.count).littleEndian, toByteOffset: 12, as: UInt32.self)
        }
        target += fixed
        writeStarts(starts, bucket, header, target, startBytes)
        writePacked(view, target + startBytes)
        bytes.setCount(position + size)
    }

    private func writeStarts(
        _ starts: UnsafeBufferPointer<RangePart.Start>, _ bucket: UInt64, _ header: BlockHeader,
        _ target: UnsafeMutableRawPointer, _ size: Int
    ) {
        let unitWidth = bucketShift - unitShift
        if header.hasList {
            target.storeBytes(of: UInt32(truncatingIfNeeded: starts.count).littleEndian, as: UInt32.self)
            var writer = BitWriter(target + 4)
            for start in starts { writer.appendWide((start.address - bucket) >> unitShift, width: unitWidth) }
            return
        }
        memset(target, 0, size)
        for start in starts {
            let unit = Int((start.address - bucket) >> unitShift)
            let byte = target.load(fromByteOffset: unit >> 3, as: UInt8.self)
            target.storeBytes(of: byte | 1 << UInt8(unit & 7), toByteOffset: unit >> 3, as: UInt8.self)
        }
    }

    private func writePacked(_ view: BlockView, _ target: UnsafeMutableRawPointer) {
        let header = view.header
        let fileWidth = view.fileCodeWidth
        var writer = BitWriter(target)
        for position in 0..<calls.count {
            let call = calls[position]
            writer.append(UInt64(call.parent), width: view.parentWidth)
            writer.append(UInt64(call.function), width: header.functionWidth)
            append(
                call.place, &writer, fileWidth, header.callLineWidth, header.callColumnWidth, header.hasSignedCallLines)
        }
        for file in files { writer.append(UInt64(file &+ 1), width: header.fileWidth) }
        let scopeWidth = header.entryScopeWidth(view.scopeCount)
        for position in 0..<entries.count {
            let entry = entries[position]
            writer.append(UInt64(entry.scope), width: scopeWidth)
            append(entry.place, &writer, fileWidth, header.lineWidth, header.columnWidth, header.hasSignedLines)
        }
    }

    @inline(__always)
    private func append(
        _ place: Place, _ writer: inout BitWriter, _ fileWidth: UInt64, _ lineWidth: UInt64, _ columnWidth: UInt64,
        _ isSigned: Bool
    ) {
        writer.append(UInt64(place.fileCode), width: fileWidth)
        writer.append(
            BlockHeader.lineCode(place.line, declaredAt: place.declaration, signed: isSigned), width: lineWidth)
        writer.append(UInt64(place.column), width: columnWidth)
    }
}
