/// The message that systemd-coredump writes about a crash.
///
///     Process 1803 (till) of user 0 dumped core.
///
///     Module libdrawer.so without build-id.
///     Module till from deb till-1.2-1.amd64
///     Stack trace of thread 1803:
///     #0  0x0000555555555185 faulting (till + 0x1185)
///     #1  0x00007ffff7fbc113 middle (libdrawer.so + 0x1113)
///
///     Stack trace of thread 1806:
///     #0  0x00007ffff7ea1df2 __libc_pause (libc.so.6 + 0xd3df2)
///     ELF object binary architecture: AMD x86-64
///
/// The first thread is the one that crashed. Versions 246 to 249 say `Found module … with build-id: …`; before 246 there
/// is no `+ 0x…`.
struct CoredumpMessage {
    private(set) var processID: String?
    private var command: String?
    private var userID: String?
    private var threads: [ReportedThread] = []
    private var images: [ReportedImage] = []
    private var imageOf: [Module: Int] = [:]
    private var buildIDs: [String: String] = [:]
    private var architecture: String?
    private var isExactNext = true
    private var isEnded = false

    /// A module is known by its name and where it starts.
    private struct Module: Hashable {
        var name: String
        var start: UInt64?
    }

    /// Reads from the line `Process …` on and leaves the cursor behind the last line of the message; whether there was a
    /// frame.
    mutating func read(_ lines: inout LineCursor) -> Bool {
        var end = lines.position
        var isFirst = true
        // Metadata of packages, in the versions that print it, is JSON over several lines.
        var braces = 0
        while !isEnded, let line = lines.line {
            var text = line.trimmed
            if isFirst, text.starts(with: "Message: ") { text = text.dropFirst(9) }
            if braces > 0 {
                braces += Self.depth(text)
            } else if text.isEmpty {
                // Between stacks; at the end of the message too.
            } else if text.starts(with: "Metadata for module "), text.last == UInt8(ascii: "{") {
                braces = 1
            } else if take(text, isFirst: isFirst) {
                end = lines.position + 1
            } else {
                break
            }
            isFirst = false
            lines.advance()
        }
        lines.move(to: end)
        return threads.contains { !$0.frames.isEmpty }
    }

    private static func depth(_ text: ArraySlice<UInt8>) -> Int {
        text.reduce(0) { $0 + ($1 == UInt8(ascii: "{") ? 1 : $1 == UInt8(ascii: "}") ? -1 : 0) }
    }

    private mutating func take(_ text: ArraySlice<UInt8>, isFirst: Bool) -> Bool {
        var scanner = LineScanner(text)
        if scanner.skip("Process ") {
            guard isFirst, let id = scanner.decimal(), scanner.skip(" ("), let name = scanner.until(") of user "),
                let user = scanner.decimal()
            else { return false }
            processID = String(id)
            command = name.text
            userID = String(user)
            return true
        }
        if scanner.skip("Module ") || scanner.skip("Found module ") {
            if let name = scanner.until(" with build-id") {
                _ = scanner.skip(":")
                scanner.skipSpaces()
                let id = scanner.rest.text
                buildIDs[Self.baseName(name.text)] = id.hasSuffix(".") ? String(id.dropLast()) : id
            }
            return true
        }
        if scanner.skip("Stack trace of thread ") {
            guard let id = scanner.decimal(), scanner.skip(":") else { return false }
            var thread = ReportedThread()
            thread.id = String(id)
            thread.isCrashed = threads.isEmpty
            threads.append(thread)
            isExactNext = true
            return true
        }
        if scanner.skip("ELF object binary architecture: ") {
            architecture = Self.architecture(scanner.rest.text)
            isEnded = true
            return true
        }
        return takeFrame(text)
    }

    /// `#1  0x00007ffff7fbc113 middle (libdrawer.so + 0x1113)`.
    private mutating func takeFrame(_ text: ArraySlice<UInt8>) -> Bool {
        var scanner = LineScanner(text)
        guard scanner.skip("#"), scanner.decimal() != nil, scanner.skipSpaces() > 0, let address = scanner.address(),
            scanner.skip(" "), !threads.isEmpty
        else { return false }
        let isTrampoline = scanner.rest.starts(with: "__restore_rt ")
        var frame = ReportedFrame(
            kind: isExactNext || isTrampoline ? .programCounter : .returnAddress, address: .absolute(address))
        // The frame behind a signal's trampoline was interrupted, not called.
        isExactNext = isTrampoline
        var place = scanner.rest
        if let name = scanner.untilLast(" (") {
            place = scanner.rest
            if !name.elementsEqual("n/a".utf8) { frame.function = name.text }
        }
        if place.last == UInt8(ascii: ")") { place = place.dropLast() }
        frame.package = module(place, address)
        threads[threads.count - 1].frames.append(frame)
        return true
    }

    /// `libdrawer.so + 0x1113`, `till`, `n/a + 0x0`: the module's name, which is remembered.
    private mutating func module(_ text: ArraySlice<UInt8>, _ address: UInt64) -> String? {
        var scanner = LineScanner(text)
        var name = text
        var start: UInt64?
        if let before = scanner.untilLast(" + 0x"), let offset = scanner.hexadecimal(), scanner.isAtEnd {
            name = before
            if offset <= address { start = address - offset }
        }
        guard !name.isEmpty, !name.elementsEqual("n/a".utf8), name.count <= 4096 else { return nil }
        let module = Module(name: name.text, start: start)
        if imageOf[module] == nil {
            imageOf[module] = images.count
            var image = ReportedImage()
            image.path = module.name
            image.address = start
            images.append(image)
        }
        return module.name
    }

    // MARK: - Result

    /// The crash, with what else is known.
    func crash(_ info: CoredumpInfo) -> ReportedCrash {
        var crash = ReportedCrash()
        crash.mechanism = "core"
        crash.contextName = "systemd_coredump"
        crash.architecture = architecture
        crash.timestamp = info.timestamp
        crash.serverName = info.hostName
        if let name = info.signalName ?? info.signalNumber.flatMap({ CoredumpSignal.name($0) }) {
            crash.type = name
            crash.signal = ReportedSignal(
                name: name, number: info.signalNumber ?? CoredumpSignal.number(name), code: nil, faultAddress: nil)
        }
        crash.threads = threads
        if let main = crash.threads.firstIndex(where: { $0.id == (info.processID ?? processID) }) {
            crash.threads[main].name = info.command ?? command
        }
        crash.images = images.map { described($0, info) }
        var facts = CoredumpInfo()
        facts.fact("process_id", info.processID ?? processID)
        facts.fact("command", info.command ?? command)
        facts.facts += info.facts
        if !info.facts.contains(where: { $0.key == "uid" }) { facts.fact("uid", userID) }
        crash.facts = facts.facts
        return crash
    }

    private func described(_ image: ReportedImage, _ info: CoredumpInfo) -> ReportedImage {
        var image = image
        let name = image.path ?? ""
        image.codeID = info.buildIDs[name] ?? buildIDs[name]
        if let executable = info.executable, Self.baseName(executable) == name {
            image.path = executable
            image.codeID = image.codeID ?? info.buildID
        }
        if let file = image.address.flatMap({ info.map?.files[$0] }), Self.baseName(file.path) == name {
            image.path = file.path
            image.size = file.size
        }
        return image
    }

    static func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static func architecture(_ text: String) -> String? {
        switch text {
        case "AMD x86-64": "x86_64"
        case "Intel 80386": "x86"
        case "ARM AARCH64", "AARCH64": "arm64"
        case "ARM": "arm"
        case "RISC-V", "RISCV": "riscv64"
        default: nil
        }
    }
}

/// Linux's numbers of the signals that leave a core.
enum CoredumpSignal {
    private static let names: [Int: String] = [
        3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV", 24: "SIGXCPU",
        25: "SIGXFSZ", 31: "SIGSYS",
    ]

    static func name(_ number: Int) -> String? { names[number] }

    static func number(_ name: String) -> Int? { names.first { $0.value == name }?.key }
}
