import ArgumentParser
import DebugFiles
import Glibc
import ParserTasks
import SymbolIndex

/// `symbolist addr2line`: for scripts that call GNU `addr2line`.
struct Addr2Line: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "addr2line",
        abstract: "Addresses of one file to functions, files and lines; a drop-in for GNU addr2line.",
        discussion: """
            Addresses are hexadecimal, with or without 0x, on the command line or one a line on standard input. An address that
            nothing is known of prints ??:0, and the exit status is still 0, as with GNU's; a file that cannot be used is
            status 1.

            EXAMPLES
              symbolist addr2line -e till.debug -f -C -i 0x322c
              symbolist addr2line -e till.debug --output-style=JSON -f -i < addresses
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var cacheOptions: CacheOptions
    @OptionGroup var sandbox: SandboxOptions

    @Option(
        name: [.customShort("e", allowingJoined: true), .customLong("exe")],
        help: ArgumentHelp("The file.", valueName: "file"))
    var exe = "a.out"

    @Flag(name: [.customShort("a"), .customLong("addresses")], help: "Print the address before each answer.")
    var addresses = false

    @Flag(name: [.customShort("f"), .customLong("functions")], help: "Print function names.")
    var functions = false

    @Flag(
        name: [.customShort("i"), .customLong("inlines")], help: "Print the callers that a function was inlined into.")
    var inlines = false

    @Flag(name: [.customShort("C"), .customLong("demangle")], help: "Demangle Swift, C++ and Rust names.")
    var demangle = false

    @Flag(name: [.customShort("p"), .customLong("pretty-print")], help: "One line an answer.")
    var prettyPrint = false

    @Flag(name: [.customShort("s"), .customLong("basenames")], help: "File names without folders.")
    var basenames = false

    @Option(
        name: [.customShort("j", allowingJoined: true), .customLong("section")],
        help: ArgumentHelp("Addresses are offsets into this section.", valueName: "name"))
    var section: String?

    @Option(help: ArgumentHelp("How answers look.", valueName: "GNU|LLVM|JSON"))
    var outputStyle: AddressText.OutputStyle = .gnu

    @Argument(help: ArgumentHelp("Hexadecimal addresses.", valueName: "address"))
    var input: [String] = []

    func run() async throws {
        logging.start()
        umask(0o077)
        let files = try openCache()
        var (file, base) = try await open(files)
        let text = AddressText(
            style: outputStyle, showsAddress: addresses, showsFunctions: functions, showsInlines: inlines,
            demangles: demangle, isPretty: prettyPrint, baseNamesOnly: basenames, module: exe)
        func answer(_ argument: String) throws {
            // GNU reads as many hexadecimal digits as there are, and takes what has none as 0.
            let address = Self.hexadecimal(argument)
            StandardOutput.write(text.render(address, try AddressFrame.chain(at: base &+ address, in: file.index)))
        }
        /// An index that was damaged on disk shows it when it is read: it is built again, once.
        func answerOrMend(_ argument: String) async throws {
            do {
                try answer(argument)
            } catch is SymbolIndexError {
                await files.discardIndex(ofObject: file.digest)
                (file, base) = try await open(files)
                try answer(argument)
            }
        }
        if input.isEmpty {
            while let line = readLine() { try await answerOrMend(line) }
        } else {
            for argument in input { try await answerOrMend(argument) }
        }
    }

    private func openCache() throws -> LocalDebugFiles {
        let parser = try sandbox.parser()
        do throws(DebugFilesError) {
            return try LocalDebugFiles(
                parser: parser, cacheFolder: cacheOptions.folder, options: cacheOptions.libraryOptions)
        } catch {
            throw CommandFailure(.partly, error.description)
        }
    }

    /// The file's index, and the address that those on the command line are relative to.
    private func open(_ files: LocalDebugFiles) async throws -> (file: LocalDebugFiles.File, base: UInt64) {
        do throws(DebugFilesError) {
            let file = try await files.file(path: exe)
            guard let section else { return (file, 0) }
            let sections = try await files.inspect(path: exe).sections
            guard let base = sections.first(where: { $0.name == section })?.address else {
                throw .debugFile(path: exe, .missing, reason: "cannot find section \(section)")
            }
            return (file, base)
        } catch {
            throw CommandFailure(.partly, error.description)
        }
    }

    /// `strtoul` in base 16: leading blanks, an optional 0x, then digits; what is too large is the largest address.
    static func hexadecimal(_ text: String) -> UInt64 {
        var digits = text.drop { $0 == " " || $0 == "\t" }
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") { digits = digits.dropFirst(2) }
        digits = digits.prefix { $0.isASCII && $0.isHexDigit }
        return digits.isEmpty ? 0 : UInt64(digits, radix: 16) ?? .max
    }
}

extension AddressText.OutputStyle: ExpressibleByArgument {}
