import Foundation

/// The same stacks by others, thread by thread: addresses, innermost first, without frames that
/// are not on the stack (inlined functions, and tail calls that gdb infers from call sites).
enum Debuggers {
    /// gdb's, with its stops at `main` and at the entry point switched off.
    static func gdb(_ program: String, _ core: String, limit: Int, _ workshop: CrashWorkshop) throws -> [UInt64:
        [UInt64]]
    {
        let script = workshop.path("frames.py")
        try """
        import gdb
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            print("TID %d:" % thread.ptid[1])
            frame = gdb.newest_frame()
            while frame is not None:
                if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                    print("#0 0x%x" % frame.pc())
                frame = frame.older()
        """.write(toFile: script, atomically: true, encoding: .utf8)
        return parse(
            try workshop.run([
                "gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "set backtrace past-main on", "-ex",
                "set backtrace past-entry on", "-ex", "set backtrace limit \(limit)", "-ex", "source \(script)",
                program, core,
            ]))
    }

    /// eu-stack's.
    static func elfutils(_ program: String, _ core: String, limit: Int, _ workshop: CrashWorkshop) throws -> [UInt64:
        [UInt64]]
    {
        // It reports the end of a stack as an error.
        let text = try workshop.run(
            ["/bin/sh", "-c", "eu-stack -n \(limit) -e \"$0\" --core \"$1\" 2>/dev/null || true", program, core])
        return parse(text)
    }

    /// `TID n:` and `#i 0x…` lines.
    private static func parse(_ text: String) -> [UInt64: [UInt64]] {
        var result: [UInt64: [UInt64]] = [:]
        var thread: UInt64?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "TID", words.count == 2, let id = UInt64(words[1].dropLast()) {
                thread = id
                result[id] = []
            } else if let thread, words.count >= 2, words[0].hasPrefix("#"), words[1].hasPrefix("0x"),
                let address = UInt64(words[1].dropFirst(2), radix: 16)
            {
                result[thread, default: []].append(address)
            }
        }
        return result
    }
}
