import Bytes
import DebugFiles
import JobTable
import Synchronization
import Testing
import Worker

/// Where payloads and results live, and how large they may be.
@Suite(.timeLimit(.minutes(15)))
struct PayloadTests {
    private static let large = Array(
        #"{"exception":{"values":[]},"extra":{"text":"\#(String(repeating: "x", count: 5000))"}}"#.utf8)

    @Test("A large payload and a large result become blobs; the payload's bytes stay the same")
    func largeEvent() async throws {
        var bench = Bench()
        bench.options.inlineLimit = 4096
        await bench.jobs.add(.bytes(Self.large), size: Self.large.count)
        await bench.jobs.add(smallEvent)
        #expect(try await bench.run().complete == 2)
        let row = try #require(await bench.jobs.rows[1])
        #expect(row.payload == .blob(digest: Digest.sha256(Self.large)))
        guard case .blob(let digest)? = row.result?.document else { throw Missing() }
        let document = try await bench.blobs.read(digest, limit: 1 << 20)
        #expect(String(decoding: document, as: UTF8.self).contains(String(repeating: "x", count: 5000)))
        guard case .bytes? = await bench.jobs.rows[2]?.result?.document else { throw Missing() }
        #expect(bench.blobs.state.withLock { $0.blobs.count } == 2)
    }

    @Test("A payload that is a blob already is read from there")
    func blobPayload() async throws {
        let bench = Bench()
        let blob = try await bench.blobs.put(Array(smallEvent.utf8))
        await bench.jobs.add(.blob(digest: blob.digest), size: blob.size)
        #expect(try await bench.run().complete == 1)
        #expect(await bench.jobs.count(of: .move) == 0)
    }

    @Test("An event over the limit ends with that reason, its payload moved to a blob")
    func oversize() async throws {
        var bench = Bench()
        bench.options.maximumEventSize = 1000
        await bench.jobs.add(.bytes(Self.large), size: Self.large.count)
        #expect(try await bench.run().dead == 1)
        let row = try #require(await bench.jobs.rows[1])
        #expect(row.payload == .blob(digest: Digest.sha256(Self.large)))
        #expect(
            row.reason == "the event has \(Self.large.count) bytes, over the limit of 1000 (--max-event-size)")
        #expect(bench.source.asked == 0)
    }

    @Test("A payload too large to be moved is not even loaded, and the reason says so")
    func tooLargeToMove() async throws {
        var bench = Bench()
        bench.options.maximumEventSize = 1000
        bench.options.movableSize = 2000
        await bench.jobs.add(.bytes(Self.large), size: Self.large.count)
        #expect(try await bench.run().dead == 1)
        let row = try #require(await bench.jobs.rows[1])
        #expect(row.payload == .bytes(Self.large))
        #expect(row.reason?.contains("stays in its row, over the 2000 bytes") == true)
        #expect(await bench.jobs.count(of: .payload) == 0)
    }

    @Test("A reference whose size is wrong in the table is measured, not trusted")
    func wrongSize() async throws {
        var bench = Bench()
        bench.options.maximumEventSize = 1000
        let blob = try await bench.blobs.put(Self.large)
        await bench.jobs.add(.blob(digest: blob.digest), size: 0)
        #expect(try await bench.run().dead == 1)
        #expect(await bench.jobs.rows[1]?.reason?.contains("over the limit of 1000") == true)
    }

    @Test("A blob that is not there is tried again, then a dead letter that names it")
    func missingBlob() async throws {
        let bench = Bench()
        let digest = String(repeating: "a", count: 64)
        await bench.jobs.add(.blob(digest: digest), size: 10)
        let totals = try await bench.run()
        #expect(totals.retried == 4)
        #expect(totals.dead == 1)
        #expect(await bench.jobs.rows[1]?.reason?.contains(digest) == true)
    }

    private struct Missing: Error {}
}
