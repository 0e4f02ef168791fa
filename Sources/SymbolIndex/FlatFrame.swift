/// A frame as pointers and lengths into a mapped index: what a caller that answers thousands of addresses wants,
/// without a reference counted or a byte copied. The pointers are valid as long as the index, or a copy of it, is held.
/// All texts are UTF-8 as the debug information had it, without a zero at the end; 64 bytes, a line of the processor's
/// cache.
public struct FlatFrame {
    /// The simplified name; `nil` without a function or name.
    public var name: UnsafePointer<UInt8>?
    /// The name with everything.
    public var fullName: UnsafePointer<UInt8>?
    /// The linker's name.
    public var linkageName: UnsafePointer<UInt8>?
    /// The path of the source file.
    public var file: UnsafePointer<UInt8>?
    /// Bytes of ``name``.
    public var nameLength: UInt32
    /// Bytes of ``fullName``.
    public var fullNameLength: UInt32
    /// Bytes of ``linkageName``.
    public var linkageNameLength: UInt32
    /// Bytes of ``file``.
    public var fileLength: UInt32
    /// 1-based; 0 when unknown, or compiler-generated when there is a file.
    public var line: UInt32
    /// 1-based; 0 when unknown.
    public var column: UInt32
    /// The number of the function in its index, ``IndexedFunction/index``; `UInt32.max` when only a line is known.
    public var function: UInt32
    /// The number of the file in its index, ``IndexedFrame/fileIndex``; `UInt32.max` for none.
    public var fileIndex: UInt32

    /// The numbers; the texts are filled in later.
    @inline(__always)
    init(function: UInt32, fileIndex: UInt32, line: UInt32, column: UInt32) {
        name = nil
        fullName = nil
        linkageName = nil
        file = nil
        nameLength = 0
        fullNameLength = 0
        linkageNameLength = 0
        fileLength = 0
        self.line = line
        self.column = column
        self.function = function
        self.fileIndex = fileIndex
    }
}

extension SymbolIndex {
    /// Writes the frames of one address into memory of the caller, innermost first; all but the last one are inlined.
    ///
    /// - Returns: The number of frames: 0 in a hole, `nil` when there is no room for them.
    /// - Throws: `SymbolIndexError.damaged` when a record on the way contradicts the format.
    public func lookup(
        _ address: UInt64, frames: UnsafeMutableBufferPointer<FlatFrame>
    ) throws(SymbolIndexError) -> Int? {
        guard storage.version1 == nil else { return try storage.flatLookup(version1: address, frames, from: 0) }
        guard let region = storage.regionNumber(of: address),
            let place = BucketPlace(address, storage.region(region), storage)
        else { return 0 }
        var output = FlatOutput(storage, frames)
        guard try output.decode(place, storage.blockHeader(place)) else { return nil }
        output.complete(from: 0)
        return output.end
    }

    /// Writes the frames of many addresses into memory of the caller: the fastest way to ask an index, without a single
    /// allocation.
    ///
    ///     addresses   a₀       a₁        a₂ (hole)   a₃
    ///     frames      f f f f  f f                   f f f
    ///     ends        4        6         6           9
    ///
    /// Address *i* has the frames from `ends[i - 1]` (0 for the first) to `ends[i]`, innermost first; all but its last
    /// one are inlined. Rising addresses are fastest, any order is answered. Addresses are taken in groups whose steps
    /// go side by side, so that the waits for memory overlap.
    ///
    /// - Parameters:
    ///   - addresses: Link addresses.
    ///   - frames: Room for the frames; their memory may be uninitialised.
    ///   - ends: Room for one number an address.
    /// - Returns: How many addresses were answered: all, or as many as found room for all their frames.
    /// - Throws: `SymbolIndexError.damaged` when a record on the way contradicts the format.
    public func lookup(
        sorted addresses: UnsafeBufferPointer<UInt64>, frames: UnsafeMutableBufferPointer<FlatFrame>,
        ends: UnsafeMutableBufferPointer<UInt32>
    ) throws(SymbolIndexError) -> Int {
        let count = min(addresses.count, ends.count)
        guard storage.version1 == nil else {
            return try storage.flatLookupOneByOne(addresses, frames, ends)
        }
        var batch = FlatBatch(storage, frames: frames, ends: ends)
        var position = 0
        while position < count {
            let size = min(FlatBatch.groupSize, count &- position)
            let done = try batch.answer(
                UnsafeBufferPointer(rebasing: addresses[position..<position &+ size]), first: position)
            position &+= done
            if done < size { break }
        }
        return position
    }
}

extension IndexStorage {
    /// For old files: by way of locations.
    fileprivate func flatLookupOneByOne(
        _ addresses: UnsafeBufferPointer<UInt64>, _ frames: UnsafeMutableBufferPointer<FlatFrame>,
        _ ends: UnsafeMutableBufferPointer<UInt32>
    ) throws(SymbolIndexError) -> Int {
        let count = min(addresses.count, ends.count)
        var end = 0
        for position in 0..<count {
            guard let found = try flatLookup(version1: addresses[position], frames, from: end) else { return position }
            end += found
            ends[position] = UInt32(truncatingIfNeeded: end)
        }
        return count
    }

    /// - Returns: The number of frames; `nil` when there is no room for them.
    fileprivate func flatLookup(
        version1 address: UInt64, _ frames: UnsafeMutableBufferPointer<FlatFrame>, from start: Int
    ) throws(SymbolIndexError) -> Int? {
        guard let location = try version1?.lookup(address, self) else { return 0 }
        guard location.frameCount <= frames.count - start, let base = frames.baseAddress else { return nil }
        var end = start
        for frame in location.frames {
            let function = frame.function?.index ?? IndexLayout.none
            var flat = FlatFrame(
                function: function, fileIndex: frame.fileIndex, line: frame.line, column: frame.column)
            if function != IndexLayout.none {
                let names = names(of: function)
                (flat.name, flat.nameLength) = pointer(names.name)
                (flat.fullName, flat.fullNameLength) = pointer(names.fullName)
                (flat.linkageName, flat.linkageNameLength) = pointer(names.linkageName)
            }
            (flat.file, flat.fileLength) = pointer(pathRange(frame.fileIndex))
            (base + end).initialize(to: flat)
            end += 1
        }
        return end - start
    }

    /// A text as pointer and length.
    @inline(__always)
    func pointer(_ range: Range<Int>?) -> (UnsafePointer<UInt8>?, UInt32) {
        guard let range else { return (nil, 0) }
        return (
            (base + range.lowerBound).assumingMemoryBound(to: UInt8.self), UInt32(truncatingIfNeeded: range.count)
        )
    }
}
