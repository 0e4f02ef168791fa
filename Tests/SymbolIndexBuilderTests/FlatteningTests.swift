import Testing

@testable import DWARFReader
@testable import SymbolIndexBuilder

@Suite struct FlatteningTests {
    private func flat(
        _ scopes: [(String, String)], rows: String = "", live: String = "[---------------------------------------)"
    ) -> [String] {
        let unit = Drawing.unit(scopes: scopes, rows: rows)
        return Drawing.text(Drawing.flat(unit, Drawing.live(live)), of: unit)
    }

    @Test func anInlinedCallSplitsItsFunction() {
        #expect(
            flat([
                ("f", "[--------------)"),
                ("f/g", "    [---)       "),
            ]) == ["0..4 f -", "4..8 gf -", "8..15 f -"])
    }

    @Test func theInnermostCallWins() {
        #expect(
            flat([
                ("f", "[----------------)"),
                ("f/g", "  [---------)     "),
                ("f/g/h", "    [--)          "),
                ("f/k", "            [--)  "),
            ]) == ["0..2 f -", "2..4 gf -", "4..7 hgf -", "7..12 gf -", "12..15 kf -", "15..17 f -"])
    }

    @Test func rowsAreCutAtScopeBoundaries() {
        #expect(
            flat(
                [
                    ("f", "[-----------)"),
                    ("f/g", "   [-----)   "),
                ], rows: "a----b---c--)") == [
                    "0..3 f a", "3..5 gf a", "5..9 gf b", "9..12 f c",
                ])
    }

    @Test func hotAndColdPartsAreOneFunction() {
        #expect(
            flat([
                ("f", "[----)        [----)"),
                ("f/g", "  [-)          [-)  "),
            ]) == [
                "0..2 f -", "2..4 gf -", "4..5 f -", "14..15 f -", "15..17 gf -", "17..19 f -",
            ])
    }

    @Test func aFunctionWrittenInAFunctionIsItsOwn() {
        // A closure's code in the middle of the function it is written in: no inlining, so the chain is one long.
        #expect(
            flat([
                ("f", "[----------)"),
                ("c", "   [---)    "),
            ]) == ["0..3 f -", "3..7 c -", "7..11 f -"])
    }

    @Test func ofFoldedFunctionsTheLaterWins() {
        #expect(
            flat([
                ("f", "[--------)"),
                ("f/i", "  [--)    "),
                ("g", "[--------)"),
                ("g/j", "   [--)   "),
            ]) == ["0..3 g -", "3..6 jg -", "6..9 g -"])
    }

    @Test func anInlinedCallIsCutToItsFunction() {
        #expect(
            flat([
                ("f", "   [----)     "),
                ("f/g", "[----------)  "),
            ]) == ["3..8 gf -"])
    }

    @Test func aCallWithoutFunctionIsItsOwnRoot() {
        var unit = Drawing.unit(scopes: [("f", "[--)"), ("g", "     [--)")])
        unit.scopes[1].parent = 7
        #expect(Drawing.text(Drawing.flat(unit, Drawing.live("[---------)")), of: unit) == ["0..3 f -", "5..8 g -"])
    }

    @Test func codeWithoutFunctionKeepsItsRow() {
        let unit = Drawing.unit(scopes: [("f", "    [---)   ")], rows: "a-----b----)")
        let flat = Drawing.flat(unit, Drawing.live("[-----------------)"))
        #expect(Drawing.text(flat, of: unit) == ["0..4 - a", "4..6 f a", "6..8 f b", "8..11 - b"])
        #expect(flat.hasBareRows)
    }

    @Test func aFunctionWithoutRowsKeepsItsName() {
        #expect(flat([("f", "[---------)")], rows: "   a--)") == ["0..3 f -", "3..6 f a", "6..10 f -"])
    }

    @Test func theLastRowOfAnAddressCounts() {
        var unit = Drawing.unit(rows: "a-----)")
        unit.rows.insert(LineRow(address: Drawing.base, file: -1, line: 5, column: 0, isEndOfSequence: false), at: 0)
        #expect(Drawing.text(Drawing.flat(unit, Drawing.live("[-------)")), of: unit) == ["0..6 - a"])
    }

    @Test func lineZeroIsARow() {
        var unit = Drawing.unit(scopes: [("f", "[-----)")], rows: "a--b--)")
        let row = unit.rows[1]
        unit.rows[1] = LineRow(address: row.address, file: row.file, line: 0, column: 0, isEndOfSequence: false)
        #expect(Drawing.flat(unit, Drawing.live("[-------)")).pieces.map(\.line) == [97, 0])
    }

    @Test func laterSequencesWinWhereTheyOverlap() {
        var unit = Drawing.unit(rows: "a-------)")
        unit.rows += Drawing.unit(rows: "  b--)").rows
        #expect(
            Drawing.text(Drawing.flat(unit, Drawing.live("[-------)")), of: unit) == [
                "0..2 - a", "2..5 - b", "5..8 - a",
            ])
    }

    @Test func fallingAddressesAndMissingEndsAreHarmless() {
        var unit = Drawing.unit(rows: "   a--b--)")
        let row = unit.rows[1]
        unit.rows[1] = LineRow(
            address: Drawing.base + 1, file: row.file, line: row.line, column: 0, isEndOfSequence: false)
        unit.rows.append(LineRow(address: Drawing.base + 20, file: 0, line: 1, column: 0, isEndOfSequence: false))
        let flat = Drawing.flat(unit, Drawing.live("[-----------------------------)"))
        #expect(Drawing.text(flat, of: unit) == ["1..9 - b"])
    }

    @Test(arguments: [0, 1, 2, 0x40, UInt64.max - 8, UInt64.max - 1] as [UInt64])
    func tombstonesAreDropped(_ address: UInt64) {
        var unit = Drawing.unit(scopes: [("f", "[----)")], rows: "a---)")
        unit.addScope("x", [UnitRange(start: address, end: address + 1), UnitRange(start: address, end: address)])
        // Removed code larger than everything before `.text`.
        unit.addScope("y", [UnitRange(start: 0, end: 0x104)])
        unit.rows += [
            LineRow(address: address, file: 0, line: 1, column: 0, isEndOfSequence: false),
            LineRow(address: max(address, 0x104), file: 0, line: 1, column: 0, isEndOfSequence: true),
        ]
        let flat = Drawing.flat(unit, Drawing.live("[-------)"))
        #expect(Drawing.text(flat, of: unit) == ["0..4 f a", "4..5 f -"])
        #expect(flat.deadRanges == 4)
        #expect(flat.scopes.count == 1)
    }

    @Test func rangesEndWithTheirSection() {
        #expect(flat([("f", "[-----------)")], rows: "a-----------)", live: "[----) [-----)") == ["0..5 f a"])
    }

    @Test func theEntryIsTheOneGivenWhenItIsAlive() {
        let code = [UnitRange(start: 0, end: 4), UnitRange(start: Drawing.base + 6, end: Drawing.base + 11)]
        for (given, expected) in [(0, Drawing.base + 6), (Drawing.base + 8, Drawing.base + 8)] {
            var unit = Drawing.unit()
            unit.addScope("f", code, entryAddress: given)
            #expect(Drawing.flat(unit, Drawing.live("[-----------)")).scopes[0].entryAddress == expected)
        }
    }

    @Test func deepNestingIsCutAndCounted() {
        var unit = Drawing.unit()
        for depth in 0..<3000 {
            unit.addScope(
                "f", [UnitRange(start: Drawing.base, end: Drawing.base + 9)], parent: depth == 0 ? nil : depth - 1)
        }
        let flat = Drawing.flat(unit, Drawing.live("[-------------)"))
        #expect(flat.scopes.count == FlatUnit.maximumDepth)
        #expect(flat.cutScopes == 3000 - FlatUnit.maximumDepth)
        #expect(flat.pieces.map(\.scope) == [Int32(FlatUnit.maximumDepth - 1)])
    }

    @Test func callsOverManyGapsDoNotMultiply() {
        // 5,000 parts of a function, and 5,000 calls that claim all of it: 25 million pieces if each were cut.
        var unit = Drawing.unit()
        unit.addScope(
            "f",
            (0..<5000).map { UnitRange(start: Drawing.base + $0 * 4, end: Drawing.base + $0 * 4 + 2) })
        for number in 0..<5000 {
            unit.addScope("g", [UnitRange(start: Drawing.base, end: Drawing.base + 20000)], parent: number)
        }
        let flat = Drawing.flat(unit, LiveCode([Drawing.base..<Drawing.base + 100_000]))
        #expect(flat.pieces.count <= 10_000)
        #expect(flat.pieces.first?.scope == Int32(FlatUnit.maximumDepth - 1))
    }

    @Test func largeColumnsAndManyFilesHaveAPlaceOfTheirOwn() {
        var unit = Drawing.unit(scopes: [("f", "[-----)")])
        unit.files = Array(repeating: Drawing.file, count: 70_000)
        for index in 0..<7 {
            unit.rows.append(
                LineRow(
                    address: Drawing.base + UInt64(index), file: Int32(index), line: 3,
                    column: index == 2 ? 1_000_000 : UInt32(index), isEndOfSequence: index == 6))
        }
        let flat = Drawing.flat(unit, Drawing.live("[-------)"))
        #expect(flat.pieces.indices.map { flat.place(ofPiece: $0).column } == [0, 1, 1_000_000, 3, 4, 5])
        #expect(flat.pieces.indices.map { flat.place(ofPiece: $0).file } == [0, 1, 2, 3, 4, 5])
        #expect(flat.widePlaces.count == 1)
    }

    /// The fast ways, for claims that nest and sequences in order, against the general one: the rule itself, address by
    /// address.
    @Test(arguments: 0..<300) func flatteningIsPainting(_ seed: UInt64) {
        var generator = SplitMix64(state: seed)
        var unit = Drawing.unit()
        // Half of the units nest as compilers make them, half are anything.
        let nests = seed % 2 == 0
        var claims: [(root: Int, start: UInt64, end: UInt64)] = []
        for _ in 0..<Int(1 + generator.next() % 12) {
            var parent: Int?
            if !unit.scopes.isEmpty, generator.next() % 3 > 0 {
                parent = Int(generator.next() % UInt64(unit.scopes.count))
            }
            var (low, high): (UInt64, UInt64) = (0, 100)
            if nests, let parent { (low, high) = (claims[parent].start, claims[parent].end) }
            guard high > low + 1 else { continue }
            let start = low + generator.next() % (high - low)
            let end = start + 1 + generator.next() % (high - start)
            let root = parent.map { claims[$0].root } ?? unit.scopes.count
            claims.append((root, start, min(end, 120)))
            unit.addScope(
                "f", [UnitRange(start: Drawing.base + start, end: Drawing.base + min(end, 120))], parent: parent)
        }
        var painted = [Int?](repeating: nil, count: 130)
        let order = claims.indices.sorted { (claims[$0].root, $0) < (claims[$1].root, $1) }
        for index in order {
            let claim = claims[index]
            let bounds = claims[claim.root]
            for address in claim.start..<claim.end where address >= bounds.start && address < bounds.end {
                painted[Int(address)] = index
            }
        }
        var sweep = ScopeSweep()
        var segments: [ScopeSegment] = []
        var scopeClaims = claims.enumerated().map { index, claim in
            ScopeClaim(start: claim.start, end: claim.end, scope: Int32(index), root: Int32(claim.root))
        }
        sweep.run(&scopeClaims, into: &segments)
        var swept = [Int?](repeating: nil, count: 130)
        for segment in segments {
            for address in segment.start..<segment.end {
                #expect(swept[Int(address)] == nil)
                swept[Int(address)] = Int(segment.scope)
            }
        }
        #expect(swept == painted)
        #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start })
    }

    /// The sweep against painting address by address.
    @Test(arguments: 0..<200) func sweepingIsPainting(_ seed: UInt64) {
        var generator = SplitMix64(state: seed)
        let claims = (0..<Int(generator.next() % 30)).map { number in
            let start = generator.next() % 100
            return Claim(
                start: start, end: start + 1 + generator.next() % 40, rank: generator.next() % 10,
                value: UInt32(number))
        }
        var painted = [UInt32?](repeating: nil, count: 150)
        let order = claims.indices.sorted {
            (claims[$0].rank, claims[$0].start, $0) < (claims[$1].rank, claims[$1].start, $1)
        }
        for index in order {
            for address in claims[index].start..<claims[index].end { painted[Int(address)] = claims[index].value }
        }
        let disjoint = IntervalSweep.disjoint(claims)
        var swept = [UInt32?](repeating: nil, count: 150)
        for claim in disjoint {
            for address in claim.start..<claim.end {
                #expect(swept[Int(address)] == nil)
                swept[Int(address)] = claim.value
            }
        }
        #expect(swept == painted)
        #expect(zip(disjoint, disjoint.dropFirst()).allSatisfy { $0.end <= $1.start })
    }
}

/// A small deterministic generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
