import Foundation
import Glibc
import Synchronization
import Testing

@testable import Collector

/// Takes files; can be away, refuses what says "foreign", has no room for what says "huge", and is slow enough for
/// "soon replaced" to be replaced meanwhile.
private final class FileReceiver: CrashFileReceiver {
    private let state = Mutex<(taken: [String], ids: [String], attempts: Int, isAway: Bool)>(([], [], 0, false))

    var taken: [String] { state.withLock { $0.taken } }
    var ids: [String] { state.withLock { $0.ids } }
    var attempts: Int { state.withLock { $0.attempts } }
    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    func receive(_ file: CrashFile) async throws(CrashReceiverError) {
        let text = FileManager.default.contents(atPath: file.openPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
        if text == "soon replaced" {
            unlink(file.path)
            _ = FileManager.default.createFile(atPath: file.path, contents: Data("the next".utf8))
        }
        let error: CrashReceiverError? = state.withLock { state in
            state.attempts += 1
            if state.isAway { return .unavailable("no database") }
            if text.contains("huge") { return .unavailable("no room") }
            if text.contains("foreign") { return .refused("nothing known") }
            state.taken.append(text)
            state.ids.append(file.id)
            return nil
        }
        if let error { throw error }
    }
}

@Suite struct CrashFolderTests {
    /// A folder, its receiver and what was said, with a clock of its own.
    private struct Bed {
        let scratch: Scratch
        let receiver = FileReceiver()
        let said = Mutexed<[String]>([])
        var folder: CrashFolder
        var now: Int64 = 1_000_000

        init(_ taken: TakenFiles = .moved, in existing: Scratch? = nil) throws {
            scratch = try existing ?? Scratch()
            let said = said
            folder = CrashFolder(scratch.folder, taken: taken, receiver: receiver) { text in
                said.value.withLock { $0.append(text) }
            }
        }

        var messages: [String] { said.value.withLock { $0 } }

        @discardableResult
        mutating func pass(closed: Set<String> = [], after milliseconds: Int64 = 0) async -> Int64? {
            now += milliseconds
            return await folder.pass(closed: closed, now: now).map { $0 - now }
        }
    }

    private final class Mutexed<Value: Sendable>: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }

    @Test func aClosedFileIsTakenAtOnce() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        try bed.scratch.write("one", to: "a.json")
        #expect(await bed.pass(closed: ["a.json"]) == nil)
        #expect(bed.receiver.taken == ["one"] && bed.messages.isEmpty)
        #expect(bed.scratch.names(".symbolist/done") == ["a.json"] && bed.scratch.names("") == [".symbolist"])
    }

    @Test func anExistingFileIsTakenWhenItStandsStill() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        try bed.scratch.write("one", to: "a.json")
        #expect(await bed.pass() == 2000)
        try bed.scratch.write("one and more", to: "a.json")
        #expect(await bed.pass(after: 1999) == 2000, "it grew: the time begins again")
        #expect(await bed.pass(after: 1000) == 1000)
        #expect(bed.receiver.attempts == 0)
        #expect(await bed.pass(after: 1000) == nil)
        #expect(bed.receiver.taken == ["one and more"])
    }

    @Test func aFileThatIsStillOpenForWritingIsWaitedFor() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        let writer = open(bed.scratch.path("a.json"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(writer) }
        #expect(write(writer, "half", 4) == 4)
        await bed.pass()
        for _ in 0..<3 { #expect(await bed.pass(closed: ["a.json"], after: 60_000) == 2000) }
        #expect(bed.receiver.attempts == 0)
        #expect(write(writer, " whole", 6) == 6)
        #expect(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), writer) == writer)
        bed.scratch.settle("a.json")
        await bed.pass(closed: ["a.json"])
        #expect(bed.receiver.taken == ["half whole"])
    }

    @Test func unfinishedNamesAndEmptyFilesAreLeft() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        for name in [".#core", "a.tmp", "b.partial", "c.part", "d~"] { try bed.scratch.write("x", to: name) }
        try bed.scratch.write("", to: "empty")
        await bed.pass(closed: ["a.tmp", "empty"])
        await bed.pass(after: 60_000)
        #expect(bed.receiver.attempts == 0 && bed.messages.isEmpty && bed.scratch.names("").count == 6)
        #expect(rename(bed.scratch.path("b.partial"), bed.scratch.path("b.json")) == 0)
        await bed.pass(closed: ["b.json"])
        #expect(bed.receiver.taken == ["x"])
    }

    /// Links, pipes and folders are told once, and never opened.
    @Test func onlyRegularFiles() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        let secret = try Scratch()
        defer { secret.remove() }
        try secret.write("secret", to: "file")
        symlink(secret.path("file"), bed.scratch.path("link"))
        mkfifo(bed.scratch.path("pipe"), 0o600)
        try bed.scratch.makeFolder("folder")
        for _ in 0..<5 { await bed.pass(closed: ["link", "pipe"], after: 10_000) }
        #expect(bed.receiver.attempts == 0)
        #expect(bed.messages.count == 3 && bed.messages.allSatisfy { $0.contains("not a regular file") })
    }

    @Test func foreignFilesGoAsideOnce() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        try bed.scratch.write("foreign", to: "a.txt")
        try bed.scratch.write("good", to: "b.json")
        for _ in 0..<4 { await bed.pass(closed: ["a.txt", "b.json"], after: 10_000) }
        #expect(bed.receiver.attempts == 2 && bed.receiver.taken == ["good"])
        #expect(bed.messages.count == 1)
        #expect(bed.scratch.names(".symbolist/failed") == ["a.txt", "a.txt.reason.txt"])
        #expect(bed.scratch.text(".symbolist/failed/a.txt.reason.txt") == "nothing known\n")
    }

    @Test func tooLargeIsRefused() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        bed.folder.sizeLimit = 3
        try bed.scratch.write("four", to: "a")
        await bed.pass(closed: ["a"])
        #expect(bed.receiver.attempts == 0 && bed.scratch.names(".symbolist/failed").contains("a"))
    }

    /// The reporter's names repeat; the second is no less a crash, and the first is not overwritten.
    @Test func theSameNameTwice() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        for text in ["one", "two"] {
            try bed.scratch.write(text, to: "a.json")
            await bed.pass(closed: ["a.json"], after: 10)
        }
        #expect(bed.receiver.taken == ["one", "two"] && Set(bed.receiver.ids).count == 2)
        #expect(bed.scratch.names(".symbolist/done") == ["a.json", "a.json.1"])
    }

    // MARK: Away

    @Test func aReceiverThatIsAwayIsTriedLessAndLess() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        for name in ["a", "b", "c"] { try bed.scratch.write(name, to: name) }
        bed.receiver.isAway = true
        var pauses: [Int64] = []
        var pause = await bed.pass(closed: ["a", "b", "c"])
        for _ in 0..<12 {
            let wait = try #require(pause)
            pauses.append(wait)
            // Looking earlier, because another file came, tries nothing.
            let before = bed.receiver.attempts
            #expect(await bed.pass(after: wait - 1) == 1)
            #expect(bed.receiver.attempts == before)
            pause = await bed.pass(after: 1)
        }
        #expect(pauses.prefix(4) == [1000, 2000, 4000, 8000] && pauses.last == 300_000)
        #expect(bed.receiver.attempts == 13, "one file a time")
        #expect(bed.messages.count == 1, "\(bed.messages)")
        bed.receiver.isAway = false
        await bed.pass(after: 300_000)
        #expect(bed.receiver.taken == ["b", "c", "a"], "beginning behind the one that was tried last")
        #expect(bed.messages.count == 2, "its return is told")
    }

    @Test func aFileThatCannotBeTakenHoldsUpNoOther() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        for (name, text) in [("a", "huge"), ("b", "one"), ("c", "two")] { try bed.scratch.write(text, to: name) }
        await bed.pass(closed: ["a", "b", "c"])
        #expect(bed.receiver.taken.isEmpty)
        await bed.pass(after: 1000)
        #expect(bed.receiver.taken == ["one", "two"] && bed.receiver.attempts == 4)
        #expect(bed.scratch.names("") == [".symbolist", "a"], "it waits")
    }

    @Test func aFolderThatGoesAwayIsWaitedFor() async throws {
        var bed = try Bed()
        defer { bed.scratch.remove() }
        let other = bed.scratch.folder + ".away"
        #expect(rename(bed.scratch.folder, other) == 0)
        for _ in 0..<3 { #expect(await bed.pass(after: 1000) == 1000) }
        #expect(bed.messages.count == 1)
        #expect(rename(other, bed.scratch.folder) == 0)
        try bed.scratch.write("one", to: "a")
        await bed.pass(closed: ["a"], after: 1000)
        #expect(bed.receiver.taken == ["one"] && bed.messages.count == 2)
    }

    // MARK: What becomes of taken files

    @Test func takenFilesAreDeleted() async throws {
        var bed = try Bed(.deleted)
        defer { bed.scratch.remove() }
        try bed.scratch.write("one", to: "a")
        await bed.pass(closed: ["a"])
        #expect(bed.receiver.taken == ["one"] && bed.scratch.names("").isEmpty)
    }

    @Test(arguments: [TakenFiles.moved, .deleted])
    func aFileThatGotTheNameMeanwhileIsTakenToo(_ taken: TakenFiles) async throws {
        var bed = try Bed(taken)
        defer { bed.scratch.remove() }
        try bed.scratch.write("soon replaced", to: "core")
        await bed.pass(closed: ["core"])
        #expect(bed.scratch.text("core") == "the next", "neither moved nor deleted")
        bed.scratch.settle("core")
        await bed.pass(closed: ["core"], after: 2000)
        #expect(bed.receiver.taken == ["soon replaced", "the next"])
        #expect(!bed.scratch.names("").contains("core"))
    }

    @Test func keptFilesAreRememberedAcrossRestarts() async throws {
        let memory = try Scratch()
        defer { memory.remove() }
        let taken = TakenFiles.kept(memory: memory.path("state/taken"))
        var bed = try Bed(taken)
        defer { bed.scratch.remove() }
        for name in ["a", "b\nc", "foreign"] { try bed.scratch.write(name, to: name) }
        for _ in 0..<3 { await bed.pass(closed: ["a", "b\nc", "foreign"], after: 5000) }
        #expect(bed.receiver.taken == ["a", "b\nc"] && bed.receiver.attempts == 3)
        #expect(bed.scratch.names("").count == 3, "they stay")
        var again = try Bed(taken, in: bed.scratch)
        for _ in 0..<3 { await again.pass(after: 5000) }
        #expect(again.receiver.attempts == 0)
        // Written anew, it is another crash.
        try bed.scratch.write("a, the second", to: "a")
        for _ in 0..<3 { await again.pass(after: 5000) }
        #expect(again.receiver.taken == ["a, the second"])
    }

    @Test func aDamagedMemoryIsForgotten() async throws {
        let memory = try Scratch()
        defer { memory.remove() }
        try memory.write("{\"name\":\"a\"}\n\u{0}\n[1]\n{", to: "taken")
        var bed = try Bed(.kept(memory: memory.path("taken")))
        defer { bed.scratch.remove() }
        try bed.scratch.write("one", to: "a")
        await bed.pass(closed: ["a"])
        #expect(bed.receiver.taken == ["one"])
    }

    /// Somebody who may write to the folder puts a link where the watch moves its files to.
    @Test func filesAreNotMovedThroughALink() async throws {
        let elsewhere = try Scratch()
        defer { elsewhere.remove() }
        for link in [".symbolist", ".symbolist/done"] {
            var bed = try Bed()
            defer { bed.scratch.remove() }
            if link.contains("/") { try bed.scratch.makeFolder(".symbolist") }
            symlink(elsewhere.folder, bed.scratch.path(link))
            try bed.scratch.write("one", to: "a")
            for _ in 0..<3 { await bed.pass(closed: ["a"], after: 5000) }
            #expect(bed.receiver.taken == ["one"], "taken, and not twice though it could not be moved")
            #expect(elsewhere.names("").isEmpty && bed.messages.count == 1)
        }
    }

    /// The loop, with the kernel's events and the real clock.
    @Test func theWatchTakesWhatComesAndEndsWhenCancelled() async throws {
        let bed = try Bed()
        defer { bed.scratch.remove() }
        let folder = bed.folder
        let watch = Task { try await FolderWatch.run(folder) }
        for number in 1...3 {
            try bed.scratch.write("\(number)", to: "file-\(number)")
            try await eventually("file \(number)") { bed.receiver.taken.count == number }
        }
        watch.cancel()
        try await watch.value
        #expect(bed.receiver.taken == ["1", "2", "3"])
    }

    @Test func aFolderThatIsNotThereIsAnError() async throws {
        let folder = CrashFolder("/nowhere", taken: .moved, receiver: FileReceiver()) { _ in }
        await #expect(throws: CallFailure.self) { try await FolderWatch.run(folder) }
    }
}
