/// One replaced range of the document's bytes; an empty range is an insertion.
struct TextEdit: Sendable {
    var range: Range<Int>
    var bytes: [UInt8]
    /// Decides between insertions at one place.
    var order = 0
}

/// New keys of an object, in the order they were first set; a value is bytes, or an object that is being made.
struct NewMembers: Sendable {
    private indirect enum Value: Sendable {
        case bytes([UInt8])
        case object(NewMembers)
    }

    private var keys: [String] = []
    private var values: [String: Value] = [:]

    var isEmpty: Bool { keys.isEmpty }

    mutating func set(_ key: String, _ rest: ArraySlice<String>, to bytes: [UInt8]) {
        if values[key] == nil { keys.append(key) }
        guard let next = rest.first else {
            values[key] = .bytes(bytes)
            return
        }
        // A value given as bytes and then entered by a path: the path's object takes its place.
        var inner = NewMembers()
        if case .object(let present) = values[key] { inner = present }
        inner.set(next, rest.dropFirst(), to: bytes)
        values[key] = .object(inner)
    }

    mutating func remove(_ key: String) {
        guard values.removeValue(forKey: key) != nil else { return }
        keys.removeAll { $0 == key }
    }

    /// The bytes of the value for `key`, if it was set.
    func value(of key: String) -> [UInt8]? {
        switch values[key] {
        case .bytes(let bytes): bytes
        case .object(let members): [UInt8(ascii: "{")] + members.text() + [UInt8(ascii: "}")]
        case nil: nil
        }
    }

    /// `"key":value` of each, with commas between them.
    func text() -> [UInt8] {
        var result: [UInt8] = []
        for key in keys {
            if !result.isEmpty { result.append(UInt8(ascii: ",")) }
            result.append(contentsOf: JSONWriter.string(key))
            result.append(UInt8(ascii: ":"))
            result.append(contentsOf: value(of: key) ?? [])
        }
        return result
    }
}

/// What happens to the keys of one object.
struct ObjectChanges: Sendable {
    /// Keys that the document does not have, or that were removed before.
    var added = NewMembers()
    /// Keys whose value is exchanged.
    var replaced = NewMembers()
    var removed: Set<String> = []

    func appendEdits(of node: JSONNode, in document: JSONDocument, to edits: inout [TextEdit]) {
        let range = document.range(of: node)
        /// The end of the last member that stays, where further ones go.
        var keptEnd: Int?
        /// The end of the last member, staying or not.
        var previousEnd: Int?
        /// The start of the removed members that nothing stays in front of.
        var leadingStart: Int?
        var lastOfKey: [String: JSONNode] = [:]
        for (key, value) in document.members(of: node) {
            let start = document.range(of: key).lowerBound
            let end = document.range(of: value).upperBound
            let name = removed.isEmpty && replaced.isEmpty ? nil : document.string(key)
            if let name, removed.contains(name) {
                if keptEnd != nil, let previousEnd {
                    // Takes the comma in front of the member with it.
                    edits.append(TextEdit(range: previousEnd..<end, bytes: [], order: 1))
                } else if leadingStart == nil {
                    leadingStart = start
                }
            } else {
                if let first = leadingStart {
                    // Takes the comma behind the removed members with it.
                    edits.append(TextEdit(range: first..<start, bytes: []))
                    leadingStart = nil
                }
                keptEnd = end
                if let name { lastOfKey[name] = value }
            }
            previousEnd = end
        }
        if let first = leadingStart, let previousEnd {
            edits.append(TextEdit(range: first..<previousEnd, bytes: []))
        }
        for (name, value) in lastOfKey {
            if let bytes = replaced.value(of: name) {
                edits.append(TextEdit(range: document.range(of: value), bytes: bytes))
            }
        }
        if !added.isEmpty {
            let position = keptEnd ?? range.lowerBound + 1
            let comma = keptEnd == nil ? [] : [UInt8(ascii: ",")]
            edits.append(TextEdit(range: position..<position, bytes: comma + added.text()))
        }
    }
}

/// Elements that are put into an array.
struct ArrayInsertion: Sendable {
    var index: Int
    var bytes: [UInt8]

    static func appendEdits(
        _ insertions: [ArrayInsertion], of node: JSONNode, in document: JSONDocument, to edits: inout [TextEdit]
    ) throws(EventPatchError) {
        let range = document.range(of: node)
        let elements = document.elements(of: node).map { document.range(of: $0) }
        for (order, insertion) in insertions.enumerated() {
            guard insertion.index <= elements.count else {
                throw .noSuchElement(index: insertion.index, offset: range.lowerBound)
            }
            let comma = [UInt8(ascii: ",")]
            let position: Int
            let bytes: [UInt8]
            if insertion.index < elements.count {
                position = elements[insertion.index].lowerBound
                bytes = insertion.bytes + comma
            } else if let last = elements.last {
                position = last.upperBound
                bytes = comma + insertion.bytes
            } else {
                position = range.lowerBound + 1
                bytes = order == 0 ? insertion.bytes : comma + insertion.bytes
            }
            edits.append(TextEdit(range: position..<position, bytes: bytes, order: order))
        }
    }
}
