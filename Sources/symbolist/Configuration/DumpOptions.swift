import ArgumentParser
import DebugFiles
import Worker

/// How much room binary dumps may take.
struct DumpOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The largest core or minidump in MB, expanded, that is read from a compressed file or a pipe. Room for it is "
                + "taken in the cache folder while it is read.", valueName: "MB"))
    var dumpExpansion = 16384

    func validate() throws {
        if !(1...(1 << 24)).contains(dumpExpansion) {
            throw ValidationError("--dump-expansion: \(dumpExpansion) is not between 1 and \(1 << 24)")
        }
    }

    /// Room for dumps.
    func spool(_ storage: StorageOptions) -> DumpSpool {
        DumpSpool(cacheFolder: storage.cacheFolder, byteLimit: UInt64(dumpExpansion) << 20)
    }

    /// What reads dumps.
    /// - Parameters:
    ///   - source: Of the files to unwind with.
    ///   - blobs: Where kept dumps are; `nil` when there is no store.
    ///   - reportSize: Bytes of the largest text in a compressed file.
    func reader(
        _ storage: StorageOptions, _ parser: SandboxedObjectParser, source: any SymbolSource,
        blobs: (any BlobStorage)?, reportSize: Int
    ) -> DumpReader {
        DumpReader(
            parser: parser.dumps, source: source, spool: spool(storage), storage: blobs, reportSize: reportSize)
    }
}
