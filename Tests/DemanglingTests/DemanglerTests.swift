import Demangling
import Testing

@Suite struct DemanglerTests {
    @Test(arguments: NameVectors.all)
    func readsRealNames(_ vector: NameVector) {
        let name = Demangler().demangle(vector.mangled)
        #expect(name.full == vector.full)
        #expect(name.simplified == vector.simplified)
        #expect(name.language == vector.language)
        #expect(!name.failed)
    }

    @Test(arguments: NameVectors.unmangled)
    func leavesOtherNamesAlone(_ text: String) {
        let expected = DemangledName(full: text, simplified: text, language: .none, failed: false)
        #expect(Demangler().demangle(text) == expected)
    }

    @Test(arguments: NameVectors.malformed)
    func marksMalformedNames(_ text: String) {
        let name = Demangler().demangle(text)
        #expect(name.failed)
        #expect(name.full == text)
        #expect(name.simplified == text)
        #expect(name.language != .none)
    }

    /// A truncated name may come back half read, with a marker of the demangler's inside and no error.
    @Test func neverShowsTheDemanglersMarkers() {
        for vector in NameVectors.swift {
            for length in 0..<vector.mangled.utf8.count {
                let name = Demangler().demangle(String(vector.mangled.prefix(length)))
                #expect(!name.full.contains("first-element-marker"))
                #expect(!name.simplified.contains("first-element-marker"))
            }
        }
    }

    @Test func refusesNamesThatAreTooLong() {
        let longest = Demangler.maximumInputLength
        let component = "_ZN" + String(repeating: "1a", count: 100)
        #expect(!Demangler().demangle(component + "Ev").failed)
        let tooLong = "_Z\(longest)" + String(repeating: "a", count: longest) + "v"
        #expect(Demangler().demangle(tooLong).failed)
        let fits = "_Z60000" + String(repeating: "a", count: 60_000) + "v"
        // No interpolated texts of this size in a failure.
        let isWhole = Demangler().demangle(fits).full == String(repeating: "a", count: 60_000) + "()"
        #expect(isWhole)
        let longRust = "_RNvC1a50000" + String(repeating: "a", count: 50_000)
        let isWholeRust = Demangler().demangle(longRust).simplified == "a::" + String(repeating: "a", count: 50_000)
        #expect(isWholeRust)
    }

    /// Every type is a pair of the one before: the text doubles with each of the forty steps, to terabytes.
    @Test func stopsTextThatGrowsWithoutBound() {
        var name = "_Z1fP1xS_"
        var last = "S_"
        for step in 0..<40 {
            name += "1gI\(last)\(last)E"
            // `S_` is x, `S0_` its pointer, `S1_` the template g, `S2_` its first instance; each step adds two more.
            let number = 2 * step + 2
            last = "S" + String(number, radix: 36, uppercase: true) + "_"
        }
        let result = Demangler().demangle(name)
        #expect(result.failed)
        #expect(result.full == name)
    }

    @Test func languagesAreToldInOrder() {
        #expect(NameLanguage.detect("_ZN1r4shop5total17hbec4e9d898daed21E").language == .rust)
        #expect(NameLanguage.detect("_ZN1r4shop5total17hbec4e9d898daed2gE").language == .cpp)
        #expect(NameLanguage.detect("_ZN1r4shop5total17hbec4e9d898daed21Ev").language == .cpp)
        #expect(NameLanguage.detect("_Znwm@GLIBCXX_3.4").mangled == "_Znwm")
        #expect(NameLanguage.detect("@__swiftmacro_x@V").mangled == "@__swiftmacro_x")
    }
}
