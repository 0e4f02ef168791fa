import ArgumentParser
import DebugFiles
import Foundation
import Glibc
import ParserTasks
import Rendering
import SymbolIndex

/// `symbolist index show`.
struct IndexShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what is in an index: provenance, sizes, functions, ranges, answers.",
        discussion: """
            FILE is an index, or a debug file whose index is built or taken from the cache; '-' is an index on standard input.
            Without one of --address, --functions, --sections and --ranges everything but the long lists is shown.

            EXAMPLES
              symbolist index show till.symindex
              symbolist index show --address 0x322c --address 0x3230 till.debug
              symbolist index show --functions till.symindex | sort -k3
              symbolist index show --ranges --json till.symindex | jq 'select(.frames[0].line == 0)'
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var cacheOptions: CacheOptions
    @OptionGroup var sandbox: SandboxOptions

    @Option(help: ArgumentHelp("What stands at this link address, hexadecimal. Repeatable.", valueName: "address"))
    var address: [String] = []

    @Flag(help: "Every function: entry address, line of the declaration, name.")
    var functions = false

    @Flag(help: "What each section of the index takes.")
    var sections = false

    @Flag(help: "Every range of addresses with its frames.")
    var ranges = false

    @Flag(help: "JSON: one object, or with --address, --functions and --ranges one a line.")
    var json = false

    @Argument(help: ArgumentHelp("An index or a debug file.", valueName: "file"))
    var file: String

    func validate() throws {
        if [!address.isEmpty, functions, sections, ranges].count(where: { $0 }) > 1 {
            throw ValidationError("one of --address, --functions, --sections and --ranges at a time")
        }
        for text in address where Addr2Line.hexadecimal(text) == 0 && !text.contains("0") {
            throw ValidationError("--address: '\(text)' is not a hexadecimal number")
        }
    }

    func run() async throws {
        logging.start()
        let index = try await opened()
        let isColoured = Terminal.of(STDOUT_FILENO).hasColour
        let text = IndexContentsText(name: file, isJSON: json, style: Style(isOn: isColoured && !json))
        do {
            if !address.isEmpty {
                for address in address.map(Addr2Line.hexadecimal) {
                    StandardOutput.write(text.answer(address, try index.lookup(address)))
                }
            } else if functions {
                var walk = IndexWalk()
                try walk.visit(index)
                let sorted = walk.functions.values.sorted {
                    ($0.entryAddress ?? .max, $0.index) < ($1.entryAddress ?? .max, $1.index)
                }
                var output = BufferedOutput()
                for function in sorted { output.write(text.line(function)) }
                output.flush()
            } else if ranges {
                var output = BufferedOutput()
                try index.forEachRange { range, location in
                    if let location { output.write(text.line(range, location)) }
                }
                output.flush()
            } else if sections {
                StandardOutput.write(text.sections(index))
            } else {
                StandardOutput.write(try text.summary(index))
            }
        } catch let error as SymbolIndexError {
            throw CommandFailure(.partly, "\(file): \(error)")
        }
    }

    private func opened() async throws -> SymbolIndex {
        if let index = try IndexFile.index(file) { return index }
        guard file != "-" else { throw CommandFailure(.nothingUnderstood, "standard input is no symbol index") }
        umask(0o077)
        let parser = try sandbox.parser()
        do throws(DebugFilesError) {
            let files = try LocalDebugFiles(
                parser: parser, cacheFolder: cacheOptions.folder, options: cacheOptions.libraryOptions)
            return try await files.file(path: file).index
        } catch {
            throw CommandFailure(.partly, error.description)
        }
    }
}

/// Many short lines, few writes.
private struct BufferedOutput {
    private var bytes: [UInt8] = []

    mutating func write(_ text: String) {
        bytes += text.utf8
        if bytes.count > 1 << 16 { flush() }
    }

    mutating func flush() {
        if !bytes.isEmpty { StandardOutput.write(bytes) }
        bytes.removeAll(keepingCapacity: true)
    }
}
