/// The code symbols of an object as disjoint ranges.
///
///     symbols   ├─ f, 32 bytes ─┤   ├─ g, 16 ─┤        label (no size)
///     ranges    ├──── f ────────┤   ├── g ────┤        ├── label ── … next symbol or end of section
///
/// Sorted once; libdwfl scans the whole table at every question.
struct SymbolRanges {
    /// A symbol of code.
    struct Symbol {
        var address: UInt64
        /// 0 when unknown.
        var size: UInt64
        /// `STT_FUNC` or `STT_GNU_IFUNC`, not a bare label.
        var isFunction: Bool
        var binding: Binding
        var name: String

        enum Binding: Int {
            case local = 0
            case weak = 1
            case global = 2
        }
    }

    /// By address; at one address the preferred one last.
    let symbols: [Symbol]
    /// Disjoint, in rising order; values are positions in `symbols`.
    let claims: [Claim]

    /// - Every symbol with a size claims it, cut at the end of its section; where they overlap the one that starts
    ///   later wins, so that a part of a function with a name of its own has it.
    /// - A label without a size claims the code up to the next symbol or the end of its section, unless it stands
    ///   inside of a sized one.
    /// - At one address: global before weak before local, sized before sizeless, function before label, longer before
    ///   shorter, then the name that comes first in byte order.
    init(_ unsorted: [Symbol], live: LiveCode) {
        // Positions are sorted, not the symbols: moving a hundred thousand strings about costs a retain each.
        let order = unsorted.indices.filter { live.range(containing: unsorted[$0].address) != nil }
            .sorted { Self.precedes(unsorted[$0], unsorted[$1]) }
        symbols = order.map { unsorted[$0] }
        var sized: [Claim] = []
        for (index, symbol) in symbols.enumerated() where symbol.size > 0 {
            let (sum, overflow) = symbol.address.addingReportingOverflow(symbol.size)
            if let code = live.live(symbol.address..<(overflow ? .max : sum)) {
                sized.append(
                    Claim(start: code.lowerBound, end: code.upperBound, rank: UInt64(index), value: UInt32(index)))
            }
        }
        sized = IntervalSweep.disjoint(sized)
        let labels = Self.labels(symbols, sized, live)
        claims = labels.isEmpty ? sized : IntervalSweep.disjoint(sized + labels)
    }

    /// The claims of symbols without a size, where none with a size stands.
    private static func labels(_ symbols: [Symbol], _ sized: [Claim], _ live: LiveCode) -> [Claim] {
        var result: [Claim] = []
        var next = 0
        for (index, symbol) in symbols.enumerated() {
            // The next symbol ends a label; of labels at one address only the preferred one, the last, reaches it.
            let end = index + 1 < symbols.count ? symbols[index + 1].address : .max
            guard symbol.size == 0, end > symbol.address else { continue }
            while next < sized.count, sized[next].end <= symbol.address { next += 1 }
            if next < sized.count, sized[next].start <= symbol.address { continue }
            if let code = live.live(symbol.address..<end) {
                result.append(
                    Claim(start: code.lowerBound, end: code.upperBound, rank: 0, value: UInt32(index)))
            }
        }
        return result
    }

    /// The most aliases of one address that are looked at.
    private static let mostAliases = 64

    /// The functions, not labels, that begin at `address`, the preferred one first; not more than 64.
    func functions(at address: UInt64) -> [Symbol] {
        var low = 0
        var high = symbols.count
        while low < high {
            let middle = (low + high) / 2
            if symbols[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        // Behind the last symbol there: the preferred ones come last.
        return symbols[..<low].suffix(Self.mostAliases).reversed().filter { $0.address == address && $0.isFunction }
    }

    private static func precedes(_ left: Symbol, _ right: Symbol) -> Bool {
        if left.address != right.address { return left.address < right.address }
        if left.binding != right.binding { return left.binding.rawValue < right.binding.rawValue }
        if (left.size > 0) != (right.size > 0) { return right.size > 0 }
        if left.isFunction != right.isFunction { return right.isFunction }
        if left.size != right.size { return left.size < right.size }
        return ByteText(right.name) < ByteText(left.name)
    }
}
