import Foundation
import Glibc
import Synchronization
import Testing

@testable import Collector

/// Takes crashes, once an id; can be away, and can refuse.
final class Receiver: CrashReceiver {
    private let state = Mutex<(taken: [CollectedCrash], calls: Int)>(([], 0))
    private let answer: @Sendable (CollectedCrash, Int) -> CrashReceiverError?

    init(_ answer: @escaping @Sendable (CollectedCrash, Int) -> CrashReceiverError? = { _, _ in nil }) {
        self.answer = answer
    }

    var taken: [CollectedCrash] { state.withLock { $0.taken } }
    var calls: Int { state.withLock { $0.calls } }

    func receive(_ crash: CollectedCrash) async throws(CrashReceiverError) {
        let error = state.withLock { state in
            state.calls += 1
            let error = answer(crash, state.calls)
            if error == nil, !state.taken.contains(where: { $0.id == crash.id }) { state.taken.append(crash) }
            return error
        }
        if let error { throw error }
    }
}

@Suite struct SpoolTests {
    private func crash(_ id: String, size: Int = 10) -> CollectedCrash {
        CollectedCrash(
            id: id, project: "till", payload: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 10) },
            context: Array(#"{"release":"till@1","stderr":"a\nb"}"#.utf8), priority: 3)
    }

    @Test(arguments: [0, 1, 10, 100_000]) func whatGoesInComesOut(_ size: Int) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("a/b/spool"))
        #expect(spool.isEmpty)
        let crash = crash("one", size: size)
        let added = try spool.add(crash, at: 5)
        #expect(added.path == scratch.path("a/b/spool/5-one.crash") && added.dropped.isEmpty)
        var status = stat()
        #expect(stat(added.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let receiver = Receiver()
        let delivery = await spool.deliver(to: receiver)
        #expect(delivery.delivered == 1 && delivery.waiting == 0 && delivery.unavailable == nil)
        #expect(receiver.taken == [crash])
        #expect(scratch.names("a/b/spool").isEmpty)
    }

    @Test func theOldestIsDeliveredFirst() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("spool"))
        for (time, id) in [(1000, "c"), (9, "a"), (77, "b"), (1000, "d")] as [(Int64, String)] {
            _ = try spool.add(crash(id), at: time)
        }
        let receiver = Receiver()
        _ = await spool.deliver(to: receiver)
        #expect(receiver.taken.map(\.id) == ["a", "b", "c", "d"])
    }

    @Test func theSameIDIsKeptOnce() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("spool"))
        let first = try spool.add(crash("one"), at: 1)
        #expect(try spool.add(crash("one"), at: 2) == first)
        #expect(spool.entries() == ["1-one.crash"])
    }

    @Test(arguments: ["", "a/b", "..", ".hidden", "ä", "a b", String(repeating: "x", count: 65)])
    func idsNameFiles(_ id: String) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        #expect(throws: SpoolError.invalidID(id)) {
            try Spool(folder: scratch.path("spool")).add(crash(id), at: 1)
        }
    }

    @Test func theNewestAreKept() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let size = SpoolEntry.encode(crash("0", size: 1000)).count
        let spool = Spool(folder: scratch.path("spool"), limit: 3 * size)
        var dropped: [String] = []
        for number in 0..<8 { dropped += try spool.add(crash("\(number)", size: 1000), at: Int64(number)).dropped }
        #expect(dropped == (0..<5).map { "\($0)-\($0).crash" }, "each is told")
        #expect(spool.entries() == (5..<8).map { "\($0)-\($0).crash" })
        #expect(throws: SpoolError.tooLarge(size: SpoolEntry.encode(crash("x", size: 9000)).count, limit: 3 * size)) {
            try spool.add(crash("x", size: 9000), at: 9)
        }
        #expect(spool.entries().count == 3, "nothing goes for what cannot be kept anyway")
    }

    @Test func aReceiverThatIsAwayLosesNothing() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("spool"))
        for number in 0..<5 { _ = try spool.add(crash("\(number)"), at: Int64(number)) }
        let away = Receiver { _, call in call > 2 ? .unavailable("gone to lunch") : nil }
        let first = await spool.deliver(to: away)
        #expect(first.delivered == 2 && first.waiting == 3 && first.unavailable == "gone to lunch")
        #expect(away.calls == 3, "one refusal is enough")
        let back = Receiver()
        #expect(await spool.deliver(to: back).delivered == 3)
        #expect(back.taken.map(\.id) == ["2", "3", "4"])
    }

    @Test func whatIsRefusedIsSetAside() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("spool"))
        for number in 0..<3 { _ = try spool.add(crash("\(number)"), at: Int64(number)) }
        let receiver = Receiver { crash, _ in crash.id == "1" ? .refused("not this one") : nil }
        let delivery = await spool.deliver(to: receiver)
        #expect(delivery.delivered == 2 && delivery.waiting == 0)
        #expect(delivery.setAside == [.init(name: "1-1.crash", reason: "not this one")])
        #expect(scratch.names("spool/damaged") == ["1-1.crash", "1-1.crash.reason.txt"])
        #expect(scratch.text("spool/damaged/1-1.crash.reason.txt") == "not this one\n")
    }

    /// Delivered, and killed before the file was removed: the next delivery is the second of the same id.
    @Test func aDeliveryThatWasKilledIsRepeated() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("spool"))
        _ = try spool.add(crash("one"), at: 1)
        let bytes = scratch.bytes("spool/1-one.crash")
        let receiver = Receiver()
        _ = await spool.deliver(to: receiver)
        try Data(bytes).write(to: URL(filePath: scratch.path("spool/1-one.crash")))
        _ = await spool.deliver(to: receiver)
        #expect(receiver.calls == 2 && receiver.taken.count == 1 && spool.isEmpty)
        #expect(receiver.taken.first?.dedupKey == "crash-one")
    }

    @Test func manyDeliverAtOnce() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = Spool(folder: scratch.path("spool"))
        for number in 0..<60 { _ = try spool.add(crash("\(number)"), at: Int64(number)) }
        let receiver = Receiver()
        let reports = await withTaskGroup(of: SpoolDelivery.self) { group in
            for _ in 0..<6 { group.addTask { await spool.deliver(to: receiver) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(receiver.taken.count == 60 && spool.isEmpty)
        #expect(reports.allSatisfy { $0.setAside.isEmpty && $0.left.isEmpty })
    }

    // MARK: Damage

    /// Cut at every byte, each file is set aside with a reason, and never delivered.
    @Test func truncatedAnywhere() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let whole = SpoolEntry.encode(crash("one", size: 300))
        try scratch.makeFolder("spool")
        for length in 0..<whole.count {
            try Data(whole[..<length]).write(to: URL(filePath: scratch.path("spool/\(length)-one.crash")))
        }
        let receiver = Receiver()
        let delivery = await Spool(folder: scratch.path("spool")).deliver(to: receiver)
        #expect(receiver.calls == 0 && delivery.setAside.count == whole.count && delivery.waiting == 0)
        #expect(delivery.setAside.allSatisfy { !$0.reason.isEmpty })
    }

    /// A changed byte is noticed, or changes nothing that the checksum covers, and never crashes.
    @Test func mutatedAnywhere() throws {
        let original = crash("one", size: 300)
        let whole = SpoolEntry.encode(original)
        var random = SplitMix(state: 4)
        for _ in 0..<4000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let decoded = try? SpoolEntry.decode(bytes) { #expect(decoded.payload == original.payload) }
        }
    }

    @Test func foreignFilesAreNotDelivered() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.makeFolder("spool/3-folder.crash")
        try scratch.write("secret", to: "secret")
        symlink(scratch.path("secret"), scratch.path("spool/1-link.crash"))
        mkfifo(scratch.path("spool/2-fifo.crash"), 0o600)
        try scratch.write(#"{"symbolist_spool":2,"id":"x"}"# + "\nlater", to: "spool/4-later.crash")
        try scratch.write("note", to: "spool/README")
        let receiver = Receiver()
        let delivery = await Spool(folder: scratch.path("spool")).deliver(to: receiver)
        #expect(receiver.calls == 0)
        #expect(delivery.setAside.map(\.name) == ["1-link.crash", "2-fifo.crash", "3-folder.crash"])
        #expect(delivery.left.map(\.name) == ["4-later.crash"], "a later release's file is for the later release")
        #expect(scratch.text("secret") == "secret")
    }

    @Test func leftoversOfKilledWritersGo() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.makeFolder("spool")
        for name in [".old.tmp", ".new.tmp"] { try scratch.write("half", to: "spool/\(name)") }
        var times = [timespec(tv_sec: 1000, tv_nsec: 0), timespec(tv_sec: 1000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, scratch.path("spool/.old.tmp"), &times, 0) == 0)
        _ = await Spool(folder: scratch.path("spool")).deliver(to: Receiver())
        #expect(scratch.names("spool") == [".new.tmp"])
    }

    @Test func aFolderThatCannotBeWritten() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        try scratch.write("", to: "file")
        for folder in [scratch.path("file"), scratch.path("file/below"), "/proc/symbolist"] {
            do throws(SpoolError) {
                _ = try Spool(folder: folder).add(crash("one"), at: 1)
                Issue.record("\(folder) took a crash")
            } catch {
                guard case .notWritten = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
    }
}
