import Glibc
import Testing

@testable import Sandbox

/// The child program, which the package builds beside the tests.
enum TestSupport {
    /// The folder of the running test program.
    static var program: String { products + "/SandboxTestChild" }

    private static var products: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }

    static func sandbox(
        _ limits: SandboxLimits = .default, policy: SandboxPolicy = .strict, simultaneousChildren: Int? = nil
    ) throws -> Sandbox {
        Sandbox(
            executable: try SandboxExecutable(path: program), policy: policy, limits: limits,
            simultaneousChildren: simultaneousChildren)
    }

    /// The error of a task that must fail.
    static func failure(
        _ task: String, _ request: String = "", descriptors: [Int32] = [], limits: SandboxLimits = .default,
        policy: SandboxPolicy = .strict
    ) async throws -> SandboxError? {
        do throws(SandboxError) {
            let reply = try await sandboxOrStop(limits, policy).run(
                task: task, request: Array(request.utf8), descriptors: descriptors)
            Issue.record("\(task) \(request) answered \(String(decoding: reply.prefix(100), as: UTF8.self))")
            return nil
        } catch {
            return error
        }
    }

    /// `error` is this limit's, named with its value and the setting that raises it.
    static func expectLimit(
        _ limit: SandboxLimit, isCertain: Bool = true, _ error: SandboxError?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .limitReached(_, limit, isCertain, _) = error else {
            Issue.record(Comment(rawValue: String(describing: error)), sourceLocation: sourceLocation)
            return
        }
        #expect(error?.isDeath == true, sourceLocation: sourceLocation)
        #expect(error?.description.contains(limit.description) == true, sourceLocation: sourceLocation)
        if let setting = limit.setting {
            #expect(error?.description.contains("raise \(setting)") == true, sourceLocation: sourceLocation)
        }
    }

    private static func sandboxOrStop(_ limits: SandboxLimits, _ policy: SandboxPolicy) throws(SandboxError) -> Sandbox
    {
        do {
            return try sandbox(limits, policy: policy)
        } catch {
            throw .cannotStart(task: "open", operation: "open", code: ENOENT)
        }
    }

    static func text(
        _ task: String, _ request: String = "", descriptors: [Int32] = [], policy: SandboxPolicy = .strict
    ) async throws -> String {
        let reply = try await sandbox(policy: policy).run(
            task: task, request: Array(request.utf8), descriptors: descriptors)
        return String(decoding: reply, as: UTF8.self)
    }

    /// An anonymous temporary file with these bytes.
    static func file(_ bytes: [UInt8] = []) throws -> Int32 {
        var name = Array("/tmp/symbolist-sandbox-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        try #require(descriptor >= 0)
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        return descriptor
    }
}
