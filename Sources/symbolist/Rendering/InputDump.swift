import CrashReports
import DebugFiles
import Glibc

/// What a person handed over: text in memory, or a binary dump of any size, which never is.
enum InputContents {
    /// A report.
    case text([UInt8])
    /// A core, a minidump, or something compressed: a regular file.
    case dump(FileDescriptor)
}

extension InputFile {
    /// Opens a file that the user named, or standard input for `-`, and looks at its first bytes.
    ///
    /// A dump that comes through a pipe is written to a temporary file under the spool's cap.
    /// - Parameter limit: Bytes of the largest text.
    static func contents(of path: String, limit: Int, spool: DumpSpool) async throws -> InputContents {
        let name = name(of: path)
        let number = path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw failure(name) }
        let file = FileDescriptor(number)
        // A shell may have read from a file that it hands over as standard input.
        let isWhole = file.isRegularFile && lseek(number, 0, SEEK_CUR) == 0
        var beginning: [UInt8] = []
        while beginning.count < DumpKind.prefixLength {
            var piece = [UInt8](repeating: 0, count: DumpKind.prefixLength - beginning.count)
            let count = Glibc.read(number, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(name) }
            if count == 0 { break }
            beginning += piece[..<count]
        }
        if DumpKind(prefix: beginning) == .report {
            return .text(try read(number, name, beginning: beginning, limit: limit))
        }
        if isWhole {
            lseek(number, 0, SEEK_SET)
            return .dump(file)
        }
        do throws(DumpSpoolError) {
            return .dump(try await spool.file(beginning: beginning, then: file))
        } catch {
            throw CommandFailure(.nothingUnderstood, "\(name): \(error)")
        }
    }

    /// The input as messages call it.
    static func name(of path: String) -> String { path == "-" ? "standard input" : path }

    private static func failure(_ name: String) -> CommandFailure {
        CommandFailure(.nothingUnderstood, "\(name): \(String(cString: strerror(errno)))")
    }
}
