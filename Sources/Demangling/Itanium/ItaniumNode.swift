/// A piece of a parsed C++ name. Nodes refer to each other by their place in the arena of an ``ItaniumParser``; a
/// substitution is the same node referred to twice.
struct ItaniumNode {
    enum Kind: UInt8 {
        // Names.
        /// `text`: an identifier or a fixed word.
        case word
        /// `a::b`.
        case nested
        /// `a<b>`, `b` is a list.
        case template
        /// `a[abi:b]`.
        case tagged
        /// The entity `b` inside the function `a`.
        case local
        /// A constructor of the class with the word `a`; `b` is 1 for a destructor.
        case structor
        /// `text` is the operator's symbol.
        case operatorName
        /// `operator a`.
        case conversion
        /// `operator"" a`.
        case literalOperator
        /// `{lambda(a)#b}`, `a` is a list.
        case lambda
        /// `{unnamed type#a}`.
        case unnamedType
        /// `text` before `a`: `vtable for a`.
        case special
        /// `reference temporary #b for a`.
        case referenceTemporary
        /// A function: name `a`, return type `b` or none, parameters `c`; `qualifiers` of `this`.
        case function
        /// An abbreviation of the standard library: `text` alone, `a` (a word) when a constructor follows.
        case standard

        // Types.
        /// `a` with `qualifiers`.
        case qualified
        case pointer
        case reference
        case rvalueReference
        /// Member `b` of class `a`.
        case memberPointer
        /// Returns `a`, takes the list `b`; `qualifiers`.
        case functionType
        /// `b` of `a`; `b` is a node or none.
        case array
        /// `a` vectors of `b`.
        case vector
        /// `a` with `text` behind, and `b` if there is one: `a _Complex`.
        case postfixed
        /// `a...`.
        case packExpansion
        /// Template parameter number `a`.
        case templateParameter
        /// A builtin type; `text`, and in `a` the letter of its mangling.
        case builtin
        case decltype

        // Template arguments.
        /// `b` items from `a` in the parser's lists.
        case list
        /// Arguments of a pack: a list inside a list.
        case pack
        /// The value `text` of type `a`.
        case literal

        // Expressions.
        case unary
        case binary
        case ternary
        /// `a(b)`, `b` is a list.
        case call
        /// `text` `a` `text of b`: `sizeof (a)`.
        case wrapped
        /// `(a)b`.
        case cast
        /// `{parm#a}`.
        case functionParameter
        /// `a{b}`.
        case braced
        /// `text<a>(b)`.
        case namedCast
    }

    var kind: Kind
    /// cv- and ref-qualifiers, see ``ItaniumQualifiers``.
    var qualifiers: ItaniumQualifiers
    /// The length of `text`.
    var length: Int32
    var a: Int32
    var b: Int32
    var c: Int32
    /// In the name itself or in the program's constants: both outlive the parse.
    var text: UnsafePointer<UInt8>?

    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: text, count: Int(length)) }
}

/// What may stand behind a type or a member function.
struct ItaniumQualifiers: OptionSet {
    var rawValue: UInt8
    static let const = Self(rawValue: 1)
    static let volatile = Self(rawValue: 2)
    static let restrict = Self(rawValue: 4)
    static let reference = Self(rawValue: 8)
    static let rvalueReference = Self(rawValue: 16)
    static let noexcept = Self(rawValue: 32)
}

/// The name is malformed, too large, or uses what the parser does not know.
struct ItaniumUnreadable: Error {}
