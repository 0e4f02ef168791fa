/// Writes HTML that is well-formed whatever the text is: elements close in the order that they opened, and text can only
/// be text.
///
///     html.element("code", ["class": "fn"]) { $0.text("operator <(_:_:)") }
///     <code class="fn">operator &lt;(_:_:)</code>
///
/// Names of elements and attributes are the program's own; everything else may come from an event.
struct HTMLWriter {
    /// What was written.
    private(set) var output = ""

    /// Writes an element around what `body` writes.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ body: (inout Self) -> Void
    ) {
        begin(name, attributes)
        body(&self)
        output += "</\(name)>"
    }

    /// Writes an element that holds a text.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text: String
    ) {
        element(name, attributes) { $0.text(text) }
    }

    /// Writes an element that holds nothing and has no end (`meta`).
    mutating func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        begin(name, attributes)
    }

    /// Writes a text, made visible.
    mutating func text(_ text: String) {
        output += Self.escaped(Visible.text(text))
    }

    /// Writes text of the program's own as it is.
    mutating func raw(_ text: StaticString) { output += "\(text)" }

    /// A line's end between elements, for those who read the source.
    mutating func newline() { output += "\n" }

    private mutating func begin(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        output += "<\(name)"
        for (key, value) in attributes { output += " \(key)=\"\(Self.escaped(Visible.text(value)))\"" }
        output += ">"
    }

    /// The characters that mean something in HTML's text and in its attributes' values as references.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: isSpecial) else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): result += "&amp;".utf8
            case UInt8(ascii: "<"): result += "&lt;".utf8
            case UInt8(ascii: ">"): result += "&gt;".utf8
            case UInt8(ascii: "\""): result += "&quot;".utf8
            case UInt8(ascii: "'"): result += "&#39;".utf8
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
        default: false
        }
    }
}
