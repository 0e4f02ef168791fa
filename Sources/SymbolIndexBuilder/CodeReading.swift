import Bytes
import ELFObject
import ParserTasks

/// The machine code at a link address, from the section that holds it; without sections from the load segment. A separate
/// debug file has sections of the code without contents: `nil`.
func readCode(_ request: CodeRequest, object: Int32) throws(IndexBuildError) -> CodeReply {
    let elf = try ObjectReading.open(object, name: request.objectName)
    guard request.count > 0, request.count <= CodeRequest.limit else { return CodeReply(bytes: nil) }
    let count = UInt64(request.count)
    func offset(_ start: UInt64, _ size: UInt64, _ fileOffset: UInt64) -> Int? {
        guard request.address >= start, request.address - start <= size, size - (request.address - start) >= count
        else {
            return nil
        }
        let (offset, overflows) = fileOffset.addingReportingOverflow(request.address - start)
        return overflows ? nil : Int(exactly: offset)
    }
    let code = elf.sections.filter { $0.isAllocated && $0.isExecutable }
    let place =
        code.isEmpty
        ? elf.loadSegments.lazy.compactMap { offset($0.address, $0.fileSize, $0.fileOffset) }.first
        : code.lazy.filter(\.hasContents).compactMap { offset($0.address, $0.size, $0.fileOffset) }.first
    guard let place else { return CodeReply(bytes: nil) }
    let bytes = elf.file.bytes
    guard place <= bytes.byteCount, bytes.byteCount - place >= request.count else { return CodeReply(bytes: nil) }
    return CodeReply(
        bytes: (0..<request.count).map { bytes.unsafeLoadUnaligned(fromByteOffset: place + $0, as: UInt8.self) })
}
