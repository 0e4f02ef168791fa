/// System functions by name, for code without a source file: what is linked statically from libraries that were built
/// without debug information has nothing else to be known by.
///
/// A program's own function of such a name has a source file, and is judged by its path.
extension SystemCode {
    private static let functions: Set<String> = [
        // What the compiler's start files put around a program.
        "_start", "_init", "_fini", "frame_dummy", "register_tm_clones", "deregister_tm_clones", "call_weak_fn",
        "start_thread", "clone", "clone3", "abort", "raise", "gsignal", "pthread_kill", "_exit", "exit",
        "malloc", "calloc", "realloc", "free", "memalign", "posix_memalign", "aligned_alloc", "_int_malloc",
        "_int_free",
        "malloc_printerr", "malloc_consolidate", "sysmalloc", "unlink_chunk", "tcache_get", "tcache_put",
        "memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strcmp", "strncmp", "strcpy", "strncpy", "strchr",
        "syscall", "epoll_wait", "poll", "ppoll", "select", "read", "write", "nanosleep", "clock_nanosleep", "usleep",
        "pthread_cond_wait", "pthread_cond_timedwait", "pthread_mutex_lock", "futex_wait", "sem_wait",
        "_dl_start", "_dl_start_user", "_dl_sysdep_start", "_dl_relocate_object", "dl_main", "_dl_init", "call_init",
        "rust_begin_unwind", "rust_panic", "rust_eh_personality", "operator new(unsigned long)",
        "operator new[](unsigned long)", "operator delete(void*)", "operator delete(void*, unsigned long)",
        "operator delete[](void*)",
        // The Swift runtime and its concurrency.
        "handleRefCountsDestroy", "errorRetain", "errorRelease", "reportNow", "reportOnCrash",
        "isPOSIXThreadSpecificKey", "defaultActorDrain",
        // Dispatch, its operating-system shims, and the UUID functions of Foundation.
        "libdispatch_init", "libdispatch_tsd_init", "uuid_clear", "uuid_compare", "uuid_copy", "uuid_generate",
        "uuid_generate_random", "uuid_generate_time", "uuid_is_null", "uuid_pack", "uuid_parse", "uuid_unpack",
        "uuid_unparse", "uuid_unparse_lower", "uuid_unparse_upper",
    ]

    private static let functionPrefixes = [
        "swift_", "_swift_", "__swift_", "_swift", "_task_", "_asyncLet_", "_taskGroup", "_concurrency",
        "_stdlib_", "concurrencyEnable", "concurrencyIs", "concurrencyValidate",
        "dispatch_", "_dispatch_", "libdispatch_", "_libdispatch_", "_Block_", "Block_", "_os_object_", "os_retain",
        "os_release", "_os_", "voucher_", "_voucher_", "_firehose_", "firehose_", "OSAtomic",
        "_foundation_", "_platform_shims_", "_stringshims_", "_filemanager_shims_", "_plist", "_cf", "_CF", "__CF",
        "_NS",
        "ucnv_", "ures_", "uprv_", "uloc_", "udata_", "ucol_", "utrans_", "ustr_", "ucase_",
        "uhash_", "ucal_", "udat_", "unum_", "ubrk_", "uenum_", "uset_", "utext_", "uregex_", "ucurr_", "uameasfmt_",
        "uatmufmt_", "uatimefmt_", "uadatefmt_", "uarelunit_", "ualoc_", "unorm_", "unorm2_", "udtitv", "ulocdata_",
        "umutablecptrie_", "ucptrie_", "umsg_", "usearch_", "uspoof_", "uidna_", "ubidi_", "uscript_", "ucasemap_",
        "__libc_", "__GI_", "_IO_", "__pthread_", "___pthread_", "_dl_", "__cxa_", "__gxx_", "_Unwind_", "__rust_",
        "_rust_", "__rdl_", "__rg_", "__vdso_", "__kernel_", "__asan_", "__tsan_", "__ubsan_",
        "__sanitizer_", "__interceptor_",
    ]

    /// Compiler-made helpers that several functions share: `block_copy_helper.22`, `objectdestroy.17Tm`.
    private static let helperPrefixes = [
        "__swift_", "block_copy_helper", "block_destroy_helper", "objectdestroy", "get_witness_table ",
        "__copy_helper_block_",
        "__destroy_helper_block_",
    ]

    /// Whether it is glue that Swift's or Clang's compiler writes beside functions.
    static func isCompilerHelper(_ name: String) -> Bool { helperPrefixes.contains { name.hasPrefix($0) } }

    /// Names that only the C library and the sanitizers have, whatever their source file is called in a report.
    private static let reservedPrefixes = ["__GI_", "__libc_start_", "__interceptor_", "___interceptor_"]

    /// Whether a name is the system's even beside a source file that is not known for it: `__GI_abort` in
    /// `./stdlib/abort.c`.
    static func isReserved(_ name: String) -> Bool { reservedPrefixes.contains { name.hasPrefix($0) } }

    /// Whether a C-like function name without a source file is the system's. Names reserved to the implementation (two
    /// underscores, or one and a capital letter) are, unless `isMangled`.
    static func holds(function: String, isMangled: Bool) -> Bool {
        // `memcpy@@GLIBC_2.14`, `exit.cold.1`.
        // `reportNow(unsigned int, char const*)`.
        let end = function.firstIndex { $0 == "@" || $0 == "." || (isMangled && $0 == "(") } ?? function.endIndex
        let name = end > function.startIndex ? String(function[..<end]) : function
        if functions.contains(name) || functions.contains(function) || SignalTrampoline.isOne(name)
            || isCompilerHelper(name)
        {
            return true
        }
        if functionPrefixes.contains(where: { name.hasPrefix($0) }) || isCoreFoundation(name) { return true }
        guard !isMangled, name.utf8.first == UInt8(ascii: "_"), let second = name.utf8.dropFirst().first else {
            return false
        }
        // `_Z` is C++, `_R` is Rust and `_T` is Swift: mangled names, not reserved ones.
        if second == UInt8(ascii: "_") { return true }
        return (0x41...0x5a).contains(second) && !"ZRTD".utf8.contains(second)
    }

    /// `CF` and a capitalised word: `CFStringCreate`, not `CFG_parse` nor `CFoo`.
    private static func isCoreFoundation(_ name: String) -> Bool {
        guard name.hasPrefix("CF") else { return false }
        let word = Array(name.utf8.dropFirst(2).prefix(2))
        guard word.count == 2, (0x41...0x5a).contains(word[0]) else { return false }
        return (0x61...0x7a).contains(word[1])
            || ["CFURL", "CFUUID", "CFXML", "CFBSearch", "CFQSort"].contains { name.hasPrefix($0) }
    }

    /// Types of ICU that stand outside its namespace.
    private static let icuTypes = [
        "10UErrorCode", "10UConverter", "9UProperty", "5UText", "9decNumber", "10decContext", "13UCharIterator",
        "12UEnumeration", "18UResourceDataEntry", "10UHashtable",
    ]
    /// Classes of the Swift runtime in an anonymous namespace.
    private static let runtimeTypes = [
        "13TaskGroupBase", "19DiscardingTaskGroup", "21AccumulatingTaskGroup", "16DefaultActorImpl",
        "20ReflectionMirrorImpl", "9Remangler", "22DecodedMetadataBuilder", "18FunctionCacheEntry",
        "21ExistentialCacheEntry", "29ForeignWitnessTableCacheEntry",
    ]

    /// Whether a mangled C++ function that is local to its file (`static`, `_ZL…`, or in an anonymous namespace) is the
    /// system's: its own name says nothing, but the types of its parameters do.
    ///
    ///     _ZL23completeTaskWithClosurePN5swift12AsyncContextEPNS_10SwiftErrorE
    static func holds(fileLocal mangled: String) -> Bool {
        let behindNesting = mangled.utf8.dropFirst(1).drop { $0 == UInt8(ascii: "Z") }
        let isStatic = mangled.hasPrefix("_Z") && behindNesting.first == UInt8(ascii: "L")
        guard isStatic || contains(mangled, "12_GLOBAL__N_1") else { return false }
        return ["5swift", "7__swift", "6icu_"].contains { contains(mangled, "N" + $0) || contains(mangled, "NK" + $0) }
            || (icuTypes + runtimeTypes).contains { contains(mangled, $0) }
    }
}
