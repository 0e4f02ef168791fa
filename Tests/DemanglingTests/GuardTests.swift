import Demangling
import Glibc
import Testing

/// Deadly names, each in a process of its own: the guards belong in disposable processes only.
@Suite struct GuardTests {
    /// Aborts the demangler of Swift 6.3.1 ("should be printed as a child of a DependentGenericSignature").
    static let aborts = "$s10Foundation5NSURLC6_fjagss6UIat32VRvs"

    @Test func abortBecomesAFailedName() async {
        await #expect(processExitsWith: .success) {
            #expect(Demangler.installGuards())
            let name = Demangler().demangle(GuardTests.aborts)
            #expect(
                name
                    == DemangledName(
                        full: GuardTests.aborts, simplified: GuardTests.aborts, language: .swift, failed: true))
            #expect(Demangler.caughtDeaths == 1)
        }
    }

    /// The handler must leave the process as it was: signals unblocked, the other demanglers at work, a second thread
    /// safe.
    @Test func goesOnAfterManyDeaths() async {
        await #expect(processExitsWith: .success) {
            #expect(Demangler.installGuards())
            for _ in 0..<200 {
                #expect(Demangler().demangle(GuardTests.aborts).failed)
                #expect(Demangler().demangle("_$s4main3FooC3baryyFTm").simplified == "Foo.bar()")
            }
            #expect(Demangler.caughtDeaths == 200)
            let other = await Task.detached { Demangler().demangle(GuardTests.aborts) }.value
            #expect(other.failed)
            for vector in NameVectors.all { #expect(Demangler().demangle(vector.mangled).full == vector.full) }
        }
    }

    /// 20,000 nested types on a stack of 128 KiB: the signal has to be handled on another stack.
    @Test func stackOverflowBecomesAFailedName() async {
        await #expect(processExitsWith: .success) {
            #expect(Demangler.installGuards())
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            pthread_attr_setstacksize(&attributes, 128 * 1024)
            var thread = pthread_t()
            let created = pthread_create(
                &thread, &attributes,
                { _ in
                    let nested = "$s4main" + String(repeating: "1AV", count: 20_000) + "3baryyF"
                    let failed = Demangler().demangle(nested).failed
                    return failed ? UnsafeMutableRawPointer(bitPattern: 1) : nil
                }, nil)
            #expect(created == 0)
            var result: UnsafeMutableRawPointer?
            pthread_join(thread, &result)
            #expect(result != nil)
            #expect(Demangler.caughtDeaths > 0)
        }
    }

    /// Each thread survives its own deaths, of both kinds, while the others go on.
    @Test func threadsDieSeparately() async {
        await #expect(processExitsWith: .success) {
            #expect(Demangler.installGuards())
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            pthread_attr_setstacksize(&attributes, 1024 * 1024)
            var threads = [pthread_t](repeating: pthread_t(), count: 4)
            for index in threads.indices {
                let created = pthread_create(
                    &threads[index], &attributes,
                    { _ in UnsafeMutableRawPointer(bitPattern: GuardTests.namesThatWentWrong() + 1) }, nil)
                #expect(created == 0)
            }
            for thread in threads {
                var result: UnsafeMutableRawPointer?
                pthread_join(thread, &result)
                #expect(UInt(bitPattern: result) == 1)
            }
            #expect(Demangler.caughtDeaths == 4 * 2 * 100)
        }
    }

    /// 100 rounds of two deadly names among good ones, on the thread that calls.
    static func namesThatWentWrong() -> Int {
        // Too deep for a stack of 1 MiB.
        let nested = "$s4main" + String(repeating: "1AV", count: 20_000) + "3baryyF"
        var result = DemangledBytes()
        var wrong = 0
        for _ in 0..<100 {
            for var name in [aborts, nested] {
                name.withUTF8 { Demangler().demangle($0, into: &result) }
                if !result.failed { wrong += 1 }
                for vector in NameVectors.all {
                    var name = vector.mangled
                    name.withUTF8 { Demangler().demangle($0, into: &result) }
                    if !result.full.elementsEqual(vector.full.utf8) { wrong += 1 }
                    if !result.simplified.elementsEqual(vector.simplified.utf8) { wrong += 1 }
                }
            }
        }
        return wrong
    }

    /// A fault outside a demangler still kills.
    @Test func guardsCoverDemanglersOnly() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            Demangler.installGuards()
            abort()
        }
    }

    @Test func survivesMutatedNames() async {
        await #expect(processExitsWith: .success) {
            #expect(Demangler.installGuards())
            var random = SplitMix(state: 0x5eed)
            let names = (NameVectors.all.map(\.mangled) + NameCorpus.all).map { Array($0.utf8) }
            let alphabet = Array("$_.@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
            for _ in 0..<20_000 {
                var name = names[random.below(names.count)]
                for _ in 0...random.below(4) {
                    let at = random.below(name.count)
                    switch random.below(5) {
                    case 0: name[at] = alphabet[random.below(alphabet.count)]
                    case 1: name.insert(alphabet[random.below(alphabet.count)], at: at)
                    case 2: if name.count > 3 { name.remove(at: at) }
                    case 3: name.insert(contentsOf: name[at..<min(name.count, at + 12)], at: random.below(name.count))
                    default: name[at] = UInt8(truncatingIfNeeded: random.next())
                    }
                }
                let text = String(decoding: name, as: UTF8.self)
                let result = Demangler().demangle(text)
                #expect(result.full.utf8.count <= max(Demangler.maximumOutputLength, text.utf8.count))
                if result.failed || result.language == .none {
                    #expect(result.full == text && result.simplified == text)
                } else {
                    #expect(result.full != text && !result.simplified.isEmpty)
                }
                #expect(Demangler().demangle(text) == result)
            }
        }
    }
}

/// SplitMix64: the same mutations on every machine.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}
