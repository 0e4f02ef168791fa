import CrashEvent
import Foundation
import Testing

@Suite struct EventPatchTests {
    private func patched(
        _ text: String, _ change: (inout EventPatch, JSONDocument) -> Void
    ) throws -> String {
        let document = try JSONDocument(Array(text.utf8))
        var patch = EventPatch(document)
        change(&patch, document)
        return String(decoding: try patch.apply(), as: UTF8.self)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func untouchedBytesStay() throws {
        let text = "\u{feff} {\"a\" : 1.10 , \"a\": [ 9007199254740993 ],\n\"b\":\"\\u00e9\\/\" } \n"
        #expect(try patched(text) { _, _ in } == text)
        #expect(
            try patched(text) { patch, document in patch.set(document.root, key: "c", to: bytes("{}")) }
                == "\u{feff} {\"a\" : 1.10 , \"a\": [ 9007199254740993 ],\n\"b\":\"\\u00e9\\/\",\"c\":{} } \n")
    }

    @Test func setReplacesTheLastAndAdds() throws {
        #expect(
            try patched(#"{"a":1,"b":2,"a":3}"#) { patch, document in
                patch.set(document.root, key: "a", to: bytes("9"))
                patch.set(document.root, key: "c", to: bytes("4"))
                patch.set(document.root, key: "d", to: bytes("5"))
                patch.set(document.root, key: "c", to: bytes("6"))
            } == #"{"a":1,"b":2,"a":9,"c":6,"d":5}"#)
        #expect(try patched("{ }") { $0.set($1.root, key: "k\"\n", to: bytes("1")) } == #"{"k\"\n":1 }"#)
    }

    @Test func pathsMakeWhatIsMissing() throws {
        #expect(
            try patched(#"{"contexts":null,"x":{"y":{}}}"#) { patch, document in
                patch.set(document.root, path: ["contexts", "os", "name"], to: bytes("\"Linux\""))
                patch.set(document.root, path: ["contexts", "symbolist"], to: bytes("{}"))
                patch.set(document.root, path: ["x", "y", "z"], to: bytes("1"))
                patch.set(document.root, path: ["extra", "stderr"], to: bytes("\"t\""))
                patch.set(document.root, path: ["extra", "more", "n"], to: bytes("2"))
            }
                == #"{"contexts":{"os":{"name":"Linux"},"symbolist":{}},"x":{"y":{"z":1}},"#
                + #""extra":{"stderr":"t","more":{"n":2}}}"#)
    }

    @Test(arguments: [
        (["a"], #"{ "b" : 2, "c":3 }"#),
        (["b"], #"{ "a":1, "c":3 }"#),
        (["c"], #"{ "a":1, "b" : 2 }"#),
        (["a", "b"], #"{ "c":3 }"#),
        (["b", "c"], #"{ "a":1 }"#),
        (["a", "c"], #"{ "b" : 2 }"#),
        (["a", "b", "c"], #"{  }"#),
        (["none"], #"{ "a":1, "b" : 2, "c":3 }"#),
    ])
    func removes(_ keys: [String], _ expected: String) throws {
        let text = #"{ "a":1, "b" : 2, "c":3 }"#
        #expect(try patched(text) { for key in keys { $0.remove($1.root, key: key) } } == expected)
        let added = try patched(text) {
            for key in keys { $0.remove($1.root, key: key) }
            $0.set($1.root, key: "n", to: bytes("7"))
        }
        let document = try JSONDocument(Array(added.utf8))
        #expect(document.unsignedInteger("n", of: document.root) == 7)
        for key in keys { #expect(document.member(key, of: document.root) == nil) }
    }

    @Test func removesEveryDuplicateAndSetsAfterRemoval() throws {
        #expect(try patched(#"{"a":1,"b":2,"a":3}"#) { $0.remove($1.root, key: "a") } == #"{"b":2}"#)
        #expect(
            try patched(#"{"a":1,"b":2}"#) {
                $0.set($1.root, key: "a", to: bytes("5"))
                $0.remove($1.root, key: "a")
                $0.set($1.root, key: "a", to: bytes("6"))
            } == #"{"b":2,"a":6}"#)
        #expect(
            try patched(#"{"a":1}"#) {
                $0.set($1.root, key: "new", to: bytes("5"))
                $0.remove($1.root, key: "new")
            } == #"{"a":1}"#)
    }

    @Test func insertsElements() throws {
        #expect(
            try patched("[[ ], [1, 2]]") { patch, document in
                let lists = Array(document.elements(of: document.root))
                patch.append(bytes("\"a\""), to: lists[0])
                patch.append(bytes("\"b\""), to: lists[0])
                patch.insert(bytes("0"), into: lists[1], at: 0)
                patch.insert(bytes("1.25"), into: lists[1], at: 1)
                patch.insert(bytes("1.5"), into: lists[1], at: 1)
                patch.append(bytes("3"), to: lists[1])
                patch.replace(Array(document.elements(of: lists[1]))[1], with: bytes("2,2"))
            } == #"[["a","b" ], [0,1, 1.25,1.5,2,2,3]]"#)
    }

    @Test func partsCanBeTakenOut() throws {
        let document = try JSONDocument(bytes(#"{"frames":[{"a":1},{"b":2}]}"#))
        let frame = Array(document.elements(of: try #require(document.node(at: "frames"))))[1]
        var patch = EventPatch(document)
        patch.set(frame, key: "function", to: JSONWriter.string("f()"))
        #expect(try patch.apply(to: frame) == bytes(#"{"b":2,"function":"f()"}"#))
        patch.set(document.root, key: "x", to: bytes("1"))
        #expect(throws: EventPatchError.self) { try patch.apply(to: frame) }
    }

    @Test func contradictionsAreErrors() throws {
        let document = try JSONDocument(bytes(#"{"a":{"b":1},"c":[2]}"#))
        let a = try #require(document.node(at: "a"))
        let b = try #require(document.node(at: "a", "b"))
        func error(_ change: (inout EventPatch) -> Void) -> EventPatchError? {
            var patch = EventPatch(document)
            change(&patch)
            do throws(EventPatchError) {
                _ = try patch.apply()
                return nil
            } catch {
                return error
            }
        }
        let twice = error {
            $0.replace(a, with: bytes("1"))
            $0.replace(b, with: bytes("2"))
        }
        #expect(twice == .overlapping(first: 5..<12, second: 10..<11))
        #expect(
            error {
                $0.replace(b, with: bytes("1"))
                $0.replace(b, with: bytes("2"))
            } == .overlapping(first: 10..<11, second: 10..<11))
        #expect(
            error {
                $0.remove(document.root, key: "a")
                $0.set(a, key: "n", to: bytes("2"))
            } != nil)
        #expect(error { $0.set(b, key: "k", to: bytes("2")) } == .notAnObject(key: "k", offset: 10))
        #expect(
            error { $0.set(document.root, path: ["c", "k"], to: bytes("2")) } == .notAnObject(key: "k", offset: 17))
        #expect(error { $0.remove(b, key: "k") } == .notAnObject(key: "k", offset: 10))
        #expect(error { $0.insert([], into: a, at: 0) } == .noSuchElement(index: 0, offset: 5))
        let list = try #require(document.node(at: "c"))
        #expect(error { $0.insert([], into: list, at: 2) } == .noSuchElement(index: 2, offset: 17))
        #expect(twice?.description == "changes of bytes 5..<12 and 10..<11 overlap")
    }

    @Test func whatCanBeSetIsKnownBefore() throws {
        let document = try JSONDocument(bytes(#"{"a":{"b":1},"n":null,"s":"x","l":[]}"#))
        for (path, expected) in [
            (["a"], true), (["a", "c", "d"], true), (["n", "x", "y"], true), (["z", "y"], true), (["a", "b"], true),
            (["a", "b", "c"], false), (["s", "k"], false), (["l", "k"], false),
        ] {
            var patch = EventPatch(document)
            #expect(patch.canSet(document.root, path: path) == expected, "\(path)")
            patch.set(document.root, path: path, to: bytes("1"))
            #expect(((try? patch.apply()) != nil) == expected, "\(path)")
        }
    }

    @Test func randomChangesGiveWhatFoundationExpects() throws {
        for seed in 0..<3000 as Range<UInt64> {
            var random = RandomJSON(seed: seed)
            let text = random.object()
            var generator = SeededGenerator(seed: seed &+ 77)
            let document = try JSONDocument(bytes(text))
            var expected = try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            var patch = EventPatch(document)
            for number in 0..<Int.random(in: 1...5, using: &generator) {
                let present = expected.keys.sorted().randomElement(using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0:
                    guard let present else { continue }
                    patch.remove(document.root, key: present)
                    expected[present] = nil
                case 1:
                    let key = present ?? "new"
                    patch.set(document.root, key: key, to: bytes("\(number)"))
                    expected[key] = number
                case 2:
                    let key = random.key()
                    patch.set(document.root, key: key, to: bytes("[\(number)]"))
                    expected[key] = [number]
                default:
                    patch.set(document.root, path: ["made \(number % 2)", "in\(number)"], to: bytes("\(number)"))
                    var inner = expected["made \(number % 2)"] as? [String: Any] ?? [:]
                    inner["in\(number)"] = number
                    expected["made \(number % 2)"] = inner
                }
            }
            let result = try patch.apply()
            #expect(try patch.apply() == result)
            let reread = try JSONDocument(result)
            #expect(
                matches(reread, reread.root, expected),
                "seed \(seed): \(text) → \(String(decoding: result, as: UTF8.self))")
        }
    }
}
