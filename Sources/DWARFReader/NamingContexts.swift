/// The namespaces, modules and types of one unit, as nested stretches of `.debug_info`: where a function is declared is
/// the innermost stretch around its entry.
///
///     namespace app { struct Store { void open(); } }
///
///     0x2d ┌ app ──────────────────────────────┐
///     0x34 │  ┌ Store ────────────────┐        │     subtrees that were jumped over are stretches too,
///     0x51 │  │  open  ← declared     │        │     without those inside of them
///          │  └───────────────────────┘        │
///          └───────────────────────────────────┘
struct NamingContexts {
    struct Context {
        /// Of the entry, in `.debug_info`.
        var start: UInt64
        /// Behind its children.
        var end: UInt64
        /// The context around it; −1 for none.
        var outside: Int32
        /// The function that the context is local to, when that function is inside of `outside`; 0 for none.
        var function: UInt64
        /// What is inside was not looked at.
        var isOpaque: Bool
    }

    /// In the order of the file.
    var contexts: [Context] = []
    /// Entries looked at to fill the value.
    var entryCount = 0

    /// The innermost context around the entry at `place`; −1 for none.
    func innermost(around place: UInt64) -> Int32 {
        var low = 0
        var high = contexts.count
        while low < high {
            let middle = (low + high) / 2
            if contexts[middle].start < place { low = middle + 1 } else { high = middle }
        }
        var found = Int32(low) - 1
        // Outer contexts come earlier, so the chain ends.
        while found >= 0, contexts[Int(found)].end <= place { found = contexts[Int(found)].outside }
        return found
    }
}
