/// Counts what is in stock; an actor, so that every question is an `await`.
public actor Warehouse {
    private var stock: [String: Int]

    public init(stock: [String: Int]) {
        self.stock = stock
    }

    /// Takes pieces out. Taking what is not there is a programming error.
    public func take(_ name: String, pieces: Int) async -> Int {
        await Task.yield()
        let left = stock[name]! - pieces
        stock[name] = left
        return left
    }
}

/// Takes every article of an order, one after the other.
@inline(never)
public func fulfil(_ order: [String], from warehouse: Warehouse) async -> Int {
    var left = 0
    for name in order {
        left += await warehouse.take(name, pieces: 1)
    }
    return left
}
