import Glibc
import Testing

@testable import Sandbox

/// What counts as memory, and that all of it counts.
@Suite struct MemoryTests {
    private static let small = SandboxLimits(memory: 256 << 20)

    @Test func memoryBySmallPieces() async throws {
        let error = try await TestSupport.failure("hoard", limits: Self.small)
        TestSupport.expectLimit(.memory(256 << 20), error)
        #expect(
            error?.description
                == "sandboxed task 'hoard' reached its memory limit of 256 MiB while reading .debug_info of "
                + "libjvm.debug at 0x2f; if the file is trustworthy, raise --parser-memory")
    }

    @Test func memoryAtOnce() async throws {
        let error = try await TestSupport.failure("hoard-at-once", "2000000000", limits: Self.small)
        TestSupport.expectLimit(.memory(256 << 20), error)
    }

    @Test func everyThreadIsNamedAtALimit() async throws {
        let error = try await TestSupport.failure("hoard-on-threads", limits: Self.small)
        TestSupport.expectLimit(.memory(256 << 20), error)
        let text = error?.description ?? ""
        #expect(text.contains("decompressing .debug_line of libjvm.debug"), "\(text)")
        #expect(text.contains("reading .debug_info of libjvm.debug at 0x100, 0x200"), "\(text)")
    }

    /// Eight gigabytes of address space, a few megabytes of memory.
    @Test func reservationsAreFree() async throws {
        let size = String(8 << 30)
        let sandbox = try TestSupport.sandbox(Self.small)
        let reply = try await sandbox.run(task: "reserve", request: Array(size.utf8), descriptors: [])
        #expect(String(decoding: reply, as: UTF8.self) == size)
    }

    /// Two gigabytes written, 32 MiB at a time.
    @Test func memoryThatWasGivenBackIsFree() async throws {
        let size = String(2 << 30)
        let sandbox = try TestSupport.sandbox(Self.small)
        let reply = try await sandbox.run(task: "stream", request: Array(size.utf8), descriptors: [])
        #expect(String(decoding: reply, as: UTF8.self) == size)
    }

    /// It would be a way around the count.
    @Test func anonymousMemoryCannotBeShared() async throws {
        #expect(
            try await TestSupport.failure("share-anonymously")
                == .forbiddenSystemCall(task: "share-anonymously", traces: ""))
    }

    /// Too little even to load the program's libraries.
    @Test func addressSpaceBeforeTheStart() async throws {
        let limits = SandboxLimits(memory: 16 << 20, reservations: 16 << 20)
        TestSupport.expectLimit(
            .addressSpace(32 << 20), isCertain: false, try await TestSupport.failure("echo", limits: limits))
    }

    @Test func addressSpaceOfOneAllocation() async throws {
        let limits = SandboxLimits(memory: 1 << 30, reservations: 0)
        let error = try await TestSupport.failure("hoard-at-once", "20000000000", limits: limits)
        TestSupport.expectLimit(.addressSpace(1 << 30), isCertain: false, error)
    }

    @Test func limitsDoNotOverflow() {
        #expect(SandboxLimits(memory: .max, reservations: 1).addressSpace == .max >> 1)
        #expect(SandboxLimits(memory: 1, reservations: 2).addressSpace == 3)
    }

    /// Where processes hide their memory, address space stands for it.
    @Test func withoutProcAddressSpaceIsTheLimit() async throws {
        var sandbox = try TestSupport.sandbox(SandboxLimits(memory: 512 << 20))
        sandbox.canWatchMemory = false
        #expect(try await sandbox.run(task: "echo", request: [1], descriptors: []) == [1])
        for task in ["hoard", "hoard-at-once"] {
            do throws(SandboxError) {
                _ = try await sandbox.run(task: task, request: Array("2000000000".utf8), descriptors: [])
                Issue.record("\(task) went through")
            } catch {
                TestSupport.expectLimit(.memory(512 << 20), isCertain: false, error)
            }
        }
    }

    @Test func memoryOfThisProcessIsSeen() throws {
        let watch = try #require(MemoryWatch(pid: getpid(), limit: 1 << 40))
        #expect(watch.look() == .milliseconds(50))
        #expect(try #require(MemoryWatch(pid: getpid(), limit: 1)).look() == nil)
        #expect(MemoryWatch(pid: -1, limit: 1) == nil)
    }
}
