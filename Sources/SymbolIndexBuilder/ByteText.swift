/// A string as a dictionary key, compared by its bytes.
///
/// Swift's own comparison is by canonical equivalence: two names that differ only in how an accent is written would
/// become one, and which spelling stays would depend on which came first.
struct ByteText: Hashable {
    let string: String

    init(_ string: String) { self.string = string }

    static func == (left: ByteText, right: ByteText) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    static func < (left: ByteText, right: ByteText) -> Bool {
        left.string.utf8.lexicographicallyPrecedes(right.string.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
