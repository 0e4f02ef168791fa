import CSandbox
import Glibc

/// One child's life as its thread in the parent sees it: start, watch, bury, judge. Blocking; see ``DedicatedThread``.
struct ChildSupervision: Sendable {
    let executable: SandboxExecutable
    let policy: SandboxPolicy
    let limits: SandboxLimits
    let task: String
    let request: [UInt8]
    let descriptors: [Int32]
    let cancellation: Cancellation
    let onProgress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)?
    /// Tests pretend that this machine does not show what memory a process holds.
    var canWatchMemory = true

    func run() -> Result<[UInt8], SandboxError> {
        do throws(SandboxError) {
            return .success(try supervise())
        } catch {
            return .failure(error)
        }
    }

    private func supervise() throws(SandboxError) -> [UInt8] {
        guard descriptors.count <= 200 else {
            throw .cannotStart(task: task, operation: "more than 200 descriptors", code: EINVAL)
        }
        let requestFile = OwnedDescriptor(request.withUnsafeBytes { csandbox_sealed_file($0.baseAddress, $0.count) })
        guard requestFile.isOpen else { throw .cannotStart(task: task, operation: "memfd_create", code: errno) }
        guard let reply = Pipe(csandbox_pipe), let standardError = Pipe(csandbox_pipe), let gate = Pipe(csandbox_gate)
        else {
            throw .cannotStart(task: task, operation: "pipe2", code: errno)
        }
        let reportFile = OwnedDescriptor(csandbox_report_file())
        guard reportFile.isOpen else { throw .cannotStart(task: task, operation: "memfd_create", code: errno) }
        let started = spawn(
            [requestFile.number, reply.writing.number, standardError.writing.number] + descriptors
                + [reportFile.number, gate.reading.number])
        guard started.error == 0 else {
            let operation = started.operation.map { String(cString: $0) } ?? "vfork"
            if [CSANDBOX_NO_NEW_PRIVS, CSANDBOX_RESOURCE_LIMITS].contains(operation) {
                throw .unavailable(task: task, part: operation, code: started.error)
            }
            throw .cannotStart(task: task, operation: operation, code: started.error)
        }
        reply.writing.close()
        standardError.writing.close()
        requestFile.close()
        gate.reading.close()

        let death = OwnedDescriptor(started.pidfd)
        let memory = canWatchMemory ? MemoryWatch(pid: started.pid, limit: limits.memory) : nil
        let report = ChildReport(descriptor: reportFile.number)
        var watch = ChildWatch(
            pid: started.pid, death: death.number, reply: reply.reading.number,
            standardError: standardError.reading.number, cancellation: cancellation.descriptor, limits: limits,
            memory: memory, report: report, onProgress: onProgress)
        // What cannot be watched is limited by address space. The child waits for that, and for the look at its memory
        // to be open: behind its lock-down a process may be hidden from its parent.
        let limited = memory == nil ? csandbox_limit_address_space(started.pid, limits.memory) : 0
        if limited == 0 { csandbox_signal(gate.writing.number) }
        gate.writing.close()
        let stop = watch.untilDead(killing: limited == 0 ? nil : .cancelled)
        var status: Int32 = 0
        let code = csandbox_reap(started.pid, &status)
        guard limited == 0 else {
            throw .unavailable(task: task, part: CSANDBOX_RESOURCE_LIMITS, code: limited)
        }
        guard code == 0 else { throw .cannotStart(task: task, operation: "waitpid", code: code) }
        return try ChildVerdict(
            task: task, limits: limits, isMemoryWatched: memory != nil, stop: stop, status: status,
            reply: watch.replyBytes,
            traces: ChildTraces(standardError: CleanText.string(watch.errorTail), work: report.work())
        ).result()
    }

    private func spawn(_ numbers: [Int32]) -> CSandboxSpawned {
        let arguments = SandboxChild.arguments(
            name: executable.name, task: task, policy: policy, descriptors: descriptors.count)
        // The runtime's own crash reporter would run a program and write a report for each death.
        return withCStrings(arguments) { arguments in
            withCStrings(["SWIFT_BACKTRACE=enable=no"]) { environment in
                numbers.withUnsafeBufferPointer { numbers in
                    var spawn = CSandboxSpawn(
                        executable: executable.descriptor, arguments: arguments, environment: environment,
                        descriptors: numbers.baseAddress, descriptor_count: numbers.count,
                        is_strict: policy == .strict, address_space: limits.addressSpace,
                        cpu_seconds: limits.processorSeconds, file_size: limits.fileSize, stack: limits.stack,
                        open_files: max(limits.openFiles, UInt64(numbers.count) + 8))
                    return csandbox_spawn(&spawn)
                }
            }
        }
    }

    /// `strings` as the NULL-terminated array of C strings that exec wants.
    private func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }
}

/// A descriptor that is closed once: early by `close()`, else with the object.
final class OwnedDescriptor {
    private(set) var number: Int32
    var isOpen: Bool { number >= 0 }

    init(_ number: Int32) {
        self.number = number
    }

    func close() {
        if isOpen { _ = Glibc.close(number) }
        number = -1
    }

    deinit {
        close()
    }
}

/// Both ends of a pipe.
private struct Pipe {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init?(_ make: (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> Int32) {
        var reading: Int32 = -1
        var writing: Int32 = -1
        guard make(&reading, &writing) == 0 else { return nil }
        self.reading = OwnedDescriptor(reading)
        self.writing = OwnedDescriptor(writing)
    }
}
