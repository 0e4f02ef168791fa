import CTax
import CxxRounding

/// Taxes are added by C, which calls back into Swift for the rate.
public struct Taxes: Sendable {
    private let rates: [Int]

    public init(rates: [Int]) {
        self.rates = rates
    }

    /// The sum with taxes; `article` chooses the rate.
    @inline(never)
    public func add(to cents: [Int], article: Int) -> Int {
        var state = State(rates: rates, article: article)
        return withUnsafeMutablePointer(to: &state) { state in
            tax_add(
                cents, cents.count,
                { cents, context in
                    let state = context!.assumingMemoryBound(to: State.self).pointee
                    return cents * state.rates[state.article] / 100
                }, state)
        }
    }

    /// Asks C for the class of an article in a table that was never loaded.
    @inline(never)
    public func taxClass(of article: Int) -> Int {
        Int(tax_class(nil, article))
    }

    /// Rounds in C++.
    @inline(never)
    public func rounded(_ cents: Int, step: Int) -> Int {
        round_to(cents, step)
    }

    private struct State {
        let rates: [Int]
        let article: Int
    }
}
