import CProcess
import CrashReports
import Glibc

extension Supervisor {
    /// Reports of children that crashed while the program goes on. The program's own waits for its end, which says more.
    func collect(_ folder: ReportFolder) {
        let found = folder.reports(of: program, isFinal: false)
        for problem in found.problems { plan.message(problem) }
        held += found.reports.filter { $0.processID == program }
        let children = found.reports.filter { $0.processID != program }
        guard !children.isEmpty else { return }
        // What the child said before it died is in the pipe.
        drain()
        for report in children { keep(report, end: nil, in: folder) }
        helper.request()
        cprocess_release_memory()
    }

    /// After the program's death: the rest of its output, its reports, the spool, the delivery.
    func finish(_ signals: SupervisorSignals, _ folder: ReportFolder) {
        let time = Timestamp.now()
        let linger = Monotonic.now() + plan.lingerTime
        // What the program wrote is all in the pipe; who else holds it open may go on for ever.
        while tee.source >= 0 || tee.isBehind, !isHurried {
            let left = linger - Monotonic.now()
            guard left > 0 else { break }
            step(signals, folder, timeout: left)
        }
        drain()
        // A reader that stands still must not keep the crash out of the spool: the rest is written at the end.
        if tee.isBehind { tee.readAhead() }
        tee.closeSource()
        var found = folder.reports(of: program, isFinal: false)
        held += found.reports
        let deadline = Monotonic.now() + plan.reportTime
        while found.unfinished > 0, Monotonic.now() < deadline, !isHurried {
            step(signals, folder, timeout: min(100, deadline - Monotonic.now()))
            found = folder.reports(of: program, isFinal: false)
            held += found.reports
        }
        found = folder.reports(of: program, isFinal: true)
        held += found.reports
        let isAllKept = keepLast(folder, time: time)
        for problem in found.problems { plan.message(problem) }
        if isAllKept || !folder.isPrivate {
            folder.remove()
        } else if rmdir(folder.privatePath) != 0 {
            plan.message(
                "the reports stay in \(folder.privatePath); 'symbolist enqueue' takes the files that are there")
        }
        waitForDelivery(signals, folder)
        while tee.isBehind, !isHurried { step(signals, folder, timeout: nil) }
    }

    /// Spools what there is. Returns whether all of it is safe.
    private func keepLast(_ folder: ReportFolder, time: Int64) -> Bool {
        guard let end else { return true }
        var isAllKept = true
        var kept = 0
        var isOwnTold = false
        var unreadable: String?
        for report in held {
            let isOwn = report.processID == program || report.processID == nil
            if isOwn, end.isCrash, let problem = Self.problem(of: report) {
                // The crash is told without it, and says so.
                unreadable = problem
                continue
            }
            isOwnTold = isOwnTold || isOwn
            isAllKept = keep(report, end: isOwn ? end : nil, time: time, in: folder) && isAllKept
            kept += 1
        }
        held = []
        if !isOwnTold {
            let crashes = composer.crashes(
                end: end, processID: program, standardError: tee.bytes, time: time, unreadable: unreadable)
            for crash in crashes { isAllKept = add(crash, time: time) && isAllKept }
            kept += crashes.count
        }
        if kept > 0 { helper.request() }
        return isAllKept
    }

    private func waitForDelivery(_ signals: SupervisorSignals, _ folder: ReportFolder) {
        let deadline = Monotonic.now() + plan.deliveryTime
        while helper.processID != nil, !isHurried {
            let left = deadline - Monotonic.now()
            guard left > 0 else {
                plan.message(
                    "the delivery takes long and goes on alone; what it does not finish stays in \(plan.spool.folder)")
                return
            }
            step(signals, folder, timeout: left)
        }
    }

    // MARK: - Keeping

    @discardableResult
    private func keep(
        _ report: ReportFolder.Report, end: ProgramEnd?, time: Int64 = Timestamp.now(), in folder: ReportFolder
    )
        -> Bool
    {
        let crash = composer.crash(
            report: report.bytes, processID: report.processID, end: end, standardError: tee.bytes, time: time)
        guard add(crash, time: time) else { return false }
        folder.forget(report)
        return true
    }

    private func add(_ crash: CollectedCrash, time: Int64) -> Bool {
        do throws(SpoolError) {
            let addition = try plan.spool.add(crash, at: time)
            for name in addition.dropped {
                plan.message("the spool is full: \(plan.spool.folder)/\(name) was removed undelivered")
            }
            return true
        } catch {
            plan.message("a crash of \(composer.context.program) could not be kept: \(error)")
            return false
        }
    }

    /// What is in the pipe now, passed on while standard error takes it.
    private func drain() {
        var waiting = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // A pipe's content, several times: a child that never stops writing must not keep this busy.
        for _ in 0..<256 {
            if tee.isBehind {
                guard poll(&waiting, 1, 0) > 0 else { return }
                tee.write()
            } else if !tee.read() {
                return
            }
        }
    }

    private static func problem(of report: ReportFolder.Report) -> String? {
        do throws(CrashReportError) {
            _ = try CrashReports.decode(report.bytes)
            return nil
        } catch {
            return "\(error); it begins with \(String(decoding: report.bytes.prefix(4096), as: UTF8.self))"
        }
    }
}
