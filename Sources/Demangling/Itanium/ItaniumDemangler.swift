import CDemangle

/// Both forms of a C++ name in one pass, in a buffer that is used again.
struct ItaniumDemangler: ~Copyable {
    private var parser = ItaniumParser()

    /// Prints the full form of `name` into `text`, and says where in it the simplified one lies.
    ///
    /// - Parameters:
    ///   - doubtful: Also names that libiberty is known to print differently, if it reads them.
    /// - Returns: `nil` when the name is unreadable, too long, or doubtful.
    mutating func demangle(
        _ name: UnsafeBufferPointer<UInt8>, doubtful: Bool, limit: Int, into text: inout CDemangleText
    ) -> Range<Int>? {
        var isMerged = false
        var node = try? parser.parse(name)
        if node == nil, doubtful {
            // Swift's compiler marks functions that it merged with others, in C++ too.
            let end = name.firstIndex(of: UInt8(ascii: ".")) ?? name.count
            guard end > 4, name[end - 2] == UInt8(ascii: "T"), name[end - 1] == UInt8(ascii: "m") else { return nil }
            isMerged = true
            node = try? parser.parse(UnsafeBufferPointer(rebasing: name[..<(end - 2)]))
            guard parser.position == end - 2 else { return nil }
        }
        guard let node, doubtful || !parser.isDoubtful else { return nil }
        let suffix = UnsafeBufferPointer(rebasing: name[(parser.position + (isMerged ? 2 : 0))...])
        guard Self.isCloneSuffix(suffix) else { return nil }
        guard cdemangle_reserve(&text, min(limit, 4096)) else { return nil }
        while true {
            let output = UnsafeMutableRawBufferPointer(start: text.bytes, count: min(text.capacity, limit))
            var printer = ItaniumPrinter(parser, into: output.assumingMemoryBound(to: UInt8.self))
            do throws(ItaniumUnreadable) {
                if isMerged { try printer.append("merged ") }
                let start = printer.count
                try printer.printWhole(node)
                let range = printer.nameRange ?? start..<printer.count
                try Self.printClones(suffix, with: &printer)
                text.length = printer.count
                return range.isEmpty ? nil : range
            } catch {
                guard printer.isFull, text.capacity < limit,
                    cdemangle_reserve(&text, min(limit, text.capacity * 8))
                else { return nil }
            }
        }
    }

    // MARK: - Suffixes

    /// Nothing, or `.cold`, `.constprop.0`, `.llvm.123` …, one after the other.
    private static func isCloneSuffix(_ suffix: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        while position < suffix.count {
            let end = endOfClone(suffix, from: position)
            guard end > position else { return false }
            position = end
        }
        return true
    }

    private static func printClones(
        _ suffix: UnsafeBufferPointer<UInt8>, with printer: inout ItaniumPrinter
    ) throws(ItaniumUnreadable) {
        var position = 0
        while position < suffix.count {
            let end = endOfClone(suffix, from: position)
            try printer.append(" [clone ")
            try printer.append(UnsafeBufferPointer(rebasing: suffix[position..<end]))
            try printer.append(UInt8(ascii: "]"))
            position = end
        }
    }

    /// A clone's name is a dot and a word, then dots and numbers.
    private static func endOfClone(_ suffix: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        func isDigit(_ index: Int) -> Bool { index < suffix.count && suffix[index] &- 0x30 < 10 }
        func isWord(_ index: Int) -> Bool {
            index < suffix.count && (suffix[index] &- 0x61 < 26 || suffix[index] == UInt8(ascii: "_")) || isDigit(index)
        }
        guard suffix[start] == UInt8(ascii: ".") else { return start }
        var end = start
        if isWord(start + 1) {
            end = start + 2
            while isWord(end) { end += 1 }
        }
        while end < suffix.count, suffix[end] == UInt8(ascii: "."), isDigit(end + 1) {
            end += 2
            while isDigit(end) { end += 1 }
        }
        return end
    }
}
