import Bytes
import DWARFReader
import ELFObject
import Glibc
import Testing

/// A temporary folder in which a test compiles small programs with the installed compilers; removed with the value.
final class Workbench: Sendable {
    let folder: String

    init() throws {
        var template = Array("/tmp/symbolist-dwarf-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
        }
        try #require(made, "mkdtemp failed")
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = Workbench.run(["rm", "-rf", folder], in: "/", output: "/dev/null")
    }

    func path(_ name: String) -> String { folder + "/" + name }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        try #require(written == bytes.count)
        return path(name)
    }

    /// Runs a tool inside the folder, which must succeed, and returns what it printed.
    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let output = path("output-\(UInt64.random(in: 0 ... .max))")
        let status = Workbench.run(arguments, in: folder, output: output)
        let text = try MappedFile(path: output).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        try #require(status == 0, "\(arguments.joined(separator: " ")): \(text)")
        return text
    }

    /// The object at `name`.
    func object(_ name: String) throws -> ELFObject {
        try ELFObject(try MappedFile(path: path(name)), name: name)
    }

    /// Compiles one sample; the result is called `program`.
    func build(_ build: Build) throws -> ELFObject {
        for (name, text) in build.sources { try write(text, to: name) }
        try run(build.command.split(separator: " ").map(String.init))
        return try object("program")
    }

    private static func run(_ arguments: [String], in folder: String, output: String) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers: [UnsafeMutablePointer<CChar>?] = (["env", "-C", folder] + arguments).map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        pointers.append(nil)
        var child: pid_t = 0
        guard posix_spawnp(&child, "env", &actions, nil, pointers, environ) == 0 else { return -1 }
        var status: Int32 = 0
        guard waitpid(child, &status, 0) == child, status & 0x7f == 0 else { return -1 }
        return (status >> 8) & 0xff
    }
}

/// A program to compile: its sources and the command that makes `program` of them.
struct Build: Sendable, CustomTestStringConvertible {
    var sources: [(String, String)]
    var command: String
    var testDescription: String { command }

    init(_ command: String, _ sources: [(String, String)]) {
        self.command = command
        self.sources = sources
    }

    static func c(_ command: String) -> Build { Build("\(command) main.c -o program", [("main.c", Samples.c)]) }
    static func cxx(_ command: String) -> Build { Build("\(command) main.cpp -o program", [("main.cpp", Samples.cxx)]) }
    static func swift(_ options: String) -> Build {
        Build("swiftc \(options) main.swift -o program -parse-as-library", [("main.swift", Samples.swift)])
    }

    static func freestanding(_ options: String) -> Build {
        Build(
            "clang \(options) -O2 -nostdlib -static -fuse-ld=lld main.c -o program", [("main.c", Samples.freestanding)])
    }

    /// Every compiler, in the versions and packings of debug information that it can write.
    static let all: [Build] = [
        .c("gcc -O2 -gdwarf-2 -gstrict-dwarf"), .c("gcc -O2 -gdwarf-3 -gstrict-dwarf"), .c("gcc -O2 -gdwarf-4"),
        .c("gcc -O2 -gdwarf-5"), .c("gcc -O2 -gdwarf-5 -gdwarf64"), .c("gcc -O1 -gdwarf-4 -gz"),
        .c("clang -O2 -gdwarf-4"), .c("clang -O2 -gdwarf-5"), .c("clang -O2 -gdwarf-5 -gz"),
        .cxx("g++ -O2 -gdwarf-4"), .cxx("g++ -O2 -gdwarf-5"), .cxx("g++ -O2 -gdwarf-5 -fdebug-types-section"),
        .cxx("g++ -O2 -gdwarf-4 -fdebug-types-section"),
        .cxx("clang++ -O2 -gdwarf-4"), .cxx("clang++ -O2 -gdwarf-5"), .cxx("clang++ -O1 -gline-tables-only"),
        .cxx("clang++ -O0 -gdwarf-5"),
        .swift("-Onone -g"), .swift("-O -g"), .swift("-O -g -dwarf-version=5"), .swift("-O -gline-tables-only"),
        // 32-bit and big-endian.
        .freestanding("--target=i686-linux-gnu -gdwarf-5"), .freestanding("--target=armv7-linux-gnueabihf -gdwarf-4"),
        .freestanding("--target=powerpc64-linux-gnu -gdwarf-5"), .freestanding("--target=s390x-linux-gnu -gdwarf-4"),
        .freestanding("--target=powerpc-linux-gnu -gdwarf-5"), .freestanding("--target=aarch64-linux-gnu -gdwarf-5"),
    ]
}
