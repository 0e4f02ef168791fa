/// Why an ELF file, or one part of it, cannot be read.
///
/// Every case names the file and the place in it (a header field, a section, a symbol); `description` adds what was
/// wrong and what to do. Names that come from the file are shortened and stripped of control characters before they
/// are printed.
public enum ELFError: Error, Equatable, Sendable {
    /// The file does not begin with the four ELF magic bytes, or is too short for an identification (gABI, e_ident).
    case notELF(file: String)
    /// A well-formed value that no reader of this version knows, such as an unknown `EI_CLASS`.
    case unsupported(file: String, field: String, value: UInt64)
    /// A value that contradicts the file or the specification; `place` is the field or section.
    case malformed(file: String, place: String, problem: String)
    /// A claim of the file that is larger than `ELFLimits` allows; nothing was allocated for it.
    case limitExceeded(file: String, place: String, value: UInt64, limit: UInt64, setting: String)
    /// A compressed section whose `ch_type` is neither zlib (1) nor zstd (2).
    case unsupportedCompression(file: String, section: String, type: UInt32)
    /// A compressed section whose data is damaged, or does not give exactly the size it claims.
    case decompressionFailed(file: String, section: String, reason: String)
    /// The section is `SHT_NOBITS`: its bytes are not in this file, but in the one it was separated from.
    case noContents(file: String, section: String)
    /// The system refused the memory for a section's decompressed bytes.
    case outOfMemory(file: String, section: String, size: UInt64)
    /// A relocation of a relocatable file that this version does not know how to apply, to this section.
    case unsupportedRelocation(file: String, section: String, machine: String, type: UInt32)
}

extension ELFError: CustomStringConvertible {
    /// One line: file, place, problem, and the remedy where there is one.
    public var description: String {
        switch self {
        case .notELF(let file):
            "\(printable(file)): not an ELF file; expected a Linux executable, library, object or debug file"
        case .unsupported(let file, let field, let value):
            "\(printable(file)): \(field) is \(value), which is not supported; "
                + "32-bit and 64-bit files of ELF version 1 are"
        case .malformed(let file, let place, let problem):
            "\(printable(file)): \(printable(place)): \(printable(problem)); "
                + "the file is damaged or truncated, copy or build it again"
        case .limitExceeded(let file, let place, let value, let limit, let setting):
            "\(printable(file)): \(printable(place)): \(value) is above the limit of \(limit); "
                + "raise \(setting) if the file is trusted"
        case .unsupportedCompression(let file, let section, let type):
            "\(printable(file)): section \(printable(section)): compression type \(type) is not supported; "
                + "write it again with objcopy --compress-debug-sections=zlib"
        case .decompressionFailed(let file, let section, let reason):
            "\(printable(file)): section \(printable(section)): cannot be decompressed: \(printable(reason)); "
                + "the file is damaged or truncated, copy or build it again"
        case .noContents(let file, let section):
            "\(printable(file)): section \(printable(section)) has no contents here (SHT_NOBITS); "
                + "use the file it was separated from"
        case .outOfMemory(let file, let section, let size):
            "\(printable(file)): section \(printable(section)): no memory for \(size) decompressed bytes; "
                + "raise the memory limit, or decompress the file first"
        case .unsupportedRelocation(let file, let section, let machine, let type):
            "\(printable(file)): section \(printable(section)): relocation type \(type) of \(printable(machine)) is not "
                + "supported; use the linked program"
        }
    }
}

/// `text` without control characters and at most 200 characters long: a hostile file's names must not drive a terminal
/// or fill a log.
func printable(_ text: String) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 200 { return result + "…" }
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0: result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
        count += 1
    }
    return result
}
