import Glibc
import Testing

@testable import Sandbox

/// Plain threads under the filter, and what they say of their work.
@Suite struct ThreadTests {
    /// Twice the sum of 0 to 9,999: locks, heap, mappings and names work on every thread, and threads end.
    @Test(arguments: [SandboxPolicy.strict, .limitsOnly])
    func manyThreadsWork(_ policy: SandboxPolicy) async throws {
        for count in [1, 2, 8, 70] {
            #expect(try await TestSupport.text("threads", String(count), policy: policy) == "99990000")
        }
    }

    @Test func callsOfThreadLibrariesAreAllowed() async throws {
        #expect(
            try await TestSupport.text("thread-calls")
                == "sysconf true yield 0 gettid true membarrier true getcpu 0 affinity true wait true")
    }

    @Test func childrenKnowTheNumberOfProcessors() async throws {
        #expect(try await TestSupport.text("processors") == String(ProcessorCount.available))
    }

    @Test func theThreadThatDiedIsTheOneNamed() async throws {
        guard case .died(_, SIGABRT, _, let traces) = try await TestSupport.failure("thread-abort") else {
            Issue.record("not an abort")
            return
        }
        #expect(traces.work == "reading .debug_info of till.debug at 0x10")
    }

    @Test func quotasOfControlGroupsCount() {
        let files = ["/a/b/cpu.max": "max 100000\n", "/a/cpu.max": "150000 100000\n", "/cpu.max": "800000 100000\n"]
        func quota(_ groups: String?) -> Int? {
            ProcessorCount.quota(of: groups) { files[$0 + "/cpu.max"] }
        }
        #expect(quota("1:cpu:/x\n0::/a/b\n") == 2)
        #expect(quota("0::/\n") == 8)
        #expect(quota("0::/c\n") == 8)
        #expect(quota("1:cpu:/a\n") == nil)
        #expect(quota(nil) == nil)
        #expect(ProcessorCount.quota(of: "0::/") { _ in "garbage 0" } == nil)
        #expect(ProcessorCount.quota(of: "0::/") { _ in "1000 100000" } == 1)
    }
}
