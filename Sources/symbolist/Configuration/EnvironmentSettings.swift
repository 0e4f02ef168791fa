import Foundation

/// Options that came from the environment, put in front of those on the command line.
///
/// `--x-y` is also `SYMBOLIST_X_Y`; `SYMBOLIST_X_Y_FILE` names a file with the value (for secrets: an environment is visible
/// to more eyes than a file). The command line wins over the environment. An option that may be repeated takes one value a
/// line. A flag is on for `1`, `true`, `yes`, `on`.
struct EnvironmentSettings {
    /// Where a setting's value came from.
    enum Source: Equatable {
        case commandLine
        case variable(String)
        case file(path: String, variable: String)
        case standard
    }

    /// The arguments to parse.
    var arguments: [String]
    /// For every option of every command that the environment sets: values and source.
    var fromEnvironment: [String: (values: [String], source: Source)] = [:]
    /// Options that stand on the command line.
    var onCommandLine: Set<String> = []
    /// `SYMBOLIST_…` variables that no option has.
    var unknownVariables: [String] = []
    /// The whole tree of commands, for `config`.
    let commands: CommandInfo

    /// The variable of an option: `log-level` → `SYMBOLIST_LOG_LEVEL`.
    static func variable(for option: String) -> String {
        "SYMBOLIST_" + option.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    static func processEnvironment() -> [String: String] {
        ProcessInfo.processInfo.environment
    }

    /// Reads the environment for the command that `arguments` name.
    static func resolve(
        arguments: [String], environment: [String: String], commands: CommandInfo
    ) throws -> EnvironmentSettings {
        var settings = EnvironmentSettings(arguments: arguments, commands: commands)
        try settings.readEnvironment(environment)
        let (command, position) = chosenCommand(arguments, in: commands)
        let rest = arguments[position...]
        settings.onCommandLine = given(rest)
        var inserted: [String] = []
        for option in command.options {
            guard let name = option.longName, !settings.isOnCommandLine(option),
                let (values, source) = settings.fromEnvironment[name]
            else { continue }
            for value in values {
                if option.isFlag {
                    guard let isOn = flag(value) else {
                        throw CommandFailure(
                            .usage, "\(describe(source)): '\(value)' is not one of 1, true, yes, on, 0, false, no, off")
                    }
                    if isOn { inserted.append("--\(name)") }
                } else {
                    inserted.append("--\(name)=\(value)")
                }
            }
        }
        settings.arguments = Array(arguments[..<position]) + inserted + Array(rest)
        return settings
    }

    private mutating func readEnvironment(_ environment: [String: String]) throws {
        var known: [String: CommandInfo.Argument] = [:]
        Self.collect(commands, into: &known)
        for (name, option) in known {
            let variable = Self.variable(for: name)
            if let value = environment[variable] {
                fromEnvironment[name] = (Self.values(value, of: option), .variable(variable))
            } else if let path = environment[variable + "_FILE"] {
                guard let data = FileManager.default.contents(atPath: path), data.count <= 1 << 16 else {
                    throw CommandFailure(
                        .usage, "\(variable)_FILE: '\(path)' cannot be read, or is larger than 64 KiB")
                }
                let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
                fromEnvironment[name] = (
                    Self.values(text, of: option), .file(path: path, variable: variable + "_FILE")
                )
            }
        }
        let variables = Set(known.keys.flatMap { [Self.variable(for: $0), Self.variable(for: $0) + "_FILE"] })
        unknownVariables = environment.keys.filter { $0.hasPrefix("SYMBOLIST_") && !variables.contains($0) }.sorted()
    }

    private static func values(_ text: String, of option: CommandInfo.Argument) -> [String] {
        option.isRepeating ? text.split(separator: "\n").map(String.init) : [text]
    }

    private static func collect(_ command: CommandInfo, into known: inout [String: CommandInfo.Argument]) {
        for option in command.options {
            if let name = option.longName { known[name] = option }
        }
        for subcommand in command.subcommands ?? [] { collect(subcommand, into: &known) }
    }

    /// The innermost command that the first arguments name, and the position behind its name.
    private static func chosenCommand(_ arguments: [String], in root: CommandInfo) -> (CommandInfo, Int) {
        var command = root
        var position = 0
        while position < arguments.count,
            let next = command.subcommands?.first(where: {
                $0.commandName == arguments[position] || ($0.aliases ?? []).contains(arguments[position])
            })
        {
            command = next
            position += 1
        }
        // `symbolist events --limit 2` means the default subcommand; help is the command's own.
        if let name = command.defaultSubcommand,
            let next = command.subcommands?.first(where: { $0.commandName == name }),
            !arguments.dropFirst(position).contains(where: { ["-h", "--help", "help"].contains($0) })
        {
            command = next
        }
        return (command, position)
    }

    /// The names of the options in `arguments`, with their dashes, up to a `--`.
    private static func given(_ arguments: ArraySlice<String>) -> Set<String> {
        var names: Set<String> = []
        for argument in arguments {
            if argument == "--" { break }
            guard argument.hasPrefix("-") else { continue }
            names.insert(String(argument.prefix { $0 != "=" }))
        }
        return names
    }

    private func isOnCommandLine(_ option: CommandInfo.Argument) -> Bool {
        (option.names ?? []).contains { name in
            onCommandLine.contains(name.kind == "long" ? "--\(name.name)" : "-\(name.name)")
        }
    }

    private static func flag(_ value: String) -> Bool? {
        switch value.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off", "": false
        default: nil
        }
    }

    /// A source as people read it.
    static func describe(_ source: Source) -> String {
        switch source {
        case .commandLine: "command line"
        case .variable(let name): "environment \(name)"
        case .file(let path, let variable): "file \(path) (\(variable))"
        case .standard: "default"
        }
    }
}
