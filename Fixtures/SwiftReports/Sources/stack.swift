// Prints its own stack as `Runtime.Backtrace` encodes it: the object, then the object inside a line of a log.
import FoundationEssentials
import Runtime

@main struct Stack {
    static func main() async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let backtrace = try await capture(3)
        let object = String(decoding: try encoder.encode(backtrace), as: UTF8.self)
        switch CommandLine.arguments.dropFirst().first {
        case "log": print(#"{"level":"error","message":"out of tea {3}","context":{"shelf":3,"stack":\#(object)}}"#)
        case "text": print(backtrace)
        default: print(object)
        }
    }

    @inline(never) static func capture(_ depth: Int) async throws -> Backtrace {
        await Task.yield()
        return try deeper(depth)
    }

    @inline(never) static func deeper(_ depth: Int) throws -> Backtrace {
        var stack: [Backtrace] = []
        stack.append(try depth > 0 ? deeper(depth - 1) : Backtrace.capture(images: ImageMap.capture()))
        return stack[0]
    }
}
