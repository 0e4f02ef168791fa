import Glibc
import Testing

@testable import DebugFiles

@Suite struct UploadWalkTests {
    private func elf(_ type: UInt8, big: Bool = false) -> [UInt8] {
        [0x7F, 0x45, 0x4C, 0x46, 2, big ? 2 : 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] + (big ? [0, type] : [type, 0]) + [
            62, 0,
        ]
    }

    private func walk(_ folder: TemporaryFolder, _ names: [String]) -> [UploadWalk.Item] {
        var walk = UploadWalk(paths: names.map { folder.path + "/" + $0 })
        return walk.next(limit: .max).map { item in
            var short = item
            if item.path.hasPrefix(folder.path + "/") {
                short.path = String(item.path.dropFirst(folder.path.count + 1))
            }
            return short
        }
    }

    @Test func kindsByTheFirstBytes() {
        #expect(UploadWalk.kind(ofHead: elf(1)) == .relocatable)
        #expect(UploadWalk.kind(ofHead: elf(2)) == .candidate)
        #expect(UploadWalk.kind(ofHead: elf(3)) == .candidate)
        #expect(UploadWalk.kind(ofHead: elf(3, big: true)) == .candidate)
        #expect(UploadWalk.kind(ofHead: elf(4)) == .otherELF)
        #expect(UploadWalk.kind(ofHead: Array(elf(3).prefix(17))) == .notELF)
        #expect(UploadWalk.kind(ofHead: []) == .notELF)
        #expect(UploadWalk.kind(ofHead: Array("#!/bin/sh\necho hello".utf8)) == .notELF)
    }

    @Test func aBuildFolderThroughItsLink() throws {
        let folder = try TemporaryFolder()
        try folder.write(elf(3), ".build/x86_64-linux/release/app")
        try folder.write(elf(1), ".build/x86_64-linux/release/App.build/a.swift.o")
        try folder.write("text", ".build/x86_64-linux/release/description.json")
        try folder.link(".build/release", to: "x86_64-linux/release")
        let named = walk(folder, [".build/release/"])
        #expect(
            named.map(\.path) == [
                ".build/release/App.build/a.swift.o", ".build/release/app", ".build/release/description.json",
            ])
        #expect(named.map(\.kind) == [.relocatable, .candidate, .notELF])
        #expect(named.allSatisfy { !$0.isNamed })
        // From above, the link leads to nothing new: real names win.
        #expect(
            walk(folder, [".build"]).map(\.path) == [
                ".build/x86_64-linux/release/App.build/a.swift.o", ".build/x86_64-linux/release/app",
                ".build/x86_64-linux/release/description.json",
            ])
    }

    @Test func loopsEndAndGitIsSkipped() throws {
        let folder = try TemporaryFolder()
        try folder.write(elf(3), "tree/a/app")
        try folder.write(elf(3), "tree/.git/objects/app")
        try folder.link("tree/a/up", to: "..")
        try folder.link("tree/a/self", to: ".")
        try folder.link("tree/a/nowhere", to: "does-not-exist")
        try folder.link("tree/a/system", to: "/proc")
        try folder.link("tree/a/root", to: "/")
        try folder.link("tree/a/again", to: "app")
        #expect(walk(folder, ["tree"]).map(\.path) == ["tree/a/app"])
    }

    @Test func linksOutOfTheTreeAreFollowedOnce() throws {
        let folder = try TemporaryFolder()
        try folder.write(elf(3), "elsewhere/lib.so")
        try folder.write("text", "tree/readme")
        try folder.link("tree/one", to: "../elsewhere")
        try folder.link("tree/two", to: "../elsewhere")
        try folder.link("tree/file", to: "../elsewhere/lib.so")
        #expect(walk(folder, ["tree"]).map(\.path) == ["tree/readme", "tree/file"])
    }

    @Test func specialFilesDoNotHang() throws {
        let folder = try TemporaryFolder()
        try folder.write(elf(3), "tree/app")
        #expect(mkfifo(folder.path + "/tree/pipe", 0o600) == 0)
        #expect(walk(folder, ["tree"]).map(\.path) == ["tree/app"])
        let named = walk(folder, ["tree/pipe", "tree/missing"])
        #expect(named.count == 2)
        #expect(named.allSatisfy { $0.isNamed })
        #expect(named[0].kind == .unreadable("not a regular file"))
        #expect(named[1].kind == .unreadable("open: No such file or directory"))
    }

    @Test func namedTwiceIsToldTwice() throws {
        let folder = try TemporaryFolder()
        try folder.write(elf(3), "app")
        let items = walk(folder, ["app", "app"])
        #expect(items.map(\.isNamed) == [true, true])
    }

    @Test func prefixesAreWholeComponents() {
        #expect(PathPrefix.contains("/a", "/a"))
        #expect(PathPrefix.contains("/a", "/a/b"))
        #expect(!PathPrefix.contains("/a", "/ab"))
        #expect(PathPrefix.contains("/", "/ab"))
        #expect(PathPrefix.components(of: "/a/b/.c", below: "/a") == ["b", ".c"])
        #expect(PathPrefix.components(of: "/x", below: "/a") == nil)
    }
}
