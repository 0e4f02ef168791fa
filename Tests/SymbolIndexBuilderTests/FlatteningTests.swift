import Testing

@testable import SymbolIndexBuilder

@Suite struct FlatteningTests {
    private func flat(
        _ scopes: [(String, String)], rows: String = "", live: String = "[---------------------------------------)"
    ) -> [String] {
        Drawing.text(FlatUnit(Drawing.unit(scopes: scopes, rows: rows), live: Drawing.live(live)))
    }

    @Test func anInlinedCallSplitsItsFunction() {
        #expect(
            flat(
                [
                    ("f  ", "[--------------)"),
                    ("f/g", "    [---)       "),
                ].map { ($0.0.trimmed, $0.1) }) == ["0..4 f -", "4..8 gf -", "8..15 f -"])
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
            flat(
                [
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
        #expect(Drawing.text(FlatUnit(unit, live: Drawing.live("[---------)"))) == ["0..3 f -", "5..8 g -"])
    }

    @Test func codeWithoutFunctionKeepsItsRow() {
        #expect(
            flat([("f", "    [---)   ")], rows: "a-----b----)") == [
                "0..4 - a", "4..6 f a", "6..8 f b", "8..11 - b",
            ])
    }

    @Test func aFunctionWithoutRowsKeepsItsName() {
        #expect(flat([("f", "[---------)")], rows: "   a--)") == ["0..3 f -", "3..6 f a", "6..10 f -"])
    }

    @Test func theLastRowOfAnAddressCounts() {
        var unit = Drawing.unit(scopes: [], rows: "a-----)")
        unit.rows.insert(.init(address: Drawing.base, place: .unknown, isEndOfSequence: false), at: 0)
        #expect(Drawing.text(FlatUnit(unit, live: Drawing.live("[-------)"))) == ["0..6 - a"])
    }

    @Test func lineZeroIsARow() {
        var unit = Drawing.unit(scopes: [("f", "[-----)")], rows: "a--b--)")
        unit.rows[1].place.line = 0
        let flat = FlatUnit(unit, live: Drawing.live("[-------)"))
        #expect(flat.pieces.map(\.place?.line) == [97, 0])
    }

    @Test func laterSequencesWinWhereTheyOverlap() {
        var unit = Drawing.unit(scopes: [], rows: "a-------)")
        unit.rows += Drawing.unit(scopes: [], rows: "  b--)").rows
        #expect(Drawing.text(FlatUnit(unit, live: Drawing.live("[-------)"))) == ["0..2 - a", "2..5 - b", "5..8 - a"])
    }

    @Test func fallingAddressesAndMissingEndsAreHarmless() {
        var unit = Drawing.unit(scopes: [], rows: "   a--b--)")
        unit.rows[1].address = Drawing.base + 1
        unit.rows.append(.init(address: Drawing.base + 20, place: .unknown, isEndOfSequence: false))
        let flat = FlatUnit(unit, live: Drawing.live("[-----------------------------)"))
        #expect(Drawing.text(flat) == ["1..9 - b"])
    }

    @Test(arguments: [0, 1, 2, 0x40, UInt64.max - 8, UInt64.max - 1] as [UInt64])
    func tombstonesAreDropped(_ address: UInt64) {
        var unit = Drawing.unit(scopes: [("f", "[----)")], rows: "a---)")
        unit.scopes.append(.init(ranges: [address..<address + 1, address..<address], function: 1))
        // Removed code larger than everything before `.text`.
        unit.scopes.append(.init(ranges: [0..<0x104], function: 2))
        unit.rows += [
            .init(address: address, place: .unknown, isEndOfSequence: false),
            .init(address: max(address, 0x104), place: .unknown, isEndOfSequence: true),
        ]
        let flat = FlatUnit(unit, live: Drawing.live("[-------)"))
        #expect(Drawing.text(flat) == ["0..4 f a", "4..5 f -"])
        #expect(flat.deadRanges == 4)
        #expect(flat.scopes.count == 1)
    }

    @Test func rangesEndWithTheirSection() {
        #expect(flat([("f", "[-----------)")], rows: "a-----------)", live: "[----) [-----)") == ["0..5 f a"])
    }

    @Test func theEntryIsTheOneGivenWhenItIsAlive() {
        var unit = Drawing.unit(scopes: [("f", "      [----)")])
        unit.scopes[0].ranges.insert(0..<4, at: 0)
        unit.scopes[0].entryAddress = 0
        #expect(FlatUnit(unit, live: Drawing.live("[-----------)")).scopes[0].entryAddress == Drawing.base + 6)
        unit.scopes[0].entryAddress = Drawing.base + 8
        #expect(FlatUnit(unit, live: Drawing.live("[-----------)")).scopes[0].entryAddress == Drawing.base + 8)
    }

    @Test func deepNestingIsCutAndCounted() {
        var unit = FlatteningUnit(offset: 0)
        for depth in 0..<3000 {
            unit.scopes.append(
                .init(
                    parent: depth == 0 ? nil : depth - 1, ranges: [Drawing.base..<Drawing.base + 9],
                    function: UInt32(depth)))
        }
        let flat = FlatUnit(unit, live: Drawing.live("[-------------)"))
        #expect(flat.scopes.count == FlatUnit.maximumDepth)
        #expect(flat.cutScopes == 3000 - FlatUnit.maximumDepth)
        #expect(flat.pieces.map(\.scope) == [FlatUnit.maximumDepth - 1])
    }

    @Test func callsOverManyGapsDoNotMultiply() {
        // 5,000 parts of a function, and 5,000 calls that claim all of it: 25 million pieces if each were cut.
        var unit = FlatteningUnit(offset: 0)
        unit.scopes.append(
            .init(ranges: (0..<5000).map { Drawing.base + $0 * 4..<Drawing.base + $0 * 4 + 2 }, function: 0))
        for number in 0..<5000 {
            unit.scopes.append(
                .init(parent: number, ranges: [Drawing.base..<Drawing.base + 20000], function: UInt32(number)))
        }
        let flat = FlatUnit(unit, live: LiveCode([Drawing.base..<Drawing.base + 100_000]))
        #expect(flat.pieces.count <= 10_000)
        #expect(flat.pieces.first?.scope == FlatUnit.maximumDepth - 1)
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

extension String {
    fileprivate var trimmed: String { String(filter { $0 != " " }) }
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
