import Foundation
import ParserTasks
import Unwinding

/// Cores and minidumps: inspected, then unwound with the file beside them for each of the first modules.
enum ThreadReading {
    static func run(_ bytes: [UInt8]) -> Int {
        let input = ObjectInput(bytes)
        guard let dump = MemoryFile(input.object) else { return 0 }
        let limits = UnwindLimits(framesPerThread: 200, frames: 2000, threads: 100, modules: 200)
        guard let inspection = try? DumpUnwinding.inspect(dump.descriptor, name: "dump", limits: limits) else {
            return 0
        }
        var files: [Int32] = []
        var request = DumpRequest(name: "dump", limits: limits)
        let other = input.other.flatMap { MemoryFile($0.bytes) }
        if let other {
            for module in inspection.modules.indices.prefix(4) {
                request.files.append(.init(module: module, isDebugFile: false, name: "other"))
                files.append(other.descriptor)
            }
        }
        var sum = 1 &+ inspection.modules.count &+ inspection.threadCount
        if let unwound = try? DumpUnwinding.unwind(request, dump: dump.descriptor, files: files) {
            for thread in unwound.threads {
                guard thread.frames.count + thread.ranOn.count <= limits.frames, !thread.end.isEmpty else {
                    fatalError("a thread of \(thread.frames.count) frames that ends '\(thread.end)'")
                }
                sum &+= thread.frames.reduce(0) { $0 &+ Int(truncatingIfNeeded: $1.address) }
            }
        }
        withExtendedLifetime((dump, other)) {}
        return sum
    }
}

/// Compressed dumps: what comes out keeps to the limit.
enum Expanding {
    static func run(_ bytes: [UInt8]) -> Int {
        var sum = 0
        for compression in ["gzip", "zstd", "lz4", "xz"] {
            guard let input = MemoryFile(bytes), let output = MemoryFile() else { return 0 }
            let request = ExpandRequest(compression: compression, limit: 4 << 20, name: "dump")
            guard let task = DumpTaskHandlers.all[ExpandRequest.task],
                let question = try? JSONEncoder().encode(request),
                let answer = try? task(Array(question), [input.descriptor, output.descriptor]),
                case .value(let reply)? = try? JSONDecoder().decode(ParserReply<ExpandReply>.self, from: Data(answer))
            else { continue }
            guard reply.size <= request.limit, reply.written <= reply.size else { fatalError("over the limit") }
            sum &+= 1 &+ Int(truncatingIfNeeded: reply.size)
            withExtendedLifetime((input, output)) {}
        }
        return sum
    }
}
