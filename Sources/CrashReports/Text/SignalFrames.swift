/// Tells the frame that a signal handler returns to.
enum SignalFrames {
    private static let names: Set<String> = [
        "__restore_rt", "__restore", "__kernel_rt_sigreturn", "__kernel_sigreturn", "__default_rt_sa_restorer",
        "__default_sa_restorer", "__vdso_rt_sigreturn",
    ]

    /// Whether a function is a signal trampoline.
    static func isTrampoline(_ name: String) -> Bool { names.contains(name) }

    /// Whether a path names the C library, or the thread library that held the trampoline before glibc 2.34.
    static func isCLibrary(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return ["libc.so", "libc-", "libpthread.so", "libpthread-"].contains { name.hasPrefix($0) }
    }

    /// The same for a line that has the path in parentheses.
    static func isCLibrary(inLine line: String) -> Bool {
        guard let start = line.lastIndex(of: "+") else { return false }
        return isCLibrary(String(line[..<start]))
    }
}
