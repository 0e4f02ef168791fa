/// What the kernel says about a crash: a line about a process that died, or an oops of its own.
///
///     till[4242]: segfault at 10 ip 000055f80a17e8a0 sp 00007ffe812dad68 error 4 in till[8a0,55f80a17e000+1000] likely on CPU 0
///     Code: 10 5b c3 … 00 <8b> 04 25 …
///     traps: till[4242] trap invalid opcode ip:55fb7ace6660 sp:7ffdaeb4cdc8 error:0 in till[660,55fb7ace6000+1000]
///
///     BUG: kernel NULL pointer dereference, address: 0000000000000008
///     RIP: 0010:drawer_open+0x12/0x40 [till]
///     Call Trace:
///      do_sys_open+0x57/0x80
///     ---[ end trace 0000000000000000 ]---
///
/// The first kind gives one frame with an image ``UserFault``, the second a stack of names ``KernelOops``. The lines'
/// prefixes (`[ 123.456]`, journald's, `dmesg -T`'s) are gone when they come here.
enum KernelLogFormat: TextFormat {
    static let format = DecodedReport.Format.kernelLog
    /// The lines before are the kernel's.
    static let ownsTextBefore = false

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool { UserFault.mayBegin(line) || KernelOops.mayBegin(line) }

    static func read(_ lines: inout LineCursor, _ reading: TextReading) throws(TextMismatch) -> TextReport {
        guard let line = lines.line else {
            throw TextMismatch(line: lines.number, expected: "a line of the kernel's", understood: 0)
        }
        if UserFault.mayBegin(line), let fault = UserFault(line) {
            return .crash(crash(fault, &lines))
        }
        guard KernelOops.mayBegin(line) else {
            throw TextMismatch(
                line: lines.number, expected: "the addresses of a segfault or a trap", understood: 0)
        }
        var oops = KernelOops()
        return .crash(try oops.read(&lines))
    }

    // MARK: - A process

    private static func crash(_ fault: UserFault, _ lines: inout LineCursor) -> ReportedCrash {
        var crash = fault.crash
        crash.standardError = lines.messages(ofProcess: fault.threadID)
        let follows = lines.line(ahead: 1).flatMap { KernelCode($0) }
        // Two processes that die at once: two lines, then two lines of code, and nothing says whose is whose.
        let isAmbiguous = lines.line(ahead: -1).map { UserFault($0)?.isPageFault == true } ?? false
        lines.advance()
        guard let follows, fault.isPageFault else { return crash }
        lines.advance()
        switch follows {
        case .unreadable: crash.notes.append("the kernel could not read the code at the instruction pointer")
        case .bytes(let bytes, let mark):
            if isAmbiguous {
                crash.notes.append("the line 'Code:' may belong to the crash before, it was not used")
            } else if !crash.images.isEmpty {
                crash.images[0].code = code(bytes, mark: mark, of: fault)
            }
        }
        return crash
    }

    /// The bytes that lie in the mapping that the line names: what is before it may be of another segment.
    private static func code(_ bytes: [UInt8], mark: Int, of fault: UserFault) -> ReportedImage.Code? {
        guard let mapping = fault.mapping else { return nil }
        let before = min(UInt64(mark), fault.instruction &- mapping.start)
        let end = mapping.start &+ mapping.size
        let behind = min(UInt64(bytes.count - mark), end &- fault.instruction)
        return ReportedImage.Code(
            address: fault.instruction &- before, bytes: Array(bytes[(mark - Int(before))..<(mark + Int(behind))]))
    }
}
