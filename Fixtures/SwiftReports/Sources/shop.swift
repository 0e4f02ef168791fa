// swift-format-ignore-file
import Glibc  // Crashes in the way that the first argument names; the recordings name these lines.

struct Basket {
    var items: [Int]
    func price(_ index: Int) -> Int { items[index] }
}

@inline(never) func checkout(_ basket: Basket, _ index: Int) -> Int { basket.price(index) * 2 }

/// Names with ` in ` and ` at ` in them.
@inline(never) func `sell in shop`(_ amounts: [Int], _ body: (Int) -> Int) -> Int { amounts.map(body).reduce(0, +) }

@inline(never) func descend(_ depth: Int) -> Int {
    var frame = [depth, 0]
    if depth != .max { frame[1] = descend(depth + 1) }
    return frame[0] &+ frame[1]
}

@inline(never) func multiply(_ left: Int, _ right: Int) -> Int { left * right }

actor Shelf {
    static let sizes: [Int8] = [1, 2]
    var items = [1, 2, 3]
    func take(_ index: Int) -> Int { checkout(Basket(items: items), index) }
}

func pick(_ shelf: Shelf, _ index: Int) async -> Int {
    await Task.yield()
    return await shelf.take(index) + 1
}

@inline(never) func pickAll(_ shelf: Shelf, _ count: Int) async -> Int {
    await withTaskGroup(of: Int.self) { group in
        for index in 0..<count { group.addTask { await pick(shelf, index * 9) } }
        var sum = 0
        for await one in group { sum += one }
        return sum
    }
}

@main struct Shop {
    static func main() async throws {
        let count = CommandLine.arguments.count
        switch CommandLine.arguments.dropFirst().first {
        case "index": print(checkout(Basket(items: [1]), count + 5))
        case "closure": print(`sell in shop`([1, 2, 9]) { checkout(Basket(items: [1, 2, 3]), $0) })
        case "overflow": print(multiply(Int.max / 2, count + 9))
        case "shift": print(Shelf.sizes[count + 200])
        case "nil":
            let table = ["a": 1]
            print(table["x\(count)"]!)
        case "fatal": fatalError("no \"price\"")
        case "lines": fatalError("no price\nfor the tea:\n  out of stock")
        case "precondition": precondition(count > 9, "count is \(count)")
        case "abort": abort()
        case "raise": raise(SIGTRAP)
        case "bus": kill(getpid(), SIGBUS)
        case "divide": kill(getpid(), SIGFPE)
        case "pointer": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = count
        case "group": print(await pickAll(Shelf(), 3))
        case "stack": print(descend(count))
        case "threads":
            for number in 0..<2 {
                var thread = pthread_t()
                _ = pthread_create(&thread, nil, { _ in
                    sleep(30)
                    return nil
                }, nil)
                setName(thread, "till \"\(number)\" at:")
            }
            usleep(50_000)
            print(checkout(Basket(items: [1]), count + 5))
        default: print("index closure overflow shift nil fatal lines precondition abort raise bus divide pointer group stack threads")
        }
    }
}

@_silgen_name("pthread_setname_np") @discardableResult
func setName(_ thread: pthread_t, _ name: UnsafePointer<CChar>) -> Int32
