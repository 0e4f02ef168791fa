/// Which file a program's name means, as a shell sees it.
enum ProgramSearch {
    /// The files to try, in order: the name itself when it has a slash, else in each folder of `searchPath`.
    ///
    /// An empty part of `PATH` is the current folder; without `PATH` the system's folders are looked at.
    static func candidates(for name: String, searchPath: String?) -> [String] {
        guard !name.isEmpty else { return [] }
        if name.utf8.contains(UInt8(ascii: "/")) { return [name] }
        return (searchPath ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "./\(name)" : "\($0)/\(name)" }
    }
}
