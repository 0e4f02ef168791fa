import JobTable
import ServiceLifecycleTestKit
import Testing
import Worker

/// How a worker begins, ends, and leaves what it holds.
@Suite(.timeLimit(.minutes(15)))
struct RunTests {
    @Test("Every event ends, one log line a batch, and nothing of a payload is logged")
    func worksUntilEmpty() async throws {
        var bench = Bench()
        bench.options.batchSize = 3
        for payload in [smallEvent, missingEvent, "canary: no crash at all", #"{"canary":1}"#, "", "{\"exception\":"] {
            await bench.jobs.add(payload)
        }
        let totals = try await bench.run()
        #expect(totals.complete == 1)
        #expect(totals.partial == 1)
        #expect(totals.dead == 4)
        #expect(totals.events == 6)
        #expect(await bench.jobs.states() == [.done, .done, .dead, .dead, .dead, .dead])
        // The table may say how it begins.
        #expect(await bench.jobs.rows[3]?.reason?.contains("canary") == true)
        #expect(bench.log.batches.count == 2)
        #expect(bench.log.lines.count == 3)
        for line in bench.log.lines {
            #expect(!"\(line.message) \(line.metadata)".contains("canary"))
            #expect(!"\(line.message) \(line.metadata)".contains("0123456789abcdef"))
        }
    }

    @Test("A context that is no JSON object ends its event alone")
    func brokenContext() async throws {
        let bench = Bench()
        await bench.jobs.add(smallEvent, context: "[1]")
        await bench.jobs.add(smallEvent, context: #"{"release":"1.2"}"#)
        try await bench.run()
        #expect(await bench.jobs.states() == [.dead, .done])
        #expect(await bench.jobs.rows[1]?.reason?.contains("context") == true)
        #expect(await bench.jobs.rows[2]?.result?.release == "1.2")
    }

    @Test("A shutdown ends the wait for work")
    func shutdownWhileIdle() async throws {
        try await testGracefulShutdown { trigger in
            var bench = Bench(
                MemoryJobTable { call, _, _ in
                    if call == .wait { trigger.triggerGracefulShutdown() }
                    return nil
                })
            bench.options.untilEmpty = false
            bench.options.pollInterval = .seconds(3600)
            try await bench.run()
            #expect(await bench.jobs.calls == [.lease, .wait])
        }
    }

    @Test("A shutdown in the middle of a batch finishes what runs and releases the rest")
    func shutdownInBatch() async throws {
        try await testGracefulShutdown { trigger in
            let bench = Bench(
                source: ScriptedSource(ask: { (_) throws(EnrichmentError) in trigger.triggerGracefulShutdown() }))
            for _ in 1...4 { await bench.jobs.add(missingEvent) }
            let totals = try await bench.run()
            #expect(totals.partial == 1)
            #expect(totals.released == 3)
            #expect(await bench.jobs.states() == [.done, .ready, .ready, .ready])
            #expect(await bench.jobs.rows[4]?.attempts == 0)
            #expect(await bench.jobs.count(of: .lease) == 1)
        }
    }

    @Test("A shutdown during a slow lease releases what it brings")
    func shutdownInLease() async throws {
        try await testGracefulShutdown { trigger in
            let bench = Bench(
                MemoryJobTable { call, _, _ in
                    if call == .lease { trigger.triggerGracefulShutdown() }
                    return nil
                })
            for _ in 1...3 { await bench.jobs.add(missingEvent) }
            let totals = try await bench.run()
            #expect(totals.released == 3)
            #expect(bench.source.asked == 0)
            #expect(await bench.jobs.states() == [.ready, .ready, .ready])
            #expect(await bench.jobs.calls == [.lease, .release])
        }
    }

    @Test("A shutdown ends a pause")
    func shutdownInPause() async throws {
        try await testGracefulShutdown { trigger in
            var bench = Bench(
                MemoryJobTable { call, _, _ in
                    guard call == .lease else { return nil }
                    trigger.triggerGracefulShutdown()
                    return .unavailable("locked")
                })
            bench.options.untilEmpty = false
            bench.options.firstPause = .seconds(3600)
            try await bench.run()
            #expect(await bench.jobs.calls == [.lease])
        }
    }

    @Test("A cancelled worker gives back what it enriches, and no attempt is counted")
    func cancellation() async throws {
        let begun = Gate()
        let bench = Bench(
            source: ScriptedSource(
                ask: { (_) throws(EnrichmentError) in
                    begun.open()
                    await Gate().wait()
                    throw .unavailable("cancelled")
                }))
        for _ in 1...3 { await bench.jobs.add(missingEvent) }
        let task = Task { try await bench.run() }
        await begun.wait()
        task.cancel()
        #expect(try await task.value.released == 3)
        #expect(await bench.jobs.states() == [.ready, .ready, .ready])
        #expect(await bench.jobs.rows.values.allSatisfy { $0.attempts == 0 })
    }

    @Test("A batch does not wait for the heartbeat's sleep")
    func heartbeatEnds() async throws {
        var bench = Bench()
        bench.options.leaseDuration = .seconds(86_400)
        await bench.jobs.add(smallEvent)
        // The suite's time limit fails it otherwise.
        try await bench.run()
        #expect(await bench.jobs.count(of: .heartbeat) == 0)
    }

    @Test("Lost leases: what runs is refused in the end, what is not begun is not begun")
    func lostLeases() async throws {
        let lost = Gate()
        let jobs = MemoryJobTable { call, _, jobs in
            if call == .heartbeat {
                await jobs.steal(1)
                await jobs.steal(2)
                // The second heartbeat comes after the answer of the first was dealt with.
                if await jobs.count(of: .heartbeat) == 2 { lost.open() }
            }
            if call == .wait {
                await jobs.finish(1)
                await jobs.finish(2)
            }
            return nil
        }
        var bench = Bench(
            jobs,
            source: ScriptedSource(
                ask: { (number) throws(EnrichmentError) in if number == 1 { await lost.wait() } }))
        bench.options.leaseDuration = .milliseconds(3)
        for _ in 1...3 { await jobs.add(missingEvent) }
        let totals = try await bench.run()
        #expect(totals.givenUp == 2)
        #expect(totals.partial == 1)
        #expect(bench.source.asked == 2)
        #expect(await jobs.rows[1]?.result == nil)
        #expect(await jobs.rows[3]?.result != nil)
    }

    @Test("A heartbeat that fails stops nothing")
    func failingHeartbeat() async throws {
        let beaten = Gate()
        var bench = Bench(
            MemoryJobTable { call, _, _ in
                guard call == .heartbeat else { return nil }
                beaten.open()
                return .unavailable("locked")
            }, source: ScriptedSource(ask: { (_) throws(EnrichmentError) in await beaten.wait() }))
        bench.options.leaseDuration = .milliseconds(3)
        await bench.jobs.add(missingEvent)
        #expect(try await bench.run().partial == 1)
        #expect(bench.log.lines.contains { $0.message == "heartbeat failed" })
    }

    @Test("Until empty waits for what other workers hold and for what backs off")
    func untilEmptyWaits() async throws {
        let jobs = MemoryJobTable { call, _, jobs in
            if call == .wait, await jobs.count(of: .wait) == 3 { await jobs.finish(1) }
            return nil
        }
        let bench = Bench(
            jobs,
            source: ScriptedSource(
                ask: { (number) throws(EnrichmentError) in if number < 3 { throw .temporary("not yet") } }))
        await jobs.add(smallEvent)
        await jobs.steal(1)
        await jobs.add(missingEvent)
        let totals = try await bench.run()
        #expect(totals.retried == 2)
        #expect(totals.partial == 1)
        #expect(await jobs.states() == [.done, .done])
        #expect(await jobs.count(of: .wait) >= 3)
    }
}
