import JobTable
import Testing

/// One deterministic run of uploads and workers over a job table, a step at a time.
struct Interleaving {
    /// A worker between two of its steps: it holds a job, has read the sequence, has looked.
    private struct Work {
        var job: LeasedJob
        var sequence: Int64?
        var awaited: [AwaitedID]?
    }

    let bed: any JobTableBed
    /// Which ids each event needs, whatever is there.
    private(set) var needs: [Int64: [String]] = [:]
    /// How often a completion left its event ready because an upload had come between.
    private(set) var rewoken = 0
    private var working: [Work] = []

    private static let projects = ["default", "shop"]
    private static let ids = (0..<40).map { "id\($0)" }

    init(bed: any JobTableBed) { self.bed = bed }

    mutating func addEvent(_ random: inout SplitMix) async throws {
        let project = Self.projects.randomElement(using: &random) ?? "default"
        let id = try await bed.table.enqueue(NewRawEvent(payload: .text("x"), project: project)).id
        needs[id] = Array(Self.ids.shuffled(using: &random).prefix(Int.random(in: 1...4, using: &random)))
    }

    /// Something happens: an upload, or one step of one worker.
    mutating func step(_ random: inout SplitMix) async throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 6:
            let project = Self.projects.randomElement(using: &random) ?? "default"
            let id = Self.ids.randomElement(using: &random) ?? ""
            try await bed.recordChange(project: project, kind: "build_id", id: id)
        case 1:
            try await addEvent(&random)
        case 2, 3, 4:
            let limit = Int.random(in: 1...3, using: &random)
            working += try await bed.table.lease(limit: limit, owner: "w", duration: .seconds(600)).map {
                Work(job: $0)
            }
        case 5 where !working.isEmpty:
            let lost = working.remove(at: Int.random(in: 0..<working.count, using: &random))
            try await bed.table.release([lost.job])
        default:
            guard !working.isEmpty else { return }
            try await advance(Int.random(in: 0..<working.count, using: &random))
        }
    }

    /// Finishes everything that is begun and everything that is ready.
    mutating func drain() async throws {
        repeat {
            while !working.isEmpty { try await advance(working.count - 1) }
            working = try await bed.table.lease(limit: 10, owner: "w", duration: .seconds(600)).map { Work(job: $0) }
        } while !working.isEmpty
    }

    private mutating func advance(_ index: Int) async throws {
        var work = working[index]
        if work.sequence == nil {
            work.sequence = try await bed.table.catalogueSequence()
        } else if work.awaited == nil {
            let visible = try await bed.changes().filter { $0.project == work.job.project || $0.project == "default" }
            let present = Set(visible.map(\.id))
            work.awaited = (needs[work.job.eventID] ?? []).filter { !present.contains($0) }
                .map { AwaitedID(kind: "build_id", id: $0, lacks: .object) }
        } else {
            working.remove(at: index)
            let result = EnrichedResult.sample(awaited: work.awaited ?? [], sequence: work.sequence ?? 0)
            #expect(try await bed.table.complete(work.job, with: result))
            if try await bed.table.event(work.job.eventID)?.summary.state == .ready { rewoken += 1 }
            return
        }
        working[index] = work
    }

    /// The promise itself.
    func checkNobodyWaitsForWhatIsThere() async throws {
        let changes = try await bed.changes()
        for id in needs.keys {
            let record = try #require(try await bed.table.event(id))
            guard record.summary.state == .done else { continue }
            for awaited in record.awaited {
                let late = changes.filter { change in
                    change.kind == awaited.kind && change.id == awaited.id
                        && (change.project == record.summary.project || change.project == "default")
                        && change.sequence > record.catalogueSequence ?? 0
                }
                #expect(late.isEmpty, "event \(id) waits for \(awaited.id), which is there")
            }
        }
    }
}
