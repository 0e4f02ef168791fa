import Bytes

/// What an index knows about one address: a chain of frames, innermost first.
///
///     main.cpp:30  main ──calls (inlined)──▶ helper ──calls (inlined)──▶ max
///     frames:  0: max     at the row's file, line, column
///              1: helper  at the place where max was inlined
///              2: main    at the place where helper was inlined: the physical function
///
/// A value of a few words that keeps the mapped index alive; making one allocates nothing.
public struct IndexedLocation: Sendable {
    let storage: IndexStorage
    let first: ChainPosition
    let address: UInt64
    /// The number of frames, at least 1.
    public let frameCount: Int

    /// The first address of the range that this answer holds for. Searched when asked for.
    public var rangeStart: UInt64 { storage.rangeStart(of: address) }

    /// The frame at `position`: 0 the innermost, `frameCount - 1` the physical function's.
    ///
    /// Walks the chain from the innermost; use ``frames`` to visit all of them. A position outside `0..<frameCount` is
    /// a mistake of the caller, as an array's index is.
    public func frame(_ position: Int) -> IndexedFrame {
        precondition(position >= 0 && position < frameCount, "no such frame")
        var chain = first
        for _ in 0..<position { chain.goOut(storage) }
        return chain.frame(storage)
    }

    /// All frames, innermost first.
    public var frames: IndexedFrames { IndexedFrames(location: self) }

    /// The function whose machine code this is: the one of the outermost frame.
    public var physicalFunction: IndexedFunction? { frame(frameCount - 1).function }
}

/// The frames of a location, innermost first.
public struct IndexedFrames: Sequence, Sendable {
    let location: IndexedLocation

    /// As many as there are.
    public var underestimatedCount: Int { location.frameCount }

    /// Starts at the innermost frame.
    public func makeIterator() -> Iterator {
        Iterator(storage: location.storage, chain: location.first, left: location.frameCount)
    }

    /// Follows the parents of a chain that `lookup` has checked.
    public struct Iterator: IteratorProtocol, Sendable {
        let storage: IndexStorage
        var chain: ChainPosition
        var left: Int

        /// The next frame outwards.
        public mutating func next() -> IndexedFrame? {
            guard left > 0 else { return nil }
            left &-= 1
            let frame = chain.frame(storage)
            if left > 0 { chain.goOut(storage) }
            return frame
        }
    }
}

/// A frame of a chain, as numbers: where a walk from the innermost scope outwards stands.
struct ChainPosition: Sendable {
    /// The block in which the chain stands; without meaning in version 1.
    let view: BlockView
    /// Number of the scope, in the block or (version 1) in its section.
    var scope: UInt64
    /// The scope's parent; the scope's own number for none.
    var parent: UInt64
    /// `IndexLayout.none` for none.
    var function: UInt32
    var file: UInt32
    var line: UInt32
    var column: UInt32
    /// Not the innermost frame.
    var isCallSite = false

    /// The frame is the last one of the chain.
    var isOutermost: Bool { parent == scope }

    func frame(_ storage: IndexStorage) -> IndexedFrame {
        IndexedFrame(
            function: IndexedFunction(storage: storage, index: function), isInlined: !isOutermost,
            isCallSite: isCallSite, line: line, column: column, storage: storage, fileIndex: file)
    }

    /// Goes to the next frame outwards of a chain that was checked.
    mutating func goOut(_ storage: IndexStorage) {
        if let version1 = storage.version1 {
            version1.goOut(&self, storage.bytes)
        } else {
            storage.goOut(&self)
        }
    }
}

/// One function at one place in the source.
public struct IndexedFrame: Sendable {
    /// The function; `nil` when only a line is known.
    public internal(set) var function: IndexedFunction?
    /// The function was inlined into the one of the next frame.
    public internal(set) var isInlined: Bool
    /// File, line and column are those of an inlined call, not of the address itself: every frame but the innermost.
    public let isCallSite: Bool
    /// 1-based; 0 when unknown, or compiler-generated when there is a file.
    public let line: UInt32
    /// 1-based; 0 when unknown.
    public let column: UInt32
    let storage: IndexStorage
    /// The number of the file in its index, the same for the same path; `UInt32.max` for none.
    public let fileIndex: UInt32

    /// The path as the debug information spells it, joined with the compilation directory; `nil` when unknown.
    public var file: IndexedString? { storage.path(of: fileIndex) }

    /// There is debug information, and it says that no source line made this code.
    public var isCompilerGenerated: Bool { line == 0 && fileIndex != IndexLayout.none }
}
