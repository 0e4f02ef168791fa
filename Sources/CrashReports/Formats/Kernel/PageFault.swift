import CrashEvent

/// The error code of a page fault, as x86 processors give it and the kernel prints it (in hexadecimal digits).
///
/// | bit | set | clear |
/// |---|---|---|
/// | 0 | the page is there and forbids the access | no page there |
/// | 1 | write | read |
/// | 2 | from user mode | from the kernel |
/// | 3 | a reserved bit in a page table | |
/// | 4 | instruction fetch | |
/// | 5 | forbidden by a protection key | |
/// | 6 | shadow stack | |
/// | 15 | SGX | |
struct PageFault: Equatable {
    let code: UInt64

    private func has(_ bit: UInt64) -> Bool { code & (1 << bit) != 0 }

    /// `read`, `write` or `instruction fetch`.
    var access: String { has(4) ? "instruction fetch" : has(1) ? "write" : "read" }

    /// Why it failed.
    var cause: String {
        if has(15) { return "SGX" }
        if has(6) { return "shadow stack" }
        if has(5) { return "forbidden by a protection key" }
        if has(3) { return "reserved bit in a page table" }
        return has(0) ? "protection of the page" : "no page there"
    }

    /// `user` or `kernel`.
    var mode: String { has(2) ? "user" : "kernel" }

    var facts: [ReportedCrash.Fact] {
        [("access", access), ("cause", cause), ("mode", mode)].map {
            ReportedCrash.Fact(key: $0.0, json: JSONWriter.string($0.1))
        }
    }
}
