import Demangling

/// Linkage names in both forms, demangled by several threads.
///
///     names 0 ..< 512   ─▶ chunk 0  ─▶ one array of bytes, four numbers a name
///     names 512 ..<1024 ─▶ chunk 1  …
struct DemangledNames: Sendable {
    /// Names in a chunk: what a thread takes at a time.
    static let chunkSize = 512

    /// A name in the bytes of its chunk; the simplified form may be a piece of the full one.
    struct Entry: Sendable {
        var full: Range<Int32> = 0..<0
        var simplified: Range<Int32> = 0..<0
        var language = NameLanguage.none
        var failed = false

        /// The forms differ from the linkage name.
        var isDemangled: Bool { language != .none && !failed }
    }

    struct Chunk: Sendable {
        var bytes: [UInt8] = []
        var entries: [Entry] = []

        /// Demangles one more name.
        mutating func append(
            _ name: UnsafeRawBufferPointer, _ demangler: Demangler, _ buffer: inout DemangledBytes
        ) {
            demangler.demangle(name.assumingMemoryBound(to: UInt8.self), into: &buffer)
            var entry = Entry(language: buffer.language, failed: buffer.failed)
            if buffer.isDemangled {
                let start = Int32(truncatingIfNeeded: bytes.count)
                bytes.append(contentsOf: buffer.full)
                entry.full = start..<Int32(truncatingIfNeeded: bytes.count)
                if let range = buffer.simplifiedRange {
                    let first = start + Int32(truncatingIfNeeded: range.lowerBound)
                    entry.simplified = first..<(first + Int32(truncatingIfNeeded: range.count))
                } else {
                    let second = Int32(truncatingIfNeeded: bytes.count)
                    bytes.append(contentsOf: buffer.simplified)
                    entry.simplified = second..<Int32(truncatingIfNeeded: bytes.count)
                }
            }
            entries.append(entry)
        }
    }

    /// The texts of ``NameTables`` to demangle, in the order in which functions first need them.
    let names: [UInt32]
    /// By text: position in `names`, plus one.
    private let positions: [UInt32]
    var chunks: [Chunk]

    init(_ names: [UInt32], limit: Int) {
        self.names = names
        var positions = [UInt32](repeating: 0, count: limit)
        for (position, name) in names.enumerated() {
            positions[Int(name)] = UInt32(truncatingIfNeeded: position + 1)
        }
        self.positions = positions
        chunks = Array(repeating: Chunk(), count: (names.count + Self.chunkSize - 1) / Self.chunkSize)
    }

    /// The names of chunk `index`, demangled.
    func demangle(chunk index: Int, _ texts: SharedTable) -> Chunk {
        var chunk = Chunk()
        var buffer = DemangledBytes()
        let demangler = Demangler()
        for name in names[(index * Self.chunkSize)..<min(names.count, (index + 1) * Self.chunkSize)] {
            texts.withBytes(name) { chunk.append($0, demangler, &buffer) }
        }
        return chunk
    }

    /// Where the forms of text `name` are; `nil` when it is not one of `names`.
    func place(of name: UInt32) -> (chunk: Int, entry: Int)? {
        guard Int(name) < positions.count, positions[Int(name)] > 0 else { return nil }
        let position = Int(positions[Int(name)]) - 1
        return (position / Self.chunkSize, position % Self.chunkSize)
    }
}
