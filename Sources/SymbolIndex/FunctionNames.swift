extension SymbolIndex {
    /// The link addresses of the functions with one of these names: linkage names, and names of functions without one.
    ///
    /// A name that stands at several addresses is left out. Cost: the records of all functions are read once; only names
    /// as long as a wanted one are compared.
    public func entryAddresses(ofFunctionsNamed names: Set<String>) -> [String: UInt64] {
        guard !names.isEmpty else { return [:] }
        let lengths = Set(names.map(\.utf8.count))
        var found: [String: UInt64] = [:]
        var ambiguous = Set<String>()
        for number in 0..<storage.functions.count {
            let index = UInt32(truncatingIfNeeded: number)
            let places = storage.names(of: index)
            guard let range = places.linkageName ?? places.name, lengths.contains(range.count),
                let address = storage.entryAddress(of: index)
            else { continue }
            let name = IndexedString(storage: storage, range: range).string
            guard names.contains(name) else { continue }
            if let other = found[name], other != address { ambiguous.insert(name) }
            found[name] = address
        }
        for name in ambiguous { found[name] = nil }
        return found
    }
}
