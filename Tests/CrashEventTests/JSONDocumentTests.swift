import CrashEvent
import Foundation
import Testing

@Suite struct JSONDocumentTests {
    private func reason(_ text: String, limits: JSONLimits = .default) -> JSONError? {
        reason(Array(text.utf8), limits: limits)
    }

    private func reason(_ bytes: [UInt8], limits: JSONLimits = .default) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONDocument(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "{}", "[]", "0", "-0", "1.5e-7", "\"\"", "null", " true ", "[1,[2,[]],{}]", "{\"a\":{\"b\":[]}}\r\n\t ",
        "\u{feff}{}", "NaN", "[NaN,Infinity,-Infinity]", "\"\\ud800\"", "\"\\u00e9\\/\"", "{\"a\":1,\"a\":2}",
        "123456789012345678901234567890", "{\"\":0}",
    ])
    func accepts(_ text: String) {
        #expect(reason(text) == nil)
    }

    @Test(arguments: [
        ("", JSONError.Reason.empty, 0, 1),
        (" \n ", .empty, 3, 2),
        ("{", .truncated(expected: "a key"), 1, 1),
        ("{\"a\"", .truncated(expected: "':'"), 4, 1),
        ("{\"a\":", .truncated(expected: "a value"), 5, 1),
        ("{\"a\":1", .truncated(expected: "',' or '}'"), 6, 1),
        ("[1", .truncated(expected: "',' or ']'"), 2, 1),
        ("[\n\n\"ab", .truncated(expected: "the end of a string"), 6, 3),
        ("tru", .truncated(expected: "'true'"), 3, 1),
        ("-", .truncated(expected: "a digit"), 1, 1),
        ("1.", .truncated(expected: "a digit"), 2, 1),
        ("\"\\", .truncated(expected: "an escape sequence"), 2, 1),
        ("\"\\u12", .truncated(expected: "four hexadecimal digits"), 5, 1),
        ("{a:1}", .unexpected(expected: "a key in quotes", found: 0x61), 1, 1),
        ("{\"a\":1,}", .unexpected(expected: "a key in quotes", found: 0x7d), 7, 1),
        ("[1,]", .unexpected(expected: "a value", found: 0x5d), 3, 1),
        ("[1 2]", .unexpected(expected: "',' or ']'", found: 0x32), 3, 1),
        ("[1}", .unexpected(expected: "',' or ']'", found: 0x7d), 2, 1),
        ("{\"a\" 1}", .unexpected(expected: "':'", found: 0x31), 5, 1),
        ("\"a\nb\"", .unexpected(expected: "the end of a string", found: 0x0a), 2, 1),
        ("\"long enough text\n for words\"", .unexpected(expected: "the end of a string", found: 0x0a), 17, 1),
        ("\"\\x\"", .unexpected(expected: "an escape sequence", found: 0x78), 2, 1),
        ("\"\\u12g4\"", .unexpected(expected: "a hexadecimal digit", found: 0x67), 5, 1),
        ("+1", .unexpected(expected: "a value", found: 0x2b), 0, 1),
        (".5", .unexpected(expected: "a value", found: 0x2e), 0, 1),
        ("1.e5", .unexpected(expected: "a digit", found: 0x65), 2, 1),
        ("nil", .unexpected(expected: "'null'", found: 0x69), 1, 1),
        ("01", .trailing(found: 0x31), 1, 1),
        ("{} x", .trailing(found: 0x78), 3, 1),
        ("{}{}", .trailing(found: 0x7b), 2, 1),
        ("[]]", .trailing(found: 0x5d), 2, 1),
    ])
    func refuses(_ text: String, _ expected: JSONError.Reason, _ offset: Int, _ line: Int) {
        #expect(reason(text) == JSONError(expected, offset: offset, line: line))
    }

    @Test func errorsNameThePlace() {
        #expect(
            reason("{\"a\":\n x}")?.description == "'x' at byte 7, line 2, expected a value")
        #expect(reason("[1")?.description == "the JSON ends at byte 2, line 1, expected ',' or ']'")
        #expect(reason([0x5b, 0x00])?.description == "byte 0x0 at byte 1, line 1, expected a value")
    }

    @Test func limitsAreKept() {
        let deep = String(repeating: "[", count: 256) + String(repeating: "]", count: 256)
        #expect(reason(deep) == nil)
        #expect(reason("[" + deep + "]")?.reason == .tooDeep(limit: 256))
        #expect(reason(String(repeating: "[", count: 5_000_000))?.reason == .tooDeep(limit: 256))
        #expect(reason("[1,2,3]", limits: JSONLimits(maximumNodes: 4)) == nil)
        #expect(reason("[1,2,3]", limits: JSONLimits(maximumNodes: 3))?.reason == .tooManyNodes(limit: 3))
        #expect(reason("[1,2,3]", limits: JSONLimits(maximumBytes: 6))?.reason == .tooLarge(limit: 6))
    }

    @Test func invalidUTF8IsKeptAndRepairedOnReading() throws {
        let bytes: [UInt8] = [0x5b, 0x22, 0x61, 0xff, 0xc3, 0x22, 0x5d]
        let document = try JSONDocument(bytes)
        let element = try #require(Array(document.elements(of: document.root)).first)
        #expect(document.string(element) == "a\u{fffd}\u{fffd}")
        #expect(Array(document.rawBytes(of: element)) == Array(bytes[1..<6]))
        #expect(document.bytes == bytes)
    }

    @Test func stringsReadWithTheirEscapes() throws {
        func read(_ text: String) throws -> String? {
            let document = try JSONDocument(Array(text.utf8))
            return document.string(document.root)
        }
        #expect(try read(#""a\"\\\/\b\f\n\r\tz""#) == "a\"\\/\u{8}\u{c}\n\r\tz")
        #expect(try read(#""\u00e9\u20AC\ud83d\ude00""#) == "é€😀")
        #expect(try read(#""\ud83d""#) == "\u{fffd}")
        #expect(try read(#""\ud83dx""#) == "\u{fffd}x")
        #expect(try read(#""\ude00\ud83d\n""#) == "\u{fffd}\u{fffd}\n")
        #expect(try read(#""\ude00\ude00""#) == "\u{fffd}\u{fffd}")
        #expect(try read(#""\ud83d\ud83d\ude00""#) == "\u{fffd}😀")
        #expect(try read("17") == nil)
    }

    @Test func numbersAreNeverRounded() throws {
        func read(_ text: String) throws -> UInt64? {
            let document = try JSONDocument(Array(text.utf8))
            return document.unsignedInteger(document.root)
        }
        #expect(try read("18446744073709551615") == .max)
        #expect(try read("18446744073709551616") == nil)
        #expect(try read("9007199254740993") == 9_007_199_254_740_993)
        #expect(try read("\"0xFFFFffffFFFFffff\"") == .max)
        #expect(try read("\"0x10000000000000000\"") == nil)
        #expect(try read("\"0X1b04\"") == 0x1b04)
        #expect(try read("\"6916\"") == 6916)
        #expect(try read("\"\\u0030x10\"") == 16)
        for text in ["-1", "1.0", "1e3", "\"0x\"", "\"\"", "\"0xg\"", "\" 1\"", "\"-1\"", "null", "NaN", "[]"] {
            #expect(try read(text) == nil, "\(text)")
        }
        let document = try JSONDocument(Array("[-5,1e400,\"id\"]".utf8))
        let elements = Array(document.elements(of: document.root))
        #expect(document.integer(elements[0]) == -5)
        #expect(document.text(elements[1]) == "1e400")
        #expect(document.text(elements[2]) == "id")
        #expect(document.text(document.root) == nil)
    }

    @Test func membersAreFoundByKeyAndTheLastOneWins() throws {
        let text = #"{"a":1,"b":{"a":{"c":[]}},"a":"last","\u0064":4,"é":5,"a":{"x":1}}"#
        let document = try JSONDocument(Array(text.utf8))
        let last = try #require(document.member("a", of: document.root))
        #expect(Array(document.rawBytes(of: last)) == Array(#"{"x":1}"#.utf8))
        #expect(document.unsignedInteger("d", of: document.root) == 4)
        #expect(document.unsignedInteger("é", of: document.root) == 5)
        #expect(document.member("e", of: document.root) == nil)
        #expect(document.node(at: "b", "a", "c").map { document.kind(of: $0) } == .array)
        #expect(document.node(at: "b", "c", "a") == nil)
        #expect(document.member("a", of: last) == nil)
        #expect(document.members(of: document.root).map { document.string($0.key) } == ["a", "b", "a", "d", "é", "a"])
        #expect(Array(document.members(of: last)).count == 1)
        #expect(Array(document.elements(of: document.root)).isEmpty)
    }

    @Test func agreesWithFoundationOnRandomDocuments() throws {
        for seed in 0..<1500 as Range<UInt64> {
            var random = RandomJSON(seed: seed)
            let text = random.document()
            let document = try JSONDocument(Array(text.utf8))
            let expected = try JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
            #expect(matches(document, document.root, expected), "seed \(seed): \(text)")
            #expect(try EventPatch(document).apply() == Array(text.utf8), "seed \(seed)")
        }
    }

    @Test func mutatedDocumentsNeverCrash() throws {
        var accepted = 0
        var refused = 0
        for seed in 0..<60_000 as Range<UInt64> {
            var random = RandomJSON(seed: seed % 300)
            var bytes = Array(random.document().utf8)
            var generator = SeededGenerator(seed: seed &+ 1_000_000)
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                let position = Int.random(in: 0...bytes.count, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0 where position < bytes.count:
                    bytes[position] = UInt8.random(in: .min ... .max, using: &generator)
                case 1 where position < bytes.count: bytes.remove(at: position)
                case 2: bytes.removeSubrange(position...)
                default:
                    bytes.insert(Array("{}[]\",:\\u0e-NI\n".utf8).randomElement(using: &generator) ?? 0, at: position)
                }
            }
            do throws(JSONError) {
                let document = try JSONDocument(bytes)
                accepted += 1
                readAll(document, document.root)
                #expect((try? EventPatch(document).apply()) == bytes)
            } catch {
                refused += 1
                #expect(error.offset >= 0 && error.offset <= bytes.count && error.line >= 1)
            }
        }
        #expect(accepted > 1000 && refused > 1000)
    }

    @Test func twentyMegabytes() throws {
        var writer = JSONWriter(capacity: 21 << 20)
        writer.beginObject()
        writer.key("frames")
        writer.beginArray()
        var count = 0
        while writer.bytes.count < 20 << 20 {
            writer.beginObject()
            writer.member("instruction_addr", address: UInt64(count))
            writer.member("function", "closure #\(count) in \"checkout\"(_:) → Int")
            writer.endObject()
            count += 1
        }
        writer.endArray()
        writer.endObject()
        let document = try JSONDocument(writer.bytes)
        #expect(document.nodeCount == 3 + 5 * count)
        var seen = 0
        for frame in document.elements(of: try #require(document.node(at: "frames"))) {
            if document.unsignedInteger("instruction_addr", of: frame) == UInt64(seen) { seen += 1 }
        }
        #expect(seen == count)
    }

    /// Reads every value in every way; the recursion is bounded by the document's own depth limit.
    private func readAll(_ document: JSONDocument, _ node: JSONNode) {
        _ = (document.string(node), document.unsignedInteger(node), document.integer(node), document.bool(node))
        for (key, value) in document.members(of: node) {
            _ = document.string(key).map { document.member($0, of: node) }
            readAll(document, value)
        }
        for element in document.elements(of: node) { readAll(document, element) }
    }
}

/// Whether a value of the document is what Foundation read.
func matches(_ document: JSONDocument, _ node: JSONNode, _ expected: Any) -> Bool {
    switch document.kind(of: node) {
    case .null: return expected is NSNull
    case .string: return document.string(node).map { Array($0.utf8) } == (expected as? String).map { Array($0.utf8) }
    case .true, .false: return (expected as? NSNumber)?.boolValue == document.bool(node)
    case .number:
        guard let text = document.text(node), let expected = expected as? NSNumber else { return false }
        return Double(text) == expected.doubleValue
    case .array:
        let elements = Array(document.elements(of: node))
        guard let expected = expected as? [Any], expected.count == elements.count else { return false }
        return zip(elements, expected).allSatisfy { matches(document, $0, $1) }
    case .object:
        guard let expected = expected as? [String: Any] else { return false }
        let members = Array(document.members(of: node))
        return members.count == expected.count
            && members.allSatisfy { member in
                guard let key = document.string(member.key), let value = expected[key] else { return false }
                return matches(document, member.value, value)
            }
    }
}
