import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// Async callers out of memory, against what the runtime's own reporter printed of the same crash.
@Suite(
    "Async callers", .serialized,
    .enabled(if: CrashWorkshop.problem == nil, Comment(rawValue: "no cores here: \(CrashWorkshop.problem ?? "")")))
struct AsyncTests {
    /// The crashed thread's addresses and kinds in the runtime's JSON report.
    private func reported(_ path: String) throws -> [String] {
        let data = try Data(contentsOf: URL(filePath: path))
        let report = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let threads = try #require(report["threads"] as? [[String: Any]])
        let crashed = try #require(threads.first { $0["crashed"] as? Bool == true })
        let kinds = ["programCounter": "pc", "returnAddress": "return", "asyncResumePoint": "async"]
        return try #require(crashed["frames"] as? [[String: Any]]).compactMap { frame in
            guard let kind = (frame["kind"] as? String).flatMap({ kinds[$0] }),
                let address = frame["address"] as? String,
                let value = UInt64(address.dropFirst(2), radix: 16)
            else { return nil }
            return "\(kind) \(String(value, radix: 16))"
        }
    }

    private func texts(_ frames: [UnwoundFrame]) -> [String] {
        frames.map { "\($0.kind.rawValue) \(String($0.address, radix: 16))" }
    }

    @Test(arguments: [[], ["group"]])
    func sameChainAsTheRuntime(arguments: [String]) throws {
        let workshop = try CrashWorkshop()
        let executable = try workshop.build("program", CrashWorkshop.swiftc, source: "async.swift")
        let report = workshop.path("report.json")
        let setting = "enable=yes,interactive=no,color=no,symbolicate=off,format=json,limit=none,output-to=\(report)"
        var core = try workshop.crash(executable, arguments, environment: ["SWIFT_BACKTRACE": setting])
        // On a machine that is full of other tests the reporter may give up: then the program crashes once more.
        for _ in 0..<10 where !FileManager.default.fileExists(atPath: report) {
            core = try workshop.crash(executable, arguments, environment: ["SWIFT_BACKTRACE": setting])
        }
        let crashed = try #require(try unwoundLocally(core).threads.first)
        let expected = try reported(report)
        #expect(texts(crashed.frames) == expected)
        #expect(expected.filter { $0.hasPrefix("async") }.count >= 5)
        #expect(crashed.asyncEnd == "outermost: the context has no parent")
        #expect(crashed.end == UnwoundThread.outermost)
        // The job runner and the thread's start.
        #expect(crashed.ranOn.count >= 3)
        #expect(crashed.frames.filter { $0.kind == .asyncResumePoint }.allSatisfy { $0.trust == "async" })

        // Without the symbol table nothing tells a piece; with the debug file's it works again.
        let stripped = workshop.path("stripped")
        let debugFile = workshop.path("program.debug")
        try workshop.run(["objcopy", "--only-keep-debug", executable, debugFile])
        try workshop.run(["strip", "-o", stripped, executable])
        let strippedDump = try unwound(core) { $0.path == executable ? [(stripped, false)] : [($0.path, false)] }
        let bare = try #require(strippedDump.threads.first)
        #expect(strippedDump.notes.first?.contains("has no symbol table") == true)
        #expect(bare.physical == crashed.physical)
        #expect(bare.asyncEnd == nil && bare.ranOn == [])
        let both = try unwound(core) {
            $0.path == executable ? [(stripped, false), (debugFile, true)] : [($0.path, false)]
        }
        #expect(both.threads.first == crashed)
        #expect(both.notes == [])
    }

    // MARK: - Damaged chains

    /// A chain of contexts from 0x2000 on, 32 bytes each; the piece's frame pointer is 0x1010.
    private func chain(_ contexts: [(parent: UInt64, resume: UInt64)], limit: Int = 100) -> AsyncChain {
        var memory = FakeSnapshot()
        memory.words[0x1008] = 0x2000
        for (index, context) in contexts.enumerated() {
            memory.words[0x2000 + UInt64(index) * 32] = context.parent
            memory.words[0x2008 + UInt64(index) * 32] = context.resume
        }
        memory.code = [0x40_0000..<0x50_0000]
        return AsyncChain(framePointer: 0x1010, limit: limit, memory)
    }

    @Test func endsAreTold() {
        let whole = chain([(0x2020, 0x40_0010), (0x2040, 0x40_0020), (0, 0x40_0030)])
        #expect(whole.frames.map(\.address) == [0x40_0010, 0x40_0020, 0x40_0030])
        #expect(whole.end == "outermost: the context has no parent")
        let noResume = chain([(0x2020, 0x40_0010), (0x2040, 0)])
        #expect(
            noResume.frames.count == 1 && noResume.end == "outermost: async context at 0x2020 has no resume function")
        let cyclic = chain([(0x2020, 0x40_0010), (0x2000, 0x40_0020)])
        #expect(cyclic.frames.count == 2 && cyclic.end == "async context at 0x2000 was visited before: a cycle")
        let misaligned = chain([(0x2021, 0x40_0010)])
        #expect(misaligned.frames.count == 1 && misaligned.end == "async context at 0x2021 is misaligned")
        let unreadable = chain([(0x9000, 0x40_0010)])
        #expect(unreadable.frames.count == 1 && unreadable.end == "async context at 0x9000 is not in the dump")
        let noCode = chain([(0x2020, 0x3f_fff0)])
        #expect(noCode.frames.isEmpty)
        #expect(noCode.end == "async context at 0x2000: its resume function 0x3ffff0 is in no executable memory")
        let endless = chain((1...1000).map { (0x2000 + UInt64($0) * 32, 0x40_0000 + UInt64($0)) }, limit: 300)
        #expect(endless.frames.count == 300 && endless.end == "limit of 300 async frames")
        #expect(AsyncChain(framePointer: 0x9010, limit: 9, FakeSnapshot()).end.contains("not readable"))
        #expect(AsyncChain(framePointer: .max, limit: 9, FakeSnapshot()).end.contains("not readable"))
    }

    @Test func piecesByName() {
        func isPiece(_ name: String) -> Bool {
            Array(name.utf8).withUnsafeBytes { AsyncSymbols.isAsyncPiece($0) }
        }
        for name in [
            "$s4main3fooyyYaFTY0_", "$s4main3fooyyYaFTQ12_", "$s4main3fooyyYaFTQ1_.cold.1",
            "$s4main3fooyyYaFTY2_.llvm.9",
        ] {
            #expect(isPiece(name), "\(name)")
        }
        for name in [
            "$s4main3fooyyYaF", "$s4main3fooyyYaFTY_", "main", "_TY0_", "TY0_", "", "$s4main3fooyyYaFTu", "$sTY0_x",
            "$.TY0_",
        ] {
            #expect(!isPiece(name), "\(name)")
        }
    }
}
