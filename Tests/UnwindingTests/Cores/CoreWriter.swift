import Bytes
import Foundation
import ParserTasks

@testable import Unwinding

/// Writes small ELF cores with whatever is wrong in them.
struct CoreWriter {
    struct Segment {
        var type: UInt32 = 1
        var flags: UInt32 = 6
        var address: UInt64 = 0
        var bytes: [UInt8] = []
        /// Where it differs from the bytes.
        var memorySize: UInt64?
        var fileSize: UInt64?
        var offset: UInt64?
    }

    var machine: UInt16 = 62
    var type: UInt16 = 4
    var fileClass: UInt8 = 2
    var order: UInt8 = 1
    var notes: [UInt8] = []
    var segments: [Segment] = []
    /// Where it differs from the segments.
    var segmentCount: UInt16?
    /// `sh_info` of a first section header, for `PN_XNUM`.
    var extendedCount: UInt32?

    static func little<Value: FixedWidthInteger>(_ values: Value...) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    static func words(_ values: [UInt64]) -> [UInt8] { values.flatMap { little($0) } }

    mutating func note(_ type: UInt32, _ descriptor: [UInt8], name: String = "CORE", size: UInt32? = nil) {
        let text = Array(name.utf8) + [0]
        notes += CoreWriter.little(UInt32(text.count), size ?? UInt32(descriptor.count), type)
        notes += text + [UInt8](repeating: 0, count: (4 - text.count % 4) % 4)
        notes += descriptor + [UInt8](repeating: 0, count: (4 - descriptor.count % 4) % 4)
    }

    /// `NT_PRSTATUS` of x86-64.
    mutating func thread(_ id: UInt32, rip: UInt64, rsp: UInt64, rbp: UInt64, signal: UInt16 = 11) {
        var status = [UInt8](repeating: 0, count: 336)
        func put(_ bytes: [UInt8], _ offset: Int) { status.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        put(CoreWriter.little(signal), 12)
        put(CoreWriter.little(id), 32)
        put(CoreWriter.little(rbp), 112 + 4 * 8)
        put(CoreWriter.little(rip), 112 + 16 * 8)
        put(CoreWriter.little(rsp), 112 + 19 * 8)
        note(1, status)
    }

    mutating func files(_ files: [(start: UInt64, end: UInt64, page: UInt64, path: String)], count: UInt64? = nil) {
        let table = CoreWriter.words(
            [count ?? UInt64(files.count), 4096] + files.flatMap { [$0.start, $0.end, $0.page] })
        note(0x4649_4c45, table + files.flatMap { Array($0.path.utf8) + [0] })
    }

    func bytes() -> [UInt8] {
        let all = (notes.isEmpty ? [] : [Segment(type: 4, bytes: notes)]) + segments
        let count = segmentCount ?? UInt16(all.count)
        let sectionOffset = UInt64(64 + all.count * 56)
        var result: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, fileClass, order, 1] + [UInt8](repeating: 0, count: 9)
        result +=
            order == 2 ? CoreWriter.little(type.byteSwapped, machine.byteSwapped) : CoreWriter.little(type, machine)
        result += CoreWriter.little(UInt32(1)) + CoreWriter.words([0, 64, extendedCount == nil ? 0 : sectionOffset])
        result +=
            CoreWriter.little(UInt32(0)) + CoreWriter.little(UInt16(64), 56, count, 64, extendedCount == nil ? 0 : 1, 0)
        var offset = sectionOffset + 64
        for segment in all {
            result += CoreWriter.little(segment.type, segment.flags)
            result += CoreWriter.words([
                segment.offset ?? offset, segment.address, 0, segment.fileSize ?? UInt64(segment.bytes.count),
                segment.memorySize ?? UInt64(segment.bytes.count), 1,
            ])
            offset += UInt64(segment.bytes.count)
        }
        var section = [UInt8](repeating: 0, count: 64)
        section.replaceSubrange(44..<48, with: CoreWriter.little(extendedCount ?? 0))
        result += section
        for segment in all { result += segment.bytes }
        return result
    }
}

/// A snapshot of bytes, through a file as in life.
func core(_ bytes: [UInt8], name: String = "test.core") throws -> CoreFile {
    try withTemporaryFile(bytes) { try CoreFile(MappedFile(descriptor: $0, name: name), name: name) }
}

/// Runs `body` with a descriptor of an unlinked file that has these bytes.
func withTemporaryFile<Result>(_ bytes: [UInt8], _ body: (Int32) throws -> Result) throws -> Result {
    var template = Array("/tmp/symbolist-core-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw CrashWorkshopError(description: "mkstemp: \(errno)") }
    defer { close(descriptor) }
    unlink(template)
    var position = 0
    while position < bytes.count {
        let written = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress?.advanced(by: position), $0.count - position)
        }
        guard written > 0 else { throw CrashWorkshopError(description: "write: \(errno)") }
        position += written
    }
    return try body(descriptor)
}

/// Inspects and unwinds bytes without any file for the modules.
func unwound(_ bytes: [UInt8], limits: UnwindLimits = UnwindLimits()) throws -> UnwoundDump {
    try withTemporaryFile(bytes) { descriptor in
        try DumpUnwinding.unwind(DumpRequest(name: "test.core", limits: limits), dump: descriptor, files: [])
    }
}
