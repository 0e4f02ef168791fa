import Testing

@testable import Symbolication

@Suite struct InstructionAddressTests {
    @Test(
        arguments: [
            ("x86_64", 0x1005, 0x1004, 0x1005), ("amd64", 0x1005, 0x1004, 0x1005), ("i686", 0x1005, 0x1004, 0x1005),
            ("armv7l", 0x1005, 0x1002, 0x1004), ("arm64", 0x1006, 0x1000, 0x1004), ("aarch64", 0x1008, 0x1004, 0x1008),
            ("mips64el", 0x1008, 0x1000, 0x1008), ("ppc64le", 0x1008, 0x1004, 0x1008),
            ("riscv64", 0x1008, 0x1007, 0x1008),
            ("unheard of", 0x1008, 0x1007, 0x1008),
        ] as [(String, UInt64, UInt64, UInt64)])
    func `call sites by architecture`(_ name: String, _ address: UInt64, _ call: UInt64, _ exact: UInt64) {
        let family = ArchitectureFamily(name: name)
        #expect(family.lookupAddress(address, meaning: .returnAddress) == call)
        #expect(family.lookupAddress(address, meaning: .instruction) == exact)
    }

    @Test(arguments: ["x86", "arm", "arm64", "mips", "ppc", "other"])
    func `nothing is below zero`(_ name: String) {
        #expect(ArchitectureFamily(name: name).lookupAddress(0, meaning: .returnAddress) == 0)
    }

    private typealias Statement = TraceAddressing.Statement

    @Test func `a kind beats everything`() {
        let trace = TraceAddressing(someFrameAdjusts: true, adjustment: "none", innermostIsCall: true)
        let pc = trace.decide(.init(kind: .instruction, adjust: true), isInnermost: false)
        #expect(pc == .init(meaning: .instruction, isStated: true))
        let call = trace.decide(.init(kind: .returnAddress, adjust: false), isInnermost: true)
        #expect(call == .init(meaning: .returnAddress, isStated: true))
    }

    @Test(arguments: [true, false]) func `a frame's flag beats the trace's word`(_ innermost: Bool) {
        let trace = TraceAddressing(someFrameAdjusts: true, adjustment: "all", innermostIsCall: false)
        #expect(trace.decide(.init(adjust: false), isInnermost: innermost).meaning == .instruction)
        #expect(trace.decide(.init(adjust: true), isInnermost: innermost).meaning == .returnAddress)
        // And makes "return address" the default of its neighbours.
        #expect(trace.decide(Statement(), isInnermost: innermost).meaning == .returnAddress)
    }

    @Test(
        arguments: [
            (nil, false, true, AddressMeaning.instruction), (nil, false, false, .returnAddress),
            ("auto", false, true, .instruction), ("nonsense", false, false, .returnAddress),
            (nil, true, true, .returnAddress), ("none", true, true, .instruction), ("none", false, false, .instruction),
            ("all", false, true, .returnAddress), ("all", false, false, .returnAddress),
            ("all_but_first", true, true, .instruction), ("all_but_first", false, false, .returnAddress),
        ] as [(String?, Bool, Bool, AddressMeaning)])
    func `without statements`(_ adjustment: String?, _ isCall: Bool, _ innermost: Bool, _ meaning: AddressMeaning) {
        let trace = TraceAddressing(someFrameAdjusts: false, adjustment: adjustment, innermostIsCall: isCall)
        #expect(trace.decide(Statement(), isInnermost: innermost).meaning == meaning)
    }

    @Test func `crash signals have Linux numbers`() {
        #expect(CrashSignal.numbers.isSuperset(of: [4, 5, 6, 7, 8, 11]))
        #expect(!CrashSignal.numbers.contains(10))
    }
}
