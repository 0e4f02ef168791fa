// A trap in nested functions.
@inline(never)
func price(_ prices: [Int], _ index: Int) -> Int {
    prices[index]
}

@inline(never)
func total(_ prices: [Int], _ count: Int) -> Int {
    var sum = 0
    for index in 0..<count { sum &+= price(prices, index) }
    return sum
}

@main
struct Sync {
    static func main() {
        print(total([1, 2, 3], CommandLine.arguments.count + 3))
    }
}
