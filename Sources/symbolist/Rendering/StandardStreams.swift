import Glibc

/// Results.
enum StandardOutput {
    /// Writes whole text. Ends the process quietly when nobody reads any more (`| head`), and with an error when the text
    /// cannot be written: a result that is lost is no success.
    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes a document and the newline that a line ends with, unless it ends with one already: what is read back and
    /// written again stays the same.
    static func write(line bytes: [UInt8]) {
        write(bytes.last == 0x0a ? bytes : bytes + [0x0a])
    }

    /// Writes bytes as they are.
    static func write(_ bytes: [UInt8]) {
        guard !writeAll(bytes, to: STDOUT_FILENO) else { return }
        if errno == EPIPE { exit(ExitStatus.all.rawValue) }
        StandardError.write("symbolist: standard output: \(String(cString: strerror(errno)))\n")
        exit(ExitStatus.internalError.rawValue)
    }

    /// Writes what is said of work that is worth more than being told of: where it cannot be written, the work goes on.
    static func offer(_ bytes: [UInt8]) {
        guard !writeAll(bytes, to: STDOUT_FILENO), errno != EPIPE else { return }
        StandardError.write("symbolist: standard output: \(String(cString: strerror(errno)))\n")
    }
}

/// Logs, progress and errors.
enum StandardError {
    static func write(_ text: String) {
        _ = writeAll(Array(text.utf8), to: STDERR_FILENO)
    }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var written = 0
        while written < buffer.count {
            let count = Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            written += count
        }
        return true
    }
}
