/// What is not the application's own on Linux: Swift's runtime and libraries, the C, C++ and Rust libraries, and
/// checked-out dependencies. Each list works alone, so that static linking, which takes the image's name away, changes
/// nothing.
enum SystemCode {
    // MARK: - Modules

    private static let swiftModules: Set<String> = [
        "Swift", "SwiftShims", "_Concurrency", "_StringProcessing", "_RegexParser", "_Differentiation", "Distributed",
        "Synchronization", "Observation", "RegexBuilder", "Cxx", "CxxStdlib", "_Backtracing", "_Volatile",
        "_SwiftConcurrencyShims",
        "Foundation", "FoundationEssentials", "FoundationInternationalization", "FoundationNetworking", "FoundationXML",
        "_FoundationICU", "_FoundationCShims", "_FoundationCollections", "CoreFoundation", "CoreFoundationExtras",
        "Dispatch", "CDispatch", "XCTest", "Testing", "_TestingInternals", "_TestDiscovery", "_Testing_Foundation",
        "Glibc", "SwiftGlibc", "Musl", "SwiftMusl",
    ]

    private static let namespaces: Set<String> = [
        "std", "__gnu_cxx", "__cxxabiv1", "__gnu_debug", "__sanitizer", "__asan", "__tsan", "__ubsan", "__lsan",
        "swift", "__swift", "LibPrespecializedState", "ConformanceState", "InProcessReaderWriter",
        "DemanglerForRuntimeTypeResolution", "continuationChecking", "icu", "icu_swift",
    ]

    private static let crates: Set<String> = [
        "std", "core", "alloc", "proc_macro", "panic_unwind", "panic_abort", "std_detect", "compiler_builtins",
        "rustc_demangle", "rustc_std_workspace_core", "__rustc",
    ]

    /// What Rust's standard library is built from. With a path, `/rust/deps/` tells these from a program's own crate.
    private static let vendoredCrates: Set<String> = [
        "gimli", "addr2line", "hashbrown", "memchr", "object", "miniz_oxide", "adler", "adler2", "unwind",
    ]

    /// Whether a module, namespace or crate is the system's.
    static func holds(module: String, language: FunctionLanguage, hasPath: Bool) -> Bool {
        switch language {
        // Functions that the standard library defines under a C name (`@_silgen_name`) are mangled as modules are.
        case .swift: swiftModules.contains(module) || module.hasPrefix("_swift_se")
        case .cpp:
            namespaces.contains(module) || (module.hasPrefix("icu_") && module.utf8.dropFirst(4).allSatisfy(isDigit))
        case .rust: crates.contains(module) || (!hasPath && vendoredCrates.contains(module))
        case .other: false
        }
    }

    // MARK: - Source paths

    private static let pathPrefixes = [
        "/usr/include/", "/usr/local/include/", "/usr/lib/", "/usr/lib64/", "/usr/src/", "/build/glibc", "/build/gcc",
        "/home/build-user/", "./nptl/", "./csu/", "./sysdeps/", "../sysdeps/", "./stdlib/", "./malloc/", "./libio/",
        "./elf/", "./assert/", "./setjmp/", "./stdio-common/", "/rustc/", "/rust/deps/", "library/std/src/",
        "library/core/src/", "library/alloc/src/", "library/panic_abort/src/", "library/panic_unwind/src/",
    ]

    private static let pathParts = [
        "/.build/checkouts/", "/SourcePackages/checkouts/", "/rustc/", "/.cargo/registry/", "/.cargo/git/",
        "/rustlib/src/",
        "/usr/lib/swift/", "/usr/lib/swift_static/", "/swift/stdlib/", "/swift-corelibs-foundation/",
        "/swift-corelibs-libdispatch/", "/swift-corelibs-xctest/", "/swift-foundation/", "/swift-foundation-icu/",
        "/swift-testing/", "/include/c++/", "/c++/v1/", "/libstdc++-v3/", "/lib/gcc/", "/lib/clang/", "/glibc-2.",
        "/sysdeps/unix/", "/../sysdeps/", "/../csu/", "/../nptl/", "/libsanitizer/", "/compiler-rt/lib/",
    ]

    /// Whether a source file is the system's or a checked-out dependency's.
    static func holds(path: String) -> Bool {
        if pathPrefixes.contains(where: { path.hasPrefix($0) }) || path.hasSuffix(".swiftinterface") { return true }
        guard path.utf8.contains(UInt8(ascii: "/")) else { return false }
        // `.build/checkouts` of a relative path stands at its start.
        let text = path.utf8.first == UInt8(ascii: "/") ? path : "/" + path
        return pathParts.contains { contains(text, $0) }
    }

    // MARK: - Images

    private static let imagePrefixes = [
        "libswift", "lib_swift", "libFoundation", "lib_Foundation", "libdispatch.", "libBlocksRuntime.", "libXCTest.",
        "libTesting.", "lib_Testing", "libicu", "libc.", "libc-", "libm.", "libm-", "libmvec.", "libpthread", "libdl.",
        "libdl-", "librt.", "librt-", "libresolv", "libnss_", "libutil", "libstdc++.", "libgcc_s", "libc++.",
        "libc++abi.",
        "libatomic.", "ld-linux", "ld-musl", "ld-2.", "ld.so", "ld64.so", "linux-vdso", "linux-gate", "libasan.",
        "libtsan.",
    ]

    /// Whether an image is the system's: by its base name, and every shared object below the system's library folders.
    /// An executable there may well be the application.
    static func holds(image: String) -> Bool {
        let start = image.utf8.lastIndex(of: UInt8(ascii: "/")).map { image.utf8.index(after: $0) } ?? image.startIndex
        let name = image[start...]
        if name == "[vdso]" || imagePrefixes.contains(where: { name.hasPrefix($0) }) { return true }
        let folders = ["/lib/", "/lib32/", "/lib64/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/local/lib/"]
        return folders.contains { image.hasPrefix($0) } && contains(String(name), ".so")
    }

    // MARK: - Tools

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// `text.contains(part)` by bytes, without Unicode's cost.
    static func contains(_ text: String, _ part: String) -> Bool {
        var text = text
        var part = part
        return text.withUTF8 { text in
            part.withUTF8 { part in
                guard let first = part.first, part.count <= text.count else { return false }
                for start in 0...(text.count - part.count) where text[start] == first {
                    if text[start..<(start + part.count)].elementsEqual(part) { return true }
                }
                return false
            }
        }
    }
}
