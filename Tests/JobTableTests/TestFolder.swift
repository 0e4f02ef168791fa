import Foundation
import Testing

/// A folder for each test, removed when it ends: `@Suite(.temporaryFolder)`.
struct TestFolder: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    /// The running test's folder.
    @TaskLocal static var current = ""

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "jobs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await Self.$current.withValue(folder, operation: function)
    }
}

extension Trait where Self == TestFolder {
    static var temporaryFolder: TestFolder { TestFolder() }
}
