import Foundation
import JobTable
import Testing

@Suite(.temporaryFolder) struct ConformanceOfLeases {
    @Test(arguments: Implementation.all)
    func priorityFirstThenTheOldest(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let ids = try await table.enqueue([0, 5, 0, -1, 5, 9].map { NewRawEvent(payload: .text("x"), priority: $0) })
            .map(\.id)
        var order: [Int64] = []
        for _ in 0..<3 {
            order += try await table.lease(limit: 2, owner: "a", duration: .seconds(600)).map(\.eventID)
        }
        #expect(order == [5, 1, 4, 0, 2, 3].map { ids[$0] })
        #expect(try await table.lease(limit: 2, owner: "a", duration: .seconds(600)).isEmpty)
        #expect(try await table.lease(limit: 0, owner: "a", duration: .seconds(600)).isEmpty)
        #expect(try await table.lease(limit: -1, owner: "a", duration: .seconds(600)).isEmpty)
    }

    @Test(arguments: Implementation.all)
    func twoWorkersNeverHoldOneEvent(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let count = 300
        let ids = try await bed.table.enqueue((0..<count).map { NewRawEvent(payload: .text("\($0)")) }).map(\.id)
        let tables = [bed.table, try await bed.another(), try await bed.another()]
        let leased = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for worker in 0..<9 {
                group.addTask {
                    let table = tables[worker % tables.count]
                    var mine: [Int64] = []
                    while true {
                        let jobs = try await table.lease(limit: 7, owner: "\(worker)", duration: .seconds(600))
                        if jobs.isEmpty { return mine }
                        for job in jobs {
                            guard try await table.complete(job, with: .sample("\(job.eventID)")) else { continue }
                            mine.append(job.eventID)
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(leased.sorted() == ids)
        #expect(try await bed.table.finishedCounts() == FinishedCounts(done: count, dead: 0))
        for id in ids.prefix(20) {
            #expect(try await bed.table.event(id)?.document == .bytes(Array("\(id)".utf8)))
            #expect(try await bed.table.event(id)?.summary.result?.revision == 1)
        }
    }

    /// A worker that was stopped for longer than its lease and goes on as if nothing had happened.
    @Test(arguments: Implementation.all)
    func aLostLeaseWritesNothing(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let (slow, quick) = (bed.table, try await bed.another())
        let old = try #require(try await slow.leased().first)
        #expect(try await quick.lease(limit: 1, owner: "b", duration: .seconds(600)).isEmpty)
        try await bed.expireLeases()
        let new = try #require(try await quick.lease(limit: 1, owner: "b", duration: .seconds(600)).first)
        #expect(new.eventID == old.eventID && new.token != old.token && new.attempts == 2)

        let awaited = [AwaitedID(kind: "build_id", id: "aa", lacks: .object)]
        #expect(try await !slow.complete(old, with: .sample("old", awaited: awaited)))
        #expect(try await slow.retryLater(old, reason: "old") == .leaseLost)
        #expect(try await !slow.deadLetter(old, reason: "old"))
        #expect(try await !slow.moveLargePayload(of: old, toBlob: String(repeating: "a", count: 64)))
        #expect(try await slow.heartbeat([old], duration: .seconds(60)).isEmpty)
        try await slow.release([old])
        #expect(try await bed.rowCount(of: old.eventID) == 2)
        #expect(try await bed.table.event(old.eventID)?.summary.state == .leased)

        #expect(try await quick.heartbeat([old, new], duration: .seconds(60)) == [new])
        #expect(try await quick.complete(new, with: .sample("new")))
        #expect(try await !slow.complete(old, with: .sample("old")))
        #expect(try await !quick.complete(new, with: .sample("twice")))
        #expect(try await bed.table.event(old.eventID)?.document == .bytes(Array("new".utf8)))
    }

    /// Nobody else took the event: the late worker's result is as good as any.
    @Test(arguments: Implementation.all)
    func anExpiredLeaseCountsWhileNobodyElseHasIt(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let jobs = try await bed.table.leased(2)
        try await bed.expireLeases()
        #expect(try await bed.table.heartbeat([jobs[0]], duration: .seconds(600)) == [jobs[0]])
        #expect(try await bed.table.complete(jobs[1], with: .sample()))
        #expect(try await bed.table.lease(limit: 2, owner: "b", duration: .seconds(60)).isEmpty)
    }

    @Test(arguments: Implementation.all)
    func anEventThatKillsItsWorkersBecomesADeadLetter(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed(JobTablePolicy(maximumAttempts: 3))
        let id = try await bed.table.enqueue(NewRawEvent(payload: .text("poison"))).id
        for attempt in 1...3 {
            let jobs = try await bed.table.lease(limit: 1, owner: "host:\(attempt)", duration: .seconds(600))
            #expect(jobs.map(\.attempts) == [attempt])
            try await bed.expireLeases()
        }
        #expect(try await bed.table.lease(limit: 1, owner: "d", duration: .seconds(600)).isEmpty)
        let dead = try #require(try await bed.table.event(id))
        #expect(dead.summary.state == .dead && dead.summary.attempts == 3)
        #expect(dead.summary.reason?.contains("after 3 attempts") == true)
        #expect(dead.summary.reason?.contains("host:3") == true)
        #expect(try await bed.table.payload(of: id, limit: 100) == .bytes(Array("poison".utf8)))
        #expect(try await bed.table.pendingCounts().isEmpty)

        #expect(try await bed.table.retry(id))
        #expect(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(600)).map(\.attempts) == [1])
    }

    @Test(arguments: Implementation.all)
    func retriesBackOffAndEnd(_ implementation: Implementation) async throws {
        let policy = JobTablePolicy(maximumAttempts: 3, backoffBase: .seconds(100), backoffFactor: 10)
        let bed = try await implementation.bed(policy)
        let id = try await bed.table.enqueue(NewRawEvent(payload: .text("x"))).id
        for longest in [100, 600] {
            let job = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(600)).first)
            guard case .scheduled(let pause) = try await bed.table.retryLater(job, reason: "later") else {
                Issue.record("not scheduled")
                return
            }
            #expect(pause >= .seconds(longest / 2) && pause <= .seconds(longest))
            #expect(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(600)).isEmpty)
            #expect(try await bed.table.pendingCounts() == PendingCounts(ready: 0, backingOff: 1, leased: 0))
            try await bed.endPauses()
        }
        let job = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(600)).first)
        #expect(try await bed.table.retryLater(job, reason: "the store is gone") == .deadLettered)
        #expect(try await bed.table.event(id)?.summary.reason == "given up after 3 attempts: the store is gone")
    }

    @Test func pausesGrowWithinTheirBounds() {
        let policy = JobTablePolicy()
        #expect(
            (1...8).map { policy.pause(after: $0, jitter: 1) }
                == [1, 4, 16, 64, 256, 600, 600, 600].map { .seconds($0) })
        #expect(policy.pause(after: 2, jitter: 0) == .seconds(2))
        #expect(policy.pause(after: .max, jitter: 7) == .seconds(600))
        #expect(policy.pause(after: -1, jitter: -1) == .milliseconds(500))
        #expect(JobTablePolicy(backoffFactor: 0).pause(after: 9, jitter: 1) == .seconds(1))
    }

    @Test(arguments: Implementation.all)
    func aReleasedEventCountsNoAttemptAndKeepsItsPlace(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let jobs = try await table.leased(3)
        try await table.release([jobs[1], jobs[0]])
        try await table.release([])
        let again = try await table.lease(limit: 5, owner: "b", duration: .seconds(600))
        #expect(again.map(\.eventID) == [jobs[0].eventID, jobs[1].eventID])
        #expect(again.map(\.attempts) == [1, 1])
    }

    @Test(arguments: Implementation.all)
    func retryByHand(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed(JobTablePolicy(backoffBase: .seconds(500)))
        let jobs = try await bed.table.leased(4)
        #expect(try await bed.table.complete(jobs[0], with: .sample("1")))
        #expect(try await bed.table.deadLetter(jobs[1], reason: "bad"))
        _ = try await bed.table.retryLater(jobs[2], reason: "later")
        for (job, expected) in zip(jobs, [true, true, true, false]) {
            #expect(try await bed.table.retry(job.eventID) == expected)
        }
        #expect(try await !bed.table.retry(jobs[0].eventID), "ready anyway")
        #expect(try await !bed.table.retry(jobs[3].eventID + 1))
        let again = try await bed.table.lease(limit: 5, owner: "a", duration: .seconds(600))
        #expect(again.count == 3 && again.allSatisfy { $0.attempts == 1 })
        // The old result stays readable until it is replaced.
        #expect(try await bed.table.event(jobs[0].eventID)?.document == .bytes(Array("1".utf8)))
        let first = try #require(again.first { $0.eventID == jobs[0].eventID })
        #expect(try await bed.table.complete(first, with: .sample("2")))
        let record = try #require(try await bed.table.event(jobs[0].eventID))
        #expect(record.document == .bytes(Array("2".utf8)) && record.summary.result?.revision == 2)
    }

    @Test(arguments: Implementation.all)
    func aLargePayloadMovesOnce(_ implementation: Implementation) async throws {
        let table = try await implementation.bed().table
        let job = try #require(try await table.leased().first)
        let digest = String(repeating: "0123456789abcdef", count: 4)
        await #expect(throws: JobTableError.self) { try await table.moveLargePayload(of: job, toBlob: "no digest") }
        #expect(try await table.moveLargePayload(of: job, toBlob: digest))
        #expect(try await !table.moveLargePayload(of: job, toBlob: digest))
        #expect(try await table.payload(of: job.eventID, limit: 0) == .blob(digest: digest))
        let record = try #require(try await table.event(job.eventID))
        #expect(record.payload == .blob(digest: digest) && record.summary.payloadSize == job.payloadSize)
        var result = EnrichedResult.sample()
        result.document = .blob(digest: digest)
        #expect(try await table.complete(job, with: result))
        #expect(try await table.event(job.eventID)?.document == .blob(digest: digest))
    }

    @Test(arguments: Implementation.all)
    func waitingEndsWithWork(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed(JobTablePolicy(backoffBase: .milliseconds(200)))
        let bound = Duration.seconds(60)
        #expect(try await !bed.table.waitForWork(timeout: .milliseconds(100)))
        #expect(try await !bed.table.waitForWork(timeout: .zero))

        let other = try await bed.another()
        async let woken = bed.table.waitForWork(timeout: bound)
        _ = try await other.enqueue(NewRawEvent(payload: .text("x")))
        #expect(try await woken)

        // A pause that ends and a lease that expires come without any commit.
        let job = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: bound).first)
        _ = try await bed.table.retryLater(job, reason: "later")
        #expect(try await bed.table.waitForWork(timeout: bound))
        #expect(try await bed.table.lease(limit: 1, owner: "a", duration: .milliseconds(200)).count == 1)
        #expect(try await bed.table.waitForWork(timeout: bound))
        #expect(try await bed.table.lease(limit: 1, owner: "b", duration: bound).map(\.attempts) == [3])

        let waiting = Task { try await bed.table.waitForWork(timeout: bound) }
        waiting.cancel()
        #expect(try await !waiting.value)
    }
}
