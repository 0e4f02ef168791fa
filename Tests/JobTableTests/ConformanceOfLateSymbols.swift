import Foundation
import JobTable
import Testing

/// No order of an upload and of a completion leaves an event waiting for an id that the catalogue has.
@Suite(.temporaryFolder) struct ConformanceOfLateSymbols {
    private let awaited = [
        AwaitedID(kind: "build_id", id: "aa", lacks: .object), AwaitedID(kind: "build_id", id: "bb", lacks: .sources),
        AwaitedID(kind: "build_id", id: "bb", lacks: .object),
    ]

    @Test(arguments: Implementation.all)
    func anUploadAfterTheCompletionWakesTheEvent(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let jobs = try await bed.table.leased(2)
        let sequence = try await bed.table.catalogueSequence()
        #expect(try await bed.table.complete(jobs[0], with: .sample(awaited: awaited, sequence: sequence)))
        #expect(try await bed.table.complete(jobs[1], with: .sample(sequence: sequence)))
        #expect(try await bed.table.pendingCounts().isEmpty)
        #expect(try await bed.table.event(jobs[0].eventID)?.awaited == Array(awaited.prefix(2)))
        try await bed.recordChange(project: "default", kind: "build_id", id: "cc")
        try await bed.recordChange(project: "default", kind: "debug_id", id: "aa")
        #expect(try await bed.table.pendingCounts().isEmpty, "nobody waits for these")
        try await bed.recordChange(project: "default", kind: "build_id", id: "bb")
        #expect(try await bed.table.pendingCounts().ready == 1)
        let again = try #require(try await bed.table.lease(limit: 5, owner: "a", duration: .seconds(60)).first)
        #expect(again.eventID == jobs[0].eventID && again.attempts == 1)
        let seen = try await bed.table.catalogueSequence()
        #expect(try await bed.table.complete(again, with: .sample(awaited: [awaited[0]], sequence: seen)))
        let record = try #require(try await bed.table.event(again.eventID))
        #expect(record.summary.state == .done && record.awaited == [awaited[0]] && record.catalogueSequence == seen)
    }

    @Test(arguments: Implementation.all)
    func anUploadBetweenTheLookAndTheCompletionLeavesTheEventReady(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let job = try #require(try await bed.table.leased().first)
        let sequence = try await bed.table.catalogueSequence()
        try await bed.recordChange(project: "default", kind: "build_id", id: "aa")
        #expect(try await bed.table.event(job.eventID)?.summary.state == .leased)
        #expect(try await bed.table.complete(job, with: .sample("kept", awaited: awaited, sequence: sequence)))
        let record = try #require(try await bed.table.event(job.eventID))
        #expect(record.summary.state == .ready && record.document == .bytes(Array("kept".utf8)))
        let again = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(60)).first)
        let seen = try await bed.table.catalogueSequence()
        #expect(try await bed.table.complete(again, with: .sample(awaited: awaited, sequence: seen)))
        #expect(try await bed.table.event(job.eventID)?.summary.state == .done, "what was seen does not wake again")
    }

    @Test(arguments: Implementation.all)
    func anUploadDuringTheSecondRunIsNotLost(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let job = try #require(try await bed.table.leased().first)
        #expect(try await bed.table.complete(job, with: .sample(awaited: awaited, sequence: 0)))
        try await bed.recordChange(project: "default", kind: "build_id", id: "aa")
        let second = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(60)).first)
        let sequence = try await bed.table.catalogueSequence()
        try await bed.recordChange(project: "default", kind: "build_id", id: "bb")
        #expect(try await bed.table.complete(second, with: .sample(awaited: [awaited[1]], sequence: sequence)))
        #expect(try await bed.table.pendingCounts().ready == 1)
    }

    @Test(arguments: Implementation.all)
    func anEventSeesItsOwnProjectsUploadsAndTheDefaultOnes(_ implementation: Implementation) async throws {
        for (upload, expected) in [("default", 2), ("shop", 1), ("other", 0)] {
            for before in [true, false] {
                let bed = try await implementation.bed()
                _ = try await bed.table.enqueue(NewRawEvent(payload: .text("x"), project: "shop"))
                _ = try await bed.table.enqueue(NewRawEvent(payload: .text("x")))
                let jobs = try await bed.table.lease(limit: 2, owner: "a", duration: .seconds(600))
                #expect(jobs.map(\.project) == ["shop", "default"])
                let sequence = try await bed.table.catalogueSequence()
                if before { try await bed.recordChange(project: upload, kind: "build_id", id: "aa") }
                for job in jobs {
                    #expect(try await bed.table.complete(job, with: .sample(awaited: awaited, sequence: sequence)))
                }
                if !before { try await bed.recordChange(project: upload, kind: "build_id", id: "aa") }
                #expect(try await bed.table.pendingCounts().ready == expected, "\(upload), before: \(before)")
            }
        }
    }

    /// Many uploads and many workers' steps in random orders: on the way, and in the end, nobody waits for what is
    /// there.
    @Test(arguments: Implementation.all, [1, 2, 3, 4, 5, 6] as [UInt64])
    func randomInterleavings(_ implementation: Implementation, seed: UInt64) async throws {
        let bed = try await implementation.bed(JobTablePolicy(maximumAttempts: 1000))
        var random = SplitMix(seed: seed)
        var model = Interleaving(bed: bed)
        for _ in 0..<12 { try await model.addEvent(&random) }
        for number in 0..<500 {
            try await model.step(&random)
            if number.isMultiple(of: 8) { try await model.checkNobodyWaitsForWhatIsThere() }
        }
        try await model.drain()
        try await model.checkNobodyWaitsForWhatIsThere()
        #expect(try await bed.table.finishedCounts() == FinishedCounts(done: model.needs.count, dead: 0))
        #expect(model.rewoken > 0, "the run never met the case it is for")
    }

    /// The same with tasks that really run at once, each with connections of its own.
    @Test(arguments: Implementation.all)
    func simultaneousUploadsAndWorkers(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed(JobTablePolicy(maximumAttempts: 1000))
        let ids = (0..<40).map { "id\($0)" }
        let events = try await bed.table.enqueue((0..<120).map { NewRawEvent(payload: .text("\($0)")) }).map(\.id)
        let tables = [bed.table, try await bed.another()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for id in ids {
                    try await bed.recordChange(project: "default", kind: "build_id", id: id)
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            for worker in 0..<4 {
                group.addTask { try await Self.work(tables[worker % 2], bed: bed, ids: ids) }
            }
            try await group.waitForAll()
        }
        try await Self.work(bed.table, bed: bed, ids: ids)
        #expect(try await bed.table.finishedCounts().done == events.count)
        for id in events { #expect(try await bed.table.event(id)?.awaited == []) }
    }

    private static func work(_ table: any JobTable, bed: any JobTableBed, ids: [String]) async throws {
        while true {
            let jobs = try await table.lease(limit: 5, owner: "w", duration: .seconds(600))
            if jobs.isEmpty {
                let everythingIsThere = try await bed.changes().count == ids.count
                let pending = try await table.pendingCounts()
                if everythingIsThere, pending.isEmpty { return }
                _ = try await table.waitForWork(timeout: .milliseconds(50))
            }
            for job in jobs {
                let sequence = try await table.catalogueSequence()
                let present = Set(try await bed.changes().map(\.id))
                let wanted = (0..<4).map { ids[(Int(job.eventID) * 7 + $0 * 11) % ids.count] }
                let missing = wanted.filter { !present.contains($0) }
                let result = EnrichedResult.sample(
                    awaited: missing.map { AwaitedID(kind: "build_id", id: $0, lacks: .object) }, sequence: sequence)
                _ = try await table.complete(job, with: result)
            }
        }
    }
}
