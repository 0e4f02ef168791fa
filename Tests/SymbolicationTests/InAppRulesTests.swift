import Testing

@testable import Symbolication

@Suite struct GlobTests {
    @Test(arguments: [
        ("/src/*.c", "/src/a.c", true), ("/src/*.c", "/src/x/a.c", false), ("/src/**.c", "/src/x/a.c", true),
        ("/src/**/a.c", "/src/a.c", true), ("/src/**/a.c", "/src/x/y/a.c", true), ("**/vendor/**", "vendor/a", true),
        ("**/vendor/**", "/x/vendor/a", true), ("**/vendor/**", "/x/vendors/a", false),
        ("vendor", "/x/vendor/a/b", true),
        ("vendor", "/x/myvendor/a", false), ("/src", "/src/a", true), ("/src", "/srcs/a", false),
        ("/src/", "/src/a", true),
        ("src", "/a/src", true), ("libfoo.so*", "/opt/lib/libfoo.so.1", true),
        ("libfoo.so*", "/opt/libfoo.so.1/x", true),
        ("App?", "AppX", true), ("App?", "App", false), ("App*", "App", true), ("a/b", "/x/a/b/c", true),
        ("/a/b", "/x/a/b", false), ("*", "anything", true), ("**", "/a/b", true), ("a", "", false),
        ("/**/z", "/z", true), ("a**b", "a/x/b", true), ("", "x", false), ("é*", "écran", true),
    ])
    func matches(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(Glob(pattern).matches(text) == expected)
    }

    @Test func `many stars cost no more than their number`() {
        let glob = Glob(String(repeating: "**a", count: 300) + "!")
        #expect(!glob.matches(String(repeating: "a", count: 3000)))
    }
}

@Suite struct ModuleNameTests {
    @Test(
        arguments: [
            ("$s4till8checkoutySiAA6BasketVF", "till.checkout(till.Basket) -> Swift.Int", "till"),
            (
                "$sSayxSicigSi_Tg5",
                "generic specialization <Swift.Int> of Swift.Array.subscript.getter : (Swift.Int) -> A", "Swift"
            ),
            ("$ss17_assertionFailure", "Swift._assertionFailure(Swift.StaticString) -> Swift.Never", "Swift"),
            ("$sSa4tillE3sumSiyF", "(extension in till):Swift.Array.sum() -> Swift.Int", "till"),
            ("$sScTss5Error_pRs_rlE", "Swift.Task.value.getter", "_Concurrency"),
            ("$s10Foundation4DataV", "Foundation.Data.count.getter : Swift.Int", "Foundation"),
            (
                "$s10Foundation4DataV4tillE",
                "closure #1 () -> () in (extension in till):Foundation.Data.sum() -> Swift.Int", "till"
            ),
            (nil, "closure #2 (Swift.Int) -> Swift.Bool in static till.Basket.== infix(A, A) -> Swift.Bool", "till"),
            (
                nil,
                "protocol witness for Swift.Equatable.== infix(A, A) -> Swift.Bool in conformance till.Item : Swift.Equatable in till",
                nil
            ),
            ("$s4till4ItemVSQAASQ2eeoiySbx_xtFZTW", "protocol witness for Swift.Equatable.== infix(A, A)", "till"),
            ("$sSo8NSObjectC", "__C.NSObject.init() -> __C.NSObject", nil), (nil, "main", nil),
            (nil, "reabstraction thunk helper from @escaping @callee_guaranteed () -> ()", nil), ("$s", "$s", nil),
            ("$s99999999999999999999a", "x", nil), ("$s05_abc", "x", nil),
        ] as [(String?, String, String?)])
    func swift(_ linkageName: String?, _ fullName: String, _ module: String?) {
        #expect(ModuleName.module(linkageName: linkageName, fullName: fullName, language: .swift) == module)
    }

    @Test(
        arguments: [
            ("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int>::push_back(int&&)", "std"),
            ("_ZNKSt6vectorIiE4sizeEv", "x", "std"), ("_ZNSaIcED1Ev", "x", "std"), ("_ZSt4sortv", "std::sort()", "std"),
            ("_ZN3app3runEv", "app::run()", "app"), ("_ZZN3app3runEvENKUlvE_clEv", "x", "app"),
            ("_Z3runv", "run()", nil),
            (nil, "void app::run<int>(std::string)", "app"), (nil, "std::string app::name(int)", "app"),
            (nil, "std::__cxx11::basic_string<char>::size() const", "std"), (nil, "run", nil), ("_Z", "x", nil),
        ] as [(String?, String, String?)])
    func cpp(_ linkageName: String?, _ fullName: String, _ module: String?) {
        #expect(ModuleName.module(linkageName: linkageName, fullName: fullName, language: .cpp) == module)
    }

    @Test(
        arguments: [
            ("core::fmt::write", "core"), ("<alloc::vec::Vec<T> as core::ops::Index>::index", "alloc"),
            ("<&mut app::Foo as core::fmt::Debug>::fmt", "app"), ("std[1a2b]::rt::lang_start", "std"), ("main", nil),
            ("<&[u8] as object::read::ReadRef>::read_bytes_at", "object"),
            ("<str>::trim_start_matches::<&str>", "core"),
            ("<() as core::fmt::Debug>::fmt", "core"), ("<u8 as app::Shape>::draw", "app"), ("<T as ", nil),
        ] as [(String, String?)])
    func rust(_ fullName: String, _ module: String?) {
        #expect(ModuleName.module(linkageName: nil, fullName: fullName, language: .rust) == module)
    }
}

@Suite struct InAppRulesTests {
    private func inApp(
        _ name: String, linkage: String? = nil, _ language: FunctionLanguage = .other, path: String? = nil,
        image: String? = "/app/till", rules: InAppRules = InAppRules()
    ) -> Bool? {
        rules.verdict(
            .init(
                linkageName: linkage, fullName: name, language: language, path: path, image: image,
                isRuntimeFailure: RuntimeFailure.text(inName: name) != nil)
        ).isInApp
    }

    @Test(
        arguments: [
            ("Swift.Array.append(A) -> ()", "$sSa6appendyyxnF", FunctionLanguage.swift, false),
            ("Foundation.Data.count.getter : Swift.Int", "$s10Foundation4DataV5countSivg", .swift, false),
            ("FoundationEssentials.URL.path.getter", "$s20FoundationEssentials3URLV4pathSSvg", .swift, false),
            (
                "(extension in Dispatch):__C.OS_dispatch_queue.sync()", "$sSo17OS_dispatch_queueC8DispatchE4syncyyF",
                .swift, false
            ),
            ("Testing.Test.run()", "$s7Testing4TestV3runyyF", .swift, false),
            ("till.run() -> ()", "$s4till3runyyF", .swift, true),
            ("std::sort(int*, int*)", "_ZSt4sortPiS_", .cpp, false), ("app::sort(int*)", "_ZN3app4sortEPi", .cpp, true),
            ("swift::ConcurrentReadableArray::x()", "_ZN5swift23ConcurrentReadableArray1xEv", .cpp, false),
            ("icu_74::UnicodeString::x()", "_ZN6icu_7413UnicodeString1xEv", .cpp, false),
            ("swift_retain", "swift_retain", .cpp, false), ("core::fmt::write", "_RNv", .rust, false),
            ("app::main", "_RNv", .rust, true), ("swift_unexpectedError", "swift_unexpectedError", .other, false),
            ("_swift_task_switch", "_swift_task_switch", .other, false),
            ("__libc_start_main@@GLIBC_2.34", nil, .other, false),
            ("_dispatch_worker_thread", nil, .other, false), ("abort", nil, .other, false),
            ("start_thread", nil, .other, false),
            ("my_abort", nil, .other, true), ("main", "main", .swift, nil), ("helper", nil, .other, true),
        ] as [(String, String?, FunctionLanguage, Bool?)])
    func `by name, in the application's own image`(
        _ name: String, _ linkage: String?, _ language: FunctionLanguage, _ expected: Bool?
    ) {
        #expect(inApp(name, linkage: linkage, language) == expected)
    }

    @Test(arguments: [
        ("/src/app/main.swift", true), ("/src/app/.build/checkouts/swift-nio/Sources/NIO/x.swift", false),
        (".build/checkouts/x/y.c", false), ("/rustc/abc/library/core/src/panic.rs", false),
        ("/root/.cargo/registry/src/index/serde/src/lib.rs", false), ("/usr/include/c++/12/bits/stl_vector.h", false),
        ("/build/glibc-abc/glibc-2.36/nptl/x.c", false), ("/opt/swift/usr/lib/swift/linux/x.swiftinterface", false),
        ("/home/build-user/swift/stdlib/public/core/Array.swift", false), ("./nptl/pthread_kill.c", false),
        ("/src/swift/stdlib/x.swift", false), ("/home/me/usr/library/main.c", true), ("relative/main.c", true),
        ("/opt/toolchain/lib/gcc/x86_64-linux-gnu/12/include/xmmintrin.h", false),
        ("csu/../csu/libc-start.c", false), ("csu/../sysdeps/nptl/libc_start_call_main.h", false),
        ("../csu/libc-start.c", false), ("./stdlib/abort.c", false), ("./shop/stdlib/abort.c", true),
        ("../../../../src/libsanitizer/asan/asan_malloc_linux.cpp", false),
        ("library/std/src/panicking.rs", false), ("library/books/src/panicking.rs", true),
    ])
    func `by source path`(_ path: String, _ expected: Bool) {
        #expect(inApp("f", path: path) == expected)
    }

    @Test(arguments: [
        ("/app/till", true), ("/usr/lib/x86_64-linux-gnu/libc.so.6", false), ("/app/lib/libswiftCore.so", false),
        ("/app/libFoundation.so", false), ("/opt/x/libstdc++.so.6", false), ("linux-vdso.so.1", false),
        ("/lib64/ld-linux-x86-64.so.2", false), ("/usr/lib/myapp/myapp", true), ("/usr/lib/myapp/plugin.so", false),
        ("/app/plugins/thing.so", true), ("[vdso]", false), ("/app/libcurious.so", true), ("/usr/bin/till", true),
    ])
    func `by image`(_ image: String, _ expected: Bool) {
        #expect(inApp("f", image: image) == expected)
    }

    @Test func `reserved names without a source are the implementation's`() {
        #expect(inApp("__memmove_avx_unaligned_erms") == false)
        #expect(inApp("_Exit_hook") == false)
        #expect(inApp("__my_function", path: "/src/app/a.c") == true)
        #expect(inApp("_my_function") == true)
        #expect(inApp("__GI_abort", path: "abort.c") == false)
        #expect(inApp("__interceptor_malloc", path: "asan_malloc_linux.cpp") == false)
        #expect(inApp("<signal handler called>") == false)
    }

    @Test(
        arguments: [
            ("core[c1f1a4ba060b9bfa]::fmt::write", nil, .rust), ("till::pick::h0123456789abcdef", nil, .rust),
            ("till::pick", "src/main.rs", .rust), ("main", "src/main.rs", .rust), ("std::terminate()", nil, .cpp),
            ("shop::Cart::at", "cart.cpp", .cpp), ("till::pick::h0123456789abcdeg", nil, .cpp),
            ("$s4till3runyyF", nil, .swift), ("_ZSt9terminatev", nil, .cpp), ("main", "main.c", .other),
        ] as [(String, String?, FunctionLanguage)])
    func `the language of a name as a report prints it`(_ name: String, _ path: String?, _ language: FunctionLanguage) {
        #expect(FunctionLanguage(reportedName: name, path: path) == language)
    }

    @Test(arguments: [
        "CFSocketCreate", "CFStringAppend.cold.1", "CFArrayGetValueAtIndex", "CFURLCopyPath", "CFUUIDCreate",
        "_task_serialExecutor_checkIsolated", "os_retain", "_os_object_retain", "voucher_copy", "_voucher_xref_dispose",
        "libdispatch_init", "_foundation_uuid_parse", "_platform_shims_lock_size", "_stringshims_strtod_l",
        "_filemanager_shims_getgrnam_r", "_stdlib_mutableGetter", "block_copy_helper.22", "objectdestroy.17Tm",
        "uuid_copy", "ucnv_getStandardName", "deregister_tm_clones", "register_tm_clones", "frame_dummy", "_start",
        "__do_global_dtors_aux", "_init", "_fini", "memcpy@@GLIBC_2.14", "handleRefCountsDestroy", "dispatch_async",
    ])
    func `names of linked-in system code, unless it has a source of the application's`(_ name: String) {
        #expect(inApp(name, linkage: name) == false)
        #expect(inApp(name, linkage: name, path: "/src/app/c/\(name).c") == true)
    }

    @Test(arguments: ["CFG_parse", "CFoo", "cfg", "os_handler", "task", "_own", "uuids", "start", "readline"])
    func `names that only look like it`(_ name: String) {
        #expect(inApp(name, linkage: name) == true)
    }

    @Test(
        arguments: [
            ("_ZL23completeTaskWithClosurePN5swift12AsyncContextEPNS_10SwiftErrorE", "completeTaskWithClosure", false),
            ("_ZL25getResilientTypeMetadataIPKN5swift6OpaqueEEvv", "getResilientTypeMetadata<swift::Opaque>", false),
            ("_ZL9reportNowjPKc", "reportNow(unsigned int, char const*)", false),
            ("_ZN12_GLOBAL__N_113TaskGroupBaseD0Ev", "(anonymous namespace)::TaskGroupBase::~TaskGroupBase()", false),
            ("_ZN22LibPrespecializedState8getValueEv", "LibPrespecializedState::getValue()", false),
            ("_ZN7__swift9__runtime4llvm9StringRefC1Ev", "__swift::__runtime::llvm::StringRef::StringRef()", false),
            (
                "_ZThn8_N6icu_7613StringMatcher7matchesEv", "non-virtual thunk to icu_76::StringMatcher::matches()",
                false
            ),
            ("_ZTv0_n24_NSt9basic_iosD0Ev", "virtual thunk to std::basic_ios::~basic_ios()", false),
            ("_ZL13ucnv_MBCSLoadP20UConverterSharedDataP10UErrorCode", "ucnv_MBCSLoad(UConverterSharedData*)", false),
            ("_ZZL5parsePN5swift3XYZEENK3$_0clEv", "parse(swift::XYZ*)::$_0::operator()() const", false),
            ("_ZL4runNPKc", "run(char const*)", true),
            ("_ZN12_GLOBAL__N_14pickEi", "(anonymous namespace)::pick(int)", true),
            ("_Z6bridgePN5swift12AsyncContextE", "bridge(swift::AsyncContext*)", true),
            ("_ZTh", "x", true), ("_ZTv0_n", "x", true),
        ] as [(String, String, Bool)])
    func `C++ without a source is judged by its namespaces`(_ linkage: String, _ name: String, _ expected: Bool) {
        #expect(inApp(name, linkage: linkage, .cpp) == expected)
    }

    @Test func `the application's own static C++ function may take the runtime's types`() {
        let name = "_ZL4hookPN5swift12AsyncContextE"
        #expect(inApp("hook(swift::AsyncContext*)", linkage: name, .cpp, path: "/src/app/hook.cpp") == true)
        #expect(inApp("hook(swift::AsyncContext*)", linkage: name, .cpp) == false)
    }

    @Test func `glue has no module of its own`() {
        let linkage = "$s7ElementSciQzABSbIegnnd_SciRzlTRTATQ0_"
        let name =
            "(1) await resume partial function for partial apply forwarder for reabstraction thunk helper <A> from @x"
        #expect(inApp(name, linkage: linkage, .swift) == nil)
        #expect(inApp("thunk for @escaping () -> ()", linkage: linkage, .swift) == nil)
        #expect(inApp("__swift_project_boxed_opaque_existential_1", .swift) == false)
    }

    @Test func `a crate of the name of a vendored one is judged by its path`() {
        #expect(inApp("object::run", linkage: "_RNvx", .rust, path: "/src/object/src/main.rs") == true)
    }

    @Test(
        arguments: [
            ("gimli::read::Unit::new", "/rust/deps/gimli-0.31.1/src/read/unit.rs"), ("hashbrown::raw::insert", nil),
            ("__rustc::__rust_alloc", nil), ("app::deps::run", "/rust/deps/app/x.rs"),
        ] as [(String, String?)])
    func `Rust's vendored dependencies are not the application's`(_ name: String, _ path: String?) {
        #expect(inApp(name, linkage: "_RNvx", .rust, path: path) == false)
    }

    @Test func `a runtime failure is a reason, whatever the patterns say`() throws {
        let rules = try InAppRules(inApp: ["**"], notInApp: [])
        #expect(inApp("Swift runtime failure: x", .swift, path: "/src/app/a.swift", rules: rules) == false)
    }

    @Test func `patterns override, the last match wins`() throws {
        let array = ("Swift.Array.append(A) -> ()", "$sSa6appendyyxnF")
        #expect(
            inApp(array.0, linkage: array.1, .swift, rules: try .init(inApp: ["module:Swift"], notInApp: [])) == true)
        let both = try InAppRules(inApp: ["path:/src/app/Generated/own.swift"], notInApp: ["path:Generated"])
        #expect(inApp("f", path: "/src/app/Generated/x.swift", rules: both) == false)
        #expect(inApp("f", path: "/src/app/Generated/own.swift", rules: both) == true)
        let ordered = InAppRules(patterns: [
            try InAppPattern("image:/app/**", isInApp: true), try InAppPattern("module:App*", isInApp: false),
        ])
        #expect(inApp("Apple.f() -> ()", linkage: "$s5Apple1fyyF", .swift, rules: ordered) == false)
        #expect(inApp("abort", rules: ordered) == true)
        #expect(inApp("f", path: "/src/vendor/x.c", rules: try .init(inApp: [], notInApp: ["vendor"])) == false)
    }

    @Test(arguments: ["foo::bar", "C:\\src\\**", "C:/src", "/src/a:b", "path:foo:bar", "**:x", "module:a::b"])
    func `colons that name no kind are part of the glob`(_ text: String) throws {
        _ = try InAppPattern(text, isInApp: true)
    }

    @Test func `bad patterns are refused`() {
        #expect(throws: InAppPatternError.empty("path:")) { try InAppPattern("path:", isInApp: true) }
        #expect(throws: InAppPatternError.empty("")) { try InAppPattern("", isInApp: true) }
        for (text, kind) in [("foo:bar", "foo"), ("Module:x", "Module"), ("file:/src/**", "file"), ("paths:", "paths")]
        {
            #expect(throws: InAppPatternError.unknownKind(kind, pattern: text)) {
                try InAppPattern(text, isInApp: true)
            }
        }
        let words = InAppPatternError.unknownKind("foo", pattern: "foo:bar").description
        #expect(words.contains("'foo:bar'") && words.contains("path, module and image"))
        #expect(throws: InAppPatternError.tooLong(bytes: 1025)) {
            try InAppPattern(String(repeating: "a", count: 1025), isInApp: true)
        }
    }
}
