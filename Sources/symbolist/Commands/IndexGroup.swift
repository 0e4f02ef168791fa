import ArgumentParser

/// `symbolist index`: symbol indexes by hand, for people who look inside.
struct IndexGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build a symbol index, show what is in one, or check it.",
        discussion: """
            An index is what addresses are looked up in: one immutable file for each debug file. The other commands build and keep
            theirs by themselves; these are for looking inside, for timing, and for damage.

            EXAMPLES
              symbolist index build till.debug
              symbolist index show till.debug.symindex
              symbolist index verify ~/.cache/symbolist/indexes/*/*.symindex
            """,
        subcommands: [IndexBuildCommand.self, IndexShow.self, IndexVerify.self])
}
