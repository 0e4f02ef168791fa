// A Swift program that overflows: a trap in its own code (SIGILL), below generic and recursive functions.

struct Scale<Weight: FixedWidthInteger> {
    var factor: Weight

    @inline(never)
    func weigh(_ sacks: [Weight]) -> Weight {
        var total: Weight = 0
        for sack in sacks { total += sack * factor }
        return total
    }
}

@inline(never)
func nested(_ depth: Int, _ sacks: [Int8]) -> Int {
    if depth == 0 { return Int(Scale<Int8>(factor: 3).weigh(sacks)) }
    return nested(depth - 1, sacks) + depth
}

print(nested(4, CommandLine.arguments.map { Int8($0.utf8.count % 100) } + [40, 50]))
