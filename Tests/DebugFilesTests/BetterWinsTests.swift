import ParserTasks
import SymbolIndex
import Testing

@testable import DebugFiles

/// Files of one build id in whatever order they come: answers are from the best that is there.
@Suite struct BetterWinsTests {
    /// In rising order of what they can say.
    private struct Part {
        var name: String
        var object: FakeObject
        var type: UInt8 = 3
    }

    private static func parts() -> [Part] {
        func symbols(_ count: UInt64) -> FakeObject {
            var object = FakeObject(buildID: BuildID.first, debugInformation: false)
            object.symbolCount = count
            return object
        }
        var mini = symbols(50)
        mini.inspection.hasMiniDebugInformation = true
        return [
            Part(name: "stripped", object: symbols(5)), Part(name: "minidebug", object: mini),
            Part(name: "symbols", object: symbols(100)),
            Part(name: "full.debug", object: .skeleton(BuildID.first, [9])),
            // Not of the build id: it completes the one before.
            Part(name: "9.dwo", object: .split([9]), type: 1),
        ]
    }

    private static func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.flatMap { first in permutations(items.filter { $0 != first }).map { [first] + $0 } }
    }

    /// All 120 orders, asked after every upload, by one process and at the end by another.
    @Test(arguments: 0..<5) func inWhateverOrder(_ first: Int) async throws {
        let parts = Self.parts()
        for order in Self.permutations([0, 1, 2, 3, 4]) where order.first == first {
            let fixture = try await StoreFixture()
            var there: Set<Int> = []
            var digests: [Int: String] = [:]
            for number in order {
                let part = parts[number]
                digests[number] = try await fixture.upload(part.object, "tree/\(part.name)", type: part.type)
                there.insert(number)
                let image = try await fixture.resolve(BuildID.first)
                guard let best = there.filter({ $0 != 4 }).max() else {
                    #expect(image.status == .missing)
                    continue
                }
                #expect(image.object?.digest == digests[best], "\(order) after \(number)")
                let quality: IndexQuality = best < 3 ? .symbols : there.contains(4) ? .full : .partial
                #expect(image.object?.quality == quality, "\(order) after \(number)")
                #expect(image.lacks.contains(.debugInformation) == (quality < .full))
            }
            let other = try await fixture.reopened().image(BuildID.first)
            #expect(other.object?.digest == digests[3])
            #expect(other.object?.quality == .full)
        }
    }
}
