import CProcess
import CrashReports
import Glibc

/// Runs one program and collects its crashes: a loop around poll(2) in one thread, which sleeps unless a signal, a piece
/// of standard error or a report comes.
///
///     signals ──┐                          ┌─▶ the program (passed on)
///     stderr  ──┼─▶ poll ─▶ one step ──────┼─▶ standard error, and its last 64 KiB kept
///     reports ──┘                          └─▶ crash ─▶ spool (durable) ─▶ helper process delivers
///
/// The order at a crash: report and context are in the spool before anything else is tried, so that whatever becomes of
/// this process, of the database, or of the machine, the crash is not lost.
///
/// Signals and children are a process's own: one supervisor a process.
public final class Supervisor {
    let plan: SupervisorPlan
    let composer: CrashComposer
    /// Reports of the program itself, which wait for its end.
    var held: [ReportFolder.Report] = []
    var tee = StandardErrorTee(source: -1)
    var helper: DeliveryHelper
    var program: pid_t = 0
    var end: ProgramEnd?
    /// Somebody wants the end, after the program's: nothing is waited for any more.
    var isHurried = false
    private var isStopWanted = false
    private var isProgramStopped = false

    /// A supervisor of `plan`.
    ///
    /// - Parameter makeID: names a crash; 128 random bits unless told otherwise.
    public init(_ plan: SupervisorPlan, makeID: @escaping @Sendable () -> String = { Supervisor.randomID() }) {
        self.plan = plan
        var context = plan.context
        context.program =
            ProgramSearch.candidates(for: plan.program, searchPath: plan.variable("PATH"))
            .first { access($0, X_OK) == 0 } ?? plan.program
        composer = CrashComposer(context: context, makeID: makeID)
        helper = DeliveryHelper(command: plan.delivery)
    }

    /// 32 random hexadecimal digits.
    public static func randomID() -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<32).map { _ in digits[Int.random(in: 0..<16)] }, as: UTF8.self)
    }

    /// Runs the program to its end.
    public func run() -> SupervisedEnd {
        cprocess_complete_standard_streams()
        let signals: SupervisorSignals
        do throws(CallFailure) {
            signals = try SupervisorSignals()
        } catch {
            return .notStarted(status: 126, reason: "\(error)")
        }
        let privateFolder = makePrivateFolder()
        let settings = BacktraceSettings(
            existing: plan.variable("SWIFT_BACKTRACE"), folder: privateFolder,
            reporter: plan.reporter ?? BacktraceSettings.reporter(besides: composer.context.program))
        for warning in settings.warnings { plan.message(warning) }
        let folder = ReportFolder(privatePath: privateFolder ?? "", output: settings.output)
        if let failure = start(settings, signals) {
            folder.remove()
            return failure
        }
        if !plan.spool.isEmpty { helper.request() }
        cprocess_release_memory()
        while end == nil {
            let hasReports = step(signals, folder, timeout: helper.retryAt.map { $0 - Monotonic.now() })
            if hasReports, end == nil { collect(folder) }
        }
        finish(signals, folder)
        return .ended(end ?? .exited(status: 0))
    }

    /// `nil` when it cannot be made, which must not keep a service from running.
    private func makePrivateFolder() -> String? {
        do throws(CallFailure) {
            return try ReportFolder.makePrivate(in: plan.temporaryFolder)
        } catch {
            plan.message("no folder for Swift's reports, which go to standard error then: \(error)")
            return nil
        }
    }

    private func start(_ settings: BacktraceSettings, _ signals: SupervisorSignals) -> SupervisedEnd? {
        var ends: [Int32] = [-1, -1]
        if !plan.inheritsStandardError {
            guard cprocess_pipe(&ends) == 0 else {
                return .notStarted(status: 126, reason: CallFailure("pipe", "standard error").description)
            }
        }
        defer { if ends[1] >= 0 { close(ends[1]) } }
        let environment =
            plan.environment.filter { !$0.hasPrefix("SWIFT_BACKTRACE=") } + ["SWIFT_BACKTRACE=\(settings.value)"]
        do throws(ChildProcess.StartFailure) {
            program = try ChildProcess.start(
                ProgramSearch.candidates(for: plan.program, searchPath: plan.variable("PATH")),
                arguments: [plan.program] + plan.arguments, environment: environment,
                descriptors: (nil, nil, ends[1] < 0 ? nil : ends[1]), ignoredSignals: signals.ignored)
        } catch {
            if ends[0] >= 0 { close(ends[0]) }
            let reason = error.code == ENOENT ? "not found" : String(cString: strerror(error.code))
            return .notStarted(status: error.status, reason: "\(plan.program): \(reason)")
        }
        let limit = settings.output == .standardError ? StandardErrorTee.limitWithReport : StandardErrorTee.limit
        tee = StandardErrorTee(source: ends[0], limit: limit)
        return nil
    }

    // MARK: - One step

    /// Waits for something to happen, at most `timeout` milliseconds, and does what it asks for. Returns whether a report
    /// may have come.
    @discardableResult
    func step(_ signals: SupervisorSignals, _ folder: ReportFolder, timeout: Int64?) -> Bool {
        // A negative descriptor is passed over.
        var waiting = [
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: tee.isBehind ? -1 : tee.source, events: Int16(POLLIN), revents: 0),
            pollfd(fd: tee.isBehind ? STDERR_FILENO : -1, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: folder.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = timeout.map { Int32(clamping: max(0, $0)) } ?? -1
        guard poll(&waiting, nfds_t(waiting.count), milliseconds) >= 0 || errno == EINTR else { return false }
        for signal in signals.next() { handle(signal) }
        if waiting[2].revents != 0 { tee.write() }
        if waiting[1].revents != 0, tee.read() { tee.write() }
        if waiting[3].revents != 0 { folder.acknowledge() }
        helper.requestIfDue(at: Monotonic.now())
        return waiting[3].revents != 0
    }

    private func handle(_ signal: CProcessSignal) {
        let number = Int32(signal.number)
        switch number {
        case SIGCHLD: reap()
        case SIGCONT:
            reap()
            isStopWanted = false
            if isProgramStopped, end == nil { kill(program, SIGCONT) }
        case _ where end != nil:
            if [SIGTERM, SIGINT, SIGHUP, SIGQUIT].contains(number) { isHurried = true }
        default:
            if !signal.is_from_kernel { kill(program, number) }
            if number == SIGTSTP { isStopWanted = true }
        }
        if isStopWanted, isProgramStopped {
            isStopWanted = false
            raise(SIGSTOP)
        }
    }

    /// Takes the ends of all children: the program's, the helper's, and, as PID 1, those of orphans.
    private func reap() {
        var status: Int32 = 0
        while true {
            let child = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)
            if child < 0, errno == EINTR { continue }
            guard child > 0 else { return }
            let change = ChildProcess.Change(status: status)
            if child == program {
                switch change {
                case .ended(let how): end = how
                case .stopped: isProgramStopped = true
                case .continued: isProgramStopped = false
                }
            } else if child == helper.processID, case .ended(let how) = change {
                helper.ended(how)
            }
        }
    }
}
