public import DWARFReader
public import ELFObject
public import SymbolIndex

/// Why an object gave no index, or no inspection.
public enum IndexBuildError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The object could not be mapped; what and why.
    case unreadable(String)
    /// The container is damaged or beyond a limit.
    case object(ELFError)
    /// The debug information as a whole is damaged, beyond a limit or cannot be decompressed. There is no falling back
    /// to the symbol table: the answers would be poorer and nobody would know.
    case debugInformation(DWARFError)
    /// A well-formed file of a kind that has no index; says which and what to do.
    case unsupported(String)
    /// The content exceeds what the index format can hold.
    case index(SymbolIndexError)
    /// Writing to the output failed; `name` is what was being written.
    case output(name: String, errno: Int32, written: Int, total: Int)
    /// The request of a task is not what the task understands.
    case request(String)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let reason), .unsupported(let reason), .request(let reason): return reason
        case .object(let error): return error.description
        case .debugInformation(let error): return error.description
        case .index(let error): return error.description
        case .output(let name, let code, let written, let total):
            let reason =
                code == OutputDescriptor.fileTooLarge
                ? "the limit on the size of an output file (RLIMIT_FSIZE) is reached; raise it for objects this large"
                : OutputDescriptor.text(of: code)
            return "writing the \(name): \(reason) (\(written) of \(total) bytes written)"
        }
    }
}
