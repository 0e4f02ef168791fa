import Glibc
import Testing

@testable import Sandbox

/// Parent and child below an outer filter that takes features away: an old kernel, or a container that knows better.
///
/// Strict, whatever is missing is replaced by something as good, or named and nothing is run. Limits-only, only the
/// limits themselves must be there.
@Suite struct PoorMachineTests {
    /// Features that have a replacement, with the errors that kernels and containers give.
    static let replaceable = [
        "landlock_create_ruleset=ENOSYS", "landlock_create_ruleset=EOPNOTSUPP", "landlock_create_ruleset=EPERM",
        "clone3=ENOSYS", "memfd_create=ENOSYS", "memfd_create=EPERM", "openat2=ENOSYS", "openat2=EPERM",
        "close_range=ENOSYS", "close_range=EPERM", "pidfd_open=ENOSYS", "pidfd_open=EPERM", "execveat=ENOSYS",
        "execveat=EPERM", "sched_getaffinity=EPERM", "membarrier=ENOSYS", "PR_SET_SECCOMP=EPERM",
        // Linux 4.18.
        "landlock_create_ruleset=ENOSYS,clone3=ENOSYS,openat2=ENOSYS,close_range=ENOSYS,pidfd_open=ENOSYS",
        // A container with an old list of calls that it allows.
        "landlock_create_ruleset=EPERM,clone3=ENOSYS,memfd_create=EPERM,openat2=EPERM,close_range=EPERM,"
            + "pidfd_open=EPERM,execveat=EPERM",
    ]

    /// Features without which strict is refused, and what the refusal names.
    static let necessary: [(features: String, outcome: String)] = [
        ("seccomp=ENOSYS", "unavailable seccomp"), ("seccomp=EPERM", "unavailable seccomp"),
        ("seccomp=ENOSYS,PR_SET_SECCOMP=EINVAL", "unavailable seccomp"),
        ("seccomp=EPERM,landlock_create_ruleset=EPERM", "unavailable seccomp"),
        ("PR_SET_NO_NEW_PRIVS=EPERM", "unavailable no_new_privs \(EPERM)"),
        ("PR_SET_NO_NEW_PRIVS=EINVAL,seccomp=ENOSYS", "unavailable no_new_privs \(EINVAL)"),
        ("PR_SET_DUMPABLE=EPERM", "unavailable PR_SET_DUMPABLE \(EPERM)"),
        ("PR_SET_PDEATHSIG=EPERM", "cannotStart PR_SET_PDEATHSIG \(EPERM)"),
        ("landlock_restrict_self=EPERM", "unavailable Landlock \(EPERM)"),
        ("landlock_restrict_self=EPERM,pidfd_open=ENOSYS,memfd_create=EPERM", "unavailable Landlock \(EPERM)"),
    ]

    /// Features without which nothing is run under any policy.
    static let indispensable: [(features: String, outcome: String)] = [
        ("prlimit64=ENOSYS", "unavailable resource limits \(ENOSYS)"),
        ("prlimit64=EPERM", "unavailable resource limits \(EPERM)"),
        ("prlimit64=EPERM,pidfd_open=EPERM", "unavailable resource limits \(EPERM)"),
        ("setsid=EPERM", "cannotStart setsid \(EPERM)"), ("pipe2=ENOSYS", "cannotStart pipe2 \(ENOSYS)"),
        ("eventfd2=EPERM", "cannotStart eventfd \(EPERM)"),
    ]

    @Test(arguments: replaceable)
    func strictGoesOnWithoutWhatCanBeReplaced(_ features: String) throws {
        #expect(try Self.outcome(without: features, .strict, "echo", "well") == "reply well")
        #expect(try Self.outcome(without: features, .strict, "threads", "4") == "reply 99990000")
        // And it is the sandbox that went on.
        #expect(try Self.outcome(without: features, .strict, "call", "socket") == "forbidden")
        #expect(try Self.outcome(without: features, .strict, "open", "/etc/passwd") == "reply \(EACCES)")
        #expect(try Self.outcome(without: features, .strict, "environment", "") == "reply SWIFT_BACKTRACE=enable=no")
        #expect(try Self.outcome(without: features, .strict, "descriptors", "") == "reply 0 1 2 3")
    }

    @Test(arguments: necessary + indispensable)
    func strictRefusesWithoutTheRest(_ features: String, _ outcome: String) throws {
        let found = try Self.outcome(without: features, .strict, "echo", "unprotected")
        #expect(found.hasPrefix(outcome) && found.hasSuffix(" false"), "\(found)")
    }

    @Test(
        arguments: replaceable + necessary.map(\.features) + [
            "seccomp=EPERM,PR_SET_SECCOMP=EPERM,PR_SET_NO_NEW_PRIVS=EPERM"
        ])
    func limitsOnlyGoesOn(_ features: String) throws {
        #expect(try Self.outcome(without: features, .limitsOnly, "echo", "well") == "reply well")
        #expect(try Self.outcome(without: features, .limitsOnly, "threads", "4") == "reply 99990000")
        #expect(try Self.outcome(without: features, .limitsOnly, "descriptors", "") == "reply 0 1 2 3")
        #expect(
            try Self.outcome(without: features, .limitsOnly, "environment", "") == "reply SWIFT_BACKTRACE=enable=no")
    }

    @Test(arguments: indispensable)
    func limitsOnlyInsistsOnLimits(_ features: String, _ outcome: String) throws {
        let found = try Self.outcome(without: features, .limitsOnly, "echo", "unlimited")
        #expect(found.hasPrefix(outcome) && found.hasSuffix(" false"), "\(found)")
    }

    /// Without pidfds deaths and limits are seen too.
    @Test func deathsAreSeenWithoutPidfds() throws {
        let abort = try Self.outcome(without: "pidfd_open=ENOSYS", .strict, "abort", "")
        #expect(abort.contains("died of SIGABRT"), "\(abort)")
        let hoard = try Self.outcome(without: "pidfd_open=ENOSYS", .strict, "hoard-until", "300")
        #expect(hoard == "reply 300")
    }

    @Test func refusalsNameTheRemedy() {
        let seccomp = SandboxError.unavailable(task: "build", part: "seccomp", code: ENOSYS)
        #expect(
            seccomp.description
                == "sandboxed task 'build' was not run: this kernel or container refuses seccomp filters (Function not "
                + "implemented); allow it, or accept a weaker sandbox with --sandbox=limits-only")
        let limits = SandboxError.unavailable(task: "build", part: "resource limits", code: EPERM)
        #expect(
            limits.description.hasSuffix("refuses resource limits (Operation not permitted); allow them (prlimit64)"))
    }

    // MARK: -

    /// Runs a task from a parent below the filter; the last line that the parent printed.
    private static func outcome(
        without features: String, _ policy: SandboxPolicy, _ task: String, _ request: String
    ) throws -> String {
        let numbers = ["ENOSYS": ENOSYS, "EPERM": EPERM, "EOPNOTSUPP": EOPNOTSUPP, "EINVAL": EINVAL]
        let rules = try features.split(separator: ",").map { feature in
            let parts = feature.split(separator: "=").map(String.init)
            return "\(parts[0])=\(try #require(numbers[parts[1]]))"
        }
        let output = try TestSupport.file()
        defer { close(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        let words = ["--without", rules.joined(separator: ","), policy.rawValue, task, request]
        var arguments = ([TestSupport.program] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var parent: pid_t = 0
        try #require(posix_spawn(&parent, TestSupport.program, &actions, nil, &arguments, environ) == 0)
        var status: Int32 = 0
        try #require(waitpid(parent, &status, 0) == parent && status == 0, "\(features): status \(status)")
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(output, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").last.map(String.init)
            ?? ""
    }
}
