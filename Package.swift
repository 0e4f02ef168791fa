// swift-tools-version: 6.3
//
// One target a room; a room knows the rooms below it and none above. Documentation/Architecture.md draws the house.
import PackageDescription

/// Every target is built with the same strict settings.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, exclude: exclude,
        swiftSettings: settings)
}

/// A C library of the system, found by pkg-config.
func system(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let lifecycleTestKit = Target.Dependency.product(
    name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// What `--version` says of the sources that the binary was built from.
let commit = Context.gitInformation.map { $0.currentCommit + ($0.hasUncommittedChanges ? "+" : "") } ?? "unknown"

/// `Tests/Fuzz/fuzz.sh` builds the fuzzers with libFuzzer; everything else runs the same targets with seeds of their own.
let fuzzing = Context.environment["SYMBOLIST_FUZZ"] != nil

let package = Package(
    name: "symbolist",
    products: [
        .executable(name: "symbolist", targets: ["symbolist"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C libraries: module maps and thin shims, no logic.
        system("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        system("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        system("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
        system("CLZMA", pkgConfig: "liblzma", apt: "liblzma-dev"),
        system("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
        // libdwfl unwinds dumps; libdw, the other reader of DWARF, is what the tests compare with.
        system("CElfutils", pkgConfig: "libdw", apt: "libdw-dev"),
        .systemLibrary(name: "CFileSystem"),
        .target(name: "CDemangle", linkerSettings: [.linkedLibrary("iberty"), .linkedLibrary("stdc++")]),
        .target(name: "CSandbox", linkerSettings: [.linkedLibrary("seccomp")]),
        .target(name: "CProcess"),
        .target(name: "CBuildInfo", cSettings: [.define("SYMBOLIST_COMMIT", to: "\"\(commit)\"")]),

        room("Bytes", ["CCrypto"]),

        // Parsing, in the sandboxed child only.
        room("ELFObject", ["Bytes", "CISAL", "CLZMA", "CZstd"]),
        room("DWARFReader", ["Bytes", "ELFObject"]),
        room("Demangling", ["CDemangle"]),
        room(
            "SymbolIndexBuilder",
            ["Bytes", "ELFObject", "DWARFReader", "Demangling", "SymbolIndex", "ParserTasks"]),

        room("Unwinding", ["Bytes", "CElfutils", "CISAL", "CLZ4", "CLZMA", "CZstd", "ELFObject", "ParserTasks"]),

        // Between parent and child.
        room("SymbolIndex", ["Bytes"]),
        room("ParserTasks", ["SymbolIndex"]),
        room("Sandbox", ["CSandbox"]),

        // The event and its way to the patch.
        room("CrashEvent", ["Bytes"]),
        room("CrashReports", ["Bytes", "CrashEvent", "ParserTasks"]),
        room("Symbolication", ["CrashEvent", "SymbolIndex"]),

        room("Rendering", ["CrashEvent"]),
        room("Collector", ["Bytes", "CProcess", "CrashEvent", "CrashReports"]),

        // What is kept.
        room("Database", ["CFileSystem", grdb]),
        room("DebugFiles", ["Bytes", "Database", "ParserTasks", "Sandbox", "SymbolIndex", grdb]),
        room("JobTable", ["Database", grdb]),

        room(
            "Worker",
            [
                "CrashEvent", "CrashReports", "DebugFiles", "JobTable", "ParserTasks", "Symbolication", logging,
                lifecycle,
            ]),
        .executableTarget(
            name: "symbolist",
            dependencies: [
                "Bytes", "CBuildInfo", "CrashEvent", "CrashReports", "Database", "DebugFiles", "JobTable", "Sandbox",
                "SymbolIndex", "SymbolIndexBuilder", "Symbolication", "Unwinding", "Worker", "Collector", "Rendering",
                argumentParser, logging, lifecycle, signals,
            ],
            swiftSettings: settings),

        tests("Bytes"),
        tests("ELFObject", ["Bytes", "CLZMA", "CZlib", "CZstd"]),
        tests("DWARFReader", ["Bytes", "CElfutils", "ELFObject"]),
        tests("Demangling", ["CDemangle"]),
        // Counts what a test allocates, by standing in for malloc in the test program.
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        tests("SymbolIndex", ["Bytes", "CAllocationCount"]),
        tests("SymbolIndexBuilder", ["Bytes", "DWARFReader", "ELFObject", "ParserTasks", "SymbolIndex"]),
        // The program that the sandbox's tests start, good and bad; production starts symbolist itself.
        .target(name: "CSandboxProbe", path: "Tests/CSandboxProbe"),
        .executableTarget(
            name: "SandboxTestChild", dependencies: ["Sandbox", "Demangling", "CSandboxProbe"],
            path: "Tests/SandboxTestChild", swiftSettings: settings),
        tests("Sandbox", ["SandboxTestChild"]),
        tests("CrashEvent", ["Bytes"]),
        tests("CrashReports", ["Bytes", "CrashEvent", "ParserTasks"]),
        tests("Unwinding", ["Bytes", "CLZ4", "CLZMA", "CZlib", "CZstd", "ELFObject", "ParserTasks"]),
        tests("Rendering", ["CrashEvent"], exclude: ["Events", "Golden", "browser.py", "browser.sh"]),
        // A supervisor in a process of its own, without a database.
        .executableTarget(
            name: "CollectorTestProgram", dependencies: ["Collector", "CProcess"], path: "Tests/CollectorTestProgram",
            swiftSettings: settings),
        tests("Collector", ["Bytes", "CollectorTestProgram", "CrashEvent", "CrashReports"]),
        tests("Symbolication", ["Bytes", "CrashEvent", "SymbolIndex"]),
        tests("Database", [grdb]),
        tests("DebugFiles", ["Bytes", "Database", "ParserTasks", "Sandbox", "SymbolIndex", grdb]),
        tests("JobTable", ["Database", grdb]),
        tests(
            "Worker",
            [
                "Bytes", "CrashEvent", "CrashReports", "Database", "DebugFiles", "JobTable", "ParserTasks",
                "SymbolIndex",
                "Symbolication", logging, lifecycle, lifecycleTestKit, grdb,
            ]),
        .testTarget(name: "EndToEndTests", dependencies: ["symbolist"], swiftSettings: settings),

        // Fuzzing, a short run of it in the tests, and the benchmark of look-ups; none of it is in the product.
        .target(name: "CFuzz", path: "Tests/Fuzz/CFuzz"),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Bytes", "CFuzz", "CrashEvent", "CrashReports", "Demangling", "ParserTasks", "Rendering", "SymbolIndex",
                "SymbolIndexBuilder", "Unwinding",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: settings),
        .executableTarget(
            name: "fuzz-runner", dependencies: ["FuzzTargets", "CFuzz"], path: "Tests/Fuzz/Runner",
            swiftSettings: settings + (fuzzing ? [.define("LIBFUZZER")] : [])),
        .testTarget(name: "FuzzTests", dependencies: ["fuzz-runner"], swiftSettings: settings),
        .executableTarget(
            name: "symbolist-bench", dependencies: ["Bytes", "SymbolIndex"], path: "Tests/Benchmarks/LookUp",
            swiftSettings: settings),
    ]
)
