import Bytes
import Glibc

/// A dump's file, read without a parser and without moving the file's position.
extension FileDescriptor {
    /// Opens a path that a person named, for reading. Never waits on a FIFO's writer.
    public static func named(_ path: String) throws(SystemCallError) -> FileDescriptor { try openForReading(path) }

    /// Whether it is a regular file: one that can be mapped, and read more than once.
    public var isRegularFile: Bool { (try? FileStatus(of: self, path: "file"))?.isRegular ?? false }

    /// Its size in bytes, holes included.
    public func size(name: String) throws(SystemCallError) -> Int { try FileStatus(of: self, path: name).size }

    /// Its first bytes, at most `count`.
    public func beginning(_ count: Int, name: String) async throws(SystemCallError) -> [UInt8] {
        try await offCooperativePool { [self] () throws(SystemCallError) in
            try read(at: 0, count: count, path: name)
        }
    }

    /// What stands for a dump's bytes: SHA-256 of its size in decimal digits, a newline and its first 16 MiB.
    ///
    /// Enough to tell dumps apart: a core and a minidump both begin with the registers of every thread and with addresses
    /// that the kernel drew by lot. All of it would take seconds for a core of many gigabytes, most of them zeros.
    public func dumpDigest(name: String) async throws(SystemCallError) -> String {
        try await offCooperativePool { [self] () throws(SystemCallError) in
            var stream = DigestStream(.sha256)
            Array("\(try size(name: name))\n".utf8).withUnsafeBytes { stream.update($0) }
            let beginning = try read(at: 0, count: 16 << 20, path: name)
            beginning.withUnsafeBytes { stream.update($0) }
            return Hexadecimal.string(stream.finish())
        }
    }
}
