public import DWARFReader
public import ELFObject
public import ParserTasks
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

extension IndexBuildError {
    /// The same for the parent process: of which kind, and the limit by name.
    public var refusal: ParserRefusal {
        switch self {
        case .unreadable, .request: ParserRefusal(kind: .unavailable, message: description)
        case .unsupported: ParserRefusal(kind: .unsupported, message: description)
        case .object(let error): error.refusal
        case .debugInformation(let error): error.refusal
        case .index: ParserRefusal(kind: .limit, limit: "indexSize", message: description)
        case .output(_, let code, _, _):
            code == OutputDescriptor.fileTooLarge
                ? ParserRefusal(kind: .limit, limit: "fileSize", message: description)
                : ParserRefusal(kind: .unavailable, message: description)
        }
    }
}

extension ELFError {
    fileprivate var refusal: ParserRefusal {
        switch self {
        case .limitExceeded(_, _, _, _, let setting):
            ParserRefusal(kind: .limit, limit: setting, message: description)
        case .outOfMemory: ParserRefusal(kind: .limit, limit: "memory", message: description)
        case .unsupported, .unsupportedCompression, .unsupportedRelocation:
            ParserRefusal(kind: .unsupported, message: description)
        case .notELF, .malformed, .decompressionFailed, .noContents:
            ParserRefusal(kind: .malformed, message: description)
        }
    }
}

extension DWARFError {
    fileprivate var refusal: ParserRefusal {
        switch reason {
        case .limit(let name, _): ParserRefusal(kind: .limit, limit: "DWARFLimits.\(name)", message: description)
        case .unsupported: ParserRefusal(kind: .unsupported, message: description)
        default: ParserRefusal(kind: .malformed, message: description)
        }
    }
}
