import CrashEvent
import Testing

@testable import Rendering

/// Events that were changed at random: never a crash, never markup from the event.
@Suite struct PropertyTests {
    /// SplitMix64: the same numbers for the same seed on every machine.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private static let values = [
        "null", "true", "0", "-1", "18446744073709551615", "1e400", "\"\"", "[]", "{}", "[[[[]]]]",
        "\"<script>x()</script>\"",
        "\"</details></style>]]>\"", "\"`````\"", "\"@team #12 https://x.org\"", "\"\\u0000\\u001b[2J\\u202e\\ud800\"",
        "\"a\\nb\\r\\nc\"", "\"0x10\"", "\"omitted\"", "\"truncated\"", "\"async\"", "\"sanitizer\"", "\"SIGSEGV\"",
        "\"漢字👩‍👩‍👧e\\u0301\\t\"", "\"" + String(repeating: "long ", count: 2000) + "\"",
        "[" + Array(repeating: "{\"in_app\":true}", count: 50).joined(separator: ",") + "]",
    ]

    /// One value replaced by another of the document or of the list above: valid JSON again.
    private func mutated(_ bytes: [UInt8], using random: inout Random) throws -> [UInt8] {
        let document = try JSONDocument(bytes)
        var nodes: [JSONNode] = []
        var waiting = [document.root]
        while let node = waiting.popLast() {
            nodes.append(node)
            for (_, value) in document.members(of: node) { waiting.append(value) }
            waiting += document.elements(of: node)
        }
        let target = document.range(of: nodes[Int.random(in: 0..<nodes.count, using: &random)])
        let value: [UInt8]
        if Bool.random(using: &random) {
            value = Array(Self.values[Int.random(in: 0..<Self.values.count, using: &random)].utf8)
        } else {
            value = Array(document.rawBytes(of: nodes[Int.random(in: 0..<nodes.count, using: &random)]))
        }
        return bytes[..<target.lowerBound] + value + bytes[target.upperBound...]
    }

    private func check(_ bytes: [UInt8], _ limits: StoryLimits, _ what: String) throws {
        let story = EventStory(try JSONDocument(bytes), limits: limits)
        #expect(!story.reason.isEmpty)
        for width in [nil, 40, 81] {
            for all in [false, true] {
                var options = TextOptions()
                options.width = width
                options.showsAllFrames = all
                options.context = all ? 5 : 1
                let text = EventText(story, options: options).render()
                #expect(Checks.faults(ofText: text) == [], "\(what), \(width ?? 0) columns")
            }
        }
        #expect(Checks.faults(ofPage: EventHTML(story).render()) == [], "\(what), page")
        #expect(Checks.faults(ofMarkdown: EventMarkdown(story).render()) == [], "\(what), Markdown")
    }

    @Test(arguments: Events.names) func asTheyAre(_ name: String) throws {
        try check(try Events.bytes(name), StoryLimits(), name)
        try check(try Events.bytes(name), StoryLimits(framesPerStack: 4, frames: 9, stacks: 2, images: 1), name)
    }

    @Test(arguments: Events.names) func changed(_ name: String) throws {
        let original = try Events.bytes(name)
        // The size makes the difference in cost, not in what is found.
        let rounds = original.count > 50_000 ? 4 : 30
        for seed in 0..<rounds {
            var random = Random(state: UInt64(seed) &* 1_000_003 &+ UInt64(name.utf8.count))
            var bytes = original
            for _ in 0...Int.random(in: 0..<8, using: &random) where bytes.count < 1_000_000 {
                bytes = try mutated(bytes, using: &random)
            }
            try check(bytes, StoryLimits(), "\(name), seed \(seed)")
        }
    }

    /// Documents that are no event at all.
    @Test(arguments: ["null", "[]", "7", "\"x\"", "{}", "{\"exception\":7,\"threads\":[null],\"debug_meta\":[]}"])
    func noEvents(_ json: String) throws {
        try check(Array(json.utf8), StoryLimits(), json)
    }
}
