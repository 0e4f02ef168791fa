import CPress

protocol Ground {
    var fineness: Int { get }
}

struct Flour: Ground {
    var type: Int
    var fineness: Int { type > 1000 ? 1 : 10_000 / type }
}

final class Miller {
    var stock: [Flour] = []

    @inline(never) func blend(_ flours: [Flour], at index: Int) -> Int {
        let rest = flours.filter { $0.fineness > index }.map { flour in flour.type + index }
        return rest[index] &+ coarse(flours, index)
    }

    @inline(__always) private func coarse(_ flours: [Flour], _ index: Int) -> Int { flours[index].fineness }
}

@inline(never) func total<Item: Ground>(_ items: [Item]) -> Int {
    var sum = 0
    for item in items { sum += item.fineness }
    return sum
}
