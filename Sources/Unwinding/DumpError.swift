public import ParserTasks

/// Why a dump, or a compressed file, cannot be read.
///
/// The message is a whole sentence: it names the file and the field, what was wrong, and what to do where something can
/// be done. Text from the file goes into it only through ``printable(_:limit:)``.
public struct DumpError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of reason it is; the parent decides by it whether trying again makes sense.
    public enum Kind: Equatable, Sendable {
        /// The file breaks its format's rules.
        case malformed
        /// The file is well-formed, and of a kind that is not read: another processor, a 32-bit core.
        case unsupported
        /// The file asks for more than a limit allows; the limit's name.
        case limit(String)
        /// The system or the parent failed: says nothing about the file.
        case unavailable
    }

    /// What kind of reason it is.
    public var kind: Kind
    /// A sentence with file and field.
    public var message: String

    /// An error; see ``message`` for what the sentence holds.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// `FILE: FIELD: PROBLEM`, the file breaks its format's rules.
    static func malformed(_ file: String, _ field: String, _ problem: String) -> DumpError {
        DumpError(.malformed, "\(printable(file)): \(field): \(problem)")
    }

    /// `FILE: PROBLEM`, a kind of file that is not read.
    static func unsupported(_ file: String, _ problem: String) -> DumpError {
        DumpError(.unsupported, "\(printable(file)): \(problem)")
    }

    /// `FILE: FIELD: VALUE is above the limit of LIMIT`.
    static func limit(_ file: String, _ field: String, value: UInt64, limit: UInt64, name: String) -> DumpError {
        DumpError(.limit(name), "\(printable(file)): \(field): \(value) is above the limit of \(limit) (\(name))")
    }

    /// The message.
    public var description: String { message }

    /// The same for the parent process.
    public var refusal: ParserRefusal {
        switch kind {
        case .malformed: ParserRefusal(kind: .malformed, message: message)
        case .unsupported: ParserRefusal(kind: .unsupported, message: message)
        case .limit(let name): ParserRefusal(kind: .limit, limit: name, message: message)
        case .unavailable: ParserRefusal(kind: .unavailable, message: message)
        }
    }
}

/// `text` without control characters and at most `limit` characters long: a hostile file's names must not drive a
/// terminal or fill a log.
func printable(_ text: String, limit: Int = 200) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == limit { return result + "…" }
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0: result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
        count += 1
    }
    return result
}
