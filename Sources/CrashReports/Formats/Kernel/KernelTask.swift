/// The line `CPU:` of an oops, which says who was running on which kernel.
///
///     CPU: 1 PID: 4242 Comm: till Tainted: G           OE     6.1.0-18-amd64 #1  Debian 6.1.76-1
///     CPU: 0 UID: 0 PID: 9 Comm: ksoftirqd/0 Not tainted 6.18.44 #1 PREEMPT_DYNAMIC
struct KernelTask: Equatable {
    var id: String
    var name: String
    /// The flags, single letters.
    var taint: String?
    /// The kernel's.
    var release: String?

    /// Reads what is behind `CPU: `; `nil` when it names no process.
    init?(_ text: ArraySlice<UInt8>) {
        var scanner = LineScanner(text)
        guard scanner.until("PID: ") != nil, let id = scanner.decimal(), scanner.skip(" Comm: ") else { return nil }
        self.id = String(id)
        let rest = scanner.rest
        guard let name = scanner.until(" Tainted: ") ?? scanner.until(" Not tainted ") else {
            self.name = rest.text
            return
        }
        self.name = name.text
        // The release is the first word with a digit.
        var flags: [String] = []
        while scanner.skipSpaces() >= 0, flags.count < 32, let word = scanner.word() {
            if word.contains(where: { (0x30...0x39).contains($0) }) {
                release = word.text
                break
            }
            flags.append(word.text)
        }
        if !flags.isEmpty { taint = flags.joined(separator: " ") }
    }
}
