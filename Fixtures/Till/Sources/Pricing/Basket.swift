/// An article in a basket.
public struct Line: Sendable {
    public let article: Int
    public let quantity: Int

    public init(article: Int, quantity: Int) {
        self.article = article
        self.quantity = quantity
    }
}

/// A list of prices that any kind of number can be in.
public struct PriceList<Amount: Numeric & Comparable & Sendable>: Sendable {
    private let prices: [Amount]

    public init(_ prices: [Amount]) {
        self.prices = prices
    }

    /// The price of one piece. An article that is not in the list is a trap: nothing prints why in a release build.
    @inline(__always)
    public func unitPrice(of article: Int) -> Amount {
        prices[article]
    }
}

/// What a customer buys.
public struct Basket: Sendable {
    private let lines: [Line]

    public init(_ lines: [Line]) {
        self.lines = lines
    }

    /// The price of one line, inlined into whoever asks.
    @inline(__always)
    func linePrice(_ line: Line, in prices: PriceList<Int>) -> Int {
        prices.unitPrice(of: line.article) * line.quantity
    }

    /// The sum of all lines in cents.
    @inline(never)
    public func total(in prices: PriceList<Int>) -> Int {
        lines.map { line in
            linePrice(line, in: prices)
        }.reduce(0, +)
    }

    /// The largest amount that `amount` answers for a line.
    @inline(never)
    public func largest<Amount: Comparable>(by amount: (Line) -> Amount) -> Amount? {
        lines.map(amount).max()
    }
}
