import Glibc

/// Passes a program's standard error on, byte for byte and at once, and keeps its end.
struct StandardErrorTee {
    /// The pipe's end to read; -1 when nothing comes any more, or never did.
    private(set) var source: Int32
    private let target: Int32
    private var tail: TailBuffer
    private var pending: ArraySlice<UInt8> = []
    /// What one write may take: a pipe that is ready takes this much without waiting.
    private let piece: Int
    private var buffer: [UInt8]

    /// How much is kept. Where Swift's report comes this way, it has to fit in.
    static let limit = 64 << 10
    static let limitWithReport = 4 << 20

    init(source: Int32, target: Int32 = STDERR_FILENO, limit: Int = limit) {
        self.source = source
        self.target = target
        tail = TailBuffer(limit: limit)
        var status = stat()
        let isFile = fstat(target, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        piece = isFile ? 1 << 16 : 4096
        buffer = source < 0 ? [] : [UInt8](repeating: 0, count: 1 << 16)
    }

    /// Whether something was read and not written yet: then nothing more is read.
    var isBehind: Bool { !pending.isEmpty }
    /// The end of what was read.
    var bytes: [UInt8] { tail.bytes }

    /// Reads once. Returns whether there was something.
    mutating func read() -> Bool {
        guard source >= 0, pending.isEmpty else { return false }
        let count = Glibc.read(source, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        guard count > 0 else {
            closeSource()
            return false
        }
        tail.append(buffer[..<count])
        pending = buffer[..<count]
        return true
    }

    /// Reads what is in the pipe now without passing it on, for a target that stands still: what is left to write stays
    /// pending. At most `limit` bytes, more than a pipe may hold without privileges.
    mutating func readAhead(limit: Int = 4 << 20) {
        var room = limit
        while source >= 0, room > 0 {
            let count = Glibc.read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { return closeSource() }
            tail.append(buffer[..<count])
            pending += buffer[..<count]
            room -= count
        }
    }

    /// Writes once what is pending; call when the target is ready.
    mutating func write() {
        let count = pending.withUnsafeBytes { Glibc.write(target, $0.baseAddress, min($0.count, piece)) }
        if count >= 0 {
            pending = pending.dropFirst(count)
        } else if errno != EINTR, errno != EAGAIN {
            // Nobody reads any more: the program is told as it would be without a supervisor.
            pending = []
            if errno == EPIPE { closeSource() }
        }
    }

    /// Ends it; what is still written into the pipe meets nobody.
    mutating func closeSource() {
        if source >= 0 { close(source) }
        source = -1
    }
}
