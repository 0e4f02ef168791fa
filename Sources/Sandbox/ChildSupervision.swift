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
        guard let reply = Pipe(), let standardError = Pipe() else {
            throw .cannotStart(task: task, operation: "pipe2", code: errno)
        }
        let started = spawn([requestFile.number, reply.writing.number, standardError.writing.number] + descriptors)
        guard started.error == 0 else {
            let operation = started.operation.map { String(cString: $0) } ?? "vfork"
            throw .cannotStart(task: task, operation: operation, code: started.error)
        }
        reply.writing.close()
        standardError.writing.close()
        requestFile.close()

        let death = OwnedDescriptor(started.pidfd)
        var watch = ChildWatch(
            pid: started.pid, death: death.number, reply: reply.reading.number,
            standardError: standardError.reading.number,
            cancellation: cancellation.descriptor, limits: limits)
        let stop = watch.untilDead()
        var status: Int32 = 0
        let code = csandbox_reap(started.pid, &status)
        guard code == 0 else { throw .cannotStart(task: task, operation: "waitpid", code: code) }
        return try ChildVerdict(
            task: task, limits: limits, stop: stop, status: status, reply: watch.replyBytes,
            standardError: CleanText.string(watch.errorTail)
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
                        descriptors: numbers.baseAddress, descriptor_count: numbers.count, memory: limits.memory,
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

/// A pipe whose reading end never blocks.
private struct Pipe {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init?() {
        var reading: Int32 = -1
        var writing: Int32 = -1
        guard csandbox_pipe(&reading, &writing) == 0 else { return nil }
        self.reading = OwnedDescriptor(reading)
        self.writing = OwnedDescriptor(writing)
    }
}
