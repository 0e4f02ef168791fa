import SymbolIndex

/// Indexes by what they are made from: from memory, else from the cache folder, else built.
///
///     index(of: request) ─▶ mapped? ─▶ in the folder? ─▶ under way? wait ─▶ slot ─▶ sandboxed child ─▶ folder
///                                          │
///                                          └─ an older version's? answers at once; its successor is built behind it
///
/// Any number of tasks may ask for the same index at once: one builds, the others wait for the same answer. Builds have
/// a bounded number of slots; what is in memory or in the folder never waits for one.
actor IndexLibrary {
    typealias Opening = @Sendable () async throws(IndexFailure) -> BuildSource
    private typealias Outcome = Result<SymbolIndex, IndexFailure>

    private let cache: IndexCacheFolder
    private let parser: any ObjectParser
    private let quarantine: any QuarantineRecord
    private let options: DebugFileStore.Options
    private let slots: Slots

    /// A mapped index.
    private struct Mapped {
        var index: SymbolIndex
        var object: String
        /// The time of its last use.
        var used: UInt64
    }
    private var mapped: [String: Mapped] = [:]
    private var clock: UInt64 = 0
    private let mappedLimit = 128

    /// A build under way. Its task belongs to no caller: one that is cancelled must not take the index away from those
    /// who wait with it. When the last one is gone, it is cancelled too.
    private struct Build {
        var number: UInt64
        var task: Task<Void, Never>
        var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
    }
    private var running: [String: Build] = [:]
    private var nextWaiter: UInt64 = 0
    /// What the parser refused. It is a function of the inputs and would be refused again; forgotten with the process.
    private var refused: [String: IndexFailure] = [:]

    /// Indexes of an older version that answered and whose successors are not built yet, in their order.
    private var rebuilds: [(request: IndexRequest, open: Opening)] = []
    /// Keys that are in `rebuilds`, or were: each is tried once by a process.
    private var rebuilt: Set<String> = []
    private var isRebuilding = false

    init(
        cache: IndexCacheFolder, parser: any ObjectParser, quarantine: any QuarantineRecord,
        options: DebugFileStore.Options
    ) {
        self.cache = cache
        self.parser = parser
        self.quarantine = quarantine
        self.options = options
        slots = Slots(count: max(1, options.concurrentBuilds))
    }

    /// The index of what is wanted. `open` is called only if it has to be built.
    /// - Parameter onProgress: Told of a build that this call starts.
    func index(
        of request: IndexRequest, onProgress: BuildProgress? = nil, open: @escaping Opening
    ) async throws(IndexFailure) -> SymbolIndex {
        clock += 1
        if let known = mapped[request.key] {
            mapped[request.key]?.used = clock
            return known.index
        }
        if let failure = refused[request.key] { throw failure }
        nextWaiter += 1
        let waiter = nextWaiter
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(continuation, waiter, for: request, onProgress, open)
            }
        } onCancel: {
            Task { await self.leave(waiter, request.key) }
        }
        return try result.get()
    }

    private func wait(
        _ continuation: CheckedContinuation<Outcome, Never>, _ waiter: UInt64, for request: IndexRequest,
        _ onProgress: BuildProgress?, _ open: @escaping Opening
    ) {
        // Cancelled before it came here, it would not be told again.
        guard !Task.isCancelled else { return continuation.resume(returning: .failure(.cancelled)) }
        if running[request.key] == nil {
            let task = Task { await self.obtain(request, build: waiter, onProgress, open) }
            running[request.key] = Build(number: waiter, task: task)
        }
        running[request.key]?.waiters[waiter] = continuation
    }

    private func leave(_ waiter: UInt64, _ key: String) {
        guard let continuation = running[key]?.waiters.removeValue(forKey: waiter) else { return }
        continuation.resume(returning: .failure(.cancelled))
        guard let build = running[key], build.waiters.isEmpty else { return }
        // Who comes now starts anew instead of joining a build that is about to fail.
        running[key] = nil
        build.task.cancel()
    }

    /// The index of this version if it is in memory or in the folder; never builds.
    func existingIndex(of key: String) async -> SymbolIndex? {
        if let known = mapped[key] { return known.index }
        let cache = cache
        return await offCooperativePool { cache.open(key) }
    }

    /// Forgets the indexes of an object because one turned out to be damaged; the next request builds it again.
    func discard(_ object: String) {
        var keys: Set<String> = [object]
        for (key, known) in mapped where known.object == object { keys.insert(key) }
        for key in keys {
            mapped[key] = nil
            cache.remove(key)
            cache.removeOlder(key)
        }
    }

    private func obtain(
        _ request: IndexRequest, build number: UInt64, _ onProgress: BuildProgress?, _ open: @escaping Opening
    ) async {
        let result: Outcome
        let cache = cache
        let key = request.key
        if let index = await offCooperativePool({ cache.open(key) }) {
            result = .success(index)
        } else if options.olderIndexes.pause != nil, let index = await offCooperativePool({ cache.openOlder(key) }) {
            result = .success(index)
            rebuild(request, open)
        } else {
            await slots.take()
            result = await built(request, onProgress, open)
            await slots.giveBack()
        }
        var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
        if let build = running[request.key], build.number == number {
            waiters = build.waiters
            running[request.key] = nil
        }
        switch result {
        case .success(let index): remember(index, request)
        case .failure(let failure):
            if failure.isFinal {
                if refused.count >= 4096 { refused = [:] }
                refused[request.key] = failure
            }
        }
        for waiter in waiters.values { waiter.resume(returning: result) }
    }

    // MARK: Building

    private func built(_ request: IndexRequest, _ onProgress: BuildProgress?, _ open: Opening) async -> Outcome {
        do throws(IndexFailure) {
            return .success(try await build(request, onProgress, from: try await open()))
        } catch {
            return .failure(error)
        }
    }

    private func build(
        _ request: IndexRequest, _ onProgress: BuildProgress?, from source: BuildSource
    ) async throws(IndexFailure) -> SymbolIndex {
        let revision = cache.version.builderRevision
        let refusal: String?
        do throws(DebugFilesError) {
            refusal = try await quarantine.refusal(of: request.key, revision: revision, limit: options.quarantineLimit)
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
            _ = try await parser.build(source, into: created.file, onProgress: onProgress)
        } catch {
            await offCooperativePool { TemporaryFiles.remove(created.path) }
            if error.countsTowardsQuarantine {
                // A count that cannot be written must not hide why the build failed.
                try? await quarantine.recordDeath(
                    of: request.key, object: request.object, revision: revision, reason: error.description)
            }
            if case .system(let reason) = error, await offCooperativePool({ cache.isFull }) {
                throw .outage("\(reason); the file system of \(cache.folder) is full")
            }
            throw IndexFailure(error)
        }
        let key = request.key
        return try await offCooperativePool { () throws(IndexFailure) in
            try cache.publish(created.file, created.path, as: key)
        }
    }

    private func remember(_ index: SymbolIndex, _ request: IndexRequest) {
        clock += 1
        mapped[request.key] = Mapped(index: index, object: request.object, used: clock)
        guard mapped.count > mappedLimit, let oldest = mapped.min(by: { $0.value.used < $1.value.used }) else { return }
        mapped[oldest.key] = nil
    }

    // MARK: Successors of older indexes

    /// Queues the successor of an older version's index. They are built one after the other, with a pause between them and
    /// only in slots that nobody waits for: after an upgrade a worker's time belongs to its events.
    private func rebuild(_ request: IndexRequest, _ open: @escaping Opening) {
        guard rebuilt.insert(request.key).inserted else { return }
        rebuilds.append((request, open))
        guard !isRebuilding else { return }
        isRebuilding = true
        Task(priority: .background) { await self.runRebuilds() }
    }

    private func runRebuilds() async {
        while !rebuilds.isEmpty {
            let (request, open) = rebuilds.removeFirst()
            let cache = cache
            // Another process may have been here first.
            if let index = await offCooperativePool({ cache.open(request.key) }) {
                remember(index, request)
                continue
            }
            await slots.takeWhenIdle()
            let result = await built(request, nil, open)
            await slots.giveBack()
            // A successor that cannot be built leaves the older one to answer; why stands with the object if its parser
            // died, and another process tries again.
            if case .success(let index) = result { remember(index, request) }
            if let pause = options.olderIndexes.pause, pause > .zero { try? await Task.sleep(for: pause) }
        }
        isRebuilding = false
    }
}
