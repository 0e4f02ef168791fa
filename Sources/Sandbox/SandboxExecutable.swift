import CSandbox
import Glibc

/// The program that children run, held open: what is started is the file that was opened, whatever becomes of its path.
public final class SandboxExecutable: Sendable {
    let descriptor: Int32
    /// The child's `argv[0]`.
    let name: String

    /// Opens the program at `path`. Throws the errno of `open`.
    public init(path: String) throws(Errno) {
        descriptor = csandbox_open_executable(path)
        guard descriptor >= 0 else { throw Errno(code: errno) }
        name = "symbolist"
    }

    /// The running program itself. Call it at start, before an upgrade can replace the file.
    public static func current() throws(Errno) -> SandboxExecutable {
        try SandboxExecutable(path: "/proc/self/exe")
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// An error number of the C library.
    public struct Errno: Error, Sendable, Equatable, CustomStringConvertible {
        /// The value of `errno`.
        public var code: Int32

        /// The same for people: what is wrong, where, and what to do.
        public var description: String { "the sandbox's program could not be opened: \(SandboxError.text(code))" }
    }
}
