/// What a log service puts before each line.
///
/// | service | prefix |
/// |---|---|
/// | journald, syslog | `Nov 22 21:49:35 host till[4242]: ` |
/// | journald `-o short-iso`, `short-precise` | `2026-11-22T21:49:35+0000 host till[4242]: ` |
/// | kernel ring buffer | `[  123.456789] `, also behind a journald prefix of `kernel`; `[  123.456789][ T4242] ` |
/// | `dmesg -T` | `[Sun Nov 22 21:49:35 2026] ` |
/// | docker compose | `web-1  \| ` |
/// | kubectl `--prefix` | `[pod/web-1/app] ` |
/// | containerd, CRI | `2026-11-22T21:49:35.123456789Z stderr F ` |
enum LogPrefix {
    /// The prefix's length in bytes, 0 without one, and what it says.
    static func read(_ line: ArraySlice<UInt8>) -> (length: Int, stream: LogText.Stream) {
        var scanner = LineScanner(line)
        var stream = LogText.Stream()
        guard let first = line.first else { return (0, stream) }
        if first == UInt8(ascii: "[") {
            if let length = kernelTime(line) { return (length, LogText.Stream(name: "kernel")) }
            if scanner.skip("[pod/"), let name = scanner.until("] ") {
                return (scanner.rest.startIndex - line.startIndex, LogText.Stream(name: name.text))
            }
            return (0, stream)
        }
        if isTime(&scanner), scanner.skip(" ") {
            if scanner.skip("stderr ") || scanner.skip("stdout "), scanner.skip("F ") || scanner.skip("P ") {
                return (scanner.rest.startIndex - line.startIndex, stream)
            }
            guard let host = scanner.word(), scanner.skip(" "), let ident = scanner.until(": "), !ident.isEmpty,
                ident.count < 256, !ident.contains(0x20)
            else { return (0, stream) }
            stream.host = host.text
            var name = LineScanner(ident)
            if let program = name.until("["), let id = name.decimal(), name.skip("]"), name.isAtEnd {
                stream.name = program.text
                stream.processID = String(id)
            } else {
                stream.name = ident.text
            }
            if stream.name == "kernel", let length = kernelTime(scanner.rest) {
                return (scanner.rest.startIndex + length - line.startIndex, stream)
            }
            return (scanner.rest.startIndex - line.startIndex, stream)
        }
        scanner = LineScanner(line)
        // docker compose: a container's name padded with spaces, a bar, a space.
        if let name = scanner.word(), name.count < 128, name.last.map({ (0x30...0x39).contains($0) }) == true,
            name.contains(where: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }), scanner.skipSpaces() > 0,
            scanner.skip("| ") || (scanner.rest.count == 1 && scanner.skip("|"))
        {
            return (scanner.rest.startIndex - line.startIndex, LogText.Stream(name: name.text))
        }
        return (0, stream)
    }

    /// `[  123.456789] `.
    private static func kernelTime(_ line: ArraySlice<UInt8>) -> Int? {
        var scanner = LineScanner(line)
        guard scanner.skip("[") else { return nil }
        if let weekday = scanner.word(), weekdays.contains(weekday.text), scanner.skip(" ") {
            guard isTime(&scanner), scanner.skip(" "), scanner.decimal() != nil, scanner.skip("] ") else { return nil }
            return scanner.rest.startIndex - line.startIndex
        }
        scanner = LineScanner(line.dropFirst())
        scanner.skipSpaces()
        guard scanner.decimal() != nil, scanner.skip("."), scanner.decimal() != nil, scanner.skip("]") else {
            return nil
        }
        // With the caller: a thread's or a processor's number.
        if scanner.skip("[") {
            scanner.skipSpaces()
            guard scanner.skip("T") || scanner.skip("C"), scanner.decimal() != nil, scanner.skip("]") else {
                return nil
            }
        }
        guard scanner.skip(" ") else { return nil }
        return scanner.rest.startIndex - line.startIndex
    }

    private static let weekdays: Set<String> = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    /// `Nov 22 21:49:35` or `2026-11-22T21:49:35`, with fractions and zone.
    private static func isTime(_ scanner: inout LineScanner) -> Bool {
        guard let first = scanner.rest.first else { return false }
        if (0x30...0x39).contains(first) {
            guard scanner.decimal() != nil, scanner.skip("-"), scanner.decimal() != nil, scanner.skip("-"),
                scanner.decimal() != nil, scanner.skip("T") || scanner.skip(" "), isClock(&scanner)
            else { return false }
            if scanner.skip("Z") { return true }
            if scanner.skip("+") || scanner.skip("-") {
                guard scanner.decimal() != nil else { return false }
                if scanner.skip(":") { return scanner.decimal() != nil }
            }
            return true
        }
        guard let month = scanner.word(), months.contains(month.text), scanner.skipSpaces() > 0,
            scanner.decimal() != nil, scanner.skipSpaces() > 0
        else { return false }
        return isClock(&scanner)
    }

    private static let months: Set<String> = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func isClock(_ scanner: inout LineScanner) -> Bool {
        guard scanner.decimal() != nil, scanner.skip(":"), scanner.decimal() != nil, scanner.skip(":"),
            scanner.decimal() != nil
        else { return false }
        if scanner.skip(".") || scanner.skip(",") { return scanner.decimal() != nil }
        return true
    }
}
