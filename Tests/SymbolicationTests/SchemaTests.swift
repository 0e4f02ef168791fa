import CrashEvent
import Foundation
import SymbolIndex
import Symbolication
import Testing

/// The committed schema against what is written: every value must be allowed, every key known.
@Suite struct SchemaTests {
    private static var schema: [String: Any] {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let url = root.appendingPathComponent("Documentation/event-additions.schema.json")
        let object = try? JSONSerialization.jsonObject(with: Data(contentsOf: url))
        return object as? [String: Any] ?? [:]
    }

    private func definition(_ name: String) throws -> [String: Any] {
        try #require((Self.schema["$defs"] as? [String: Any])?[name] as? [String: Any])
    }

    /// Checks the members of `value` against a definition whose members are all listed.
    private func check(_ value: Value, _ name: String, seen: inout Set<String>) throws {
        let definition = try definition(name)
        let properties = try #require(definition["properties"] as? [String: Any])
        let parsed = try JSONSerialization.jsonObject(with: Data(value.description.utf8))
        let object = try #require(parsed as? [String: Any])
        for key in definition["required"] as? [String] ?? [] { #expect(object[key] != nil, "\(name).\(key)") }
        for (key, value) in object {
            seen.insert("\(name).\(key)")
            guard let property = properties[key] else {
                Issue.record("\(name).\(key) is not in the schema")
                continue
            }
            guard let property = property as? [String: Any] else { continue }
            if let allowed = property["enum"] as? [String] { #expect(allowed.contains(value as? String ?? "")) }
            if let constant = property["const"] { #expect("\(constant)" == "\(value)", "\(name).\(key)") }
            switch property["type"] as? String {
            case "string": #expect(value is String)
            case "integer": #expect(value is Int)
            case "array": #expect(value is [Any])
            default: break
            }
            if property["$ref"] as? String == "#/$defs/address" {
                let text = try #require(value as? String)
                #expect(text.hasPrefix("0x") && UInt64(text.dropFirst(2), radix: 16) != nil)
            }
        }
    }

    @Test func `everything that is written is in the schema, everything in the schema is written`() throws {
        #expect((Self.schema["$id"] as? String) == "urn:symbolist:event-additions:1")
        let lines = Array(repeating: UInt8(0x0a), count: 19) + Array(repeating: 0x20, count: 300) + [0x0a]
        let source = SourceText(text: lines, mark: .differs)
        let marker = #"{"data":{"symbolist":{"kind":"omitted","count":7}}}"#
        let symbolic = #"{"function":"f","package":"x","data":{"symbolist":{"symbol_offset":"0x4"}}}"#
        let given = ##""mapping_offset":"0x0","mapping":"executable","code":{"address":"0x700000","bytes":"90"}"##
        let dump = ##""digest":"00","size":1,"compression":"zstd","format":"elf-core","unwound_with":["aa"]"##
        let event = makeEvent(
            frames: [
                symbolic, marker, "{}", frame(0x401200), frame(0x401300), frame(0x401401), frame(0x500010),
                frame(0x401006),
                frame(0x401100),
            ],
            images: [
                #"{"image_addr":"0x400000","image_size":65536}"#, #"{"image_addr":"0x500000","image_size":65536}"#,
                #"{"image_addr":"0x700000","image_size":16,"symbolist":{\#(given)}}"#,
            ], top: #""contexts":{"symbolist":{"dump":{\#(dump)}}},"#)
        let enriched = try Enriched(
            event,
            [
                0: .found(try TestIndex.app(), features: TestIndex.features, matchedByName: true),
                1: .failed(.fetchingFailed, reason: "connection refused", candidates: [.init(id: "aa", name: nil)]),
            ], sources: ["/src/app/Sources/till/main.swift": source],
            limits: SymbolicationLimits(contextBytes: 350))
        var seen: Set<String> = []
        for frame in enriched.frames() {
            if let own = frame["data/symbolist"] { try check(own, "frameData", seen: &seen) }
        }
        for image in try #require(enriched.value("debug_meta/images")).elements {
            if let own = image["symbolist"] { try check(own, "image", seen: &seen) }
        }
        try check(try #require(enriched.value("contexts/symbolist")), "context", seen: &seen)
        for name in ["frameData", "image", "context"] {
            for key in try #require(definition(name)["properties"] as? [String: Any]).keys {
                #expect(seen.contains("\(name).\(key)"))
            }
        }
    }
}
