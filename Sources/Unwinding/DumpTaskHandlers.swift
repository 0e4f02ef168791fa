import Foundation
import ParserTasks

/// The tasks of the sandboxed child that read dumps, by name: request and reply are JSON, files are descriptors. Every
/// reply is a `ParserReply`: the value, or why there is none.
///
/// | task | request | descriptors | value of the reply |
/// |---|---|---|---|
/// | `inspect-dump` | `DumpRequest` | dump | `DumpInspection` |
/// | `unwind` | `DumpRequest` | dump, then the request's files | `UnwoundDump` |
/// | `expand` | `ExpandRequest` | compressed dump, file to write | `ExpandReply` |
/// | `compress-dump` | `CompressRequest` | dump, file to write | `CompressReply` |
///
/// libdwfl may end the process on damaged tables: only a process that is made for the task may run `unwind`.
public enum DumpTaskHandlers {
    /// A task: request and descriptors to reply.
    public typealias Handler = @Sendable (_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8]

    /// The largest reply; the parent's limit is 16 MiB.
    static let maximumReply = 15 << 20

    /// All tasks by name.
    public static var all: [String: Handler] {
        [
            DumpInspection.task: { request, descriptors in
                try reply(DumpInspection.task, descriptors, 1) { () throws(DumpError) -> DumpInspection in
                    let request = try decode(DumpRequest.self, request)
                    return try DumpUnwinding.inspect(descriptors[0], name: request.name, limits: request.limits)
                }
            },
            DumpRequest.unwindTask: { request, descriptors in
                try reply(DumpRequest.unwindTask, descriptors, 1) { () throws(DumpError) -> UnwoundDump in
                    try DumpUnwinding.unwind(
                        decode(DumpRequest.self, request), dump: descriptors[0], files: Array(descriptors[1...]))
                }
            },
            ExpandRequest.task: { request, descriptors in
                try reply(ExpandRequest.task, descriptors, 2) { () throws(DumpError) -> ExpandReply in
                    try DumpExpansion.expand(
                        decode(ExpandRequest.self, request), input: descriptors[0], output: descriptors[1])
                }
            },
            CompressRequest.task: { request, descriptors in
                try reply(CompressRequest.task, descriptors, 2) { () throws(DumpError) -> CompressReply in
                    try DumpCompression.compress(
                        decode(CompressRequest.self, request), input: descriptors[0], output: descriptors[1])
                }
            },
        ]
    }

    /// What `body` gives, or its refusal.
    private static func reply<Value: Codable & Sendable>(
        _ task: String, _ descriptors: [Int32], _ count: Int, _ body: () throws(DumpError) -> Value
    ) throws -> [UInt8] {
        let reply: ParserReply<Value>
        do throws(DumpError) {
            guard descriptors.count >= count else {
                throw DumpError(
                    .unavailable, "task \(task): \(descriptors.count) descriptors, at least \(count) are needed")
            }
            reply = .value(try body())
        } catch {
            reply = .refused(error.refusal)
        }
        let bytes = try encode(reply)
        guard bytes.count > maximumReply else { return bytes }
        let refusal = DumpError(
            .limit("replySize"), "task \(task): the reply has \(bytes.count) bytes, above the limit of \(maximumReply)")
        return try encode(ParserReply<Value>.refused(refusal.refusal))
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(DumpError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw DumpError(.unavailable, "\(type): the request is not understood: \(error)")
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(value))
    }
}
