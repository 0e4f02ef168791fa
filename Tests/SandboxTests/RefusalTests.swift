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
        "memfd_create", "prctl", "setrlimit", "pidfd_open", "process_vm_readv", "userfaultfd", "mknodat",
        "open_by_handle_at", "symlinkat", "linkat", "renameat2", "mount", "chroot", "unshare", "setns", "connect",
        "inotify_init1", "perf_event_open", "keyctl", "process_vm_writev",
    ])
    func systemCallsOffTheListKill(_ name: String) async throws {
        let error = try await TestSupport.failure("call", name)
        #expect(error == .forbiddenSystemCall(task: "call", traces: ""))
        #expect(error?.isDeath == true)
    }

    /// Paths that a hostile object may name: the FIFO would wait for ever, the device has side effects, and a mounted
    /// network would be asked. The answer is the same for all, at once, and nothing is opened.
    @Test(arguments: [SandboxPolicy.strict, .limitsOnly])
    func fifosAndDevicesAreNeverOpened(_ policy: SandboxPolicy) async throws {
        try #require(policy == .strict || Sandbox.landlockVersion > 0, "limits-only leaves this to Landlock")
        var folder = Array("/tmp/symbolist-sandbox-fifo-XXXXXX".utf8CString)
        try #require(mkdtemp(&folder) != nil)
        let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            unlink(path + "/fifo")
            rmdir(path)
        }
        try #require(mkfifo(path + "/fifo", 0o600) == 0)
        for name in [path + "/fifo", "/dev/zero", "/dev/null", "/dev/random", "/dev/full", path + "/../../dev/null"] {
            #expect(try await TestSupport.text("open", name, policy: policy) == String(EACCES), "\(name)")
        }
    }

    @Test func openat2IsRefusedToo() async throws {
        #expect(try await TestSupport.text("call", "openat2") == String(-EACCES))
    }

    /// The report says what the child was at when it tried.
    @Test func whoTriesIsNamed() async throws {
        let error = try await TestSupport.failure("connect-while-reading", "till.debug")
        #expect(
            error?.description
                == "sandboxed task 'connect-while-reading' was killed for a system call that its filter forbids while "
                + "reading .gnu_debugaltlink of till.debug; the file is malformed or hostile")
    }

    /// The C library asks for clone3 first and takes "no such call" for an answer.
    @Test func clone3DoesNotExist() async throws {
        #expect(try await TestSupport.text("call", "clone3") == String(-ENOSYS))
    }

    @Test(arguments: ["executable-memory", "make-executable", "signal-other"])
    func subtlerCallsKill(_ task: String) async throws {
        #expect(try await TestSupport.failure(task) == .forbiddenSystemCall(task: task, traces: ""))
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
        #expect(late == .exited(task: "blame-the-kernel", status: 113, traces: ""))
        #expect(late?.isDeath == true)
    }

    @Test func programsThatAreNoChildrenAreRefusedToo() async throws {
        let unknown = try await TestSupport.failure("no such task")
        #expect(
            unknown
                == .exited(
                    task: "no such task", status: SandboxChild.ExitStatus.unknownTask.rawValue, traces: ""))
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
            // Where a parent puts the page that both share, and the gate.
            let page = try TestSupport.file([UInt8](repeating: 0, count: 16384))
            lseek(page, 0, SEEK_SET)
            dup2(page, 3)
            dup2(page, 4)
            let arguments = SandboxChild.arguments(name: "x", task: "echo", policy: .limitsOnly, descriptors: 0)
            exit(SandboxChild.main(arguments: arguments, tasks: ["echo": { request, _ in request }]))
        }
    }
}
