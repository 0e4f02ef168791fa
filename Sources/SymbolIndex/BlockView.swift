/// A block whose header was read: where its parts begin, as bits from the first byte of the file. Its parts lie inside
/// the region's blocks; what they say is checked where it is used.
struct BlockView {
    let header: BlockHeader
    let scopes: UInt64
    let scopeCount: UInt64
    let fileCount: UInt64

    @inline(__always) var parentWidth: UInt64 { BlockHeader.width(count: scopeCount) }
    @inline(__always) var fileCodeWidth: UInt64 { BlockHeader.width(count: fileCount &+ 1) }
    @inline(__always) var scopeWidth: UInt64 {
        parentWidth &+ fileCodeWidth &+ header.functionWidth &+ header.callLineWidth &+ header.callColumnWidth
    }
    @inline(__always) var files: UInt64 { scopes &+ scopeCount &* scopeWidth }
    @inline(__always) var entries: UInt64 { files &+ fileCount &* header.fileWidth }
    @inline(__always) var entryWidth: UInt64 {
        header.entryScopeWidth(scopeCount) &+ fileCodeWidth &+ header.lineWidth &+ header.columnWidth
    }
}

/// A place in a source file as a block stores it: relative to the declaration of the function that it lies in.
struct CodedPlace {
    /// 0: the declaring file; else one of the block's files.
    var file: UInt32
    var line: UInt64
    var column: UInt32
}

/// What a block says about one range.
struct BlockEntry {
    /// Number within the block; `scopeCount` is a hole, one more is "no scope".
    var scope: UInt64
    var place: CodedPlace
}

/// One scope of a block.
struct BlockScope {
    /// Number within the block; the scope's own for a physical function.
    var parent: UInt64
    var function: UInt32
    /// Where the parent calls.
    var call: CodedPlace
}

extension IndexStorage {
    /// The header of the place's block; `entry` checks whether it was all of it in the region.
    @inline(__always)
    func blockHeader(_ place: BucketPlace) -> BlockHeader { BlockHeader(raw: uint64(place.block)) }

    /// Finds the parts of the block and the entry of the unit.
    /// - Throws: `SymbolIndexError.damaged` when the block does not lie in its region.
    @inline(__always)
    func entry(
        at place: BucketPlace, _ header: BlockHeader
    ) throws(SymbolIndexError) -> (BlockView, number: UInt64) {
        var position = place.block
        guard position &+ BlockHeader.size <= place.end else { throw damaged(place, "no room for its header") }
        position &+= BlockHeader.size
        var scopeCount = header.shortScopeCount
        var fileCount = header.shortFileCount
        // Seldom: counts that do not fit.
        if scopeCount == BlockHeader.longScopeCount || fileCount == BlockHeader.longFileCount {
            guard position &+ 8 <= place.end else { throw damaged(place, "no room for its counts") }
            scopeCount = UInt64(uint32(position))
            fileCount = UInt64(uint32(position &+ 4))
            position &+= 8
        }
        let number: UInt64
        let starts: Int
        if place.unitWidth == 6, !header.hasList {
            let bitmap = uint64(position)
            number = UInt64((bitmap & (2 &<< place.unit &- 1)).nonzeroBitCount) &- (bitmap & 1)
            starts = 8
        } else if header.hasList {
            (number, starts) = try numberInList(place, position)
        } else {
            (number, starts) = try numberInBitmap(place, position)
        }
        let view = BlockView(
            header: header, scopes: UInt64(position &+ starts) &* 8, scopeCount: scopeCount, fileCount: fileCount)
        let last = view.entries &+ (number &+ 1) &* view.entryWidth
        guard last <= UInt64(place.end) &* 8 else { throw damaged(place, "it ends behind its region") }
        return (view, number)
    }

    /// The number of the entry, and the bytes of the bitmap.
    private func numberInBitmap(
        _ place: BucketPlace, _ position: Int
    ) throws(SymbolIndexError) -> (number: UInt64, size: Int) {
        guard place.unitWidth >= 3, place.unitWidth <= BlockStarts.maximumBitmapWidth else {
            throw damaged(place, "a bitmap of a bucket of this size")
        }
        let size = 1 << (Int(place.unitWidth) - 3)
        guard position + size <= place.end else { throw damaged(place, "no room for its bitmap") }
        var rank = 0
        var word: UInt64 = 0
        while word < place.unit >> 6 {
            rank += uint64(position + Int(word) * 8).nonzeroBitCount
            word += 1
        }
        rank += (uint64(position + Int(word) * 8) & (2 &<< (place.unit & 63) &- 1)).nonzeroBitCount
        return (UInt64(rank) &- (uint64(position) & 1), size)
    }

    /// The number of the entry, and the bytes of the list: a count and the units, in rising order.
    private func numberInList(
        _ place: BucketPlace, _ position: Int
    ) throws(SymbolIndexError) -> (number: UInt64, size: Int) {
        guard position + 4 <= place.end else { throw damaged(place, "no room for its list") }
        let count = UInt64(uint32(position))
        let size = 4 + Int((count * place.unitWidth + 7) / 8)
        guard count > 0, size <= place.end - position else { throw damaged(place, "its list ends behind its region") }
        let list = UInt64(position + 4) * 8
        var low: UInt64 = 0
        var length = count
        while length > 0 {
            let half = length / 2
            if wideBits(base, list + (low + half) * place.unitWidth, place.unitWidth) <= place.unit {
                low += half + 1
                length -= half + 1
            } else {
                length = half
            }
        }
        let first = wideBits(base, list, place.unitWidth)
        return (low &- (first == 0 ? 1 : 0), size)
    }

    private func damaged(_ place: BucketPlace, _ reason: String) -> SymbolIndexError {
        .damaged(section: .blocks, record: place.block - blocks.offset, reason: reason)
    }

    /// Entry `number` of the block.
    @inline(__always) func blockEntry(_ view: BlockView, _ number: UInt64) -> BlockEntry {
        let header = view.header
        let scopeWidth = header.entryScopeWidth(view.scopeCount)
        let fileWidth = view.fileCodeWidth
        let width = scopeWidth &+ fileWidth &+ header.lineWidth &+ header.columnWidth
        var bit = view.entries &+ number &* width
        if width <= 57 {
            var word = bits(base, bit, width)
            let scope = word & (1 &<< scopeWidth &- 1)
            word &>>= scopeWidth
            let file = UInt32(truncatingIfNeeded: word & (1 &<< fileWidth &- 1))
            word &>>= fileWidth
            let line = word & (1 &<< header.lineWidth &- 1)
            word &>>= header.lineWidth
            return BlockEntry(
                scope: scope,
                place: CodedPlace(file: file, line: line, column: UInt32(truncatingIfNeeded: word)))
        }
        let scope = bits(base, bit, scopeWidth)
        bit &+= scopeWidth
        let place = widePlace(bit, fileWidth, header.lineWidth, header.columnWidth)
        return BlockEntry(scope: scope, place: place)
    }

    /// Scope `number` of the block, which must be below its count.
    @inline(__always) func blockScope(_ view: BlockView, _ number: UInt64) -> BlockScope {
        let header = view.header
        let parentWidth = view.parentWidth
        let fileWidth = view.fileCodeWidth
        let width = parentWidth &+ header.functionWidth &+ fileWidth &+ header.callLineWidth &+ header.callColumnWidth
        var bit = view.scopes &+ number &* width
        if width <= 57 {
            var word = bits(base, bit, width)
            let parent = word & (1 &<< parentWidth &- 1)
            word &>>= parentWidth
            let function = UInt32(truncatingIfNeeded: word & (1 &<< header.functionWidth &- 1))
            word &>>= header.functionWidth
            let file = UInt32(truncatingIfNeeded: word & (1 &<< fileWidth &- 1))
            word &>>= fileWidth
            let line = word & (1 &<< header.callLineWidth &- 1)
            word &>>= header.callLineWidth
            return BlockScope(
                parent: parent, function: function,
                call: CodedPlace(file: file, line: line, column: UInt32(truncatingIfNeeded: word)))
        }
        let parent = bits(base, bit, parentWidth)
        bit &+= parentWidth
        let function = UInt32(truncatingIfNeeded: bits(base, bit, header.functionWidth))
        bit &+= header.functionWidth
        return BlockScope(
            parent: parent, function: function,
            call: widePlace(bit, fileWidth, header.callLineWidth, header.callColumnWidth))
    }

    private func widePlace(
        _ start: UInt64, _ fileWidth: UInt64, _ lineWidth: UInt64, _ columnWidth: UInt64
    ) -> CodedPlace {
        CodedPlace(
            file: UInt32(truncatingIfNeeded: bits(base, start, fileWidth)),
            line: bits(base, start &+ fileWidth, lineWidth),
            column: UInt32(truncatingIfNeeded: bits(base, start &+ fileWidth &+ lineWidth, columnWidth)))
    }

    /// The number of the file that a code of the block means; `IndexLayout.none` for none.
    @inline(__always) func fileNumber(_ code: UInt32, _ view: BlockView, declaredIn file: UInt32) -> UInt32 {
        if code == 0 { return file }
        guard UInt64(code) <= view.fileCount else { return IndexLayout.none }
        let bit = view.files &+ UInt64(code &- 1) &* view.header.fileWidth
        return UInt32(truncatingIfNeeded: bits(base, bit, view.header.fileWidth) &- 1)
    }
}

/// How the starts of a block's ranges are written.
enum BlockStarts {
    /// Log₂ of the bits of the largest bitmap; larger buckets have lists.
    static let maximumBitmapWidth: UInt64 = 10
}
