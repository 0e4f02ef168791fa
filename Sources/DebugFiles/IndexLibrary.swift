import SymbolIndex

/// Indexes by the digest of their object: from memory, else from the cache folder, else built.
///
///     index(of: digest) ─▶ mapped? ─▶ in the folder? ─▶ under way? wait ─▶ slot ─▶ sandboxed child ─▶ folder
///
/// Any number of tasks may ask for the same index at once: one builds, the others wait for the same answer. Builds have
/// a bounded number of slots; what is in memory or in the folder never waits for one.
actor IndexLibrary {
    private let cache: IndexCacheFolder
    private let parser: any ObjectParser
    private let quarantine: any QuarantineRecord
    private let slots: Slots

    /// Mapped indexes with the time of their last use.
    private var mapped: [String: (index: SymbolIndex, used: UInt64)] = [:]
    private var clock: UInt64 = 0
    private let mappedLimit = 128

    /// A build under way. Its task belongs to no caller: one that is cancelled must not take the index away from those
    /// who wait with it. When the last one is gone, it is cancelled too.
    private struct Build {
        var number: UInt64
        var task: Task<Void, Never>
        var waiters: [UInt64: CheckedContinuation<Result<SymbolIndex, IndexFailure>, Never>] = [:]
    }
    private var running: [String: Build] = [:]
    private var nextWaiter: UInt64 = 0
    /// What the parser refused. It is a function of the object and would be refused again; forgotten with the process.
    private var refused: [String: IndexFailure] = [:]

    init(
        cache: IndexCacheFolder, parser: any ObjectParser, quarantine: any QuarantineRecord, concurrentBuilds: Int
    ) {
        self.cache = cache
        self.parser = parser
        self.quarantine = quarantine
        slots = Slots(count: max(1, concurrentBuilds))
    }

    /// The index of the object with that digest. `open` is called only if it has to be built.
    func index(
        of digest: String, name: String,
        open: @escaping @Sendable () async throws(IndexFailure) -> FileDescriptor
    ) async throws(IndexFailure) -> SymbolIndex {
        clock += 1
        if let known = mapped[digest] {
            mapped[digest]?.used = clock
            return known.index
        }
        if let failure = refused[digest] { throw failure }
        nextWaiter += 1
        let waiter = nextWaiter
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(continuation, waiter, for: digest, name: name, open: open)
            }
        } onCancel: {
            Task { await self.leave(waiter, digest) }
        }
        return try result.get()
    }

    private func wait(
        _ continuation: CheckedContinuation<Result<SymbolIndex, IndexFailure>, Never>, _ waiter: UInt64,
        for digest: String, name: String, open: @escaping @Sendable () async throws(IndexFailure) -> FileDescriptor
    ) {
        // Cancelled before it came here, it would not be told again.
        guard !Task.isCancelled else { return continuation.resume(returning: .failure(.cancelled)) }
        if running[digest] == nil {
            let task = Task { await self.obtain(digest, name: name, build: waiter, open: open) }
            running[digest] = Build(number: waiter, task: task)
        }
        running[digest]?.waiters[waiter] = continuation
    }

    private func leave(_ waiter: UInt64, _ digest: String) {
        guard let continuation = running[digest]?.waiters.removeValue(forKey: waiter) else { return }
        continuation.resume(returning: .failure(.cancelled))
        guard let build = running[digest], build.waiters.isEmpty else { return }
        // Who comes now starts anew instead of joining a build that is about to fail.
        running[digest] = nil
        build.task.cancel()
    }

    /// The index if it is in memory or in the folder; never builds.
    func existingIndex(of digest: String) async -> SymbolIndex? {
        if let known = mapped[digest] { return known.index }
        let cache = cache
        return await offCooperativePool { cache.open(digest) }
    }

    /// Forgets an index that turned out to be damaged; the next request builds it again.
    func discard(_ digest: String) {
        mapped[digest] = nil
        cache.remove(digest)
    }

    private func obtain(
        _ digest: String, name: String, build number: UInt64,
        open: @Sendable () async throws(IndexFailure) -> FileDescriptor
    ) async {
        let result: Result<SymbolIndex, IndexFailure>
        do throws(IndexFailure) {
            let cache = cache
            if let index = await offCooperativePool({ cache.open(digest) }) {
                result = .success(index)
            } else {
                await slots.take()
                let built: Result<SymbolIndex, IndexFailure>
                do throws(IndexFailure) {
                    built = .success(try await build(digest, name: name, from: try await open()))
                } catch {
                    built = .failure(error)
                }
                await slots.giveBack()
                result = .success(try built.get())
            }
        } catch {
            result = .failure(error)
        }
        var waiters: [UInt64: CheckedContinuation<Result<SymbolIndex, IndexFailure>, Never>] = [:]
        if let build = running[digest], build.number == number {
            waiters = build.waiters
            running[digest] = nil
        }
        switch result {
        case .success(let index): remember(index, digest)
        case .failure(let failure):
            if failure.status == .malformed || failure.status == .unsupported {
                if refused.count >= 4096 { refused = [:] }
                refused[digest] = failure
            }
        }
        for waiter in waiters.values { waiter.resume(returning: result) }
    }

    private func build(
        _ digest: String, name: String, from object: FileDescriptor
    ) async throws(IndexFailure) -> SymbolIndex {
        let revision = cache.version.builderRevision
        let refusal: String?
        do throws(DebugFilesError) {
            refusal = try await quarantine.refusal(of: digest, revision: revision)
        } catch {
            throw .outage(error.description)
        }
        if let refusal { throw IndexFailure(.other, refusal) }

        let cache = cache
        let created: (file: FileDescriptor, path: String)
        do throws(SystemCallError) {
            created = try await offCooperativePool { () throws(SystemCallError) in try cache.create() }
        } catch {
            throw .outage(error.description)
        }
        do throws(ObjectParserError) {
            _ = try await parser.build(object, digest: digest, name: name, into: created.file)
        } catch {
            await offCooperativePool { TemporaryFiles.remove(created.path) }
            if error.countsTowardsQuarantine {
                // A count that cannot be written must not hide why the build failed.
                try? await quarantine.recordDeath(of: digest, revision: revision, reason: error.description)
            }
            throw IndexFailure(error)
        }
        return try await offCooperativePool { () throws(IndexFailure) in
            try cache.publish(created.file, created.path, as: digest)
        }
    }

    private func remember(_ index: SymbolIndex, _ digest: String) {
        clock += 1
        mapped[digest] = (index, clock)
        guard mapped.count > mappedLimit, let oldest = mapped.min(by: { $0.value.used < $1.value.used }) else { return }
        mapped[oldest.key] = nil
    }
}

/// A number of slots; whoever finds none waits its turn.
actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    func take() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack() {
        if waiting.isEmpty {
            free += 1
        } else {
            // The slot goes from hand to hand: nobody can come between.
            waiting.removeFirst().resume()
        }
    }
}
