import ArgumentParser
import CBuildInfo
import Database
import Glibc
import Sandbox
import SymbolIndex
import SymbolIndexBuilder
import Unwinding

/// The command line: arguments, rendering and exit codes; what a library could hold is in a library.
@main
enum Main {
    static func main() async {
        // The sandboxed child is this very executable. It must not touch anything else of the command line: no logging,
        // no environment, no files.
        if SandboxChild.isChild(arguments: CommandLine.arguments) {
            exit(
                SandboxChild.main(
                    arguments: CommandLine.arguments,
                    tasks: ParserTaskHandlers.all(observer: ParserObserver.child)
                        .merging(DumpTaskHandlers.all) { own, _ in own }))
        }
        signal(SIGPIPE, SIG_IGN)
        let given = Array(CommandLine.arguments.dropFirst())
        do {
            let settings = try EnvironmentSettings.resolve(
                arguments: given, environment: EnvironmentSettings.processEnvironment(),
                commands: CommandInfo.read(from: Symbolist._dumpHelp()))
            var command = try Symbolist.parseAsRoot(settings.arguments)
            if var config = command as? Config {
                config.settings = settings
                command = config
            }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            StandardError.write("symbolist: \(failure.message)\n")
            exit(failure.status.rawValue)
        } catch {
            // Help, version, usage and statuses are the argument parser's; whatever else comes here was foreseen by nobody.
            if Symbolist.exitCode(for: error) == .failure, !(error is ExitCode) {
                StandardError.write("symbolist: internal error: \(error)\n")
                exit(ExitStatus.internalError.rawValue)
            }
            guard Symbolist.exitCode(for: error) == .validationFailure else { Symbolist.exit(withError: error) }
            // The parser repeats arguments that it cannot place; one of them may be a URL with a password.
            StandardError.write(Redaction.redact(Symbolist.fullMessage(for: error)) + "\n")
            exit(ExitStatus.usage.rawValue)
        }
    }
}

/// The root command.
struct Symbolist: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "symbolist",
        abstract: "Symbolication and stack-trace enrichment for Swift and other native code on Linux.",
        discussion: """
            A crash arrives as addresses and leaves with functions, files, lines and source.

            EXAMPLES
              symbolist upload .build/release          after a build: debug files and the sources they name
              symbolist run -- .build/release/till     runs a program and takes its crash
              symbolist enqueue crash.json             a crash into the job table: any dump, also a core
              symbolist worker                         enriches what is in the job table, for ever
              symbolist symbolize crash.json           one dump, readable, now
              journalctl -f | symbolist filter         stack lines made readable as they pass

            Every option --x-y is also the environment variable SYMBOLIST_X_Y, and SYMBOLIST_X_Y_FILE names a file that
            holds its value. 'symbolist config' shows each setting and where it came from.

            EXIT STATUS
              0  all done                     64  wrong usage
              1  partly: something missing    69  a database or store cannot be reached
              2  nothing understood           70  an internal error
            """,
        version: Version.description,
        subcommands: [
            Run.self, Upload.self, Enqueue.self, Deliver.self, WorkerCommand.self, Events.self, DebugFilesGroup.self,
            IndexGroup.self, Symbolize.self, Filter.self, Addr2Line.self, Config.self,
        ]
    )
}

/// What `--version` prints.
enum Version {
    static let release = "0.1.0"

    static var description: String {
        """
        symbolist \(release)
        commit \(String(cString: symbolist_commit()))
        schema \(Schema.version)
        index format \(SymbolIndex.formatVersion), builder revision \(SymbolIndexBuilderRevision.current)
        """
    }
}
