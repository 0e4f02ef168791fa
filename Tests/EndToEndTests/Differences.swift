import Foundation

/// Where LLVM's symbolizer answers otherwise, and why ours is right or as good.
enum LLVMDifference {
    /// Swift's line tables put `<compiler-generated>` in folder `/`. It is no file; we show no folder.
    case compilerGenerated
    /// No debug information: LLVM names the last `STT_FILE` that stands before the symbol, a guess (`crtstuff.c` for every
    /// linker-made function). We name the symbol alone.
    case fileOfSymbolTable
    /// LLVM replaces the physical function's name by that of a symbol. We keep the function's own linkage name: the same
    /// without the suffix of a part (`.cold`), …
    case partOfFunction
    /// … or another symbol of the function's first address: the other variant of a constructor, or what a linker folded.
    case anotherSymbol
    /// A function without a linkage name: LLVM has the bare name, we the one with namespaces and types.
    case qualifiedName

    /// The rules that explain all differences at one address; `nil` when one is left over.
    static func explain(_ mine: Answer, _ theirs: Answer, _ facts: BinaryFacts) -> Set<LLVMDifference>? {
        guard mine.frames.count == theirs.frames.count else { return nil }
        var found: Set<LLVMDifference> = []
        for (position, (own, other)) in zip(mine.frames, theirs.frames).enumerated() {
            guard own.line == other.line, own.column == other.column else { return nil }
            if own.file != other.file {
                guard let rule = file(own, other, mine, facts) else { return nil }
                found.insert(rule)
            }
            if own.function != other.function {
                guard let rule = name(own, other, isPhysical: position == mine.frames.count - 1, facts) else {
                    return nil
                }
                found.insert(rule)
            }
        }
        return found.isEmpty ? nil : found
    }

    private static func file(
        _ own: Answer.Frame, _ other: Answer.Frame, _ mine: Answer, _ facts: BinaryFacts
    ) -> LLVMDifference? {
        if own.file == "<compiler-generated>", other.file == "/<compiler-generated>" { return .compilerGenerated }
        let isSymbolAlone = mine.frames.count == 1 && own.file.isEmpty && own.line == 0
        return isSymbolAlone && facts.fileSymbols.contains(other.file) ? .fileOfSymbolTable : nil
    }

    private static func name(
        _ own: Answer.Frame, _ other: Answer.Frame, isPhysical: Bool, _ facts: BinaryFacts
    ) -> LLVMDifference? {
        if isPhysical, own.hasLinkageName {
            if other.function.hasPrefix(own.function + ".") { return .partOfFunction }
            if let start = own.start, facts.names(at: start).contains(other.function) { return .anotherSymbol }
        }
        return !own.hasLinkageName && own.function.hasSuffix("::" + other.function) ? .qualifiedName : nil
    }
}

/// Where GNU addr2line (binutils 2.40) answers otherwise, and why ours is right or as good.
enum GNUDifference {
    /// ` (discriminator 2)`: which of several blocks of one line. No reader of `FILE:LINE` wants it.
    case discriminator
    /// As with LLVM; GNU joins folder `/` and the name to `//<compiler-generated>`.
    case compilerGenerated
    /// As with LLVM: the last `STT_FILE` before the symbol.
    case fileOfSymbolTable
    /// Padding between functions: GNU takes the nearest symbol before it, however far its end is. We know nothing there.
    case pastTheEnd
    /// GNU prints the linkage name of a constructor's or destructor's declaration (`C4`, `D4`), or of another variant; we
    /// print that of the code.
    case constructorVariant
    /// A function without a linkage name: GNU has the bare name, we the one with namespaces and types. That of a physical
    /// function we know from the symbol at its first address (`~Savings`, `_ZN…SavingsD0Ev`).
    case qualifiedName
    /// The innermost function has no linkage name: GNU prints the symbol around it, the name of the outermost function.
    case symbolForInlined
    /// GNU does not read `DW_FORM_rnglistx`: an inlined function with such ranges is left out, and the next one gets its line.
    case inlinedLeftOut
    /// A DWARF 5 line sequence that never names its file is in file 1 (DWARF 5, section 6.2.2). GNU takes file 0, the unit's
    /// own source.
    case firstFile

    /// The rules that explain all differences at one address; `nil` when one is left over.
    static func explain(
        _ answer: Answer, _ mine: [TextFrame], _ theirs: [TextFrame], _ facts: BinaryFacts
    ) -> Set<GNUDifference>? {
        var comparison = GNUComparison(answer: answer, facts: facts)
        if answer.frames.isEmpty { return comparison.hole(mine, theirs) }
        guard mine.count == answer.frames.count else { return nil }
        if mine.count == theirs.count, comparison.explain(mine, Array(mine.indices), theirs) {
            return comparison.found.isEmpty ? nil : comparison.found
        }
        guard facts.hasRangeListIndexes, theirs.count < mine.count,
            let kept = comparison.kept(of: mine, in: theirs)
        else { return nil }
        // A frame's place is where the one inside of it was called: the one after the last that GNU kept.
        let places = kept.indices.map { $0 == 0 ? mine[0].place : mine[kept[$0 - 1] + 1].place }
        let shortened = zip(kept, places).map { TextFrame(function: mine[$0].function, place: $1) }
        comparison.found = []
        guard comparison.explain(shortened, kept, theirs) else { return nil }
        return comparison.found.union([.inlinedLeftOut])
    }
}

/// Compares one address' frames and collects the rules that explain the differences.
private struct GNUComparison {
    let answer: Answer
    let facts: BinaryFacts
    var found: Set<GNUDifference> = []

    /// Nothing is known of the address.
    func hole(_ mine: [TextFrame], _ theirs: [TextFrame]) -> Set<GNUDifference>? {
        guard mine == [TextFrame(function: "??", place: "??:0")], theirs.count == 1, isPastTheEnd(theirs[0].function)
        else { return nil }
        if theirs[0].place == "??:?" { return [.pastTheEnd] }
        return isFileOfSymbolTable(theirs[0].place) ? [.pastTheEnd, .fileOfSymbolTable] : nil
    }

    /// Explains frame by frame; `positions` are those in the whole answer.
    mutating func explain(_ mine: [TextFrame], _ positions: [Int], _ theirs: [TextFrame]) -> Bool {
        for (number, (own, other)) in zip(mine, theirs).enumerated() {
            if own.place != other.place {
                guard let rule = place(own, other, isFirst: number == 0) else { return false }
                found.insert(rule)
            }
            if own.function != other.function {
                guard let rule = name(own, other, at: positions[number], isFirst: number == 0) else { return false }
                found.insert(rule)
            }
        }
        return true
    }

    /// The positions of our frames that GNU has too, when GNU's are some of ours in the same order.
    func kept(of mine: [TextFrame], in theirs: [TextFrame]) -> [Int]? {
        // From the outside in: the physical function is always there.
        var positions: [Int] = []
        var position = mine.count - 1
        for (number, other) in theirs.enumerated().reversed() {
            while position >= 0 {
                let own = mine[position]
                let isSame =
                    own.function == other.function
                    || name(own, other, at: position, isFirst: number == 0) != nil
                if isSame { break }
                if positions.isEmpty { return nil }
                position -= 1
            }
            guard position >= 0 else { return nil }
            positions.append(position)
            position -= 1
        }
        return positions.reversed()
    }

    private func place(_ own: TextFrame, _ other: TextFrame, isFirst: Bool) -> GNUDifference? {
        if other.place.hasPrefix(own.place + " (discriminator "), other.place.hasSuffix(")") { return .discriminator }
        if own.place.hasPrefix("<compiler-generated>:"), other.place == "//" + own.place { return .compilerGenerated }
        if isFirst, let colon = own.place.lastIndex(of: ":"), let theirs = other.place.lastIndex(of: ":"),
            own.place[colon...] == other.place[theirs...],
            facts.sourcesOfVersion5.contains(String(other.place[..<theirs]))
        {
            return .firstFile
        }
        let isSymbolAlone = answer.frames.count == 1 && own.place == "??:?"
        return isSymbolAlone && isFileOfSymbolTable(other.place) ? .fileOfSymbolTable : nil
    }

    private func name(_ own: TextFrame, _ other: TextFrame, at position: Int, isFirst: Bool) -> GNUDifference? {
        let frame = answer.frames[position]
        if own.function == "??" {
            return answer.frames.count == 1 && isPastTheEnd(other.function) ? .pastTheEnd : nil
        }
        if frame.hasLinkageName {
            let isVariant = Self.withoutVariant(own.function) == Self.withoutVariant(other.function)
            if isVariant, own.function.hasPrefix("_Z") { return .constructorVariant }
            let isSymbol = frame.start.map { facts.names(at: $0).contains(own.function) } ?? false
            return isSymbol && frame.fullName.hasSuffix("::\(other.function)()") ? .qualifiedName : nil
        }
        if own.function.hasSuffix("::" + other.function) { return .qualifiedName }
        let isAround = isFirst && facts.nearest(answer.address).contains { $0.name == other.function }
        return isAround ? .symbolForInlined : nil
    }

    private func isPastTheEnd(_ symbol: String) -> Bool {
        facts.nearest(answer.address).contains { $0.name == symbol && $0.address + $0.size <= answer.address }
    }

    private func isFileOfSymbolTable(_ place: String) -> Bool {
        place.hasSuffix(":?") && facts.fileSymbols.contains(String(place.dropLast(2)))
    }

    /// A mangled name without the digits of `C1E`, `D2I`, `ECI1` and so on (Itanium C++ ABI, section 5.1.4.3).
    private static func withoutVariant(_ name: String) -> String {
        name.replacing(/([CD])[0-5]([EI])/) { "\($0.1)_\($0.2)" }.replacing(/ECI[0-5]/) { _ in "ECI_" }
    }
}
