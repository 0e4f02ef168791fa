import Glibc
import Testing

@testable import Sandbox

/// Every limit is named by the error that it causes.
@Suite struct LimitTests {
    @Test func wallClock() async throws {
        let limits = SandboxLimits(wallClock: .milliseconds(500))
        TestSupport.expectLimit(.wallClock(.milliseconds(500)), try await TestSupport.failure("sleep", limits: limits))
        TestSupport.expectLimit(.wallClock(.milliseconds(500)), try await TestSupport.failure("spin", limits: limits))
    }

    @Test func processorTime() async throws {
        let limits = SandboxLimits(processorSeconds: 1)
        TestSupport.expectLimit(.processorTime(1), try await TestSupport.failure("spin", limits: limits))
    }

    @Test func fileSize() async throws {
        let output = try TestSupport.file()
        defer { close(output) }
        let limits = SandboxLimits(fileSize: 1 << 20)
        let error = try await TestSupport.failure("grow", descriptors: [output], limits: limits)
        TestSupport.expectLimit(.fileSize(1 << 20), error)
        var status = stat()
        #expect(fstat(output, &status) == 0 && status.st_size == 1 << 20)
    }

    @Test func replySize() async throws {
        let limits = SandboxLimits(replySize: 100_000)
        let fits = try await TestSupport.sandbox(limits).run(
            task: "large", request: Array("100000".utf8), descriptors: [])
        #expect(fits.count == 100_000)
        TestSupport.expectLimit(.replySize(100_000), try await TestSupport.failure("large", "100001", limits: limits))
        TestSupport.expectLimit(.replySize(100_000), try await TestSupport.failure("large", "50000000", limits: limits))
        TestSupport.expectLimit(.replySize(100_000), try await TestSupport.failure("lie-about-length", limits: limits))
    }

    @Test func malformedReplies() async throws {
        #expect(
            try await TestSupport.failure("short")
                == .malformedReply(task: "short", reason: "the header claims 10 bytes, 0 came", traces: ""))
        #expect(
            try await TestSupport.failure("quit")
                == .malformedReply(task: "quit", reason: "it ends inside the header", traces: ""))
        #expect(
            try await TestSupport.failure("no-frame")
                == .malformedReply(task: "no-frame", reason: "the ready mark is missing", traces: ""))
    }

    @Test func deathsCarryTheLastWords() async throws {
        let error = try await TestSupport.failure("abort")
        #expect(
            error
                == .died(
                    task: "abort", signal: SIGABRT, limits: .default,
                    traces: "an assertion with \u{fffd}[31mcolour"))
        #expect(error?.description.contains("SIGABRT") == true)
        guard case .died(_, SIGILL, _, _) = try await TestSupport.failure("trap") else {
            Issue.record("a trap did not kill")
            return
        }
    }

    @Test func stackOverflowIsNotTakenForTheMemoryLimit() async throws {
        guard case .died(_, SIGSEGV, _, _) = try await TestSupport.failure("overflow-stack") else {
            Issue.record("a stack overflow did not kill")
            return
        }
    }

    @Test func lastWordsAreBounded() async throws {
        guard case .exited(_, 3, let traces) = try await TestSupport.failure("chatter") else {
            Issue.record("not an exit")
            return
        }
        #expect(traces.standardError.utf8.count <= ChildWatch.errorTailLength)
        #expect(traces.standardError.hasSuffix("line 99999"))
    }

    @Test func cancellationKills() async throws {
        let sandbox = try TestSupport.sandbox()
        let task = Task { () throws(SandboxError) in
            try await sandbox.run(task: "sleep", request: [], descriptors: [])
        }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        #expect(await task.result.isCancelled)
    }

    @Test func cancellationWhileWaitingForASlot() async throws {
        let sandbox = try TestSupport.sandbox(simultaneousChildren: 1)
        let first = Task { () throws(SandboxError) in
            try await sandbox.run(task: "sleep", request: [], descriptors: [])
        }
        let second = Task { () throws(SandboxError) in
            try await sandbox.run(task: "echo", request: [], descriptors: [])
        }
        second.cancel()
        #expect(await second.result.isCancelled)
        first.cancel()
        #expect(await first.result.isCancelled)
        // Both slots came back.
        #expect(try await sandbox.run(task: "echo", request: [5], descriptors: []) == [5])
    }

    /// A parent that is killed cannot tell its children; the kernel does.
    @Test func childrenDieWithTheirParent() throws {
        var ends: (Int32, Int32) = (0, 0)
        try #require(withUnsafeMutableBytes(of: &ends) { pipe($0.bindMemory(to: Int32.self).baseAddress) } == 0)
        let (reading, writing) = ends
        defer { close(reading) }
        _ = fcntl(reading, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writing, F_SETFD, FD_CLOEXEC)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, writing, 3)
        var arguments = [strdup(TestSupport.program), strdup("--parent"), nil]
        defer { for argument in arguments { free(argument) } }
        var parent: pid_t = 0
        try #require(posix_spawn(&parent, TestSupport.program, &actions, nil, &arguments, environ) == 0)
        close(writing)

        // The child is running and holds the pipe, as does its parent.
        var byte: UInt8 = 0
        #expect(read(reading, &byte, 1) == 1 && byte == UInt8(ascii: "!"))
        kill(parent, SIGKILL)
        #expect(waitpid(parent, nil, 0) == parent)
        // The end of the pipe: nobody holds it any more.
        var polled = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        #expect(poll(&polled, 1, 60_000) == 1)
        #expect(read(reading, &byte, 1) == 0)
    }
}

extension Result where Success == [UInt8] {
    fileprivate var isCancelled: Bool {
        if case .failure(let error) = self, case .cancelled? = error as? SandboxError { return true }
        return false
    }
}
