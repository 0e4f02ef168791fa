import Demangling
import Foundation
import Glibc
import Sandbox

/// Tasks that must succeed, and with that the list of what the sandbox has to allow.
enum GoodTasks {
    static let all: [String: SandboxChild.Task] = [
        "echo": { request, _ in request },
        "fail": { request, _ in
            throw TestError(description: "section .debug_line: \(String(decoding: request, as: UTF8.self))")
        },
        "copy": copy,
        "environment": { _, _ in Array(environmentText().utf8) },
        "descriptors": { _, _ in Array(openDescriptors().map(String.init).joined(separator: " ").utf8) },
        "json": { request, _ in try json(request) },
        "print": { request, _ in
            print("a library prints to standard output")
            fflush(nil)
            return request
        },
        "identity": { _, _ in Array("\(getpid()) \(getsid(0))".utf8) },
        "large": { request, _ in [UInt8](repeating: 7, count: Int(String(decoding: request, as: UTF8.self)) ?? 0) },
        "open": { request, _ in Array(String(tryOpen(String(decoding: request, as: UTF8.self))).utf8) },
        "demangle": { request, _ in
            Demangler.installGuards()
            let names = String(decoding: request, as: UTF8.self).split(separator: "\n")
            return Array(names.map { Demangler().demangle(String($0)).simplified }.joined(separator: "\n").utf8)
        },
        "recurse": { request, _ in Array(String(recurse(Int(String(decoding: request, as: UTF8.self)) ?? 0)).utf8) },
    ]

    /// Maps descriptor 3, writes its bytes to descriptor 4 and answers with their number.
    private static func copy(_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8] {
        var status = stat()
        guard descriptors == [3, 4], fstat(3, &status) == 0 else { throw TestError(description: "fstat: \(errno)") }
        let size = Int(status.st_size)
        guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, 3, 0), memory != MAP_FAILED else {
            throw TestError(description: "mmap: \(errno)")
        }
        guard write(4, memory, size) == size, ftruncate(4, off_t(size)) == 0, fsync(4) == 0 else {
            throw TestError(description: "write: \(errno)")
        }
        munmap(memory, size)
        return Array(String(size).utf8)
    }

    private static func environmentText() -> String {
        var lines: [String] = []
        var entry = environ
        while let text = entry.pointee {
            lines.append(String(cString: text))
            entry += 1
        }
        return lines.joined(separator: "\n")
    }

    private static func openDescriptors() -> [Int32] {
        (0..<1000).filter { fcntl($0, F_GETFD) >= 0 }
    }

    private struct Message: Codable {
        var name: String
        var numbers: [Double]
        var date: Date
        var bytes: Data
    }

    /// Everything that Foundation's coders do, twice.
    private static func json(_ request: [UInt8]) throws -> [UInt8] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let message = try decoder.decode(Message.self, from: Data(request))
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys]
        let again = try decoder.decode(Message.self, from: try encoder.encode(message))
        do {
            _ = try decoder.decode(Message.self, from: Data("{\"name\":".utf8))
        } catch {
            // Descriptions of errors take other paths through Foundation.
            _ = "\(error)" + error.localizedDescription
        }
        _ = UUID().uuidString + String(format: "%.3f", 1.5) + again.name.uppercased()
        return Array(try encoder.encode(again))
    }

    private static func tryOpen(_ path: String) -> Int32 {
        let descriptor = Glibc.open(path, O_RDONLY)
        return descriptor >= 0 ? 0 : errno
    }

    /// About a hundred bytes of stack a level.
    @inline(never) private static func recurse(_ depth: Int) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { bytes in
            bytes[0] = UInt8(truncatingIfNeeded: depth)
            return depth <= 0 ? 0 : recurse(depth - 1) + (bytes[0] == UInt8(truncatingIfNeeded: depth) ? 1 : 0)
        }
    }
}
