import Bytes
import SymbolIndex

/// Everything a reader can ask of an index.
enum IndexReading {
    static func run(_ bytes: [UInt8]) -> Int {
        guard let file = MemoryFile(bytes) else { return 0 }
        return read(file, addresses: 64)
    }

    /// A whole index: it opens, its checksum is right, and every range can be read.
    static func verify(_ file: MemoryFile) throws {
        let index = try SymbolIndex(try MappedFile(descriptor: file.descriptor, name: "index"))
        try index.verifyChecksum()
        var end: UInt64 = 0
        try index.forEachRange { range, _ in
            guard range.lowerBound >= end else { fatalError("ranges are not in rising order") }
            end = range.upperBound
        }
        _ = try index.metadata()
    }

    /// Opens the file and asks for about `addresses` addresses, all ranges, and all that stands around them.
    static func read(_ file: MemoryFile, addresses count: Int) -> Int {
        guard let mapped = try? MappedFile(descriptor: file.descriptor, name: "index"),
            let index = try? SymbolIndex(mapped)
        else { return 0 }
        var sum = 1
        var starts: [UInt64] = [0, 1, .max]
        try? index.forEachRange { range, location in
            if starts.count < count { starts += [range.lowerBound, range.upperBound &- 1] }
            sum &+= visit(location)
        }
        for address in starts { sum &+= visit((try? index.lookup(address)) ?? nil) }
        try? index.lookup(sorted: starts.sorted()) { sum &+= visit($1) }
        if let metadata = try? index.metadata() {
            sum &+= metadata.problems.count &+ metadata.skippedUnits.count &+ metadata.inputs.count
        }
        sum &+= index.loadSegments().count &+ index.counts.functions &+ index.sectionSizes.count
        sum &+= Int(index.header.machine)
        if (try? index.verifyChecksum()) != nil { sum &+= 1 }
        return sum
    }

    private static func visit(_ location: IndexedLocation?) -> Int {
        guard let location else { return 0 }
        var sum = 0
        for frame in location.frames {
            sum &+= Int(frame.line) &+ Int(frame.column) &+ (frame.file?.withUTF8(touch) ?? 0)
            guard let function = frame.function else { continue }
            sum &+= function.name.withUTF8(touch) &+ function.fullName.withUTF8(touch)
            sum &+= function.linkageName?.withUTF8(touch) ?? 0
            sum &+= function.declarationFile?.withUTF8(touch) ?? 0
            sum &+= Int(function.declarationLine) &+ Int(truncatingIfNeeded: function.entryAddress ?? 0)
        }
        return sum
    }

    /// First and last byte: a place outside of the file is felt.
    private static func touch(_ text: UnsafeRawBufferPointer) -> Int {
        text.count &+ Int(text.first ?? 0) &+ Int(text.last ?? 0)
    }
}
