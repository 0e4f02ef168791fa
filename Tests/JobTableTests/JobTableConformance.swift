import Foundation
import JobTable
import Testing

/// What every job table must do. Parts: intake and questions here, leases in `ConformanceOfLeases`, late symbols in
/// `ConformanceOfLateSymbols`, the public SQL in `ConformanceOfPublicSQL`.
@Suite(.temporaryFolder) struct JobTableConformance {
    @Test(arguments: Implementation.all)
    func payloadsComeBackByteForByte(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let everyByte = Array(UInt8.min...UInt8.max)
        let payloads: [NewRawEvent.Payload] = [
            .bytes(everyByte + everyByte.reversed()), .bytes([]), .bytes([0]), .bytes([0xff, 0xfe, 0x00, 0xc3]),
            .text(""),
            .text("{\"a\": \"ä\u{1f600}\"}\r\n"), .text("a\0b\0"), .text("\u{feff}x"), .text("e\u{301}"),
        ]
        for payload in payloads {
            let expected: [UInt8] =
                switch payload {
                case .text(let text): Array(text.utf8)
                case .bytes(let bytes): bytes
                case .blob: []
                }
            let id = try await bed.table.enqueue(NewRawEvent(payload: payload)).id
            #expect(try await bed.table.payload(of: id, limit: 1 << 20) == .bytes(expected))
            #expect(try await bed.table.event(id)?.summary.payloadSize == expected.count)
            let job = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(60)).first)
            #expect(job.eventID == id)
            #expect(job.payloadSize == expected.count)
        }
    }

    @Test(arguments: Implementation.all)
    func aPayloadOverTheLimitIsNotLoaded(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let id = try await table.enqueue(NewRawEvent(payload: .bytes([UInt8](repeating: 1, count: 1000)))).id
        await #expect(throws: JobTableError.payloadTooLarge(size: 1000, limit: 999)) {
            try await table.payload(of: id, limit: 999)
        }
        #expect(try await table.payload(of: id, limit: 1000) == .bytes([UInt8](repeating: 1, count: 1000)))
        await #expect(throws: JobTableError.noSuchEvent(id + 1)) { try await table.payload(of: id + 1, limit: 1) }
    }

    @Test(arguments: Implementation.all)
    func anEventKeepsWhatCameWithIt(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let digest = String(repeating: "0a", count: 32)
        let added = try await table.enqueue([
            NewRawEvent(payload: .text("x"), project: "shop", context: "{\"release\": \"1.0\"}", priority: -3),
            NewRawEvent(payload: .blob(digest: digest, size: 5_000_000)),
        ])
        #expect(added.map(\.isDuplicate) == [false, false])
        let jobs = try await table.lease(limit: 10, owner: "host:1", duration: .seconds(60))
        #expect(jobs.map(\.eventID) == [added[1].id, added[0].id])
        #expect(jobs[1].project == "shop" && jobs[1].context == "{\"release\": \"1.0\"}" && jobs[1].priority == -3)
        #expect(jobs[1].payload == .row && jobs[1].attempts == 1)
        #expect(jobs[0].project == "default" && jobs[0].context == nil)
        #expect(jobs[0].payload == .blob(digest: digest) && jobs[0].payloadSize == 5_000_000)
        #expect(try await table.payload(of: added[1].id, limit: 1) == .blob(digest: digest))
        #expect(abs(jobs[0].createdAt.timeIntervalSinceNow) < 3600)
    }

    @Test(arguments: Implementation.all)
    func aDedupKeyIsUniqueInItsProject(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let first = try await table.enqueue(NewRawEvent(payload: .text("1"), dedupKey: "k"))
        let again = try await table.enqueue(NewRawEvent(payload: .text("2"), dedupKey: "k"))
        let other = try await table.enqueue(NewRawEvent(payload: .text("3"), project: "p", dedupKey: "k"))
        #expect(again == EnqueuedEvent(id: first.id, isDuplicate: true))
        #expect(!other.isDuplicate && other.id != first.id)
        let batch = try await table.enqueue((0..<3).map { NewRawEvent(payload: .text("\($0)"), dedupKey: "b") })
        #expect(batch.map(\.isDuplicate) == [false, true, true])
        #expect(Set(batch.map(\.id)).count == 1)
        #expect(try await table.payload(of: first.id, limit: 10) == .bytes(Array("1".utf8)))
        #expect(try await table.pendingCounts().ready == 3)
    }

    @Test(arguments: Implementation.all)
    func whatBreaksTheContractIsRefusedWhole(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let wrong = [
            NewRawEvent(payload: .text("x"), project: ""),
            NewRawEvent(payload: .text("x"), project: String(repeating: "p", count: 65)),
            NewRawEvent(payload: .text("x"), project: "a\0b"),
            NewRawEvent(payload: .text("x"), dedupKey: ""),
            NewRawEvent(payload: .text("x"), dedupKey: "a\0b"),
            NewRawEvent(payload: .text("x"), context: "{"),
            NewRawEvent(payload: .text("x"), context: "[1]"),
            NewRawEvent(payload: .blob(digest: "../../etc/passwd", size: 1)),
            NewRawEvent(payload: .blob(digest: String(repeating: "A", count: 64), size: 1)),
        ]
        for event in wrong {
            let error = await #expect(throws: JobTableError.self) {
                try await table.enqueue([NewRawEvent(payload: .text("right")), event])
            }
            guard case .rejected = error else {
                Issue.record("\(event): \(String(describing: error))")
                continue
            }
        }
        #expect(try await table.enqueue([]).isEmpty)
        #expect(try await table.events(EventFilter()).isEmpty)
    }

    @Test(arguments: Implementation.all)
    func eventsAreListedAndFiltered(_ implementation: Implementation) async throws {
        // A pause that no slow machine outlasts: the event has to be seen backing off.
        let bed = try await implementation.bed(JobTablePolicy(backoffBase: .seconds(500)))
        let table = bed.table
        let ids = try await table.enqueue(
            (0..<6).map { NewRawEvent(payload: .text("\($0)"), project: $0 < 3 ? "p" : "q") }
        )
        .map(\.id)
        let jobs = try await table.lease(limit: 4, owner: "a", duration: .seconds(600))
        var result = EnrichedResult.sample("{\"n\": 1e400}")
        (result.title, result.release, result.environment) = ("Index out of\0range", "1.0", "test")
        result.eventUUID = "0123456789abcdef0123456789abcdef"
        #expect(try await table.complete(jobs[0], with: result))
        result.status = .partial
        #expect(try await table.complete(jobs[1], with: result))
        #expect(try await table.deadLetter(jobs[2], reason: "not a crash report"))
        #expect(try await table.retryLater(jobs[3], reason: "store unreachable") != .leaseLost)

        func list(_ filter: EventFilter) async throws -> [Int64] { try await table.events(filter).map(\.id) }
        #expect(try await list(EventFilter()) == ids.reversed())
        #expect(try await list(EventFilter(project: "p")) == [ids[2], ids[1], ids[0]])
        #expect(try await list(EventFilter(state: .ready)) == [ids[5], ids[4]])
        #expect(try await list(EventFilter(state: .backingOff)) == [ids[3]])
        #expect(try await list(EventFilter(state: .leased)) == [])
        #expect(try await list(EventFilter(state: .done)) == [ids[1], ids[0]])
        #expect(try await list(EventFilter(state: .dead)) == [ids[2]])
        #expect(try await list(EventFilter(status: .partial)) == [ids[1]])
        #expect(try await list(EventFilter(status: .complete, release: "1.0", environment: "test")) == [ids[0]])
        #expect(try await list(EventFilter(release: "1.1")) == [])
        #expect(try await list(EventFilter(eventUUID: "0123456789abcdef0123456789abcdef")) == [ids[1], ids[0]])
        #expect(try await list(EventFilter(createdSince: Date(timeIntervalSinceNow: 3600))) == [])
        #expect(try await list(EventFilter(createdSince: Date(timeIntervalSinceNow: -3600))).count == 6)
        #expect(try await list(EventFilter(beforeID: ids[4], limit: 2)) == [ids[3], ids[2]])
        #expect(try await list(EventFilter(limit: -1)) == [])

        let record = try #require(try await table.event(ids[0]))
        #expect(record.document == .bytes(Array("{\"n\": 1e400}".utf8)))
        #expect(record.summary.result?.title == "Index out of\u{fffd}range")
        #expect(record.summary.result?.revision == 1 && record.summary.state == .done && record.summary.attempts == 0)
        #expect(try await table.event(ids[2])?.summary.reason == "not a crash report")
        #expect(try await table.event(ids[3])?.summary.reason == "store unreachable")
        #expect(try await table.event(ids[5])?.document == nil)
        #expect(try await table.event(ids[5] + 1) == nil)
        #expect(try await table.pendingCounts() == PendingCounts(ready: 2, backingOff: 1, leased: 0))
        #expect(try await table.finishedCounts() == FinishedCounts(done: 2, dead: 1))
    }

    @Test(arguments: Implementation.all)
    func rawAndResultGoTogether(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let job = try #require(try await bed.table.leased().first)
        let awaited = [AwaitedID(kind: "build_id", id: "aa", lacks: .object)]
        #expect(try await bed.table.complete(job, with: .sample(awaited: awaited)))
        #expect(try await bed.rowCount(of: job.eventID) == 4)
        try await bed.remove(job.eventID)
        #expect(try await bed.rowCount(of: job.eventID) == 0)
        #expect(
            try await bed.table.enqueue(NewRawEvent(payload: .text("x"))).id > job.eventID, "ids are never used twice")
    }
}
