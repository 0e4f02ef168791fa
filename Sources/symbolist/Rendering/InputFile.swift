import Foundation
import Glibc

/// Reads a file that the user named, or standard input for `-`.
enum InputFile {
    /// Reads at most `limit` bytes; a longer input is refused with the name of the option that allows it.
    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(.nothingUnderstood, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        return try read(descriptor, path == "-" ? "standard input" : path, limit: limit)
    }

    /// Reads what follows `beginning` in an open file.
    static func read(_ descriptor: Int32, _ name: String, beginning: [UInt8] = [], limit: Int) throws -> [UInt8] {
        var bytes = beginning
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure(.nothingUnderstood, "\(name): \(String(cString: strerror(errno)))")
            }
            bytes += buffer[..<count]
            if bytes.count > limit {
                throw CommandFailure(
                    .nothingUnderstood,
                    "\(name): more than \(limit) bytes; --max-event-size sets the limit")
            }
        }
    }
}
