import Demangling
import Testing

/// One linkage name and what it must become.
struct NameVector: Sendable, CustomTestStringConvertible {
    var mangled: String
    var full: String
    var simplified: String
    var language: NameLanguage

    init(_ mangled: String, _ full: String, _ simplified: String, _ language: NameLanguage) {
        self.mangled = mangled
        self.full = full
        self.simplified = simplified
        self.language = language
    }

    var testDescription: String { mangled }
}

/// Names emitted by swiftc 6.3.1, g++ 12 and rustc 1.95 for small programs, and D names as the language's ABI defines
/// them.
enum NameVectors {
    static let swift = [
        NameVector("$s1s4ShopC4eachyyySiXEF", "s.Shop.each((Swift.Int) -> ()) -> ()", "Shop.each(_:)", .swift),
        NameVector("$s1s4ItemV5priceSivg", "s.Item.price.getter : Swift.Int", "Item.price.getter", .swift),
        NameVector("_$s4main3FooC3baryyFTm", "merged main.Foo.bar() -> ()", "Foo.bar()", .swift),
        NameVector("$S4main3FooC3baryyF", "main.Foo.bar() -> ()", "Foo.bar()", .swift),
        NameVector("_T04main3FooC3baryyF", "main.Foo.bar() -> ()", "Foo.bar()", .swift),
        NameVector(
            "$s1s8checkoutySiSaySiGYaKF", "s.checkout(Swift.Array<Swift.Int>) async throws -> Swift.Int",
            "checkout(_:)", .swift),
        NameVector(
            "$s1s8checkoutySiSaySiGYaKFTQ1_",
            "(2) await resume partial function for s.checkout(Swift.Array<Swift.Int>) async throws -> Swift.Int",
            "checkout(_:)", .swift),
        NameVector(
            "$s1s4TillC3addyS2iYaFTY1_",
            "(2) suspend resume partial function for s.Till.add(Swift.Int) async -> Swift.Int", "Till.add(_:)",
            .swift),
        NameVector(
            "$s1s4TillC3addyS2iYaFTu", "async function pointer to s.Till.add(Swift.Int) async -> Swift.Int",
            "async function pointer to Till.add(_:)", .swift),
        NameVector(
            "$s1s8checkoutySiSaySiGYaKFSiScgySis5Error_pGzYaKXEfU_TY0_",
            "(1) suspend resume partial function for closure #1 "
                + "(inout Swift.ThrowingTaskGroup<Swift.Int, Swift.Error>) async throws -> Swift.Int "
                + "in s.checkout(Swift.Array<Swift.Int>) async throws -> Swift.Int",
            "closure #1 in checkout(_:)", .swift),
        NameVector(
            "$s1s8checkoutySiSaySiGYaKFTY1_.cold.1",
            "(2) suspend resume partial function for s.checkout(Swift.Array<Swift.Int>) async throws -> Swift.Int "
                + "with unmangled suffix \".cold.1\"",
            "checkout(_:)", .swift),
        NameVector(
            "$s1s4ItemV5priceSivM.resume.0",
            "s.Item.price.modify : Swift.Int with unmangled suffix \".resume.0\"", "Item.price.modify", .swift),
        NameVector(
            "$s1s4ShopC4makeACyFZ.llvm.4711", "static s.Shop.make() -> s.Shop with unmangled suffix \".llvm.4711\"",
            "static Shop.make()", .swift),
        NameVector(
            "@__swiftmacro_9MacroUser13testStringify1a1bySi_SitF9stringifyfMf_",
            "freestanding macro expansion #1 of stringify in MacroUser.testStringify(a: Swift.Int, b: Swift.Int) -> ()",
            "freestanding macro expansion #1 of stringify in testStringify(a:b:)", .swift),
    ]

    static let cpp = [
        NameVector("_ZN4shop7chooserEi", "shop::chooser(int)", "shop::chooser", .cpp),
        NameVector(
            "_ZN4shop7largestIiEET_S1_S1_", "int shop::largest<int>(int, int)", "shop::largest<int>", .cpp),
        NameVector("_Z7chooserIiEPFiiET_", "int (*chooser<int>(int))(int)", "chooser<int>", .cpp),
        NameVector("_ZNKR4shop1S1fEv", "shop::S::f() const &", "shop::S::f", .cpp),
        NameVector(
            "_ZN4shop6BasketIiEcvbEv", "shop::Basket<int>::operator bool()", "shop::Basket<int>::operator bool", .cpp),
        NameVector(
            "_ZN4shop6BasketIiElsEi", "shop::Basket<int>::operator<<(int)", "shop::Basket<int>::operator<<", .cpp),
        NameVector(
            "_ZZN4shop7chooserEiENUliE_4_FUNEi", "shop::chooser(int)::{lambda(int)#1}::_FUN(int)",
            "shop::chooser(int)::{lambda(int)#1}::_FUN", .cpp),
        NameVector("_ZN3foo3barEi.part.0", "foo::bar(int) [clone .part.0]", "foo::bar", .cpp),
        NameVector(
            "_ZN3foo3barEi.constprop.0.isra.1", "foo::bar(int) [clone .constprop.0] [clone .isra.1]", "foo::bar", .cpp),
        NameVector(
            "_ZSt19__throw_logic_errorPKc@GLIBCXX_3.4", "std::__throw_logic_error(char const*)",
            "std::__throw_logic_error", .cpp),
        NameVector("_Znwm@@GLIBCXX_3.4", "operator new(unsigned long)", "operator new", .cpp),
        NameVector("_ZTVN4shop1SE", "vtable for shop::S", "vtable for shop::S", .cpp),
    ]

    static let rust = [
        NameVector("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar", "mycrate::foo::bar", .rust),
        NameVector("_RNvNtCs1234_7mycrate3foo3bar.llvm.1234", "mycrate::foo::bar", "mycrate::foo::bar", .rust),
        NameVector(
            "_RINvMNtCsgEmfK2I1SDS_4core3stre18trim_start_matchesReECsgY6Mt91CT9J_14rustc_demangle",
            "<str>::trim_start_matches::<&str>", "<str>::trim_start_matches::<&str>", .rust),
        NameVector("_ZN1r4shop5total17hbec4e9d898daed21E", "r::shop::total", "r::shop::total", .rust),
        NameVector(
            "_ZN1r4shop5total17hbec4e9d898daed21E.llvm.82374928", "r::shop::total", "r::shop::total", .rust),
        NameVector("_ZN1r4shop5total17hbec4e9d898daed21E.cold.1", "r::shop::total", "r::shop::total", .rust),
        NameVector(
            "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
            "<Test + 'static as foo::Bar<Test>>::bar", "<Test + 'static as foo::Bar<Test>>::bar", .rust),
    ]

    static let d = [
        NameVector("_Dmain", "D main", "D main", .d),
        NameVector("_D4till5totalFiZv", "till.total(int)", "till.total", .d),
        NameVector("_D4till5totalMxFAyaZi", "till.total(immutable(char)[]) const", "till.total", .d),
        NameVector(
            "_D3std5stdio__T7writelnTAyaZQnFNfQjZv",
            "std.stdio.writeln!(immutable(char)[]).writeln(immutable(char)[])",
            "std.stdio.writeln!(immutable(char)[]).writeln", .d),
    ]

    static let unmangled = [
        "main", "main.main", "_ReadFile", "_R", "_DYNAMIC", "_Dxyz", "malloc@@GLIBC_2.2.5", "", "@", "über", "$x", "_",
        "_TFC4main3Foo3barfT_T_", "__libc_start_main", "a\u{0}b", "go.shape.int_0",
    ]

    static let malformed = [
        "$s", "$s4bad", "_Zbad", "_ZN", "_ZN4shop", "_RX", "_RNvC", "_D9x", "_D1", "_Z1fv\u{0}",
        "$s1s4ShopC4eachyyySiXEF\u{0}", "@__swiftmacro_1",
    ]

    static var all: [NameVector] { swift + cpp + rust + d }
}
