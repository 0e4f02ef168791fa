import Glibc
import Testing

@testable import Sandbox

/// What a child taken over by its input may not do.
@Suite struct RefusalTests {
    @Test(arguments: ["/etc/passwd", "/proc/self/mem", "/dev/null", ".", "/proc/self/fd/0"])
    func filesCannotBeOpened(_ path: String) async throws {
        #expect(try await TestSupport.text("open", path) == String(EACCES))
    }

    @Test(arguments: [
        "socket", "execve", "fork", "vfork", "clone", "ptrace", "io_uring_setup", "kill", "unlink", "bpf",
        "memfd_create", "prctl", "setrlimit", "pidfd_open", "process_vm_readv", "userfaultfd",
    ])
    func systemCallsOffTheListKill(_ name: String) async throws {
        let error = try await TestSupport.failure("call", name)
        #expect(error == .forbiddenSystemCall(task: "call", standardError: ""))
        #expect(error?.isDeath == true)
    }

    /// The C library asks for clone3 first and takes "no such call" for an answer.
    @Test func clone3DoesNotExist() async throws {
        #expect(try await TestSupport.text("call", "clone3") == String(-ENOSYS))
    }

    @Test(arguments: ["executable-memory", "make-executable", "signal-other"])
    func subtlerCallsKill(_ task: String) async throws {
        #expect(try await TestSupport.failure(task) == .forbiddenSystemCall(task: task, standardError: ""))
    }

    @Test func withoutSeccompNothingIsParsed() async throws {
        let error = try await TestSupport.failure("without-seccomp", "secret")
        guard case .unavailable(_, let part, _) = error else {
            Issue.record(Comment(rawValue: String(describing: error)))
            return
        }
        #expect(part == "seccomp")
        #expect(error?.isDeath == false)
        #expect(error?.description.contains("--sandbox=limits-only") == true)
    }

    @Test func limitsOnlyWorksWithoutSeccomp() async throws {
        #expect(try await TestSupport.text("without-seccomp", "accepted", policy: .limitsOnly) == "accepted")
    }

    /// The second layer by itself.
    @Test(.enabled(if: Sandbox.landlockVersion > 0, "this kernel has no Landlock"))
    func landlockClosesTheFileSystemWithoutSeccomp() async throws {
        #expect(try await TestSupport.text("open", "/etc/passwd", policy: .limitsOnly) == String(EACCES))
    }

    /// Only a child that has not seen its request yet is believed when it blames the kernel.
    @Test func blamingTheKernelTooLateIsADeath() async throws {
        let early = try await TestSupport.failure("instead-of-ready")
        #expect(early == .unavailable(task: "instead-of-ready", part: "seccomp", code: 0))
        let late = try await TestSupport.failure("blame-the-kernel")
        #expect(late == .exited(task: "blame-the-kernel", status: 113, standardError: ""))
        #expect(late?.isDeath == true)
    }

    @Test func programsThatAreNoChildrenAreRefusedToo() async throws {
        let unknown = try await TestSupport.failure("no such task")
        #expect(
            unknown
                == .exited(
                    task: "no such task", status: SandboxChild.ExitStatus.unknownTask.rawValue, standardError: ""))
        let sandbox = Sandbox(executable: try SandboxExecutable(path: "/dev/null"))
        do throws(SandboxError) {
            _ = try await sandbox.run(task: "x", request: [], descriptors: [])
            Issue.record("a device was executed")
        } catch {
            guard case .cannotStart(_, _, EACCES) = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(throws: SandboxExecutable.Errno(code: ENOENT)) { try SandboxExecutable(path: "/no/such/program") }
    }

    /// Run by hand there are no limits, and then nothing is done.
    @Test func childrenRefuseToRunWithoutLimits() async {
        await #expect(processExitsWith: .exitCode(SandboxChild.ExitStatus.noLimits.rawValue)) {
            let arguments = SandboxChild.arguments(name: "x", task: "echo", policy: .limitsOnly, descriptors: 0)
            exit(SandboxChild.main(arguments: arguments, tasks: ["echo": { request, _ in request }]))
        }
    }
}
