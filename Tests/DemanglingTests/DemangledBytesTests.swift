import Demangling
import Testing

@Suite struct DemangledBytesTests {
    @Test func readsEveryNameIntoTheSameBuffers() {
        var result = DemangledBytes()
        for vector in NameVectors.all + NameVectors.all.reversed() {
            demangle(vector.mangled, into: &result)
            let (isDemangled, failed, language) = (result.isDemangled, result.failed, result.language)
            #expect(isDemangled && !failed)
            #expect(language == vector.language)
            #expect(text(result.full) == vector.full)
            #expect(text(result.simplified) == vector.simplified)
        }
    }

    @Test func storesNothingForNamesThatStayAsTheyAre() {
        var result = DemangledBytes()
        for (name, fails) in NameVectors.unmangled.map({ ($0, false) }) + NameVectors.malformed.map({ ($0, true) }) {
            demangle("_ZN4shop7chooserEi", into: &result)
            demangle(name, into: &result)
            let (isDemangled, failed, range) = (result.isDemangled, result.failed, result.simplifiedRange)
            #expect(!isDemangled)
            #expect(failed == fails)
            #expect(range == nil)
            #expect(text(result.full) == "")
            #expect(text(result.simplified) == "")
        }
    }

    @Test func saysWhereTheFullFormHoldsTheSimplifiedOne() {
        var result = DemangledBytes()
        for vector in NameVectors.all {
            demangle(vector.mangled, into: &result)
            guard let range = result.simplifiedRange else { continue }
            #expect(text(UnsafeBufferPointer(rebasing: result.full[range])) == vector.simplified)
        }
        demangle("_RNvNtCs1234_7mycrate3foo3bar", into: &result)
        let rust = result.simplifiedRange
        #expect(rust == 0..<"mycrate::foo::bar".utf8.count)
        demangle("_D4till5totalFiZv", into: &result)
        let d = result.simplifiedRange
        #expect(d == 0..<"till.total".utf8.count)
    }

    /// A name lies in a string section between others: what comes before and behind it is not read.
    @Test func needsNoTerminator() {
        var result = DemangledBytes()
        for vector in NameVectors.all {
            let section = Array("_Z1f".utf8) + Array(vector.mangled.utf8) + Array("iiii".utf8)
            section.withUnsafeBufferPointer { bytes in
                let range = 4..<(4 + vector.mangled.utf8.count)
                Demangler().demangle(UnsafeBufferPointer(rebasing: bytes[range]), into: &result)
            }
            #expect(text(result.full) == vector.full)
        }
        Demangler().demangle(UnsafeBufferPointer(start: nil, count: 0), into: &result)
        let (language, failed) = (result.language, result.failed)
        #expect(language == .none && !failed)
    }

    /// Texts that outgrow the first buffer, and the short one after.
    @Test(arguments: [100, 4_000, 4_100, 40_000, 60_000])
    func growsForLongNames(_ length: Int) {
        var result = DemangledBytes()
        let identifier = String(repeating: "a", count: length)
        for (mangled, full, simplified) in [
            ("_Z\(length)\(identifier)v", "\(identifier)()", identifier),
            ("$s1m\(length)\(identifier)yyF", "m.\(identifier)() -> ()", "\(identifier)()"),
            ("_RNvC1a\(length)\(identifier)", "a::\(identifier)", "a::\(identifier)"),
            ("_D1m\(length)\(identifier)FZv", "m.\(identifier)()", "m.\(identifier)"),
        ] {
            demangle(mangled, into: &result)
            // No interpolated texts of this size in a failure.
            let isWhole = text(result.full) == full && text(result.simplified) == simplified
            #expect(isWhole)
            demangle("_ZN4shop7chooserEi", into: &result)
            #expect(text(result.full) == "shop::chooser(int)")
        }
    }

    private func demangle(_ name: String, into result: inout DemangledBytes) {
        var name = name
        name.withUTF8 { Demangler().demangle($0, into: &result) }
    }

    private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
