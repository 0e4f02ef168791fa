import Foundation

/// Where Symbolist keeps things when nothing else is said: systemd's folders for a service, the XDG ones for a person.
enum Folders {
    /// Data that must not be lost: the job table and the debug files.
    static func data(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        folder(environment, systemd: "STATE_DIRECTORY", xdg: "XDG_DATA_HOME", home: ".local/share")
    }

    /// Data that can be made again: symbol indexes.
    static func cache(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        folder(environment, systemd: "CACHE_DIRECTORY", xdg: "XDG_CACHE_HOME", home: ".cache")
    }

    /// Where the default of a path's option came from.
    static func source(
        of option: String, _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> EnvironmentSettings.Source {
        let variables: [String]
        switch option {
        case "database", "debug-files": variables = ["STATE_DIRECTORY", "XDG_DATA_HOME"]
        case "cache": variables = ["CACHE_DIRECTORY", "XDG_CACHE_HOME"]
        default: return .standard
        }
        return variables.first { !(environment[$0] ?? "").isEmpty }.map { .variable($0) } ?? .standard
    }

    private static func folder(_ environment: [String: String], systemd: String, xdg: String, home: String) -> String {
        // systemd lists several folders with colons between them (systemd.exec(5)); the first is ours.
        if let first = environment[systemd]?.split(separator: ":").first, !first.isEmpty { return String(first) }
        // The XDG specification wants relative paths to be ignored.
        if let base = environment[xdg], base.hasPrefix("/") { return base + "/symbolist" }
        let user = environment["HOME"] ?? NSHomeDirectory()
        return "\(user)/\(home)/symbolist"
    }
}
