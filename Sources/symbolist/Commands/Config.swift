import ArgumentParser
import CrashEvent
import Foundation
import Logging

/// `symbolist config`: each setting and where it came from.
struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print each setting, its value and where it came from.",
        discussion: """
            Settings come from the command line, else from the environment (SYMBOLIST_X_Y, or SYMBOLIST_X_Y_FILE for a file
            that holds the value), else from the defaults. Passwords in URLs are never shown.

            EXAMPLES
              symbolist config
              SYMBOLIST_LOG_LEVEL=debug symbolist config --json
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var inApp: InAppOptions

    @Flag(help: "One JSON object: setting → value and source.")
    var json = false

    /// Put in by `main`: what the environment said. Not an option.
    var settings: EnvironmentSettings?

    enum CodingKeys: CodingKey {
        case logging, storage, sandbox, inApp, json
    }

    func run() async throws {
        guard let settings else { return }
        let rows = rows(settings)
        if json {
            var writer = JSONWriter()
            writer.beginObject()
            for row in rows {
                writer.key(row.name)
                writer.beginObject()
                if let value = row.value { writer.member("value", value) } else { writer.key("value"); writer.null() }
                writer.member("source", row.source)
                writer.endObject()
            }
            writer.endObject()
            StandardOutput.write(writer.bytes + [0x0a])
        } else {
            let nameWidth = rows.map(\.name.count).max() ?? 0
            let valueWidth = min(rows.compactMap { $0.value?.count }.max() ?? 0, 60)
            for row in rows {
                let name = row.name.padding(to: nameWidth)
                StandardOutput.write("\(name)  \((row.value ?? "-").padding(to: valueWidth))  \(row.source)\n")
            }
        }
        for variable in settings.unknownVariables {
            StandardError.write("symbolist: \(variable) is set, but no command has such an option\n")
        }
    }

    private struct Row {
        let name: String
        let value: String?
        let source: String
    }

    private func rows(_ settings: EnvironmentSettings) -> [Row] {
        var rows: [String: Row] = [:]
        for command in settings.commands.subcommands ?? [] {
            for option in command.options {
                guard let name = option.longName, rows[name] == nil,
                    name != "json" || settings.fromEnvironment[name] != nil
                else { continue }
                let value = effective[name] ?? settings.fromEnvironment[name]?.values.joined(separator: ", ")
                let source: EnvironmentSettings.Source =
                    if settings.onCommandLine.contains("--\(name)") {
                        .commandLine
                    } else {
                        settings.fromEnvironment[name]?.source ?? Folders.source(of: name)
                    }
                rows[name] = Row(
                    name: name,
                    value: (value ?? option.defaultValue ?? (option.isFlag ? "false" : nil)).map(Redaction.redact),
                    source: EnvironmentSettings.describe(source))
            }
        }
        return rows.values.sorted { $0.name < $1.name }
    }

    /// The values as this command itself has them, defaults worked out.
    private var effective: [String: String] {
        [
            "log-level": logging.logLevel.rawValue, "log-format": logging.logFormat.rawValue,
            "database": storage.databaseURL, "debug-files": storage.debugFilesFolder, "cache": storage.cacheFolder,
            "cache-size": String(storage.cacheOptions.cacheSize), "sandbox": sandbox.sandbox.rawValue,
            "parser-memory": String(sandbox.parserMemory), "parser-cpu": String(sandbox.parserCpu),
            "parser-time": String(sandbox.parserTime), "parser-output": String(sandbox.parserOutput),
            "in-app": inApp.inApp.joined(separator: ", "), "not-in-app": inApp.notInApp.joined(separator: ", "),
        ].filter { !$0.value.isEmpty }
    }
}

extension String {
    /// Spaces behind, up to `width` characters.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
