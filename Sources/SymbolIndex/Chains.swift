/// From an entry of a block to frames.
extension IndexStorage {
    /// The innermost frame of an entry; `nil` for a hole.
    /// - Throws: `SymbolIndexError.damaged` when the entry names a scope or function that is not there.
    @inline(__always)
    func chain(_ view: BlockView, _ entry: BlockEntry) throws(SymbolIndexError) -> ChainPosition? {
        guard entry.scope < view.scopeCount else {
            if entry.scope == view.scopeCount { return nil }
            guard entry.scope == view.scopeCount &+ 1 else { throw damaged(view, "an entry names no scope") }
            return ChainPosition(
                view: view, scope: entry.scope, parent: entry.scope, function: IndexLayout.none,
                file: fileNumber(entry.place.file, view, declaredIn: IndexLayout.none),
                line: BlockHeader.line(entry.place.line, declaredAt: 0, signed: view.header.hasSignedLines),
                column: entry.place.column)
        }
        let scope = blockScope(view, entry.scope)
        guard let record = functionRecord(scope.function) else { throw damaged(view, "a scope names no function") }
        let declaration = declaration(record)
        return ChainPosition(
            view: view, scope: entry.scope, parent: scope.parent, function: scope.function,
            file: fileNumber(entry.place.file, view, declaredIn: declaration.file),
            line: BlockHeader.line(
                entry.place.line, declaredAt: declaration.line, signed: view.header.hasSignedLines),
            column: entry.place.column)
    }

    /// Frames of the chain of an innermost scope; follows and checks all of it.
    @inline(__always)
    func depth(_ view: BlockView, from innermost: UInt64) throws(SymbolIndexError) -> Int {
        guard innermost < view.scopeCount else { return 1 }
        var number = innermost
        var depth = 1
        while true {
            let scope = blockScope(view, number)
            guard Int(scope.function) < functions.count else { throw damaged(view, "a scope names no function") }
            if scope.parent == number { return depth }
            guard scope.parent < number else { throw damaged(view, "a parent does not come before its child") }
            guard depth < IndexLayout.maximumDepth else { throw damaged(view, "a chain of more than 4096 frames") }
            depth &+= 1
            number = scope.parent
        }
    }

    /// Goes to the next frame outwards. Of a chain that `depth` has checked all references lead somewhere.
    @inline(__always)
    func goOut(_ chain: inout ChainPosition) {
        let view = chain.view
        guard !chain.isOutermost, chain.parent < view.scopeCount else { return }
        let call = blockScope(view, chain.scope).call
        let scope = blockScope(view, chain.parent)
        guard let record = functionRecord(scope.function) else { return }
        let declaration = declaration(record)
        chain.scope = chain.parent
        chain.parent = scope.parent
        chain.function = scope.function
        chain.file = fileNumber(call.file, view, declaredIn: declaration.file)
        chain.line = BlockHeader.line(
            call.line, declaredAt: declaration.line, signed: view.header.hasSignedCallLines)
        chain.column = call.column
        chain.isCallSite = true
    }

    func damaged(_ view: BlockView, _ reason: String) -> SymbolIndexError {
        .damaged(section: .blocks, record: Int(truncatingIfNeeded: view.scopes / 8) - blocks.offset, reason: reason)
    }
}
