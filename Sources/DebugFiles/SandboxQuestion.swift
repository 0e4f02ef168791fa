import FoundationEssentials
import ParserTasks
import Sandbox

extension Sandbox {
    /// Asks a child: request and reply are JSON, the reply a `ParserReply`. A refusal is the answer of a healthy child and
    /// says what kind of file it is; everything else that goes wrong is the sandbox's verdict.
    /// - Parameter limits: Instead of the sandbox's own.
    func ask<Reply: Codable & Sendable>(
        _ task: String, _ request: some Encodable, _ files: [FileDescriptor], limits: SandboxLimits? = nil,
        onProgress: BuildProgress? = nil
    ) async throws(ObjectParserError) -> Reply {
        let bytes: [UInt8]
        do {
            bytes = Array(try JSONEncoder().encode(request))
        } catch {
            throw .unavailable("the request cannot be written as JSON: \(error)")
        }
        var report: (@Sendable (UInt64, UInt64) -> Void)?
        if let onProgress { report = { onProgress(Int(clamping: $0), Int(clamping: $1)) } }
        let answer: [UInt8]
        do throws(SandboxError) {
            answer = try await run(
                task: task, request: bytes, descriptors: files.map(\.rawValue), limits: limits, onProgress: report)
        } catch {
            throw ObjectParserError(error)
        }
        // The descriptors must stay open until the child has ended.
        withExtendedLifetime(files) {}
        let reply: ParserReply<Reply>
        do {
            reply = try JSONDecoder().decode(ParserReply<Reply>.self, from: Data(answer))
        } catch {
            // A child that was taken over may answer anything.
            throw .died("it answered something else than the reply of '\(task)': \(error)")
        }
        switch reply {
        case .value(let value): return value
        case .refused(let refusal): throw ObjectParserError(refusal)
        }
    }
}
