// Nested awaits, or an actor call in a task group, that end in a trap after a suspension.
@inline(never)
func unitPrice(_ prices: [Int], _ index: Int) -> Int {
    prices[index]
}

@inline(never)
func lineTotal(_ index: Int) async -> Int {
    await Task.yield()
    return unitPrice([1, 2, 3], index) &* 2
}

@inline(never)
func basketTotal(_ count: Int) async -> Int {
    var sum = 0
    for index in 0..<count { sum &+= await lineTotal(index) }
    return sum
}

@inline(never)
func checkout(_ count: Int) async -> Int {
    let sum = await basketTotal(count)
    return sum &+ 1
}

actor Till {
    var takings = 0

    func add(_ count: Int) async -> Int {
        let sum = await basketTotal(count)
        takings &+= sum
        return takings
    }
}

@main
struct Async {
    static func main() async {
        if CommandLine.arguments.dropFirst().first == "group" {
            let till = Till()
            await withTaskGroup(of: Int.self) { group in
                for count in 2...5 {
                    group.addTask { await till.add(count) }
                }
                for await takings in group { print(takings) }
            }
        } else {
            print(await checkout(5))
        }
    }
}
