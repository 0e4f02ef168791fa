import Glibc
import Testing

@testable import DebugFiles

@Suite struct SourcePolicyTests {
    /// A tree with an object in it, and something outside.
    private struct Fixture {
        let folder: TemporaryFolder
        let object: String

        init() throws {
            folder = try TemporaryFolder()
            try folder.write("ref: refs/heads/main\n", "tree/.git/HEAD")
            try folder.write("in the tree\n", "tree/Sources/a.swift")
            try folder.write("outside\n", "outside/secret.txt")
            object = try folder.write("object", "tree/.build/app")
        }

        func rules(
            currentFolder: String? = nil, toolchain: String? = nil, sourceRoots: [String] = [],
            pathMaps: [SourcePolicy.PathMap] = []
        ) -> SourcePolicy.Rules {
            SourcePolicy(
                currentFolder: currentFolder, toolchain: toolchain, sourceRoots: sourceRoots, pathMaps: pathMaps
            ).rules(forObject: object)
        }

        func read(_ name: String, _ rules: SourcePolicy.Rules? = nil) throws -> String {
            let path = name.hasPrefix("/") ? name : folder.path + "/" + name
            return String(decoding: try (rules ?? self.rules()).read(path).text, as: UTF8.self)
        }
    }

    @Test func theWorkTreeOfTheObject() throws {
        let fixture = try Fixture()
        #expect(try fixture.read("tree/Sources/a.swift") == "in the tree\n")
        #expect(try fixture.read("tree/Sources/../Sources/./a.swift") == "in the tree\n")
        #expect(throws: SourcePolicy.Refusal.outsideRoots) { try fixture.read("outside/secret.txt") }
        #expect(throws: SourcePolicy.Refusal.outsideRoots) { try fixture.read("tree/../outside/secret.txt") }
        #expect(throws: SourcePolicy.Refusal.notFound) { try fixture.read("tree/Sources/b.swift") }
    }

    /// A root that was mistyped takes nothing: whoever named it is told.
    @Test func unusableSourceRootsAreNamed() throws {
        let fixture = try Fixture()
        let good = fixture.folder.path + "/outside"
        let missing = fixture.folder.path + "/nosuch"
        let policy = SourcePolicy(
            currentFolder: nil, sourceRoots: [missing, good, "", good + "/secret.txt", "/proc/self", good + "\0/x"])
        #expect(
            policy.problems == [
                "source root '\(missing)': realpath: No such file or directory",
                "source root '': an empty path names no folder",
                "source root '\(good)/secret.txt': not a folder",
                "source root '/proc/self': nothing below /proc is ever taken",
                "source root '\(good)\0/x': a NUL is part of no path",
            ])
        #expect(try fixture.read("outside/secret.txt", policy.rules(forObject: fixture.object)) == "outside\n")
        #expect(SourcePolicy(currentFolder: "/nosuch", toolchain: "/nosuch", sourceRoots: ["/", good]).problems == [])
    }

    @Test func everyKindOfRoot() throws {
        let fixture = try Fixture()
        let outside = fixture.folder.path + "/outside"
        #expect(try fixture.read("outside/secret.txt", fixture.rules(currentFolder: outside)) == "outside\n")
        #expect(try fixture.read("outside/secret.txt", fixture.rules(toolchain: outside)) == "outside\n")
        #expect(try fixture.read("outside/secret.txt", fixture.rules(sourceRoots: [outside])) == "outside\n")
        // Automatic roots never are the whole machine.
        #expect(throws: SourcePolicy.Refusal.outsideRoots) {
            try fixture.read("outside/secret.txt", fixture.rules(currentFolder: "/", toolchain: "/"))
        }
        // Below the current folder's work tree, too.
        try fixture.folder.write("", "outside/.git")
        try fixture.folder.write("", "outside/deep/er/x")
        let below = fixture.rules(currentFolder: outside + "/deep/er")
        #expect(try fixture.read("outside/secret.txt", below) == "outside\n")
    }

    @Test func linksAreJudgedByWhereTheyLead() throws {
        let fixture = try Fixture()
        try fixture.folder.link("tree/Sources/escape.swift", to: "../../outside/secret.txt")
        try fixture.folder.link("tree/Sources/folder", to: "../../outside")
        try fixture.folder.link("tree/Sources/inside.swift", to: "a.swift")
        try fixture.folder.link("tree/Sources/loop.swift", to: "loop.swift")
        #expect(throws: SourcePolicy.Refusal.outsideRoots) { try fixture.read("tree/Sources/escape.swift") }
        #expect(throws: SourcePolicy.Refusal.outsideRoots) { try fixture.read("tree/Sources/folder/secret.txt") }
        #expect(try fixture.read("tree/Sources/inside.swift") == "in the tree\n")
        #expect(throws: SourcePolicy.Refusal.unreadable) { try fixture.read("tree/Sources/loop.swift") }
    }

    @Test func hiddenFilesAndFolders() throws {
        let fixture = try Fixture()
        try fixture.folder.write("KEY=1", "tree/.env")
        try fixture.folder.write("x", "tree/.ssh/config.swift")
        try fixture.folder.write("x", "tree/.build/debug/Derived.swift")
        try fixture.folder.write("dependency", "tree/.build/checkouts/nio/Sources/n.swift")
        try fixture.folder.write("x", "tree/.build/checkouts/nio/.env")
        try fixture.folder.link("tree/Sources/alias.swift", to: "../.env")
        for name in [
            ".env", ".ssh/config.swift", ".build/debug/Derived.swift", ".build/checkouts/nio/.env",
            "Sources/alias.swift", ".git/HEAD",
        ] {
            #expect(throws: SourcePolicy.Refusal.hidden) { try fixture.read("tree/" + name) }
        }
        #expect(try fixture.read("tree/.build/checkouts/nio/Sources/n.swift") == "dependency")
        // Below a root that is itself hidden only what is below the root counts.
        let rules = fixture.rules(sourceRoots: [fixture.folder.path + "/tree/.ssh"])
        #expect(try fixture.read("tree/.ssh/config.swift", rules) == "x")
    }

    @Test func forbiddenFoldersEvenWhenAskedFor() throws {
        let fixture = try Fixture()
        let rules = fixture.rules(sourceRoots: ["/"])
        for path in ["/etc/passwd", "/proc/self/environ", "/sys/kernel/uevent_helper", "/dev/null", "/proc/self/maps"] {
            guard access(path, F_OK) == 0 else { continue }
            #expect(throws: SourcePolicy.Refusal.forbiddenFolder) { try fixture.read(path, rules) }
        }
        try fixture.folder.link("tree/passwd.swift", to: "/etc/passwd")
        #expect(throws: SourcePolicy.Refusal.forbiddenFolder) { try fixture.read("tree/passwd.swift", rules) }
        #expect(try fixture.read("outside/secret.txt", rules) == "outside\n")
    }

    @Test func onlyRegularTextOfBoundedSize() throws {
        let fixture = try Fixture()
        #expect(mkfifo(fixture.folder.path + "/tree/pipe.swift", 0o600) == 0)
        #expect(throws: SourcePolicy.Refusal.notRegular) { try fixture.read("tree/pipe.swift") }
        #expect(throws: SourcePolicy.Refusal.notRegular) { try fixture.read("tree/Sources") }
        try fixture.folder.write([UInt8](repeating: 0x20, count: SourcePolicy.sizeLimit), "tree/large.swift")
        #expect(try fixture.read("tree/large.swift").utf8.count == SourcePolicy.sizeLimit)
        try fixture.folder.write([UInt8](repeating: 0x20, count: SourcePolicy.sizeLimit + 1), "tree/larger.swift")
        #expect(throws: SourcePolicy.Refusal.tooLarge) { try fixture.read("tree/larger.swift") }
        try fixture.folder.write([0x66, 0xFF, 0x66], "tree/latin.swift")
        #expect(throws: SourcePolicy.Refusal.notUTF8) { try fixture.read("tree/latin.swift") }
        for name in ["", "<compiler-generated>", "//<compiler-generated>", "/", "/a\0b"] {
            #expect(throws: SourcePolicy.Refusal.notAPath) { try fixture.rules().read(name) }
        }
    }

    /// Between the look at the path and the opening somebody exchanges a folder for a link: the open file's own path
    /// tells.
    @Test func anExchangedFolderIsNoticed() throws {
        let fixture = try Fixture()
        let path = fixture.folder.path
        try fixture.folder.write("stolen", "outside/a.swift")
        #expect(rename(path + "/tree/Sources", path + "/tree/Moved") == 0)
        try fixture.folder.link("tree/Sources", to: "../outside")
        let opened = try FileDescriptor.openForReading(path + "/tree/Sources/a.swift", followingLinks: false)
        #expect(throws: SourcePolicy.Refusal.changed) {
            try fixture.rules().readOpened(opened, real: path + "/tree/Sources/a.swift")
        }
        // Removed after it was opened: no path at all any more.
        let gone = try FileDescriptor.openForReading(path + "/tree/Moved/a.swift", followingLinks: false)
        #expect(unlink(path + "/tree/Moved/a.swift") == 0)
        #expect(throws: SourcePolicy.Refusal.changed) {
            try fixture.rules().readOpened(gone, real: path + "/tree/Moved/a.swift")
        }
    }

    @Test func prefixMaps() throws {
        let fixture = try Fixture()
        let tree = fixture.folder.path + "/tree"
        let maps = [
            SourcePolicy.PathMap(from: "/build", to: "/nowhere"), SourcePolicy.PathMap(from: "/build/src/", to: tree),
        ]
        #expect(try fixture.read("/build/src/Sources/a.swift", fixture.rules(pathMaps: maps)) == "in the tree\n")
        #expect(throws: SourcePolicy.Refusal.notFound) {
            try fixture.read("/build/srcs/Sources/a.swift", fixture.rules(pathMaps: maps))
        }
        // A map is no root: what it leads to is judged like everything else.
        let out = [SourcePolicy.PathMap(from: "/x", to: fixture.folder.path + "/outside")]
        #expect(throws: SourcePolicy.Refusal.outsideRoots) {
            try fixture.read("/x/secret.txt", fixture.rules(pathMaps: out))
        }
        #expect(SourcePolicy.PathMap(argument: "/a=/b=c") == SourcePolicy.PathMap(from: "/a", to: "/b=c"))
        #expect(SourcePolicy.PathMap(argument: "=/b") == nil)
        #expect(SourcePolicy.PathMap(argument: "/a") == nil)
    }

    @Test func relativePathsStandBelowTheRoots() throws {
        let fixture = try Fixture()
        let text = try fixture.rules().read("Sources/a.swift").text
        #expect(text == Array("in the tree\n".utf8))
        #expect(throws: SourcePolicy.Refusal.outsideRoots) { try fixture.rules().read("../outside/secret.txt") }
        let mapped = fixture.rules(pathMaps: [SourcePolicy.PathMap(from: ".", to: fixture.folder.path + "/tree")])
        #expect(try mapped.read("./Sources/a.swift").text == text)
    }

    @Test func theToolchainIsFoundBehindLinks() throws {
        let folder = try TemporaryFolder()
        let real = try folder.write("#!/bin/sh", "opt/swift/usr/bin/swift-driver")
        #expect(chmod(real, 0o755) == 0)
        try folder.write("", "bin/other")
        try folder.link("bin/swift", to: "../opt/swift/usr/bin/swift-driver")
        let path = "relative:/nowhere:\(folder.path)/bin"
        #expect(SourcePolicy.toolchain(searchPath: path) == folder.path + "/opt/swift/usr")
        #expect(SourcePolicy.toolchain(searchPath: "/nowhere") == nil)
    }
}
