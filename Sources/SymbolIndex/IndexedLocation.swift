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
    let scope: UInt32
    let file: UInt32
    let line: UInt32
    let column: UInt32
    /// The number of frames, at least 1.
    public let frameCount: Int
    /// The first address of the range that this answer holds for.
    public let rangeStart: UInt64

    /// The frame at `position`: 0 the innermost, `frameCount - 1` the physical function's.
    ///
    /// Walks the chain from the innermost; use ``frames`` to visit all of them. A position outside `0..<frameCount` is
    /// a mistake of the caller, as an array's index is.
    public func frame(_ position: Int) -> IndexedFrame {
        precondition(position >= 0 && position < frameCount, "no such frame")
        var iterator = frames.makeIterator()
        var frame = iterator.current
        for _ in 0...position {
            guard let next = iterator.next() else { break }
            frame = next
        }
        return frame
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
        Iterator(
            storage: location.storage, scope: location.scope, file: location.file, line: location.line,
            column: location.column, left: location.frameCount)
    }

    /// Follows the parents of a chain that `lookup` has checked.
    public struct Iterator: IteratorProtocol, Sendable {
        let storage: IndexStorage
        var scope: UInt32
        var file: UInt32
        var line: UInt32
        var column: UInt32
        var left: Int
        var isCallSite = false

        /// The place that the next frame is at, without its function.
        var current: IndexedFrame {
            IndexedFrame(
                function: nil, isInlined: false, isCallSite: isCallSite, line: line, column: column,
                storage: storage, fileIndex: file)
        }

        /// The next frame outwards.
        public mutating func next() -> IndexedFrame? {
            guard left > 0 else { return nil }
            left -= 1
            var frame = current
            let storage = storage
            let bytes = storage.bytes
            guard let record = IndexStorage.offset(scope, in: storage.scopes, size: ScopeRecord.size) else {
                left = 0
                return frame
            }
            let parent = bytes.uint32(at: record + ScopeRecord.parent)
            let target = bytes.uint32(at: record + ScopeRecord.target)
            if parent == IndexLayout.none {
                frame.function = IndexedFunction(storage: storage, index: target)
                left = 0
            } else if let call = IndexStorage.offset(target, in: storage.calls, size: CallRecord.size) {
                frame.function = IndexedFunction(
                    storage: storage, index: bytes.uint32(at: call + CallRecord.function))
                frame.isInlined = true
                file = bytes.uint32(at: call + CallRecord.file)
                line = bytes.uint32(at: call + CallRecord.line)
                column = bytes.uint32(at: call + CallRecord.column)
                scope = parent
                isCallSite = true
            } else {
                left = 0
            }
            return frame
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
