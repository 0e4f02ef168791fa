// A use after free in Swift for AddressSanitizer.
@inline(never) func price(_ prices: UnsafeMutablePointer<Int>, _ index: Int) -> Int {
    prices[index]
}

@inline(never) func checkout() -> Int {
    let prices = UnsafeMutablePointer<Int>.allocate(capacity: 4)
    prices.initialize(repeating: 7, count: 4)
    prices.deallocate()
    return price(prices, 2)
}

print(checkout())
