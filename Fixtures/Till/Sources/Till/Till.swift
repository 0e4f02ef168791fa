import Inventory
import Pricing

/// `Till MODE`: one way to crash a mode; `sell` works.
@main
struct Till {
    static func main() async {
        let mode = CommandLine.arguments.dropFirst().first ?? "sell"
        let prices = PriceList([250, 199, 1250])
        let taxes = Taxes(rates: [7, 19])
        switch mode {
        case "sell":
            print(Basket([Line(article: 0, quantity: 2), Line(article: 2, quantity: 1)]).total(in: prices))
        case "index":
            // An article that is not in the list: an inlined array subscript traps inside a closure.
            print(Basket([Line(article: 0, quantity: 1), Line(article: 7, quantity: 2)]).total(in: prices))
        case "overflow":
            print(
                Basket([Line(article: 2, quantity: .max)]).largest { prices.unitPrice(of: $0.article) * $0.quantity }
                    ?? 0)
        case "callback":
            print(taxes.add(to: [100, 200], article: 5))
        case "c":
            print(taxes.taxClass(of: 3))
        case "cxx":
            print(taxes.rounded(1234, step: 0))
        case "async":
            print(await fulfil(["tea", "cup", "spoon"], from: Warehouse(stock: ["tea": 3, "cup": 1])))
        case "fatal":
            fatalError("no till for mode \(mode)")
        default:
            print("modes: sell index overflow callback c cxx async fatal")
        }
    }
}
