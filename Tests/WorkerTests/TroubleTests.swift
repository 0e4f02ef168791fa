import JobTable
import ServiceLifecycleTestKit
import Testing
import Worker

/// Failures of what every event needs, and of what only one does.
@Suite(.timeLimit(.minutes(15)))
struct TroubleTests {
    @Test("An outage of the debug files costs no event an attempt, however long it lasts")
    func storeOutage() async throws {
        try await testGracefulShutdown { trigger in
            let probes = Counter()
            let source = ScriptedSource(
                ask: { (_) throws(EnrichmentError) in
                    if probes.value < 12 { throw .unavailable("the catalogue is locked") }
                },
                check: { () throws(EnrichmentError) in
                    if probes.next() <= 12 { throw .unavailable("the catalogue is locked") }
                })
            var bench = Bench(
                MemoryJobTable { call, _, _ in
                    if call == .wait { trigger.triggerGracefulShutdown() }
                    return nil
                }, source: source)
            bench.options.untilEmpty = false
            for _ in 1...3 { await bench.jobs.add(missingEvent) }
            let totals = try await bench.run()
            #expect(totals.partial == 3)
            #expect(totals.dead == 0)
            #expect(totals.retried == 0)
            #expect(totals.released == 36)
            #expect(await bench.jobs.rows.values.allSatisfy { $0.attempts == 1 && $0.state == .done })
            // The pauses grow up to their limit.
            let pauses = bench.log.lines.compactMap { $0.metadata["retry_after"] }
            #expect(pauses.count == 12)
            #expect(Array(pauses.prefix(4)) == [1, 2, 4, 4].map { "\(Duration.milliseconds($0))" })
        }
    }

    @Test("A failure that a probe does not confirm is the event's own and ends with its attempts")
    func poison() async throws {
        let bench = Bench(
            source: ScriptedSource(ask: { (_) throws(EnrichmentError) in throw .unavailable("pack ab is damaged") }))
        await bench.jobs.add(missingEvent)
        await bench.jobs.add(smallEvent)
        let totals = try await bench.run()
        #expect(totals.dead == 2)
        #expect(totals.retried == 8)
        #expect(totals.released == 0)
        #expect(await bench.jobs.rows[1]?.reason == "pack ab is damaged")
    }

    @Test("Until empty, an outage ends the worker with nothing held")
    func outageUntilEmpty() async throws {
        let bench = Bench(
            source: ScriptedSource(
                ask: { (number) throws(EnrichmentError) in if number == 2 { throw .unavailable("gone") } },
                check: { () throws(EnrichmentError) in throw .unavailable("gone") }))
        for _ in 1...4 { await bench.jobs.add(missingEvent) }
        await #expect(throws: Trouble.store("gone")) { try await bench.run() }
        #expect(await bench.jobs.states() == [.done, .ready, .ready, .ready])
        #expect(await bench.jobs.rows[2]?.attempts == 0)
    }

    @Test("A store that takes no blobs is an outage; the large event waits for it")
    func fullStore() async throws {
        let jobs = MemoryJobTable()
        var bench = Bench(jobs)
        bench.options.inlineLimit = 10
        bench.blobs.setOut(true)
        await jobs.add(smallEvent)
        let full = bench
        await #expect(throws: Trouble.self) { try await full.run() }
        #expect(await jobs.states() == [.ready])
        bench.blobs.setOut(false)
        #expect(try await bench.run().complete == 1)
        #expect(await jobs.rows[1]?.attempts == 1)
    }

    @Test("The table fails for one event of a batch: the others' results stand, nothing is left held")
    func oneCompletionFails() async throws {
        let failures = Counter()
        let bench = Bench(
            MemoryJobTable { call, id, _ in
                call == .complete && id == 2 && failures.next() == 1 ? .unavailable("locked") : nil
            })
        for _ in 1...4 { await bench.jobs.add(smallEvent) }
        await #expect(throws: Trouble.jobTable(.unavailable("locked"))) { try await bench.run() }
        #expect(await bench.jobs.states() == [.done, .ready, .ready, .ready])
        #expect(bench.log.batches.map { $0.metadata["complete"] } == ["1"])
        #expect(bench.log.batches.map { $0.metadata["released"] } == ["3"])
        #expect(try await bench.run().complete == 3)
    }

    @Test("What cannot be released while the table is out is released when it is back, also at the end")
    func lateRelease() async throws {
        for failing in [2, 3] {
            try await testGracefulShutdown { trigger in
                let releases = Counter()
                let completions = Counter()
                var bench = Bench(
                    MemoryJobTable { call, _, _ in
                        switch call {
                        case .complete where completions.next() == 1: return .storageFull("quota")
                        case .release where releases.next() < failing: return .unavailable("locked")
                        case .wait:
                            trigger.triggerGracefulShutdown()
                            return nil
                        default: return nil
                        }
                    })
                bench.options.untilEmpty = false
                for _ in 1...2 { await bench.jobs.add(smallEvent) }
                let totals = try await bench.run()
                #expect(totals.complete == 2)
                #expect(await bench.jobs.states() == [.done, .done])
                #expect(await bench.jobs.rows.values.allSatisfy { $0.attempts == 1 })
            }
        }
    }

    @Test("Until empty, the release that failed is tried once more before the worker ends")
    func lastRelease() async throws {
        let releases = Counter()
        let bench = Bench(
            MemoryJobTable { call, _, _ in
                switch call {
                case .complete: .unavailable("locked")
                case .release where releases.next() == 1: .unavailable("locked")
                default: nil
                }
            })
        await bench.jobs.add(smallEvent)
        await #expect(throws: Trouble.self) { try await bench.run() }
        #expect(await bench.jobs.states() == [.ready])
        #expect(await bench.jobs.rows[1]?.attempts == 0)
    }

    @Test("A result that the table refuses is tried again and ends as a dead letter; the worker goes on")
    func refusedResult() async throws {
        for error in [JobTableError.rejected("constraint"), .failed("cannot encode")] {
            let bench = Bench(MemoryJobTable { call, id, _ in call == .complete && id == 1 ? error : nil })
            await bench.jobs.add(smallEvent)
            await bench.jobs.add(smallEvent)
            let totals = try await bench.run()
            #expect(totals.complete == 1)
            #expect(totals.retried == 4)
            #expect(totals.dead == 1)
            #expect(await bench.jobs.rows[1]?.reason == error.description)
        }
    }

    @Test("A damaged table ends the worker with its error and without a pause")
    func damagedTable() async throws {
        var bench = Bench(MemoryJobTable { call, _, _ in call == .lease ? .failed("malformed image") : nil })
        bench.options.untilEmpty = false
        bench.options.firstPause = .seconds(3600)
        let damaged = bench
        await #expect(throws: Trouble.jobTable(.failed("malformed image"))) { try await damaged.run() }
    }

    @Test("An event that retention removes meanwhile is given up")
    func removed() async throws {
        let bench = Bench(
            MemoryJobTable { call, id, jobs in
                if call == .payload, let id { await jobs.remove(id) }
                return nil
            })
        await bench.jobs.add(smallEvent)
        #expect(try await bench.run().givenUp == 1)
    }
}
