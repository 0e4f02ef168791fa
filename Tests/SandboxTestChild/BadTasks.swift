import CSandboxProbe
import Glibc
import Sandbox

/// Tasks that must not get their way.
enum BadTasks {
    static let all: [String: SandboxChild.Task] = [
        "call": { request, _ in Array(String(call(String(decoding: request, as: UTF8.self))).utf8) },
        "connect-while-reading": { request, _ in
            SandboxChild.working(on: "reading .gnu_debugaltlink", of: String(decoding: request, as: UTF8.self))
            return Array(String(call("connect")).utf8)
        },
        "executable-memory": { _, _ in
            let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            return memory == MAP_FAILED ? [0] : [1]
        },
        "make-executable": { _, _ in
            let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            return mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0 ? [1] : [0]
        },
        "signal-other": { _, _ in
            // tgkill is allowed for abort(); for this process only.
            [probe_call(probe_tgkill, Int(getppid()), Int(getppid()), 0) == 0 ? 1 : 0]
        },
        "spin": { _, _ in
            // A loop without a call would be optimized away.
            var time = timespec()
            while clock_gettime(CLOCK_MONOTONIC, &time) == 0 {}
            return []
        },
        "sleep": { _, _ in
            while true { sleep(1000) }
        },
        "hold": { _, descriptors in
            write(descriptors[0], "!", 1)
            while true { sleep(1000) }
        },
        "grow": { _, descriptors in
            let piece = [UInt8](repeating: 1, count: 1 << 16)
            while write(descriptors[0], piece, piece.count) > 0 {}
            return []
        },
        "abort": { _, _ in
            say("an assertion with \u{1b}[31mcolour\n")
            abort()
        },
        "trap": { request, _ in [request[request.count + Int(getpid() & 1)]] },
        "overflow-stack": { _, _ in [UInt8(truncatingIfNeeded: deep(1))] },
        "chatter": { _, _ in
            for number in 0..<100_000 { say("line \(number)\n") }
            exit(3)
        },
        "lie-about-length": { _, _ in
            claim(length: .max)
            exit(0)
        },
        "short": { _, _ in
            claim(length: 10)
            exit(0)
        },
        "blame-the-kernel": { _, _ in exit(113) },
        "quit": { _, _ in exit(0) },
    ]

    /// The request names a system call; the answer is its result.
    private static func call(_ name: String) -> Int {
        let numbers: [String: Int] = [
            "socket": probe_socket, "execve": probe_execve, "fork": probe_fork, "vfork": probe_vfork,
            "clone": probe_clone, "clone3": probe_clone3, "ptrace": probe_ptrace,
            "io_uring_setup": probe_io_uring_setup,
            "kill": probe_kill, "unlink": probe_unlink, "bpf": probe_bpf, "memfd_create": probe_memfd_create,
            "prctl": probe_prctl, "setrlimit": probe_setrlimit, "pidfd_open": probe_pidfd_open,
            "process_vm_readv": probe_process_vm_readv, "userfaultfd": probe_userfaultfd,
            "mknodat": probe_mknodat, "open_by_handle_at": probe_open_by_handle_at, "symlinkat": probe_symlinkat,
            "linkat": probe_linkat, "renameat2": probe_renameat2, "mount": probe_mount, "chroot": probe_chroot,
            "unshare": probe_unshare, "setns": probe_setns, "connect": probe_connect,
            "inotify_init1": probe_inotify_init1, "perf_event_open": probe_perf_event_open, "keyctl": probe_keyctl,
            "process_vm_writev": probe_process_vm_writev, "openat2": probe_openat2,
        ]
        // 17 is SIGCHLD for clone, a harmless number for the rest; the sandbox judges before arguments are looked at.
        return numbers[name].map { probe_call($0, 17, 1, 1) } ?? Int.min
    }

    @inline(never) private static func deep(_ level: Int) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { bytes in
            bytes[0] = UInt8(truncatingIfNeeded: level)
            return deep(level + 1) + Int(bytes[0])
        }
    }

    /// Writes a header behind the library's back; the reply pipe is the one descriptor beyond the handed ones.
    private static func claim(length: UInt64) {
        let header = [UInt8(0)] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
        for descriptor in Int32(3)..<20 { _ = write(descriptor, header, header.count) }
    }
}
