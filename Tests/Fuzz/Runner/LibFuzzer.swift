#if LIBFUZZER
    import CFuzz
    import Foundation
    import FuzzTargets

    /// The target that the environment's FUZZ_TARGET names; libFuzzer has the arguments for itself.
    private let target: FuzzTarget = {
        let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            FileHandle.standardError.write(Data("FUZZ_TARGET must name a target\n".utf8))
            exit(64)
        }
        return target
    }()

    /// One input of libFuzzer's.
    @_cdecl("LLVMFuzzerTestOneInput")
    public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ size: Int) -> CInt {
        target.run(Array(UnsafeBufferPointer(start: bytes, count: size)))
        return 0
    }

    /// Half of the changes are libFuzzer's own, which learn from coverage; half know the format.
    @_cdecl("LLVMFuzzerCustomMutator")
    public func customMutator(
        _ bytes: UnsafeMutablePointer<UInt8>, _ size: Int, _ room: Int, _ seed: UInt32
    ) -> Int {
        guard seed % 2 == 0 else { return LLVMFuzzerMutate(bytes, size, room) }
        var random = FuzzRandom(seed: UInt64(seed))
        let input = Array(UnsafeBufferPointer(start: bytes, count: size))
        let changed = target.mutate(input, &random).prefix(room)
        for (place, byte) in changed.enumerated() { bytes[place] = byte }
        return changed.count
    }
#endif
