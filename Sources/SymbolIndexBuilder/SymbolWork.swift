import ELFObject

/// Reads and sorts the symbol tables, on a thread that has nothing else to do.
///
/// `@unchecked Sendable`: `run` does its work once, under the lock; `result` runs it itself when nobody has.
final class SymbolWork: @unchecked Sendable {
    /// What the symbol tables say of code.
    struct Result {
        var ranges: SymbolRanges
        /// Symbols of code.
        var count: Int
        var problems: [String]
    }

    private let object: ELFObject
    private let live: LiveCode
    private let lock = Lock()
    private var done: Result?

    init(_ object: ELFObject, _ live: LiveCode) {
        self.object = object
        self.live = live
    }

    func run() { _ = result() }

    func result() -> Result {
        lock.withLock {
            if let done { return done }
            let (symbols, problems) = ObjectReading.symbols(of: object)
            let result = Result(
                ranges: SymbolRanges(symbols, live: live), count: symbols.count, problems: problems)
            done = result
            return result
        }
    }
}
