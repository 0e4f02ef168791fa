import Bytes
import ParserTasks

/// What is read of a minidump at most, beside what the file's own size bounds.
enum MinidumpLimits {
    /// Threads; the crashed one is kept beyond it.
    static let threads = 10_000
    /// Modules of the module list and of the mappings.
    static let modules = 20_000
    /// Pieces of memory.
    static let memoryRanges = 1 << 20
    /// UTF-16 code units, or bytes, of one name or path.
    static let nameLength = 4096
    /// Bytes of all names: thousands of records may name the same long text.
    static let textSize = 8 << 20
    /// Bytes of a build id; the linkers' are 8, 16 or 20, `--build-id=0x…` may be longer.
    static let buildIDSize: UInt64 = 64
    /// Notes.
    static let notes = 50
}

/// A place in the file: `MINIDUMP_LOCATION_DESCRIPTOR`.
struct MinidumpLocation: Equatable {
    var size: UInt64
    var offset: UInt64
}

/// The bytes of a minidump while it is read: fields at offsets from the file, notes on what was odd, and how much text
/// may still be copied.
///
/// Offsets and counts are 64-bit sums of 32-bit fields, which cannot overflow; every access checks against the file's
/// size. The parts of the format are extensions in the files beside this one.
struct MinidumpReader {
    let file: MappedFile
    let name: String
    var notes: [String] = []
    var directory = MinidumpDirectory()
    /// The first module's: writers put the program first.
    var processPath: String?
    /// The first thread without registers, and the reason.
    var whyNoRegisters: (thread: UInt64, reason: String)?
    private var textLeft = MinidumpLimits.textSize

    init(_ file: MappedFile, name: String) {
        self.file = file
        self.name = name
    }

    /// Notes something for people, once.
    mutating func note(_ text: String) {
        guard notes.count < MinidumpLimits.notes, !notes.contains(text) else { return }
        notes.append(text)
    }

    func u16(_ offset: UInt64) -> UInt16? { DumpBytes(file.bytes).u16(offset) }
    func u32(_ offset: UInt64) -> UInt32? { DumpBytes(file.bytes).u32(offset) }
    func u64(_ offset: UInt64) -> UInt64? { DumpBytes(file.bytes).u64(offset) }

    /// The location descriptor at `offset`: size, then offset, 32 bits each.
    func location(_ offset: UInt64) -> MinidumpLocation? {
        guard let size = u32(offset), let place = u32(offset + 4) else { return nil }
        return MinidumpLocation(size: UInt64(size), offset: UInt64(place))
    }

    /// The part of `location` that is in the file: all of it, the beginning, or nothing.
    func present(_ location: MinidumpLocation) -> MinidumpLocation {
        let count = UInt64(file.count)
        let offset = min(location.offset, count)
        return MinidumpLocation(size: min(location.size, count - offset), offset: offset)
    }

    /// The `MINIDUMP_STRING` at `offset`: its length in bytes, then UTF-16; `nil` when it is not in the file. Ends at a
    /// NUL; lone surrogates become U+FFFD.
    mutating func text(_ offset: UInt64, of field: String) -> String? {
        guard let length = u32(offset) else {
            note("\(field): a text at offset \(offset) is not in the file")
            return nil
        }
        var units = Int(length / 2)
        if units > MinidumpLimits.nameLength {
            note("\(field): a text of \(units) characters is cut to \(MinidumpLimits.nameLength)")
            units = MinidumpLimits.nameLength
        }
        let place = present(MinidumpLocation(size: UInt64(units) * 2, offset: offset + 4))
        if place.size / 2 < UInt64(units) {
            note("\(field): a text at offset \(offset) goes beyond the end of the file")
        }
        units = Int(place.size / 2)
        guard take(units * 2, for: field), let bytes = DumpBytes(file.bytes).piece(place.offset, UInt64(units) * 2)
        else {
            return nil
        }
        return bytes.bytes.withUnsafeBytes { buffer in
            let units = (0..<units).lazy.map {
                UInt16(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self))
            }
            return String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
        }
    }

    /// Whether so much text may still be copied; a note when not.
    mutating func take(_ size: Int, for field: String) -> Bool {
        guard size <= textLeft else {
            note("\(field): texts beyond \(MinidumpLimits.textSize) bytes are left out")
            return false
        }
        textLeft -= size
        return true
    }
}
