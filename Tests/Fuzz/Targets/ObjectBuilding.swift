import Demangling
import ParserTasks
import SymbolIndexBuilder

/// What the sandboxed child does with an object, in this process: inspect, then build.
enum ObjectBuilding {
    /// Names of the object's symbols go through demanglers that may die; the child has the same guards.
    private static let guards: Void = { _ = Demangler.installGuards() }()

    static func run(_ bytes: [UInt8]) -> Int {
        let input = ObjectInput(bytes)
        var sum = inspect(input.object)
        if let other = input.other { sum &+= inspect(other.bytes) }
        guard let output = build(input) else { return sum }
        // The builder's own work: the reader must take it, whatever the object was.
        do {
            try IndexReading.verify(output)
        } catch {
            fatalError("the reader refuses what the builder wrote: \(error)")
        }
        return sum &+ IndexReading.read(output, addresses: 32)
    }

    /// The index of an object, as a seed for the reader.
    static func index(of input: ObjectInput) -> [UInt8]? { build(input)?.contents }

    private static func inspect(_ bytes: [UInt8]) -> Int {
        guard let file = MemoryFile(bytes), let texts = MemoryFile() else { return 0 }
        guard
            let inspection = try? inspectObject(
                file.descriptor, name: "object", embeddedTexts: texts.descriptor)
        else { return 0 }
        return 1 &+ inspection.sources.count &+ inspection.problems.count &+ inspection.splitUnits.count
    }

    private static func build(_ input: ObjectInput) -> MemoryFile? {
        _ = guards
        guard let object = MemoryFile(input.object), let output = MemoryFile() else { return nil }
        var request = IndexBuildRequest(
            objectDigest: String(repeating: "0", count: 64), objectName: "object",
            threads: 1 + input.object.count % 2)
        var other: MemoryFile?
        if let second = input.other {
            other = MemoryFile(second.bytes)
            request.inputs = [
                .init(
                    role: second.role == .supplementary ? .supplementary : .split,
                    digest: String(repeating: "1", count: 64), name: "other")
            ]
        }
        do {
            _ = try buildIndex(
                request, object: object.descriptor, output: output.descriptor,
                inputs: other.map { [$0.descriptor] } ?? [])
        } catch {
            // A refusal says why.
            guard !error.description.isEmpty else { fatalError("a refusal without a reason") }
            return nil
        }
        return output
    }
}
