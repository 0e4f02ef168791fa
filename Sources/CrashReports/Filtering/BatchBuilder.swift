import CrashEvent

/// Collects what a push gives, and puts the references of its lines into one event.
struct BatchBuilder {
    /// Threads of one event: more lines start another batch's worth of copies.
    private static let maximumReferences = 8192
    private let limits: CrashReportLimits
    private var batch = FilterBatch()
    private var pending: [UInt8] = []
    private var crash = ReportedCrash()
    private var imageOf: [ImageKey: Int] = [:]
    private var reports: [[UInt8]] = []

    private struct ImageKey: Hashable {
        var path: String?
        var codeID: String?
        var address: UInt64?
        var size: UInt64?
        var mappingOffset: UInt64?
    }

    init(limits: CrashReportLimits) {
        self.limits = limits
        crash.mechanism = "filter"
        crash.contextName = "filter"
    }

    mutating func copy(_ bytes: ArraySlice<UInt8>) { pending += bytes }

    mutating func add(_ line: [UInt8], prefix: Int, _ references: [StackReference]) {
        guard crash.threads.count + references.count <= min(Self.maximumReferences, limits.maximumThreads) else {
            return copy(line[...])
        }
        flush()
        // Places count from the line's start.
        batch.pieces.append(.line(line, prefix: prefix, references: references, firstThread: crash.threads.count))
        for reference in references {
            let image = reference.image
            let key = ImageKey(
                path: image.path, codeID: image.codeID, address: image.address, size: image.size,
                mappingOffset: image.mappingOffset)
            let index = imageOf[key] ?? crash.images.count
            if index == crash.images.count {
                imageOf[key] = index
                crash.images.append(image)
            }
            var frame = reference.frame
            if case .relative(_, let offset)? = frame.address { frame.address = .relative(image: index, offset) }
            var thread = ReportedThread()
            thread.frames = [frame]
            crash.threads.append(thread)
        }
    }

    /// A report that was held: as an event when it can be decoded, otherwise as it came.
    mutating func add(report bytes: [UInt8], prefix: [UInt8]) {
        guard let report = try? CrashReports.decode(bytes, limits: limits), report.format != .addresses else {
            return copy(bytes[...])
        }
        flush()
        reports.append(report.event)
        batch.pieces.append(.report(bytes, prefix: prefix, event: reports.count))
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        batch.pieces.append(.copy(pending))
        pending = []
    }

    /// The batch. Its first event is that of the lines, also when there are none but reports.
    mutating func finished() -> FilterBatch {
        flush()
        guard !crash.threads.isEmpty || !reports.isEmpty else { return batch }
        var writer = CrashEventWriter(crash, eventID: CrashReports.eventID(of: []), limits: limits)
        batch.events = [writer.event()] + reports
        return batch
    }
}
