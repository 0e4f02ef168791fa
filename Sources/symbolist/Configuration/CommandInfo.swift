import Foundation

/// The commands and their options, read from the argument parser's own description of itself, so that the environment, the
/// `config` command and `--help` can never disagree about which options exist.
struct CommandInfo: Decodable {
    /// An option, flag or positional argument.
    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let kind: String
        let shouldDisplay: Bool
        let isRepeating: Bool
        let names: [Name]?
        let valueName: String?
        let defaultValue: String?
        let abstract: String?

        /// `log-level` for `--log-level`; `nil` for positional arguments and options that only have a letter.
        var longName: String? {
            kind == "positional" ? nil : names?.first { $0.kind == "long" }?.name
        }

        var isFlag: Bool { kind == "flag" }
    }

    let commandName: String
    let defaultSubcommand: String?
    let aliases: [String]?
    let subcommands: [CommandInfo]?
    let arguments: [Argument]?

    /// Decodes the parser's description.
    static func read(from description: String) throws -> CommandInfo {
        struct Tool: Decodable {
            let command: CommandInfo
        }
        return try JSONDecoder().decode(Tool.self, from: Data(description.utf8)).command
    }

    /// The options that have a long name and a meaning in the environment.
    var options: [Argument] {
        (arguments ?? []).filter { argument in
            guard let name = argument.longName else { return false }
            return !["help", "version"].contains(name) && argument.shouldDisplay
        }
    }
}
