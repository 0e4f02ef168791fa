import ArgumentParser
import DebugFiles

/// When indexes are built, and when no more.
struct IndexOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "After an upgrade, indexes of the older release answer until they are built again, one at a time with this pause "
                + "between two.", valueName: "seconds"))
    var reindexPause = 1

    @OptionGroup var quarantine: QuarantineOptions

    func validate() throws {
        if !(0...86_400).contains(reindexPause) {
            throw ValidationError("--reindex-pause: \(reindexPause) is not between 0 and 86400")
        }
    }

    func apply(to options: inout DebugFileStore.Options) {
        options.olderIndexes = .answer(pause: .seconds(reindexPause))
        quarantine.apply(to: &options)
    }
}

/// When an object is given up.
struct QuarantineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Deaths of its parser after which a debug file is left alone ('symbolist debug-files retry' lifts it).",
            valueName: "deaths"))
    var quarantineAfter = 3

    func validate() throws {
        if !(1...1000).contains(quarantineAfter) {
            throw ValidationError("--quarantine-after: \(quarantineAfter) is not between 1 and 1000")
        }
    }

    func apply(to options: inout DebugFileStore.Options) { options.quarantineLimit = quarantineAfter }
}
