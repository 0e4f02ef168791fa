import CDemangle
import Testing

@testable import Demangling

/// Our reader of C++ names against libiberty's, and where it goes on.
@Suite struct ItaniumTests {
    /// Names that libiberty of this age cannot read.
    static let beyond = [
        // Clang since 18 writes the declaration of a constrained template parameter.
        NameVector(
            "_Z1fITnDaXadL_Z1gvEEEvv", "void f<&(g())>()", "f<&(g())>", .cpp),
        NameVector(
            "_ZN4shop5countIiTnNSt9enable_ifIXsr3std11is_integralIT_EE5valueEiE4typeELi0EEEvS2_",
            "void shop::count<int, 0>(int)", "shop::count<int, 0>", .cpp),
        NameVector("_ZN4shop5valueITnDaLc99EEEiv", "int shop::value<(char)99>()", "shop::value<(char)99>", .cpp),
        NameVector(
            "_ZN4shop3allITtTpTyESt4pairJicEEEvT_IJDpT0_EEDpOS3_",
            "void shop::all<std::pair, int, char>(std::pair<int, char>, int&&, char&&)",
            "shop::all<std::pair, int, char>", .cpp),
        // Concepts and constraints.
        NameVector("_ZN4shop5wholeITkSt8integrallEET_S1_", "long shop::whole<long>(long)", "shop::whole<long>", .cpp),
        NameVector("_ZN4shop4wideIiQgestT_Li4EEES1_S1_", "int shop::wide<int>(int)", "shop::wide<int>", .cpp),
        NameVector(
            "_ZN4shop1NIiE4onlyIiQsr3stdE7same_asIT_TL0__EEEvS3_", "void shop::N<int>::only<int>(int)",
            "shop::N<int>::only<int>", .cpp),
        NameVector(
            "_ZN4shop4bitsEDB7_DU9_", "shop::bits(_BitInt(7), unsigned _BitInt(9))", "shop::bits", .cpp),
        // Clang counts a parameter's scopes.
        NameVector("_Z4callIiEDTclfL0p_EET_", "decltype ({parm#1}()) call<int>(int)", "call<int>", .cpp),
        // A conversion operator whose type has template arguments.
        NameVector(
            "_ZNKR1AIJ1BEEcv1CIT_EI1DEEv", "A<B>::operator C<D><D>() const &", "A<B>::operator C<D><D>", .cpp),
        // Functions that Swift's compiler merged.
        NameVector("_ZN5swift4growEjTm", "merged swift::grow(unsigned int)", "swift::grow", .cpp),
        // Objects with a suffix.
        NameVector("_ZL5Argv0.1", "Argv0 [clone .1]", "Argv0", .cpp),
        NameVector("_ZL11_uErrorName.rel", "_uErrorName [clone .rel]", "_uErrorName", .cpp),
        NameVector(
            "_ZGRZ1fvE4path_0_", "reference temporary #0 for f()::path", "reference temporary #0 for f()::path", .cpp),
        // A calling convention.
        NameVector(
            "_ZZ4onceIU9swiftcallFvvEEvRKT_ENUlPvE_8__invokeES4_",
            "once<void ()>(void (&)())::{lambda(void*)#1}::__invoke(void*)",
            "once<void ()>(void (&)())::{lambda(void*)#1}::__invoke", .cpp),
    ]

    /// Names that libiberty reads wrongly: a template parameter that is repeated by number belongs to the function that
    /// repeats it, not to the one that named it first; and `const` means nothing for a function.
    static let corrected = [
        NameVector(
            "_Z5outerIZ5innerIiEvOT_EUlvE_EvS2_",
            "void outer<inner<int>(int&&)::{lambda()#1}>(inner<int>(int&&)::{lambda()#1}&&)",
            "outer<inner<int>(int&&)::{lambda()#1}>", .cpp),
        NameVector("_Z3runIFvvEEvRKT_", "void run<void ()>(void (&)())", "run<void ()>", .cpp),
    ]

    @Test(arguments: beyond + corrected)
    func readsMoreThanLibiberty(_ vector: NameVector) {
        let name = Demangler().demangle(vector.mangled)
        #expect(name.full == vector.full)
        #expect(name.simplified == vector.simplified)
        #expect(name.language == .cpp && !name.failed)
    }

    @Test(arguments: ["_ZERO", "_ZGlobalPhase", "_ZAddressBadMask", "_RANGE", "_RAIter", "_Read"])
    func leavesConstantsOfCAlone(_ name: String) {
        #expect(Demangler().demangle(name).language == .none)
    }

    /// Names that ours reads without doubt look exactly as libiberty prints them.
    @Test func printsAsLibibertyDoes() {
        var buffers = CDemangleBuffers()
        var text = CDemangleText()
        defer {
            cdemangle_release(&buffers)
            cdemangle_release_text(&text)
        }
        var itanium = ItaniumDemangler()
        var compared = 0
        for name in NameCorpus.cpp + NameVectors.cpp.map(\.mangled) {
            var mangled = NameLanguage.detect(name).mangled
            mangled.withUTF8 { bytes in
                #expect(cdemangle(CDEMANGLE_CPP, bytes.baseAddress, bytes.count, 1 << 18, &buffers) == CDEMANGLE_OK)
                guard let range = itanium.demangle(bytes, doubtful: false, limit: 1 << 18, into: &text) else { return }
                compared += 1
                let full = string(text.bytes, text.length)
                #expect(full == string(buffers.full.bytes, buffers.full.length))
                let simplified = String(decoding: Array(full.utf8)[range], as: UTF8.self)
                #expect(simplified == string(buffers.simplified.bytes, buffers.simplified_length))
            }
        }
        #expect(compared > 100)
    }

    /// Also what libiberty reads and ours leaves to it can be read here, should a newer compiler need it.
    @Test func readsTheWholeCorpus() {
        var text = CDemangleText()
        defer { cdemangle_release_text(&text) }
        var itanium = ItaniumDemangler()
        for name in NameCorpus.cpp + NameVectors.cpp.map(\.mangled) {
            var mangled = NameLanguage.detect(name).mangled
            let isRead = mangled.withUTF8 {
                itanium.demangle($0, doubtful: true, limit: 1 << 18, into: &text) != nil
            }
            #expect(isRead, "\(name)")
        }
    }

    /// Nesting, doubling and long lists end in a failed name, soon and without libiberty's stack.
    @Test func isBounded() {
        var text = CDemangleText()
        defer { cdemangle_release_text(&text) }
        var itanium = ItaniumDemangler()
        // Packs of packs of nothing: 2^40 arguments that print no byte.
        var empty = "_Z1fIJJEEEvDpT_1xIJ"
        for step in 0..<40 {
            let last = step == 0 ? "S_" : "S\(String(step - 1, radix: 36, uppercase: true))_"
            empty += "1yIJ\(last)\(last)EE"
        }
        for name in [
            "_Z1f" + String(repeating: "P", count: 60_000) + "i", "_Z" + String(repeating: "N", count: 60_000),
            "_Z1f" + String(repeating: "PF", count: 20_000), "_Z1fI" + String(repeating: "X", count: 60_000),
            "_Z1f" + String(repeating: "Z", count: 60_000), "_Z1f" + String(repeating: "i", count: 60_000), empty,
            "_Z1fIXadL_Z" + String(repeating: "1fIXadL_Z", count: 6_000), "_Z1fDpDpDpDpT_", "_Z1fT_", "_Z1fIiEvT0_",
            "_ZcvT_v", "_Z999999999999f", "_Z1fS99999999999999_", "_Z1fT99999999999_",
        ] {
            var name = name
            name.withUTF8 { bytes in
                for doubtful in [false, true] {
                    let range = itanium.demangle(bytes, doubtful: doubtful, limit: 1 << 18, into: &text)
                    if let range { #expect(text.length <= 1 << 18 && range.upperBound <= text.length) }
                }
            }
        }
    }

    private func string(_ bytes: UnsafeMutablePointer<CChar>?, _ length: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
    }
}
