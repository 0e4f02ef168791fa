import CSandbox
import Glibc

/// How many threads of this process can run at once: the processors that it may use, or fewer under a container's
/// quota.
enum ProcessorCount {
    /// Read once: a limit that changes later is for later processes.
    static let available: Int = {
        let narrowest = quota(of: text("/proc/self/cgroup")) { text("/sys/fs/cgroup" + $0 + "/cpu.max") }
        return min(Int(csandbox_processor_count()), narrowest ?? .max)
    }()

    /// Whole processors of the narrowest quota from the process's own control group (version 2) up to the root.
    static func quota(of groups: String?, read: (String) -> String?) -> Int? {
        guard let line = groups?.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        var path = line.dropFirst(3)
        var narrowest: Int?
        while true {
            // "max 100000", or microseconds of processor time a period.
            let words = (read(path == "/" ? "" : String(path)) ?? "").split { $0 == " " || $0 == "\n" }
            if words.count == 2, let time = Int(words[0]), let period = Int(words[1]), time > 0, period > 0 {
                narrowest = min(narrowest ?? .max, max(1, (time - 1) / period + 1))
            }
            guard let slash = path.lastIndex(of: "/"), path != "/" else { return narrowest }
            path = slash == path.startIndex ? "/" : path[..<slash]
        }
    }

    private static func text(_ path: String) -> String? {
        let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY))
        guard file.isOpen else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(file.number, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
