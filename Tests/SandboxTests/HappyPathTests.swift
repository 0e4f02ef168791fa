import Glibc
import Testing

@testable import Sandbox

@Suite struct HappyPathTests {
    @Test func requestsComeBack() async throws {
        let sandbox = try TestSupport.sandbox()
        for size in [0, 1, 4096, 70_000, 3_000_000] {
            let request = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let reply = try await sandbox.run(task: "echo", request: request, descriptors: [])
            #expect(reply == request)
        }
    }

    @Test func handedDescriptorsAreUsable() async throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let input = try TestSupport.file(bytes)
        let output = try TestSupport.file()
        defer {
            close(input)
            close(output)
        }
        #expect(try await TestSupport.text("copy", descriptors: [input, output]) == "300000")
        var copied = [UInt8](repeating: 0, count: bytes.count)
        #expect(pread(output, &copied, copied.count, 0) == copied.count)
        #expect(copied == bytes)
    }

    @Test func errorsOfTasksAreAnswersNotDeaths() async throws {
        let error = try await TestSupport.failure("fail", "entry 7 lies outside the section\u{1b}[2J")
        #expect(
            error
                == .taskFailed(
                    task: "fail", message: "section .debug_line: entry 7 lies outside the section\u{fffd}[2J"))
        #expect(error?.isDeath == false)
        #expect(error?.description.hasPrefix("sandboxed task 'fail' failed: section .debug_line") == true)
    }

    @Test func foundationsJSONWorks() async throws {
        let json = #"{"bytes":"AQID","date":"2026-01-02T03:04:05Z","name":"über","numbers":[1.5,1e+100,-0.25]}"#
        #expect(try await TestSupport.text("json", json) == json)
    }

    /// The second name aborts its demangler: the guards must work under the filter too.
    @Test func demanglersAndTheirGuardsWork() async throws {
        let names = [
            "$s1s8checkoutySiSaySiGYaKFTY1_.cold.1", "$s10Foundation5NSURLC6_fjagss6UIat32VRvs",
            "_ZN4shop7largestIiEET_S1_S1_", "_RNvNtCs1234_7mycrate3foo3bar",
        ]
        let readable = ["checkout(_:)", names[1], "shop::largest<int>", "mycrate::foo::bar"]
        #expect(
            try await TestSupport.text("demangle", names.joined(separator: "\n")) == readable.joined(separator: "\n"))
    }

    @Test func printedTextDoesNotDamageTheReply() async throws {
        #expect(try await TestSupport.text("print", "kept") == "kept")
    }

    /// 100,000 levels would not fit the usual 8 MiB many times over in a debug build; the sandbox's stack is larger.
    @Test func mainThreadHasALargeStack() async throws {
        #expect(try await TestSupport.text("recurse", "100000") == "100000")
    }

    @Test func environmentIsEmpty() async throws {
        // The tests' own environment has entries, or this would show nothing.
        try #require(getenv("PATH") != nil)
        #expect(try await TestSupport.text("environment") == "SWIFT_BACKTRACE=enable=no")
    }

    @Test func otherDescriptorsAreClosed() async throws {
        // Open, and not marked to be closed on exec.
        let leaked = fcntl(0, F_DUPFD, 100)
        let handed = try TestSupport.file()
        defer {
            close(leaked)
            close(handed)
        }
        try #require(leaked >= 100)
        // Request, output, errors, one handed; and the reply pipe out of the way of print().
        #expect(try await TestSupport.text("descriptors", descriptors: [handed]) == "0 1 2 3 4")
    }

    @Test func childrenHaveTheirOwnSession() async throws {
        let parts = try await TestSupport.text("identity", policy: .limitsOnly).split(separator: " ")
        #expect(parts.count == 2 && parts[0] == parts[1])
    }

    @Test func manyAtOnceAllAnswer() async throws {
        let sandbox = try TestSupport.sandbox(simultaneousChildren: 3)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let request = Array("question \(number)".utf8)
                    return try await sandbox.run(task: "echo", request: request, descriptors: []) == request
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func leavesNoDescriptorsAndNoZombies() async throws {
        // In a process of its own: other tests open descriptors and have children at the same time.
        await #expect(processExitsWith: .success) {
            let sandbox = try TestSupport.sandbox()
            _ = try await sandbox.run(task: "echo", request: [1], descriptors: [])
            let before = (0..<1000).filter { fcntl($0, F_GETFD) >= 0 }
            for _ in 0..<20 { _ = try await sandbox.run(task: "echo", request: [1], descriptors: []) }
            _ = try? await sandbox.run(task: "abort", request: [], descriptors: [])
            let after = (0..<1000).filter { fcntl($0, F_GETFD) >= 0 }
            // The last child's thread may still be letting go of its own.
            #expect(after.count <= before.count + 4, "\(before) became \(after)")
            #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
        }
    }
}
