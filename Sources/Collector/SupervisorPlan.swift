import CProcess

/// What to run, and what to do with its crashes.
public struct SupervisorPlan: Sendable {
    /// The program as the user called it; looked for in `PATH` when it has no slash.
    public var program: String
    /// Its arguments, without its name.
    public var arguments: [String] = []
    /// `KEY=VALUE` each; this process's environment unless told otherwise.
    public var environment: [String] = SupervisorPlan.processEnvironment()
    /// A `swift-backtrace` to use; `nil` looks beside the program.
    public var reporter: String?
    /// Whether the program writes to this process's standard error itself, and nothing of it is kept.
    public var inheritsStandardError = false
    /// Where the private folder of reports is made.
    public var temporaryFolder: String
    /// What is known about everything that runs here; `program` is filled in.
    public var context: RunContext
    /// Where crashes wait.
    public var spool: Spool
    /// What delivers the spool; `nil` when somebody else does.
    public var delivery: DeliveryCommand?
    /// How long a delivery may hold up the end, in milliseconds.
    public var deliveryTime: Int64 = 10_000
    /// How long a report that is still being written may hold up the end, in milliseconds.
    public var reportTime: Int64 = 10_000
    /// How long output of children that outlive the program is still passed on, in milliseconds.
    public var lingerTime: Int64 = 200
    /// Tells people something; the text has no newline.
    public var message: @Sendable (String) -> Void

    /// A plan; these have no defaults.
    public init(
        program: String, context: RunContext, spool: Spool, temporaryFolder: String,
        message: @escaping @Sendable (String) -> Void
    ) {
        self.program = program
        self.context = context
        self.spool = spool
        self.temporaryFolder = temporaryFolder
        self.message = message
    }

    /// `KEY=VALUE` each.
    public static func processEnvironment() -> [String] {
        var settings: [String] = []
        guard var next = cprocess_environment() else { return [] }
        while let text = next.pointee {
            settings.append(String(cString: text))
            next += 1
        }
        return settings
    }

    func variable(_ name: String) -> String? {
        environment.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}

/// A command that delivers a spool, and ends with status 0 when nothing is left there.
public struct DeliveryCommand: Sendable {
    /// The path of the executable.
    public var executable: String
    /// `argv`, the name first.
    public var arguments: [String]
    /// `KEY=VALUE` each.
    public var environment: [String]

    /// A command.
    public init(executable: String, arguments: [String], environment: [String]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }
}

/// How a supervised run ended.
public enum SupervisedEnd: Equatable, Sendable {
    /// The program ran and ended.
    case ended(ProgramEnd)
    /// It could not be started: a shell's status (127 not found, 126 not executable) and why.
    case notStarted(status: Int32, reason: String)
}
