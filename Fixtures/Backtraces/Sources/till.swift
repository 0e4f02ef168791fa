// Traps inside inlined code, for what debuggers say about Swift.
@inline(__always) func unitPrice(_ prices: [Int], _ index: Int) -> Int { prices[index] }

@inline(never) func lineTotal(_ prices: [Int], _ index: Int) -> Int {
    unitPrice(prices, index) &* 2
}

@inline(never) func checkout(_ count: Int) -> Int {
    let prices = Array(repeating: 7, count: count)
    let total = lineTotal(prices, count)
    return total &+ 1
}

print(checkout(CommandLine.arguments.count))
