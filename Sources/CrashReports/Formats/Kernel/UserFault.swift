import CrashEvent

/// The kernel's line about a process that died.
///
/// | part | meaning |
/// |---|---|
/// | `till[4242]` | the **thread's** name and id |
/// | `segfault at A`, `trap invalid opcode`, `general protection fault` | what happened, `A` being the address that could not be accessed |
/// | `ip`, `sp` | registers |
/// | `error E` | the processor's error code: ``PageFault`` |
/// | `in FILE[OFF,START+SIZE]` | the mapping that `ip` is in, and the file offset of `ip` (since Linux 6.3; without `OFF,` before) |
struct UserFault {
    /// Where `ip` lies.
    struct Mapping: Equatable {
        /// The file's base name, which is all that the kernel prints.
        var name: String
        var start: UInt64
        var size: UInt64
        /// Of `ip` in the file.
        var fileOffset: UInt64?
    }

    var name: String
    var threadID: String
    /// `trap invalid opcode`; `nil` for a segfault.
    var trap: String?
    var faultAddress: UInt64?
    var instruction: UInt64
    var stackPointer: UInt64
    var errorCode: UInt64
    var mapping: Mapping?
    /// `CPU 0 (core 0, socket 0)`.
    var processor: String?

    /// Whether it is a page fault, below which the kernel prints `Code:`.
    var isPageFault: Bool { trap == nil }

    static func mayBegin(_ line: ArraySlice<UInt8>) -> Bool {
        line.contains(": segfault at ") || (line.contains(" ip:") && line.contains(" sp:"))
    }

    /// `nil` for any other line, and for one that is cut before its error code.
    init?(_ line: ArraySlice<UInt8>) {
        var scanner = LineScanner(line)
        let head: ArraySlice<UInt8>
        if let before = scanner.until(": segfault at ") {
            guard let address = scanner.hexadecimal(), scanner.skip(" ip "), let ip = scanner.hexadecimal(),
                scanner.skip(" sp "), let sp = scanner.hexadecimal(), scanner.skip(" error "),
                let code = scanner.hexadecimal()
            else { return nil }
            (head, faultAddress, instruction, stackPointer, errorCode) = (before, address, ip, sp, code)
        } else {
            guard let before = scanner.until(" ip:"), let ip = scanner.hexadecimal(), scanner.skip(" sp:"),
                let sp = scanner.hexadecimal(), scanner.skip(" error:"), let code = scanner.hexadecimal()
            else { return nil }
            // A name may hold anything; what is behind it has no brackets.
            var words = LineScanner(before)
            guard let thread = words.untilLast("] "), !words.isAtEnd else { return nil }
            trap = words.rest.text
            (head, instruction, stackPointer, errorCode) = (thread + [UInt8(ascii: "]")], ip, sp, code)
        }
        var thread = LineScanner(head)
        _ = thread.skip("traps: ")
        guard let name = thread.untilLast("["), let id = thread.decimal(), thread.skip("]"), thread.isAtEnd else {
            return nil
        }
        self.name = name.text
        threadID = String(id)
        var rest = scanner.rest
        if let place = rest.lastPlace(of: Array(" likely on CPU ".utf8)) {
            processor = rest[(place + 11)...].text
            rest = rest[..<place]
        }
        mapping = Self.mapping(rest, ip: instruction)
    }

    /// ` in FILE[OFF,START+SIZE]`; `nil` without it, and where the numbers contradict the instruction pointer.
    private static func mapping(_ text: ArraySlice<UInt8>, ip: UInt64) -> Mapping? {
        var scanner = LineScanner(text.trimmed)
        guard scanner.skip("in "), let name = scanner.untilLast("["), !name.isEmpty, name.count <= 4096 else {
            return nil
        }
        var offset: UInt64?
        guard var start = scanner.hexadecimal() else { return nil }
        if scanner.skip(",") {
            offset = start
            guard let second = scanner.hexadecimal() else { return nil }
            start = second
        }
        guard scanner.skip("+"), let size = scanner.hexadecimal(), scanner.skip("]"), scanner.isAtEnd,
            ip >= start, ip - start < size, !start.addingReportingOverflow(size).overflow
        else { return nil }
        return Mapping(name: name.text, start: start, size: size, fileOffset: offset)
    }

    /// The crash that the line tells of.
    var crash: ReportedCrash {
        var crash = ReportedCrash()
        crash.mechanism = "kernel"
        crash.contextName = "kernel"
        let known = trap.map { UserTrap($0) } ?? UserTrap(name: "SIGSEGV", number: 11, isBehind: false)
        crash.type = known.name
        crash.signal = known.number.map {
            ReportedSignal(name: known.name, number: $0, code: nil, faultAddress: faultAddress)
        }
        let isWide = instruction > 0xffff_ffff || stackPointer > 0xffff_ffff
        if isWide { crash.architecture = "x86_64" }
        if isPageFault {
            let fault = PageFault(code: errorCode)
            crash.value = "\(fault.access) at 0x\(String(faultAddress ?? 0, radix: 16)): \(fault.cause)"
            crash.facts = fault.facts
        } else {
            crash.value = trap
            crash.facts.append(ReportedCrash.Fact(key: "trap", json: JSONWriter.string(trap ?? "")))
        }
        crash.facts.insert(
            ReportedCrash.Fact(key: "error_code", json: JSONWriter.address(errorCode)), at: 0)
        if let processor {
            crash.facts.append(ReportedCrash.Fact(key: "processor", json: JSONWriter.string(processor)))
        }
        // Behind a breakpoint instruction, which has trapped when it was done.
        var frame = ReportedFrame(
            kind: known.isBehind ? .returnAddress : .programCounter, address: .absolute(instruction))
        frame.trust = "context"
        frame.package = mapping?.name
        var thread = ReportedThread()
        thread.id = threadID
        thread.name = name
        thread.isCrashed = true
        thread.frames = [frame]
        if isWide {
            thread.registers = [
                ReportedThread.Register(name: "rip", value: instruction),
                ReportedThread.Register(name: "rsp", value: stackPointer),
            ]
        }
        crash.threads = [thread]
        crash.images = mapping.map { [image($0, &crash)] } ?? []
        return crash
    }

    private func image(_ mapping: Mapping, _ crash: inout ReportedCrash) -> ReportedImage {
        var image = ReportedImage()
        image.path = mapping.name
        image.address = mapping.start
        image.size = mapping.size
        guard let offset = mapping.fileOffset else {
            // What the processor executed lies in the mapping of the code; what it could not fetch may lie anywhere.
            image.isExecutableMapping = !isPageFault || errorCode & 1 << 4 == 0
            crash.notes.append(
                "this kernel does not say at which offset of \(mapping.name) the mapping starts, it was taken for the "
                    + "file's " + (image.isExecutableMapping ? "executable one" : "first one"))
            return image
        }
        let inside = instruction - mapping.start
        if offset >= inside {
            image.mappingOffset = offset - inside
        } else {
            crash.notes.append("the file offset of the instruction contradicts its mapping, it was not used")
        }
        return image
    }
}

/// What a processor's trap becomes for the process.
struct UserTrap: Equatable {
    var name: String
    var number: Int?
    /// Whether the instruction pointer stands behind the instruction that trapped.
    var isBehind: Bool

    init(name: String, number: Int?, isBehind: Bool) {
        self.name = name
        self.number = number
        self.isBehind = isBehind
    }

    /// The kernel's words for a trap; unknown ones have no signal.
    init(_ text: String) {
        func has(_ word: String) -> Bool { text.contains(word) }
        if has("invalid opcode") {
            self.init(name: "SIGILL", number: 4, isBehind: false)
        } else if has("int3") {
            self.init(name: "SIGTRAP", number: 5, isBehind: true)
        } else if has("debug") {
            self.init(name: "SIGTRAP", number: 5, isBehind: false)
        } else if has("divide error") || has("coprocessor") || has("x87") || has("simd") || has("fpu exception") {
            self.init(name: "SIGFPE", number: 8, isBehind: false)
        } else if has("stack segment") || has("segment not present") || has("alignment check") {
            self.init(name: "SIGBUS", number: 7, isBehind: false)
        } else if has("overflow") {
            self.init(name: "SIGSEGV", number: 11, isBehind: true)
        } else if has("general protection") || has("bounds") || has("invalid TSS") || has("bad frame") {
            self.init(name: "SIGSEGV", number: 11, isBehind: false)
        } else {
            self.init(name: "Processor trap", number: nil, isBehind: false)
        }
    }
}
