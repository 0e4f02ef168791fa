/// The signal behind a Swift crash log's `description`; the log has no field for it.
///
/// | description | signal | Linux | Darwin |
/// |---|---|---|---|
/// | Terminated | SIGQUIT | 3 | 3 |
/// | Illegal instruction | SIGILL | 4 | 4 |
/// | System trap | SIGTRAP | 5 | 5 |
/// | Aborted | SIGABRT | 6 | 6 |
/// | Bus error | SIGBUS | 7 | 10 |
/// | Floating point exception | SIGFPE | 8 | 8 |
/// | Bad pointer dereference | SIGSEGV | 11 | 11 |
///
/// A Swift runtime failure replaces the description and names no signal. Then, and for any other text, the number comes
/// from the line `*** Signal N: Backtracing from …` on standard error, if that is there.
struct SwiftSignal: Equatable {
    let name: String
    let number: Int

    /// The start of a description that a runtime failure took the place of.
    static let runtimeFailure = "Swift runtime failure: "

    private static let names: [(description: String, name: String, number: Int)] = [
        ("Terminated", "SIGQUIT", 3), ("Illegal instruction", "SIGILL", 4), ("System trap", "SIGTRAP", 5),
        ("Aborted", "SIGABRT", 6), ("Bus error", "SIGBUS", 7), ("Floating point exception", "SIGFPE", 8),
        ("Bad pointer dereference", "SIGSEGV", 11),
    ]

    private init(name: String, number: Int, isDarwin: Bool) {
        self.name = name
        self.number = isDarwin && name == "SIGBUS" ? 10 : number
    }

    /// The signal of a description, else of the reporter's line in `text`.
    init?(description: String, text: String, platform: String) {
        let isDarwin = platform.hasPrefix("macOS") || platform.hasPrefix("iOS")
        if let known = Self.names.first(where: { $0.description == description }) {
            self.init(name: known.name, number: known.number, isDarwin: isDarwin)
            return
        }
        guard let number = Self.number(in: text) ?? Self.number(of: description) else { return nil }
        let known = Self.names.first {
            SwiftSignal(name: $0.name, number: $0.number, isDarwin: isDarwin).number == number
        }
        self.init(name: known?.name ?? "Signal \(number)", number: known?.number ?? number, isDarwin: isDarwin)
    }

    /// True for a signal whose `faultAddress` is an address; for the others the field holds the sender's process id.
    var hasFaultAddress: Bool { name != "SIGABRT" && name != "SIGQUIT" }

    /// `Signal 31`, as the reporter describes a signal without a text.
    private static func number(of description: String) -> Int? {
        description.hasPrefix("Signal ") ? Int(description.dropFirst(7)) : nil
    }

    private static func number(in text: String) -> Int? {
        for line in StandardError.lastLines(of: text) where line.starts(with: "*** Signal ".utf8) {
            let line = String(decoding: line, as: UTF8.self)
            if line.contains(": Backtracing from ") { return Int(line.dropFirst(11).prefix { $0 != ":" }) }
        }
        return nil
    }
}
