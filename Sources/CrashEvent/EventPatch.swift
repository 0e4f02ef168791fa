/// Why a patch cannot be applied. Offsets are bytes of the document.
public enum EventPatchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Two changes touch the same bytes.
    case overlapping(first: Range<Int>, second: Range<Int>)
    /// A key was to be set or removed in a value that is no object.
    case notAnObject(key: String, offset: Int)
    /// An element was to be inserted into a value that is no array, or behind its end.
    case noSuchElement(index: Int, offset: Int)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .overlapping(let first, let second):
            "changes of bytes \(first) and \(second) overlap"
        case .notAnObject(let key, let offset):
            "the value at byte \(offset) is no object and cannot have the key '\(key)'"
        case .noSuchElement(let index, let offset):
            "the value at byte \(offset) is no array or has no place for an element at \(index)"
        }
    }
}

/// Changes to a document; every byte that none of them touches is copied as it stands, white space and key order
/// included.
///
///     {"a": 1, "b": [2] }   set a → 5, set c → 6   {"a": 5, "b": [2],"c":6 }
///
/// Changes are collected, in any order, and applied at once; the same changes give the same bytes. Values are handed
/// over as the bytes of complete JSON values and are not looked into. What is wrong with a change (two that overlap, a
/// key in something that is no object) is reported by `apply()`.
public struct EventPatch: Sendable {
    /// The document that is changed.
    public let document: JSONDocument
    private var replacements: [(node: JSONNode, bytes: [UInt8])] = []
    private var objects: [JSONNode: ObjectChanges] = [:]
    private var insertions: [JSONNode: [ArrayInsertion]] = [:]
    private var failure: EventPatchError?

    /// A patch that changes nothing yet.
    public init(_ document: JSONDocument) {
        self.document = document
    }

    /// True when nothing is changed.
    public var isEmpty: Bool { replacements.isEmpty && objects.isEmpty && insertions.isEmpty && failure == nil }

    /// Replaces one value. For an array's element, `bytes` may be several elements with commas between them.
    public mutating func replace(_ node: JSONNode, with bytes: [UInt8]) {
        replacements.append((node, bytes))
    }

    /// Sets an object's key: replaces its value (the last one, where the key is repeated) or adds the key behind the
    /// others. Set again, the later value holds; set after `remove`, the key moves to the end.
    public mutating func set(_ object: JSONNode, key: String, to bytes: [UInt8]) {
        set(object, path: [key], to: bytes)
    }

    /// Sets the key at the end of a path of keys; objects on the way that are missing or `null` are made.
    public mutating func set(_ object: JSONNode, path: [String], to bytes: [UInt8]) {
        guard let key = path.first else { return }
        let rest = path.dropFirst()
        guard document.kind(of: object) == .object else { return fail(.notAnObject(key: key, offset: offset(object))) }
        guard let value = document.member(key, of: object), objects[object]?.removed.contains(key) != true else {
            objects[object, default: ObjectChanges()].added.set(key, rest, to: bytes)
            return
        }
        if rest.isEmpty {
            objects[object, default: ObjectChanges()].replaced.set(key, [], to: bytes)
        } else if document.kind(of: value) == .null {
            objects[object, default: ObjectChanges()].replaced.set(key, rest, to: bytes)
        } else {
            set(value, path: Array(rest), to: bytes)
        }
    }

    /// Whether `set(_:path:to:)` would find only objects (or nothing, or `null`) on its way.
    public func canSet(_ object: JSONNode, path: [String]) -> Bool {
        var node = object
        for key in path {
            if document.kind(of: node) == .null { return node != object }
            guard document.kind(of: node) == .object else { return false }
            guard let next = document.member(key, of: node) else { return true }
            node = next
        }
        return true
    }

    /// Removes an object's key with its value, every time it is there. Nothing happens without the key.
    public mutating func remove(_ object: JSONNode, key: String) {
        guard document.kind(of: object) == .object else { return fail(.notAnObject(key: key, offset: offset(object))) }
        objects[object]?.added.remove(key)
        objects[object]?.replaced.remove(key)
        guard document.member(key, of: object) != nil else { return }
        objects[object, default: ObjectChanges()].removed.insert(key)
    }

    /// Puts elements before the one at `index`, 0-based, or behind the last one when `index` is the number of elements.
    /// Elements for the same place keep the order of the calls.
    public mutating func insert(_ bytes: [UInt8], into array: JSONNode, at index: Int) {
        guard document.kind(of: array) == .array, index >= 0 else {
            return fail(.noSuchElement(index: index, offset: offset(array)))
        }
        insertions[array, default: []].append(ArrayInsertion(index: index, bytes: bytes))
    }

    /// Puts elements behind the last one.
    public mutating func append(_ bytes: [UInt8], to array: JSONNode) {
        var count = 0
        for _ in document.elements(of: array) { count += 1 }
        insert(bytes, into: array, at: count)
    }

    /// The changed document.
    public func apply() throws(EventPatchError) -> [UInt8] {
        try splice(0..<document.bytes.count, try edits())
    }

    /// One value of the document with the changes inside it: for a part that is to be used elsewhere. All changes must
    /// lie within it.
    public func apply(to node: JSONNode) throws(EventPatchError) -> [UInt8] {
        try splice(document.range(of: node), try edits())
    }

    private mutating func fail(_ error: EventPatchError) {
        if failure == nil { failure = error }
    }

    private func offset(_ node: JSONNode) -> Int { document.range(of: node).lowerBound }

    // MARK: - Edits

    private func edits() throws(EventPatchError) -> [TextEdit] {
        if let failure { throw failure }
        var edits = replacements.map { TextEdit(range: document.range(of: $0.node), bytes: $0.bytes) }
        for (node, changes) in objects { changes.appendEdits(of: node, in: document, to: &edits) }
        for (node, list) in insertions {
            try ArrayInsertion.appendEdits(list, of: node, in: document, to: &edits)
        }
        // The dictionaries' order is arbitrary; the positions decide, and no two changes of different values share one.
        return edits.sorted {
            ($0.range.lowerBound, $0.range.upperBound, $0.order) < ($1.range.lowerBound, $1.range.upperBound, $1.order)
        }
    }

    private func splice(_ range: Range<Int>, _ edits: [TextEdit]) throws(EventPatchError) -> [UInt8] {
        let source = document.bytes
        var result: [UInt8] = []
        result.reserveCapacity(range.count + edits.reduce(0) { $0 + $1.bytes.count })
        var position = range.lowerBound
        var previous = position..<position
        for edit in edits {
            guard edit.range.lowerBound >= position, edit.range.upperBound <= range.upperBound else {
                throw .overlapping(first: previous, second: edit.range)
            }
            result.append(contentsOf: source[position..<edit.range.lowerBound])
            result.append(contentsOf: edit.bytes)
            position = edit.range.upperBound
            previous = edit.range
        }
        result.append(contentsOf: source[position..<range.upperBound])
        return result
    }
}
