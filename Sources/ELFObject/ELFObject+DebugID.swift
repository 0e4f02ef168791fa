import Bytes

extension ELFObject {
    /// The id under which Sentry's tools know the file: lower-case, dashed, without an appendix; `nil` when the file
    /// has neither a build id nor the bytes of a `.text` section.
    ///
    /// It is the first 16 bytes of the build id, filled with zeros, read as a GUID:
    ///
    ///     build id   68220ae2 c65d 65c1 b6aaa12fa6765a6e c2f5f434
    ///     debug id   e20a2268-5dc6-c165-b6aa-a12fa6765a6e
    ///
    /// A GUID begins with one 32-bit and two 16-bit numbers; in a little-endian file they are turned round. Without a
    /// build id, up to 4096 bytes of `.text` are folded by exclusive or. A separate debug file lacks those bytes, so
    /// without a build id it cannot be matched with its program.
    public var debugID: String? {
        let isLittleEndian = header.byteOrder == .little
        if let buildID {
            return DebugIdentifier.make(buildID: buildID, isLittleEndian: isLittleEndian)
        }
        guard let section = section(named: ".text"), section.hasContents, section.size > 0,
            let code = reader.record(at: section.fileOffset, size: section.size)
        else { return nil }
        var folded = [UInt8](repeating: 0, count: 16)
        for index in 0..<min(4096, code.bytes.byteCount) {
            folded[index % 16] ^= code.u8(index)
        }
        return DebugIdentifier.make(buildID: folded, isLittleEndian: isLittleEndian)
    }
}
