/// Flat frames being written, in two steps: what the block says, then what the records of functions and files say.
struct FlatOutput {
    private let storage: IndexStorage
    private let frames: UnsafeMutableBufferPointer<FlatFrame>
    /// The frames written so far.
    private(set) var end = 0

    /// What `nameLength` says of a frame whose function's record was not read yet.
    private static let lineIsDifference: UInt32 = 1
    private static let fileIsDeclaring: UInt32 = 2

    init(_ storage: IndexStorage, _ frames: UnsafeMutableBufferPointer<FlatFrame>) {
        self.storage = storage
        self.frames = frames
    }

    /// Writes the frames at a place of a bucket with what the block says of them; `complete` does the rest.
    /// - Returns: There was room; else nothing was written.
    @inline(__always)
    mutating func decode(_ place: BucketPlace, _ header: BlockHeader) throws(SymbolIndexError) -> Bool {
        let (view, number) = try storage.entry(at: place, header)
        let entry = storage.blockEntry(view, number)
        let start = end
        guard entry.scope < view.scopeCount else {
            // A hole, or a line without a function: seldom.
            guard let chain = try storage.chain(view, entry) else { return true }
            return append(
                FlatFrame(function: chain.function, fileIndex: chain.file, line: chain.line, column: chain.column))
        }
        var coded = entry.place
        var isSigned = view.header.hasSignedLines
        var scopeNumber = entry.scope
        while true {
            let scope = storage.blockScope(view, scopeNumber)
            guard Int(scope.function) < storage.functions.count else {
                throw storage.damaged(view, "a scope names no function")
            }
            guard append(incomplete(scope.function, coded, isSigned, view)) else {
                end = start
                return false
            }
            if scope.parent == scopeNumber { return true }
            guard scope.parent < scopeNumber else {
                throw storage.damaged(view, "a parent does not come before its child")
            }
            guard end &- start < IndexLayout.maximumDepth else {
                throw storage.damaged(view, "a chain of more than 4096 frames")
            }
            coded = scope.call
            isSigned = view.header.hasSignedCallLines
            scopeNumber = scope.parent
        }
    }

    @inline(__always)
    private mutating func append(_ frame: FlatFrame) -> Bool {
        guard end < frames.count, let base = frames.baseAddress else { return false }
        (base + end).initialize(to: frame)
        end &+= 1
        return true
    }

    /// The frame before the record of its function was read.
    @inline(__always)
    private func incomplete(
        _ function: UInt32, _ place: CodedPlace, _ isSigned: Bool, _ view: BlockView
    ) -> FlatFrame {
        var frame = FlatFrame(
            function: function, fileIndex: storage.fileNumber(place.file, view, declaredIn: IndexLayout.none),
            line: BlockHeader.line(place.line, declaredAt: 0, signed: isSigned), column: place.column)
        frame.nameLength =
            (place.line == 0 ? 0 : Self.lineIsDifference) | (place.file == 0 ? Self.fileIsDeclaring : 0)
        return frame
    }

    /// Fills in what the records of functions and files say, for the frames from `first` on.
    @inline(__always)
    func complete(from first: Int) {
        guard let base = frames.baseAddress else { return }
        for position in first..<end { complete(&base[position]) }
    }

    @inline(__always)
    private func complete(_ frame: inout FlatFrame) {
        if let record = storage.functionRecord(frame.function) {
            let declaration = storage.declaration(record)
            if frame.nameLength & Self.lineIsDifference != 0 { frame.line &+= declaration.line }
            if frame.nameLength & Self.fileIsDeclaring != 0 { frame.fileIndex = declaration.file }
            (frame.name, frame.nameLength) = storage.pointer(
                storage.text(record, FunctionRecord.name, FunctionRecord.nameLength))
            (frame.fullName, frame.fullNameLength) = storage.pointer(
                storage.text(record, FunctionRecord.fullName, FunctionRecord.fullNameLength))
            (frame.linkageName, frame.linkageNameLength) = storage.pointer(
                storage.text(record, FunctionRecord.linkageName, FunctionRecord.linkageNameLength))
        }
        (frame.file, frame.fileLength) = storage.pointer(storage.path(ofFile: frame.fileIndex))
    }
}
