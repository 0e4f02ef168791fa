import CDemangle

/// Both forms of the name that was demangled last, as bytes, in buffers that the next name uses again.
///
///     var names = DemangledBytes()
///     for name in linkageNames {
///         demangler.demangle(name, into: &names)
///         if names.isDemangled { … names.full … names.simplified … } else { … name … }
///     }
///
/// Where the simplified form is a piece of the full one it is stored once: ``simplifiedRange`` says where. One value a
/// thread; it holds some 200 KiB once it has seen C++, and after very long names at most two
/// ``Demangler/maximumOutputLength`` and a ``Demangler/maximumInputLength`` more.
public struct DemangledBytes: ~Copyable {
    /// The language whose mangling the name has.
    public internal(set) var language = NameLanguage.none
    /// The name is mangled but could not be demangled: malformed, too long, or deadly to its demangler.
    public internal(set) var failed = false
    var buffers = CDemangleBuffers()
    var itanium: ItaniumDemangler?

    /// Empty buffers; the first name allocates them.
    public init() {}

    deinit {
        // A copy of the pointers: freeing does not need the value itself.
        var buffers = buffers
        cdemangle_release(&buffers)
    }

    /// The forms differ from the name. When `false`, both forms are the name as it was given and nothing is stored:
    /// ``full`` and ``simplified`` are empty.
    public var isDemangled: Bool { language != .none && !failed }

    /// The full form, see ``Demangler``. Valid until the next name; UTF-8 if the name is.
    public var full: UnsafeBufferPointer<UInt8> {
        guard isDemangled else { return UnsafeBufferPointer(start: nil, count: 0) }
        return Self.bytes(buffers.full, buffers.full.length)
    }

    /// The simplified form, see ``Demangler``. Valid until the next name; UTF-8 if the name is.
    public var simplified: UnsafeBufferPointer<UInt8> {
        if let range = simplifiedRange { return UnsafeBufferPointer(rebasing: full[range]) }
        guard isDemangled else { return UnsafeBufferPointer(start: nil, count: 0) }
        return Self.bytes(buffers.simplified, buffers.simplified_length)
    }

    /// Where ``full`` holds the simplified form, `nil` when that is a text of its own or the name is not demangled.
    public var simplifiedRange: Range<Int>? {
        guard isDemangled, buffers.simplified_offset >= 0 else { return nil }
        return buffers.simplified_offset..<(buffers.simplified_offset + buffers.simplified_length)
    }

    /// Prints a C++ name without libiberty; `doubtful` when that has failed. Returns `false` when it is unreadable here.
    mutating func demangleItanium(_ name: UnsafeBufferPointer<UInt8>, doubtful: Bool) -> Bool {
        if itanium == nil { itanium = ItaniumDemangler() }
        guard
            let range = itanium?.demangle(
                name, doubtful: doubtful, limit: Demangler.maximumOutputLength, into: &buffers.full)
        else { return false }
        buffers.simplified_offset = range.lowerBound
        buffers.simplified_length = range.count
        return true
    }

    private static func bytes(_ text: CDemangleText, _ length: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeRawBufferPointer(start: text.bytes, count: length).assumingMemoryBound(to: UInt8.self)
    }
}
