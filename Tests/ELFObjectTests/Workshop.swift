import Bytes
import Glibc

/// A tool that failed, or a file that could not be written, while a test was being prepared.
struct WorkshopError: Error, CustomStringConvertible {
    let description: String
}

/// A temporary folder in which a test makes real binaries with the installed tools; removed with the value.
final class Workshop: Sendable {
    let folder: String

    init() throws {
        var template = Array("/tmp/symbolist-elf-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
        }
        guard made else { throw WorkshopError(description: "mkdtemp failed") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = Workshop.status(["rm", "-rf", folder], output: "/dev/null")
    }

    func path(_ name: String) -> String { folder + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw WorkshopError(description: "cannot write \(name)") }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { throw WorkshopError(description: "cannot write \(name)") }
            bytes = bytes.dropFirst(written)
        }
        return path(name)
    }

    /// Runs a tool, which must succeed, and returns what it printed.
    @discardableResult
    func run(_ arguments: String...) throws -> String {
        try run(arguments)
    }

    /// The same with the arguments in an array.
    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let output = path("output-\(UInt64.random(in: 0 ... .max))")
        let status = Workshop.status(arguments, output: output)
        let text = try MappedFile(path: output).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard status == 0 else {
            throw WorkshopError(description: "\(arguments.joined(separator: " ")): exit status \(status): \(text)")
        }
        return text
    }

    /// Runs a program found in `PATH` with its output in a file; its exit status, or −1.
    static func status(_ arguments: [String], output: String) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        pointers.append(nil)
        var environment: [UnsafeMutablePointer<CChar>?] =
            ["PATH=" + searchPath, "LC_ALL=C"].map { (text: String) in strdup(text) }
        defer { environment.forEach { free($0) } }
        environment.append(nil)
        var child: pid_t = 0
        guard posix_spawnp(&child, arguments[0], &actions, nil, pointers, environment) == 0 else { return -1 }
        var status: Int32 = 0
        guard waitpid(child, &status, 0) == child, status & 0x7f == 0 else { return -1 }
        return (status >> 8) & 0xff
    }

    private static var searchPath: String {
        getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    }
}

/// What the installed tools can do, found out by trying; tests that need more are shown as skipped.
enum Tools {
    static let compressesZstd = tries { workshop in
        try workshop.run("gcc", "-g", "-c", workshop.write(sampleSource, to: "a.c"), "-o", workshop.path("a.o"))
        try workshop.run("objcopy", "--compress-debug-sections=zstd", workshop.path("a.o"), workshop.path("b.o"))
    }

    static let compressesGNU = tries { workshop in
        let source = try workshop.write(sampleSource, to: "a.c")
        try workshop.run("gcc", "-g", "-gz=zlib-gnu", "-c", source, "-o", workshop.path("a.o"))
    }

    static let builds32Bit = tries { workshop in
        let source = try workshop.write(freestandingSource, to: "a.c")
        try workshop.run("gcc", "-m32", "-nostdlib", "-static", source, "-o", workshop.path("a"))
    }

    static let buildsBigEndian = tries { workshop in
        let source = try workshop.write(freestandingSource, to: "a.c")
        try workshop.run("clang", "--target=powerpc64-linux-gnu", "-g", "-c", source, "-o", workshop.path("a.o"))
    }

    static let buildsAArch64 = tries { workshop in
        let source = try workshop.write(freestandingSource, to: "a.c")
        try workshop.run("clang", "--target=aarch64-linux-gnu", "-g", "-c", source, "-o", workshop.path("a.o"))
    }

    static let linker =
        ["ld.lld", "ld.lld-19", "ld.lld-18"].first { name in
            tries { try $0.run(name, "--version") }
        } ?? "ld.lld"

    /// Linkers and the compressions they know: the one that comes with Swift was built without zstd.
    static let compressingLinkers = ["ld.lld", "ld.lld-19", "ld.lld-18"].flatMap { linker in
        ["zlib", "zstd"].map { (linker, $0) }
    }.filter { linker, kind in
        tries { workshop in
            let source = try workshop.write("void _start(void) {}\n", to: "a.c")
            try workshop.run("clang", "-c", source, "-o", workshop.path("a.o"))
            try workshop.run(
                linker, "--compress-debug-sections=" + kind, workshop.path("a.o"), "-o", workshop.path("a"))
        }
    }

    static let targets = [
        "x86_64-linux-gnu", "i386-linux-gnu", "aarch64-linux-gnu", "aarch64_be-linux-gnu", "armv7-linux-gnueabihf",
        "thumbv7-linux-gnueabihf", "riscv64-linux-gnu", "s390x-linux-gnu", "powerpc64le-linux-gnu",
    ]

    static let linksAllMachines = tries { workshop in
        let source = try workshop.write("void _start(void) {}\n", to: "a.c")
        for target in targets {
            try workshop.run("clang", "--target=" + target, "-c", source, "-o", workshop.path("a.o"))
            try workshop.run(linker, workshop.path("a.o"), "-o", workshop.path("a"))
        }
    }

    /// gcc of this machine, and of others where it is installed.
    static let crossCompilers =
        ["gcc"]
        + ["aarch64", "arm", "i686", "powerpc64le", "riscv64", "s390x"].map {
            $0 == "arm" ? "arm-linux-gnueabihf-gcc" : $0 + "-linux-gnu-gcc"
        }.filter { name in linksAllMachines && tries { try $0.run(name, "--version") } }

    static let llvmObjcopy =
        ["llvm-objcopy", "llvm-objcopy-19", "llvm-objcopy-18"].first { name in
            tries { workshop in
                let source = try workshop.write(sampleSource, to: "a.c")
                try workshop.run("gcc", "-g", source, "-o", workshop.path("a"))
                try workshop.run(
                    name, "--compress-sections=.debug_info=zlib", "--compress-sections=.debug_line=zstd",
                    workshop.path("a"), workshop.path("b"))
            }
        } ?? "llvm-objcopy"

    static let compressesSections = tries { try $0.run(llvmObjcopy, "--version") }

    static let packsXZ = tries { workshop in try workshop.run("xz", "--version") }

    static let splitsDWARF5 = tries { workshop in
        let source = try workshop.write(sampleSource, to: "a.c")
        for name in ["a", "b"] {
            try workshop.run("gcc", "-g3", "-gdwarf-5", "-Dvariant_" + name, source, "-o", workshop.path(name))
        }
        try workshop.run("dwz", "-5", "-m", workshop.path("common"), workshop.path("a"), workshop.path("b"))
        try workshop.run("readelf", "-S", workshop.path("common"))
    }

    static let compilesSwift = tries { workshop in try workshop.run("swiftc", "--version") }

    private static func tries(_ work: (Workshop) throws -> Void) -> Bool {
        do {
            try work(Workshop())
            return true
        } catch {
            return false
        }
    }
}

/// A program with all sorts of symbols and enough debug information to be worth compressing.
let sampleSource = """
    #include <stdio.h>
    struct point { int x, y; struct point *next; };
    int table[64] = {1, 2, 3};
    _Thread_local int per_thread = 7;
    static int hidden_counter;
    static void *resolve(void) { return (void *)printf; }
    int chosen(const char *, ...) __attribute__((ifunc("resolve")));
    __attribute__((weak, noinline)) int weak_function(int a) { return a + hidden_counter; }
    static __attribute__((noinline)) int local_function(struct point *p) { return p->x * p->y + table[p->x & 63]; }
    int global_function(int argument) {
        struct point first = {argument, 2, 0}, second = {3, argument, &first};
        for (int i = 0; i < argument; i++) hidden_counter += local_function(&second) ^ i;
        return weak_function(hidden_counter) + per_thread;
    }
    int main(int argc, char **argv) { return global_function(argc) == 0x7fffffff; }

    """

/// The same idea without headers or a C library, for targets that have neither here.
let freestandingSource = """
    int table[64] = {1, 2, 3};
    static int counter;
    __attribute__((weak, noinline)) int weak_function(int a) { return a + counter; }
    static __attribute__((noinline)) int local_function(int a) { return a * table[a & 63]; }
    int global_function(int a) { counter += local_function(a); return weak_function(a); }
    void _start(void) { for (;;) global_function(table[1]); }

    """
