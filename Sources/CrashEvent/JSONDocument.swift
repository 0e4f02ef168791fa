/// A value inside a `JSONDocument`: a number of four bytes, meaningful together with its document only.
public struct JSONNode: Hashable, Sendable {
    let index: UInt32
}

/// A JSON document as the bytes that came, with an index of its values. Nothing is decoded before it is asked for.
///
///     bytes   {"platform":"native","frames":[{"lineno":7}]}
///     tape    0 object   0..<45  next 8
///             1 string   1..<11  next 2    "platform"
///             2 string  12..<20  next 3      "native"
///             3 string  21..<29  next 4    "frames"
///             4 array   30..<44  next 8
///             5   object, 6 "lineno", 7 number
///
/// A value knows where it starts, where it ends and where its next sibling stands, so walking an object's keys never
/// reads the values between them. Duplicate keys stay; a read answers with the last one, as the usual parsers do.
/// Numbers stay text, so none is ever rounded. Copies of a document share their storage.
public struct JSONDocument: Sendable {
    /// The bytes and their index, shared by copies and views.
    private final class Storage: Sendable {
        let bytes: [UInt8]
        let tape: [JSONTapeEntry]

        init(bytes: [UInt8], tape: [JSONTapeEntry]) {
            self.bytes = bytes
            self.tape = tape
        }
    }

    private let storage: Storage

    /// Scans `bytes` once; throws with the place of the first fault. Some hundred megabytes a second, 16 bytes of
    /// memory a value or key.
    public init(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        storage = Storage(bytes: bytes, tape: try JSONScanner.scan(bytes, limits: limits))
    }

    /// The bytes as they came.
    public var bytes: [UInt8] { storage.bytes }

    /// The outermost value.
    public var root: JSONNode { JSONNode(index: 0) }

    /// How many values and keys there are.
    public var nodeCount: Int { storage.tape.count }

    /// What the value is.
    public func kind(of node: JSONNode) -> JSONKind { entry(node).kind }

    /// Where the value stands in `bytes`, quotes and brackets included.
    public func range(of node: JSONNode) -> Range<Int> {
        let entry = entry(node)
        return Int(entry.start)..<Int(entry.end)
    }

    /// The value's own bytes.
    public func rawBytes(of node: JSONNode) -> ArraySlice<UInt8> { storage.bytes[range(of: node)] }

    func entry(_ node: JSONNode) -> JSONTapeEntry { storage.tape[Int(node.index)] }

    func withBytes<Result>(of node: JSONNode, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let range = range(of: node)
        return storage.bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    // MARK: - Containers

    /// An object's keys and values in the document's order, duplicates included; empty for any other value.
    public func members(of node: JSONNode) -> JSONMembers {
        let entry = entry(node)
        return JSONMembers(
            document: self, position: node.index + 1, end: entry.kind == .object ? entry.next : node.index + 1)
    }

    /// An array's values in order; empty for any other value.
    public func elements(of node: JSONNode) -> JSONElements {
        let entry = entry(node)
        return JSONElements(
            document: self, position: node.index + 1, end: entry.kind == .array ? entry.next : node.index + 1)
    }

    /// The value of an object's key, the last one where the key is repeated; `nil` without the key and for any other
    /// value. Walks the object's keys.
    public func member(_ key: String, of node: JSONNode) -> JSONNode? {
        let container = entry(node)
        guard container.kind == .object else { return nil }
        var key = key
        return key.withUTF8 { key in
            storage.bytes.withUnsafeBufferPointer { bytes in
                storage.tape.withUnsafeBufferPointer { tape in
                    var found: JSONNode?
                    var index = Int(node.index) + 1
                    while index < Int(container.next) {
                        if JSONText.equals(tape[index], in: bytes, key) {
                            found = JSONNode(index: UInt32(truncatingIfNeeded: index + 1))
                        }
                        index = Int(tape[index + 1].next)
                    }
                    return found
                }
            }
        }
    }

    /// The value at the end of a chain of keys, `nil` as soon as one is missing.
    public func node(at path: String..., from node: JSONNode? = nil) -> JSONNode? {
        var current = node ?? root
        for key in path {
            guard let next = member(key, of: current) else { return nil }
            current = next
        }
        return current
    }
}

/// The keys and values of one object, in the document's order.
public struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    let document: JSONDocument
    var position: UInt32
    let end: UInt32

    /// The next key (a string) with its value.
    public mutating func next() -> (key: JSONNode, value: JSONNode)? {
        guard position < end else { return nil }
        let key = JSONNode(index: position)
        let value = JSONNode(index: position + 1)
        position = document.entry(value).next
        return (key, value)
    }
}

/// The values of one array, in order.
public struct JSONElements: Sequence, IteratorProtocol, Sendable {
    let document: JSONDocument
    var position: UInt32
    let end: UInt32

    /// The next value.
    public mutating func next() -> JSONNode? {
        guard position < end else { return nil }
        let node = JSONNode(index: position)
        position = document.entry(node).next
        return node
    }
}
