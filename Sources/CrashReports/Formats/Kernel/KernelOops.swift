import CrashEvent

/// An oops, a panic, a `BUG` or a `WARNING`: the kernel's report about itself, or about a driver in it.
///
/// Its lines come in many orders, so each is taken for what it looks like:
///
///     BUG: kernel NULL pointer dereference, address: 0000000000000008     what happened
///     CPU: 1 PID: 4242 Comm: till Tainted: G           OE     6.1.0-18-amd64 #1
///     RIP: 0010:drawer_open+0x12/0x40 [till]                              the innermost frame, exact
///     RSP: 0018:ffffc90000a3fe60 EFLAGS: 00010246                         registers
///     Call Trace:
///      <TASK>
///      ? vfs_read+0x10/0x20                                               trust "scan"
///      do_sys_open+0x57/0x80
///      </TASK>
///     Modules linked in: till(OE) ext4
///     ---[ end trace 0000000000000000 ]---
///
/// The function names and offsets are what there is: newer kernels print no addresses. The end is the line `end trace`,
/// the next report, or ``patience`` lines that say nothing.
struct KernelOops {
    /// Lines in a row that are none of a report's.
    private static let patience = 12
    private static let maximumLines = 20_000

    private var crash = ReportedCrash()
    private var thread = ReportedThread()
    private var headline: String?
    private var programCounter: ReportedFrame?
    private var isInTrace = false
    private var isDone = false
    private var traces = 0
    private var markers: [String] = []
    private var registersAreComplete = false
    private var buildIDs: [String: String] = [:]
    private var packages: [String] = []
    private var faultAddress: UInt64?

    private static let beginnings: [StaticString] = [
        "BUG: ", "kernel BUG at ", "WARNING: CPU: ", "Unable to handle kernel ", "Internal error: ", "Oops: ",
        "general protection fault", "invalid opcode: ", "divide error: ", "stack segment: ", "int3: ", "double fault: ",
        "Kernel panic - not syncing: ", "watchdog: BUG: ", "INFO: task ", "INFO: rcu", "rcu: INFO: ",
        "------------[ cut here ]",
    ]

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        guard let first = line.first, "BkWUIOgidswr-K".utf8.contains(first) else { return false }
        if beginnings.contains(where: { line.starts(with: $0) }) { return true }
        // Since Linux 6.19 without `CPU:`: `WARNING: fs/open.c:12 at func+0x12/0x40, CPU#0: till/4242`.
        return line.starts(with: "WARNING: ") && line.contains(", CPU#")
    }

    /// Reads the report at the cursor.
    mutating func read(_ lines: inout LineCursor) throws(TextMismatch) -> ReportedCrash {
        let start = lines.position
        var end = start
        var silence = 0
        while !isDone, let line = lines.line, silence <= Self.patience, lines.position - start < Self.maximumLines {
            if lines.position > start, endsBefore(line) { break }
            if take(line) {
                silence = 0
                end = lines.position + 1
            } else {
                silence += 1
            }
            lines.advance()
        }
        insertProgramCounter()
        guard !thread.frames.isEmpty else {
            throw TextMismatch(
                line: lines.number, expected: "a program counter (RIP:, pc :) or a call trace with a function",
                understood: end - start)
        }
        lines.move(to: end)
        return finished()
    }

    /// In front of the trace, which on some architectures begins with it.
    private mutating func insertProgramCounter() {
        guard let programCounter else { return }
        let first = thread.frames.first
        if first?.symbol == programCounter.symbol, first?.symbolOffset == programCounter.symbolOffset,
            first?.trust == nil, first != nil
        {
            thread.frames.removeFirst()
        }
        thread.frames.insert(programCounter, at: 0)
    }

    /// A line of another report's.
    private func endsBefore(_ line: ArraySlice<UInt8>) -> Bool {
        if line.starts(with: "------------[ cut here ]") { return true }
        guard !thread.frames.isEmpty || programCounter != nil else { return false }
        if line.starts(with: "Kernel panic") { return false }
        return UserFault.mayBegin(line) || (Self.mayBegin(line) && isInTrace)
    }

    // MARK: - Lines

    private mutating func take(_ line: ArraySlice<UInt8>) -> Bool {
        let text = line.trimmed
        if text.isEmpty { return false }
        if text.starts(with: "---[ end trace") || text.starts(with: "---[ end Kernel panic") {
            isDone = true
            return true
        }
        if takeTrace(text) { return true }
        var scanner = LineScanner(text)
        if scanner.skip("RIP: ") || scanner.skip("EIP: ") {
            takeInstruction(scanner.rest)
            return true
        }
        if scanner.skip("pc : ") || scanner.skip("PC is at ") {
            // Before Linux 4.9 both on one line: `pc : [<…>] lr : [<…>] pstate: …`.
            let pc = scanner.until(" lr : ") ?? scanner.remainder()
            if programCounter == nil || programCounter?.function == nil {
                take(KernelFrameLine(programCounter: pc))
            }
            crash.architecture = crash.architecture ?? "arm64"
            return true
        }
        if scanner.skip("lr : ") || scanner.skip("LR is at ") {
            fact("link_register", scanner.rest.text)
            return true
        }
        if scanner.skip("CPU: ") {
            takeProcess(scanner.rest)
            return true
        }
        if scanner.skip("Code: ") {
            fact("code", scanner.rest.text)
            return true
        }
        if scanner.skip("Modules linked in: ") {
            fact("modules", scanner.rest.text)
            return true
        }
        if scanner.skip("Hardware name: ") {
            fact("hardware", scanner.rest.text)
            return true
        }
        let registers = KernelRegisters.read(text)
        if !registers.isEmpty {
            take(registers)
            return true
        }
        if Self.mayBegin(text) {
            takeHeadline(text)
            return true
        }
        let quiet: [StaticString] = ["FS: ", "CS: ", "DR0: ", "DR3: ", "PKRU: ", "PGD ", "Mem abort info:", "ORIG_RAX"]
        return quiet.contains { text.starts(with: $0) }
    }

    private mutating func takeHeadline(_ text: ArraySlice<UInt8>) {
        if text.starts(with: "------------[ cut here ]") { return }
        for mark in ["address: ", "address ", " at "] where faultAddress == nil {
            guard let place = text.lastPlace(of: Array(mark.utf8)) else { continue }
            var scanner = LineScanner(text[(place + mark.utf8.count)...])
            _ = scanner.skip("0x")
            if text[..<place].contains("handle") || text[..<place].contains("dereference") || mark == "address ",
                let value = scanner.hexadecimal()
            {
                faultAddress = value
            }
        }
        var task = LineScanner(text)
        if thread.id == nil, task.skip("INFO: task "), let names = task.until(" blocked") {
            var parts = LineScanner(names)
            if let name = parts.untilLast(":"), let id = parts.decimal(), parts.isAtEnd {
                (thread.name, thread.id) = (name.text, String(id))
            }
        }
        // The first says what happened, the next (`Oops: 0002 [#1] SMP`) how the kernel went on.
        if headline == nil { headline = text.prefix(1024).text } else { fact("oops", text.prefix(1024).text) }
    }

    private mutating func takeInstruction(_ text: ArraySlice<UInt8>) {
        var scanner = LineScanner(text)
        let selector = scanner.hexadecimal()
        guard selector != nil, scanner.skip(":") else {
            if programCounter == nil { take(KernelFrameLine(programCounter: text)) }
            return
        }
        scanner.skipSpaces()
        // 0033 and 0023 are user mode's: where the system call came from.
        if selector == 0x33 || selector == 0x23 {
            fact("user_instruction_pointer", scanner.rest.text)
            registersAreComplete = true
            return
        }
        if programCounter == nil { take(KernelFrameLine(programCounter: scanner.rest)) }
        crash.architecture = crash.architecture ?? "x86_64"
    }

    private mutating func take(_ line: KernelFrameLine?) {
        guard let line else { return }
        programCounter = remember(line, .programCounter)
        programCounter?.trust = "context"
    }

    private mutating func take(_ registers: [ReportedThread.Register]) {
        for register in registers {
            if register.name == "cr2" {
                faultAddress = faultAddress ?? register.value
            } else if thread.registers.contains(where: { $0.name == register.name }) {
                registersAreComplete = true
            } else if !registersAreComplete, thread.registers.count < 64 {
                thread.registers.append(register)
            }
        }
    }

    private mutating func takeProcess(_ text: ArraySlice<UInt8>) {
        guard thread.id == nil, let task = KernelTask(text) else { return }
        thread.id = task.id
        thread.name = task.name
        if let release = task.release { crash.operatingSystem = "Linux " + release }
        if let taint = task.taint { fact("tainted", taint) }
    }

    // MARK: - Traces

    /// Whether the line belongs to a call trace: its heading, a marker, or a frame.
    private mutating func takeTrace(_ text: ArraySlice<UInt8>) -> Bool {
        if text.starts(with: "Call Trace:") || text.starts(with: "Call trace:") || text.starts(with: "Backtrace:") {
            traces += 1
            isInTrace = true
            return true
        }
        guard isInTrace else { return false }
        if text.first == UInt8(ascii: "<"), text.last == UInt8(ascii: ">"), text.count <= 16 {
            if traces == 1 { markers.append(text.text) }
            return true
        }
        guard let line = KernelFrameLine(text) else { return false }
        // Further traces are those of other tasks or of an allocation; the first one is the report's.
        guard traces == 1 else { return true }
        var frame = remember(line, .returnAddress)
        frame.reported = markers
        markers = []
        thread.frames.append(frame)
        return true
    }

    private mutating func remember(_ line: KernelFrameLine, _ kind: ReportedFrame.Kind) -> ReportedFrame {
        let frame = line.frame(kind)
        if let package = frame.package, packages.count < 256, !packages.contains(package) { packages.append(package) }
        if let id = line.buildID, let module = line.module { buildIDs[module] = buildIDs[module] ?? id }
        return frame
    }

    // MARK: - Result

    private mutating func fact(_ key: String, _ text: String) {
        guard !crash.facts.contains(where: { $0.key == key }) else { return }
        crash.facts.append(
            ReportedCrash.Fact(key: key, json: JSONWriter.string(String(text.unicodeScalars.prefix(4096)))))
    }

    private mutating func finished() -> ReportedCrash {
        thread.isCrashed = true
        crash.mechanism = "kernel"
        crash.contextName = "kernel"
        crash.isSynthetic = false
        crash.type = Self.type(headline ?? "")
        crash.value = headline
        if let faultAddress {
            crash.facts.append(
                ReportedCrash.Fact(key: "fault_address", json: JSONWriter.address(faultAddress)))
        }
        crash.threads = [thread]
        crash.images = packages.map { package in
            var image = ReportedImage()
            image.path = package
            image.codeID = buildIDs[package]
            return image
        }
        if traces > 1 { crash.notes.append("\(traces - 1) further call traces were left out") }
        return crash
    }

    private static func type(_ headline: String) -> String {
        if headline.hasPrefix("WARNING") { return "Kernel warning" }
        if headline.hasPrefix("kernel BUG") { return "Kernel BUG" }
        if headline.hasPrefix("Kernel panic") { return "Kernel panic" }
        if headline.hasPrefix("INFO") || headline.hasPrefix("rcu") || headline.hasPrefix("watchdog") {
            return "Kernel stall"
        }
        return "Kernel oops"
    }
}
